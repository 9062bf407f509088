"""Channel to one system: what all calls of one transport share."""

from cchc_connect.errors import OutsideHours, Throttled
from cchc_connect.http import HttpRequest
from cchc_connect.transport.auth.sessions import Sessions, Way
from cchc_connect.transport.calls.call import Call, Deadline, Send, TrafficCounter
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.request_encoding import written
from cchc_connect.transport.retry_policy import Policy, RetryArguments, Surroundings

NO_TURN = "transport.quota_exhausted"
"""Error code where our own rate limit, and not the system, leaves no slot before the deadline."""


class Line:
    """Endpoint, policy, session, retry budget and traffic of one transport; independent of the HTTP library."""

    def __init__(self, endpoint: Endpoint, policy: Policy, surroundings: Surroundings) -> None:
        """Prepare the channel; nothing is sent."""
        self.endpoint = endpoint
        self.policy = policy
        self.surroundings = surroundings
        self.traffic = TrafficCounter()
        self.budget = policy.budget()
        login_method = endpoint.way
        self.sessions = (
            None
            if login_method is None
            else Sessions(login_method, surroundings.clock, surroundings.now, surroundings.shelf)
        )

    def deadline(self) -> Deadline:
        """Return the deadline of a call that starts now."""
        return Deadline(self.surroundings.clock, self.policy.deadline_s)

    def call(self, request: HttpRequest, deadline: Deadline) -> Call:
        """Return a new call for `request`.

        Raises:
            OutsideHours: the system allows no requests now.
        """
        hours, now = self.policy.hours, self.surroundings.now
        if hours is not None and not hours.is_open(now()):
            raise OutsideHours("transport.outside_hours", connection=self.endpoint.name, opens_at=hours.opens_at(now()))
        request_id = self.surroundings.request_id()
        return Call(connection=self.endpoint.name, request=request, request_id=request_id, deadline=deadline)

    def send(self, call: Call, request: HttpRequest) -> Send:
        """Return the step that sends `request`: the request of `call`, or the same with a session in it."""
        origins = self.endpoint.origins
        return Send(call, written(request, call, self.endpoint, origins), origins, self.endpoint.dialect.classify)

    def login(self, call: Call, login_method: Way) -> Send:
        """Return the step that sends the login request of `call`; a login may have origins of its own."""
        origins = frozenset(login_method.origins)
        return Send(
            call, written(call.request, call, self.endpoint, origins), origins, login_method.classify, is_login=True
        )

    def retrying(self, call: Call) -> RetryArguments:
        """Return tenacity's arguments for `call`."""
        return self.policy.retrying(call, self.surroundings.uniform, self.budget)

    def turn(self, call: Call) -> float:
        """Reserve a slot under the rate limit and return the seconds to wait for it.

        Raises:
            Throttled: no slot before the call's deadline; nothing was sent.
        """
        rate_limiter = self.surroundings.pace
        if rate_limiter is None:
            return 0.0
        max_wait_s = call.deadline.remaining()
        wait_s = rate_limiter.turn(max_wait_s)
        if wait_s is None:
            raise Throttled(NO_TURN, retry_after_s=max(max_wait_s, 0.0), **call.context())
        return wait_s

    def put_off(self, throttled: Throttled) -> None:
        """Pause all requests to this system for the time that it requested of one."""
        if self.surroundings.pace is not None and throttled.retry_after_s and throttled.code != NO_TURN:
            self.surroundings.pace.put_off(throttled.retry_after_s)
