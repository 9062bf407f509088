"""The steps of one call as a generator without I/O, and the drivers that run such generators, sync and async.

A generator yields the next step; the transport performs it and sends the result back or throws the typed error
in. The same two drivers run the conversations of adapters.
"""

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from cchc_connect.errors import CchcError
from cchc_connect.http import Exchange, HttpRequest, HttpResponse, Result, Verdict
from cchc_connect.transport.auth.sessions import Pause, Session, Sessions
from cchc_connect.transport.calls.call import Call, Send, Traffic
from cchc_connect.transport.calls.error_mapping import settled
from cchc_connect.transport.channel import Line

Step = TypeVar("Step")
StepResult = TypeVar("StepResult")


@dataclass(frozen=True)
class OpenSession:
    """Step: open the session, one caller at a time; its result is the session."""

    call: Call
    steps: Generator[Send | Pause, HttpResponse, Session] = field(repr=False)


class Transport(Protocol):
    """Sends requests to one system and returns the responses; threads may share it."""

    @property
    def traffic(self) -> Traffic:
        """Requests and bytes so far."""
        ...

    def send(self, request: HttpRequest, /) -> HttpResponse:
        """Send `request` and return its response; a verdict outside its `accept` raises a typed error."""
        ...

    def run(self, conversation: Exchange[Result], /) -> Result:
        """Run an adapter's conversation to its end and return its result."""
        ...


def serve(request: HttpRequest, line: Line) -> Generator[Send | OpenSession, Any, HttpResponse]:
    """Yield the steps of one call: open a session where the dialect has one, send, log in once more if it is refused.

    A system that refuses the session has not processed the request, so even a request that is not idempotent is
    sent again with a new session.

    Raises:
        CchcError: the typed error of the call.
    """
    call = line.call(request, line.deadline())
    if line.sessions is None:
        return settled((yield line.send(call, request)), call)
    attach = line.sessions.way.login.attach
    session = yield from _session(line, line.sessions, call, None)
    response: HttpResponse = yield line.send(call, attach(request, session.token))
    if response.verdict is Verdict.AUTH:
        session = yield from _session(line, line.sessions, call, session)
        response = yield line.send(call, attach(request, session.token))
    return settled(response, call)


def _session(
    line: Line, sessions: Sessions, call: Call, spent: Session | None
) -> Generator[OpenSession, Session, Session]:
    session = sessions.usable(spent)
    if session:
        return session

    def begin(login: HttpRequest) -> Send:
        return line.login(line.call(login, call.deadline), sessions.way)

    return (yield OpenSession(call, sessions.opened(call, spent, sessions.flights, begin)))


def drive(steps: Generator[Step, StepResult, Result], perform: Callable[[Step], StepResult]) -> Result:
    """Run `steps` to their end: perform each, send its result back or throw its typed error in."""
    try:
        step = next(steps)
        while True:
            try:
                step_result = perform(step)
            except CchcError as error:
                step = steps.throw(error)
            else:
                step = steps.send(step_result)
    except StopIteration as finished:
        result: Result = finished.value
        return result
    finally:
        steps.close()


async def drive_async(
    steps: Generator[Step, StepResult, Result], perform: Callable[[Step], Awaitable[StepResult]]
) -> Result:
    """Run `steps` to their end as `drive` does, without blocking."""
    try:
        step = next(steps)
        while True:
            try:
                step_result = await perform(step)
            except CchcError as error:
                step = steps.throw(error)
            else:
                step = steps.send(step_result)
    except StopIteration as finished:
        result: Result = finished.value
        return result
    finally:
        steps.close()
