"""Which typed error an unwanted answer or a broken line becomes: the only place where that is decided."""

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
from cchc_connect.transport.call import Call

NEVER_CONNECTED = "transport.never_connected"
"""Code of the one failure after which even a message that may not be repeated is sent again: none was sent."""

_ABOUT_A_MESSAGE = frozenset({Verdict.NOT_FOUND, Verdict.INVALID, Verdict.DUPLICATE})
_QUESTIONS = frozenset({"GET", "HEAD"})
_REDIRECTS = 3


class Fault(StrEnum):
    """How a line broke, as a carrier's library told it."""

    NEVER_CONNECTED = "never_connected"
    """No connection came about, so nothing was sent."""
    SILENT = "silent"
    """Nothing came for longer than we wait."""
    BROKEN = "broken"
    """The connection was lost, or what came is no HTTP."""
    DISTRUSTED = "distrusted"
    """TLS could not prove who the other side is, or would not speak with us."""
    OVERLONG = "overlong"
    """More header lines, or longer ones, than are read."""


_UNREACHABLE = {
    Fault.NEVER_CONNECTED: NEVER_CONNECTED,
    Fault.SILENT: "transport.no_response",
    Fault.BROKEN: "transport.connection_lost",
}


def refusal(call: Call, retry_after_s: float | None) -> CchcError:
    """Return the error for an answer whose verdict the asker does not want to read."""
    match call.verdict:
        case Verdict.AUTH:
            return AuthenticationFailed("transport.auth_refused", **call.context())
        case Verdict.THROTTLED | Verdict.MAINTENANCE:
            return _later(call, retry_after_s)
        case Verdict.NOT_FOUND | Verdict.INVALID | Verdict.DUPLICATE:
            return _never(call)
        case _:
            code = "transport.redirected" if is_redirect(call.status or 0) else "transport.response_unexpected"
            return SourceHeld(code, **call.context())


def login_refusal(call: Call, retry_after_s: float | None) -> CchcError:
    """Return the error for a login's answer: whatever it does not take is our account, and no message is at fault."""
    if call.verdict in _ABOUT_A_MESSAGE:
        return AuthenticationFailed("transport.login_refused", **call.context())
    return refusal(call, retry_after_s)


def is_redirect(status: int) -> bool:
    """Say whether an answer sends us elsewhere, which is never followed."""
    return status // 100 == _REDIRECTS


def _later(call: Call, retry_after_s: float | None) -> Throttled | Maintenance:
    """Return the error for "not now"; a wait no attempt of this call can bear is for the engine to keep."""
    unbearable = retry_after_s is not None and retry_after_s >= call.deadline.remaining()
    if call.verdict is Verdict.THROTTLED or unbearable:
        return Throttled("transport.throttled", retry_after_s=retry_after_s, **call.context())
    return Maintenance("transport.maintenance", **call.context(), retry_after_s=retry_after_s)


def _never(call: Call) -> SourceHeld | MessageRefused:
    """Return the error for "not this": without its answer a question holds its source, a message is set aside."""
    if call.request.method in _QUESTIONS:
        return SourceHeld("transport.request_refused", **call.context())
    return MessageRefused("transport.message_refused", **call.context())


def settled(answer: HttpResponse, call: Call) -> HttpResponse:
    """Return an answer the asker wants to read.

    Raises:
        AuthenticationFailed: it refuses our credentials; any other refusal was raised by its attempt.
    """
    if answer.verdict not in call.request.accept:
        raise refusal(call, None)
    return answer


def line_error(call: Call, fault: Fault) -> CchcError:
    """Return the error for a line that broke."""
    if fault is Fault.DISTRUSTED:
        return SourceHeld("transport.tls_refused", **call.context())
    if fault is Fault.OVERLONG:
        return SourceHeld("transport.too_large", **call.context(), limit="headers")
    if call.deadline.over:
        return overdue(call)
    if fault is Fault.BROKEN and call.status is not None:
        return CutShort("transport.cut_short", **call.context())
    return Unreachable(_UNREACHABLE[fault], **call.context())


def overdue(call: Call) -> DeadlineExceeded:
    """Return the error for a call whose time is used up."""
    return DeadlineExceeded("transport.deadline_exceeded", **call.context(), deadline_s=call.deadline.seconds)


def foreign_address(call: Call, rule: str) -> SourceHeld:
    """Return the error for a request that would go where nothing of ours may go."""
    return SourceHeld("transport.foreign_address", **call.context(), rule=rule)
