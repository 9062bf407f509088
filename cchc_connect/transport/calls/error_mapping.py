"""Maps verdicts and connection failures to typed errors; no other module decides this."""

import http.client
import ssl
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum

from cchc_connect.errors import (
    AuthenticationFailed,
    CchcError,
    CutShort,
    DeadlineExceeded,
    Maintenance,
    MessageRefused,
    SourceHeld,
    Throttled,
    Unreachable,
)
from cchc_connect.http import HttpResponse, Verdict
from cchc_connect.transport.calls.call import Call
from cchc_connect.transport.calls.unexpected import unexpected_error
from cchc_connect.transport.calls.x_road import is_x_road_error
from cchc_connect.transport.network.http1 import Overlong
from cchc_connect.transport.network.proxies import TUNNEL_REFUSED
from cchc_connect.wire.page_limits import PageTooLarge

NEVER_CONNECTED = "transport.never_connected"
"""Error code after which even a request that is not idempotent is sent again: nothing was sent."""

NEVER_SENT = "never_sent"
"""In the context of an error: no attempt reached the system."""

_MESSAGE_VERDICTS = frozenset({Verdict.NOT_FOUND, Verdict.INVALID, Verdict.DUPLICATE})
_NON_AUTHORITATIVE = 203
_READING_METHODS = frozenset({"GET", "HEAD"})

# A handshake that was cut off or timed out is a broken connection; other TLS errors would recur.
_HANDSHAKE_CUT_OFF = (
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    ssl.SSLSyscallError,
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
)


class ConnectionFailure(StrEnum):
    """How a connection failed, from the HTTP library's exception."""

    NEVER_CONNECTED = "never_connected"
    """No connection was made, so nothing was sent."""
    TIMED_OUT = "timed_out"
    """Nothing was received within the timeout."""
    BROKEN = "broken"
    """The connection was lost, or what was received is no HTTP."""
    TLS_REFUSED = "tls_refused"
    """TLS could not verify the server, or the handshake was refused."""
    PROXY_REFUSED = "proxy_refused"
    """The proxy opened no tunnel to the system."""
    HEAD_TOO_LONG = "head_too_long"
    """Too many header lines, or too long ones."""


_UNREACHABLE = {
    ConnectionFailure.NEVER_CONNECTED: NEVER_CONNECTED,
    ConnectionFailure.TIMED_OUT: "transport.no_response",
    ConnectionFailure.BROKEN: "transport.connection_lost",
}


def exception_chain(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and every exception it was made from, wherever its library stores them."""
    seen: list[BaseException] = []
    pending: list[object] = [error]
    while pending:
        cause = pending.pop()
        if isinstance(cause, BaseException) and all(cause is not previous for previous in seen):
            seen.append(cause)
            yield cause
            pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def is_tls_refusal(chain: list[BaseException]) -> bool:
    """True if TLS refused the server, or the server refused our TLS."""
    return any(isinstance(cause, ssl.SSLError) and not isinstance(cause, _HANDSHAKE_CUT_OFF) for cause in chain)


def is_proxy_refusal(chain: list[BaseException]) -> bool:
    """True if the proxy refused a tunnel, which the standard library says in a text."""
    return any(isinstance(cause, OSError) and str(cause).startswith(TUNNEL_REFUSED) for cause in chain)


def is_head_too_long(chain: list[BaseException]) -> bool:
    """True if a head was too long, or had too many lines for the standard library, which has no class for that."""
    return any(isinstance(cause, Overlong) or type(cause) is http.client.HTTPException for cause in chain)


def verdict_error(call: Call, response: HttpResponse, retry_after_s: float | None) -> CchcError:
    """Return the error for a response whose verdict (`call.verdict`) the request does not accept."""
    match call.verdict:
        case Verdict.AUTH:
            is_changed = call.status == _NON_AUTHORITATIVE
            code = "transport.not_authoritative" if is_changed else "transport.auth_refused"
            return AuthenticationFailed(code, **call.context())
        case Verdict.THROTTLED | Verdict.MAINTENANCE:
            return _temporary_error(call, retry_after_s)
        case Verdict.NOT_FOUND | Verdict.INVALID | Verdict.DUPLICATE:
            return _permanent_error(call, response)
        case _:
            return unexpected_error(call, response)


def login_error(call: Call, response: HttpResponse, retry_after_s: float | None) -> CchcError:
    """Return the error for a login's response: what it refuses is our account, never a message."""
    if call.verdict in _MESSAGE_VERDICTS:
        return AuthenticationFailed("transport.login_refused", **call.context())
    return verdict_error(call, response, retry_after_s)


@contextmanager
def too_large_as_held(call: Call) -> Generator[None, None, None]:
    """Raise `SourceHeld` where a dialect reads a body that has more in it than a page may have."""
    try:
        yield
    except PageTooLarge as refused:
        raise SourceHeld("transport.too_large", **call.context(), limit=refused.limit) from None


def require_accepted(response: HttpResponse, call: Call) -> HttpResponse:
    """Return a response whose verdict the request accepts.

    Raises:
        AuthenticationFailed: our credentials were refused; any other refusal was raised by the attempt.
    """
    if response.verdict not in call.request.accepted_verdicts:
        raise verdict_error(call, response, None)
    return response


def connection_error(call: Call, failure: ConnectionFailure) -> CchcError:
    """Return the error for a connection that failed."""
    call.may_have_arrived |= failure is not ConnectionFailure.NEVER_CONNECTED
    if failure is ConnectionFailure.TLS_REFUSED:
        return SourceHeld("transport.tls_refused", **call.context())
    if failure is ConnectionFailure.PROXY_REFUSED:
        return proxy_error(call)
    if failure is ConnectionFailure.HEAD_TOO_LONG:
        return SourceHeld("transport.too_large", **call.context(), limit="headers")
    if call.deadline.has_passed:
        return deadline_error(call)
    if failure is ConnectionFailure.BROKEN and call.status is not None:
        return CutShort("transport.cut_short", **call.context())
    return Unreachable(_UNREACHABLE[failure], **call.context(), **never_sent(call))


def never_sent(call: Call) -> Mapping[str, bool]:
    """Return the context of an error of a call of which no byte can have reached the system."""
    return {} if call.may_have_arrived or call.status is not None else {NEVER_SENT: True}


def proxy_error(call: Call) -> SourceHeld:
    """Return the error for a proxy that lets a request through to nobody: it refuses our credentials, or the system."""
    return SourceHeld("transport.proxy_refused", **call.context())


def deadline_error(call: Call) -> DeadlineExceeded:
    """Return the error for a call whose deadline has passed."""
    return DeadlineExceeded(
        "transport.deadline_exceeded", **call.context(), **never_sent(call), deadline_s=call.deadline.seconds
    )


def forbidden_address_error(call: Call, rule: str) -> SourceHeld:
    """Return the error for a request to a forbidden address."""
    return SourceHeld("transport.foreign_address", **call.context(), rule=rule)


def _temporary_error(call: Call, retry_after_s: float | None) -> Throttled | Maintenance:
    """Return the error for "not now".

    Where the requested wait outlasts the deadline it is Throttled: from that the run reads the wait, and sends no more
    requests to the system until it is over.
    """
    outlasts_deadline = retry_after_s is not None and retry_after_s >= call.deadline.remaining()
    if call.verdict is Verdict.THROTTLED or outlasts_deadline:
        return Throttled("transport.throttled", retry_after_s=retry_after_s, **call.context())
    return Maintenance("transport.maintenance", **call.context(), retry_after_s=retry_after_s)


def _permanent_error(call: Call, response: HttpResponse) -> SourceHeld | MessageRefused:
    """Return the error for "refused for good".

    A refused reading request (GET, HEAD) puts its stream on hold; a refused message is set aside, the others go on.
    What X-Road itself refuses is our address or agreement, never a message: all of them wait.
    """
    if call.request.method in _READING_METHODS or is_x_road_error(response):
        return SourceHeld("transport.request_refused", **call.context())
    return MessageRefused("transport.message_refused", **call.context())
