"""The line to one system: what all calls of one transport share."""

from cchc_connect.http import HttpRequest
from cchc_connect.transport.call import Call, Deadline
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.policy import Policy, RetryArguments, Surroundings
from cchc_connect.transport.sessions import Sessions
from cchc_connect.transport.traffic import TrafficCounter
from cchc_connect.transport.wire import Send, written


class Line:
    """One system, one policy, one session, one count of traffic; it knows no carrier."""

    def __init__(self, endpoint: Endpoint, policy: Policy, surroundings: Surroundings) -> None:
        """Prepare the line; nothing is sent."""
        self.endpoint = endpoint
        self.policy = policy
        self.surroundings = surroundings
        self.traffic = TrafficCounter()
        login, account = endpoint.dialect.session, endpoint.authentication.account
        self.sessions = Sessions(login, account, surroundings.clock) if login and account else None

    def deadline(self) -> Deadline:
        """Return the end of a call that begins now."""
        return Deadline(self.surroundings.clock, self.policy.deadline_s)

    def call(self, request: HttpRequest, deadline: Deadline) -> Call:
        """Return a new call for `request`."""
        request_id = self.surroundings.request_id()
        return Call(connection=self.endpoint.name, request=request, request_id=request_id, deadline=deadline)

    def send(self, call: Call, request: HttpRequest) -> Send:
        """Return the sending of `request`: that of `call`, or the same with a session in it."""
        return Send(call, written(request, call, self.endpoint))

    def retrying(self, call: Call) -> RetryArguments:
        """Return what tenacity is told for `call`."""
        return self.policy.retrying(call, self.surroundings.uniform)
