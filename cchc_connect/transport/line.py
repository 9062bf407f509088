"""The line to one system: what all calls of one transport share."""

from cchc_connect.errors import OutsideHours, Throttled
from cchc_connect.http import HttpRequest
from cchc_connect.transport.call import Call, Deadline
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.policy import Policy, RetryArguments, Surroundings
from cchc_connect.transport.sessions import Sessions, Way
from cchc_connect.transport.traffic import TrafficCounter
from cchc_connect.transport.wire import Send
from cchc_connect.transport.writing import written

NO_TURN = "transport.quota_exhausted"
"""Code of the one throttling that nobody asked for: the connection's quota leaves no turn in time."""


class Line:
    """One system, one policy, one session, one reserve, one count of traffic; it knows no carrier."""

    def __init__(self, endpoint: Endpoint, policy: Policy, surroundings: Surroundings) -> None:
        """Prepare the line; nothing is sent."""
        self.endpoint = endpoint
        self.policy = policy
        self.surroundings = surroundings
        self.traffic = TrafficCounter()
        self.budget = policy.budget()
        way, given = endpoint.way, surroundings
        self.sessions = None if way is None else Sessions(way, given.clock, given.now, given.shelf)

    def deadline(self) -> Deadline:
        """Return the end of a call that begins now."""
        return Deadline(self.surroundings.clock, self.policy.deadline_s)

    def call(self, request: HttpRequest, deadline: Deadline) -> Call:
        """Return a new call for `request`.

        Raises:
            OutsideHours: the system may not be asked now.
        """
        hours, now = self.policy.hours, self.surroundings.now
        if hours is not None and not hours.is_open(now()):
            raise OutsideHours("transport.outside_hours", connection=self.endpoint.name, opens_at=hours.opens_at(now()))
        request_id = self.surroundings.request_id()
        return Call(connection=self.endpoint.name, request=request, request_id=request_id, deadline=deadline)

    def send(self, call: Call, request: HttpRequest) -> Send:
        """Return the sending of `request`: that of `call`, or the same with a session in it."""
        origins = self.endpoint.origins
        return Send(call, written(request, call, self.endpoint, origins), origins, self.endpoint.dialect.classify)

    def login(self, call: Call, way: Way) -> Send:
        """Return the sending of `call`, which opens a session; it may go where no other request may."""
        origins = frozenset(way.origins)
        return Send(call, written(call.request, call, self.endpoint, origins), origins, way.classify, is_login=True)

    def retrying(self, call: Call) -> RetryArguments:
        """Return what tenacity is told for `call`."""
        return self.policy.retrying(call, self.surroundings.uniform, self.budget)

    def turn(self, call: Call) -> float:
        """Return in how many seconds the next request of `call` may leave.

        Raises:
            Throttled: not before the call's deadline; nothing was sent.
        """
        pace = self.surroundings.pace
        if pace is None:
            return 0.0
        patience_s = call.deadline.remaining()
        wait_s = pace.turn(patience_s)
        if wait_s is None:
            raise Throttled(NO_TURN, retry_after_s=max(patience_s, 0.0), **call.context())
        return wait_s

    def put_off(self, asked: Throttled) -> None:
        """Let all who ask this system wait as long as it asked one of them to."""
        if self.surroundings.pace is not None and asked.retry_after_s and asked.code != NO_TURN:
            self.surroundings.pace.put_off(asked.retry_after_s)
