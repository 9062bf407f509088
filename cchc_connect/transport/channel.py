"""Channel to one system: what all calls of one transport share.

It sends nothing itself: it builds the steps, and the transport performs them. Through its environment it may query the
shared database (rate limit) and lock files of the token store (session).
"""

from cchc_connect.errors import Throttled
from cchc_connect.http import HttpRequest
from cchc_connect.transport.auth.sessions import LoginMethod, SharedSession
from cchc_connect.transport.calls.call import Call, Deadline, SendStep, TrafficCounter
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.request_encoding import prepare_request
from cchc_connect.transport.retry_policy import Policy, RetryArguments, TransportEnvironment

NO_RATE_LIMIT_SLOT = "transport.quota_exhausted"
"""Error code where our own rate limit, and not the system, leaves no slot before the deadline."""


class EndpointChannel:
    """Endpoint, policy, session, retry budget and traffic of one transport; independent of the HTTP library.

    Of the two clocks of its environment, `clock` is monotonic and `now` is the wall clock (UTC).
    """

    def __init__(self, endpoint: Endpoint, policy: Policy, environment: TransportEnvironment) -> None:
        """Prepare the channel; nothing is sent."""
        self.endpoint = endpoint
        self.policy = policy
        self.environment = environment
        self.traffic = TrafficCounter()
        self.budget = policy.new_retry_budget()
        login_method = endpoint.login_method
        self.session = (
            None
            if login_method is None
            else SharedSession(login_method, environment.clock, environment.now, environment.token_store)
        )

    def new_deadline(self) -> Deadline:
        """Return the deadline of a call that starts now."""
        return Deadline(self.environment.clock, self.policy.deadline_s)

    def new_call(self, request: HttpRequest, deadline: Deadline) -> Call:
        """Return a new call for `request`.

        Raises:
            OutsideHours: the system allows no requests now.
        """
        if self.policy.opening_hours is not None:
            self.policy.opening_hours.require_open(self.environment.now(), self.endpoint.name)
        request_id = request.request_id or self.environment.request_id()
        return Call(connection=self.endpoint.name, request=request, request_id=request_id, deadline=deadline)

    def send_step(self, call: Call, request: HttpRequest) -> SendStep:
        """Return the step that sends `request`, which is the request of `call` or the same with a session in it."""
        origins = self.endpoint.origins
        return SendStep(
            call, prepare_request(request, call, self.endpoint, origins), origins, self.endpoint.dialect.classify
        )

    def login_step(self, call: Call, login_method: LoginMethod) -> SendStep:
        """Return the step that sends the login request of `call`; a login may have origins of its own."""
        origins = frozenset(login_method.origins)
        return SendStep(
            call,
            prepare_request(call.request, call, self.endpoint, origins),
            origins,
            login_method.classify,
            is_login=True,
        )

    def retry_arguments(self, call: Call) -> RetryArguments:
        """Return tenacity's arguments for `call`."""
        return self.policy.retry_arguments(call, self.environment.uniform, self.budget)

    def acquire_slot(self, call: Call) -> float:
        """Reserve a slot under the rate limit and return the seconds to wait for it.

        Raises:
            Throttled: no slot before the call's deadline; nothing was sent.
        """
        rate_limiter = self.environment.rate_limiter
        if rate_limiter is None:
            return 0.0
        max_wait_s = call.deadline.remaining()
        wait_s = rate_limiter.acquire(max_wait_s)
        if wait_s is None:
            raise Throttled(NO_RATE_LIMIT_SLOT, retry_after_s=max(max_wait_s, 0.0), **call.context())
        return wait_s

    def pause(self, throttled: Throttled) -> None:
        """Pause all requests to this system for as long as one of its responses requested."""
        if (
            self.environment.rate_limiter is not None
            and throttled.retry_after_s
            and throttled.code != NO_RATE_LIMIT_SLOT
        ):
            self.environment.rate_limiter.pause(throttled.retry_after_s)
