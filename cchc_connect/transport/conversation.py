"""The steps of one call as a generator without I/O, and the drivers that run such generators, sync and async.

A generator yields the next step; the transport performs it and sends the result back or throws the typed error
in. The same two drivers run the conversations of adapters.
"""

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from cchc_connect.errors import CchcError
from cchc_connect.http import Conversation, HttpRequest, HttpResponse, Result, Verdict
from cchc_connect.privacy.adapter_failure import ContractBroken, require_type
from cchc_connect.transport.auth.sessions import LoginSession, SharedSession, WaitStep
from cchc_connect.transport.calls.call import Call, SendStep, Traffic
from cchc_connect.transport.calls.error_mapping import require_accepted
from cchc_connect.transport.channel import EndpointChannel

Step = TypeVar("Step")
StepResult = TypeVar("StepResult")


@dataclass(frozen=True)
class LoginStep:
    """Step: open the session, one caller at a time; its result is the session."""

    call: Call
    login_steps: Generator[SendStep | WaitStep, HttpResponse, LoginSession] = field(repr=False)


class Transport(Protocol):
    """Sends requests to one system and returns the responses; threads may share it."""

    @property
    def traffic(self) -> Traffic:
        """Requests and bytes so far."""
        ...

    def send(self, request: HttpRequest, /) -> HttpResponse:
        """Send `request` and return its response; a verdict outside its `accepted_verdicts` raises a typed error."""
        ...

    def run(self, conversation: Conversation[Result], /) -> Result:
        """Run an adapter's conversation to its end and return its result."""
        ...


def call_steps(request: HttpRequest, channel: EndpointChannel) -> Generator[SendStep | LoginStep, Any, HttpResponse]:
    """Yield the steps of one call: open a session where the dialect has one, send, log in once more if it is refused.

    A system that refuses the session has not processed the request, so even a request that is not idempotent is
    sent again with a new session.

    Raises:
        CchcError: the typed error of the call.
        ContractBroken: `request` is no request.
    """
    require_type("HttpRequest", HttpRequest, request)
    call = channel.new_call(request, channel.new_deadline())
    if channel.session is None:
        return require_accepted((yield channel.send_step(call, request)), call)
    with_token = channel.session.login_method.login.with_token
    session = yield from _session(channel, channel.session, call, None)
    response: HttpResponse = yield channel.send_step(call, with_token(request, session.token))
    if response.verdict is Verdict.AUTH:
        session = yield from _session(channel, channel.session, call, session)
        response = yield channel.send_step(call, with_token(request, session.token))
    return require_accepted(response, call)


def _session(
    channel: EndpointChannel, shared: SharedSession, call: Call, expired: LoginSession | None
) -> Generator[LoginStep, LoginSession, LoginSession]:
    session = shared.current(expired)
    if session:
        return session

    def new_login_step(login: HttpRequest) -> SendStep:
        return channel.login_step(channel.new_call(login, call.deadline), shared.login_method)

    return (yield LoginStep(call, shared.login(call, expired, shared.login_count, new_login_step)))


def run_steps(steps: Generator[Step, StepResult, Result], perform: Callable[[Step], StepResult]) -> Result:
    """Run `steps` to their end: perform each, send its result back or throw its typed error in.

    Raises:
        ContractBroken: `steps` is no generator, or yielded what is no step; that is raised in its own line.
    """
    require_type("Conversation", Generator, steps)
    try:
        step = next(steps)
        while True:
            try:
                step_result = perform(step)
            except (CchcError, ContractBroken) as error:
                step = steps.throw(error)
            else:
                step = steps.send(step_result)
    except StopIteration as finished:
        result: Result = finished.value
        return result
    finally:
        steps.close()


async def run_steps_async(
    steps: Generator[Step, StepResult, Result], perform: Callable[[Step], Awaitable[StepResult]]
) -> Result:
    """Run `steps` to their end as `run_steps` does, without blocking."""
    require_type("Conversation", Generator, steps)
    try:
        step = next(steps)
        while True:
            try:
                step_result = await perform(step)
            except (CchcError, ContractBroken) as error:
                step = steps.throw(error)
            else:
                step = steps.send(step_result)
    except StopIteration as finished:
        result: Result = finished.value
        return result
    finally:
        steps.close()
