"""Serving one call whatever the carrier: which steps it takes, free of any I/O.

The steps are a generator. It yields what is to be done next, a carrier does it, and sends back the answer
or throws the typed error in. The same two drivers lead an adapter's own generators.
"""

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from cchc_connect.errors import CchcError
from cchc_connect.http import Exchange, HttpRequest, HttpResponse, Result, Verdict
from cchc_connect.transport.auth.sessions import Pause, Session, Sessions
from cchc_connect.transport.call import Call
from cchc_connect.transport.channel import Line
from cchc_connect.transport.error_mapping import settled
from cchc_connect.transport.traffic import Traffic
from cchc_connect.transport.wire import Send

Step = TypeVar("Step")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class OpenSession:
    """The session is to be opened, by one caller at a time; the answer is the session."""

    call: Call
    steps: Generator[Send | Pause, HttpResponse, Session] = field(repr=False)


class Transport(Protocol):
    """What moves requests to one system and waits for the answers; threads may share it."""

    @property
    def traffic(self) -> Traffic:
        """How much has moved so far."""
        ...

    def send(self, request: HttpRequest, /) -> HttpResponse:
        """Return the answer to `request`; any verdict outside its `accept` is a typed error."""
        ...

    def run(self, conversation: Exchange[Result], /) -> Result:
        """Lead an adapter's conversation to its end and return its result."""
        ...


def serve(request: HttpRequest, line: Line) -> Generator[Send | OpenSession, Any, HttpResponse]:
    """Serve one call: open a session where the dialect has one, send, and once log in anew if it is refused.

    A refused session is the other side's word that it has done nothing, so that even a message that may not
    be repeated is sent again under a new one.

    Raises:
        CchcError: the typed error of whatever went wrong.
    """
    call = line.call(request, line.deadline())
    if line.sessions is None:
        return settled((yield line.send(call, request)), call)
    attach = line.sessions.way.login.attach
    session = yield from _session(line, line.sessions, call, None)
    answer: HttpResponse = yield line.send(call, attach(request, session.token))
    if answer.verdict is Verdict.AUTH:
        session = yield from _session(line, line.sessions, call, session)
        answer = yield line.send(call, attach(request, session.token))
    return settled(answer, call)


def _session(
    line: Line, sessions: Sessions, call: Call, spent: Session | None
) -> Generator[OpenSession, Session, Session]:
    session = sessions.usable(spent)
    if session:
        return session

    def begin(login: HttpRequest) -> Send:
        return line.login(line.call(login, call.deadline), sessions.way)

    return (yield OpenSession(call, sessions.opened(call, spent, sessions.flights, begin)))


def drive(steps: Generator[Step, Answer, Result], perform: Callable[[Step], Answer]) -> Result:
    """Lead `steps` to their end: perform each, send its answer back or throw its typed error in."""
    try:
        step = next(steps)
        while True:
            try:
                answer = perform(step)
            except CchcError as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as finished:
        result: Result = finished.value
        return result
    finally:
        steps.close()


async def drive_async(steps: Generator[Step, Answer, Result], perform: Callable[[Step], Awaitable[Answer]]) -> Result:
    """Lead `steps` to their end, as `drive` does, without blocking."""
    try:
        step = next(steps)
        while True:
            try:
                answer = await perform(step)
            except CchcError as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as finished:
        result: Result = finished.value
        return result
    finally:
        steps.close()
