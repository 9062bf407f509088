"""Error policy: what a failed call means for the report, for the rest of the run and for the next run.

An adapter's unexpected exception stops its own source only.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from types import MappingProxyType

from cchc_connect.database.state.circuit_breakers import CircuitBreaker
from cchc_connect.errors import (
    CchcError,
    CutShort,
    Maintenance,
    OutsideHours,
    Retriable,
    SourceHeld,
    Stopped,
    Throttled,
)
from cchc_connect.messages import Message
from cchc_connect.privacy.adapter_failure import adapter_failure, engine_failure
from cchc_connect.privacy.error_boundary import ErrorBoundary
from cchc_connect.privacy.redaction import logged_traceback
from cchc_connect.sync.report import RunStatus
from cchc_connect.transport.calls.error_mapping import NEVER_SENT
from cchc_connect.transport.channel import NO_RATE_LIMIT_SLOT
from cchc_connect.wire.page_limits import PageTooLarge

log = logging.getLogger("cchc_connect.sync")

_PAGE_LIMITS: Mapping[str, str] = MappingProxyType(
    {
        "items": "source.page_has_too_many",
        "objects": "source.page_has_too_many_objects",
        "item_bytes": "source.item_too_large",
    }
)
"""Code of the error for each limit of a page."""


def status_and_reason(error: CchcError) -> tuple[RunStatus, Message]:
    """Return the outcome and reason that an error gives to a line of the report."""
    if isinstance(error, Stopped):
        return RunStatus.STOPPED, Message(error.code, error.context)
    if isinstance(error, OutsideHours):
        return RunStatus.CLOSED, Message(error.code, error.context)
    outcome = RunStatus.FAILED if isinstance(error, Retriable) else RunStatus.HELD
    return outcome, Message(error.code, error.context)


def circuit_reason(connection: str, circuit_breaker: CircuitBreaker) -> Message:
    """Return why the circuit of a connection is open: failures, or a pause that the system asked for."""
    code = "circuit_breaker.open" if circuit_breaker.failures else "circuit_breaker.paused"
    context = {"connection": connection, "failures": circuit_breaker.failures, "until": circuit_breaker.retry_at}
    return Message(code, context)


def requested_wait_s(error: CchcError | None) -> float | None:
    """Return the seconds that a system asked us to wait (Retry-After); None if it did not."""
    return error.retry_after_s if isinstance(error, Throttled) and error.code != NO_RATE_LIMIT_SLOT else None


def stops_this_run(error: CchcError | None) -> bool:
    """True if no more requests may go to the system in this run, whatever it returned before."""
    return is_self_imposed(error) or requested_wait_s(error) is not None


def is_self_imposed(error: CchcError | None) -> bool:
    """True if we did not send the request because of opening hours or our own quota; the system is not at fault."""
    return isinstance(error, OutsideHours) or (isinstance(error, Throttled) and error.code == NO_RATE_LIMIT_SLOT)


def may_have_arrived(result: object) -> bool:
    """True if the request that ended so, with an error or an answer, may have reached the system."""
    if not isinstance(result, CchcError):
        return True
    return not (is_self_imposed(result) or result.context.get(NEVER_SENT))


def is_unreachable(error: CchcError | None) -> bool:
    """True if the system as such cannot be reached. Other errors may concern the requested resource only."""
    return isinstance(error, Retriable) and not isinstance(error, Maintenance | CutShort) and not is_self_imposed(error)


def adapter_boundary(
    *, connection: str, record_type: str, called: Callable[..., object] | None = None, page: str | None = None
) -> ErrorBoundary[None]:
    """Return a context manager that translates an unexpected exception into `SourceHeld`.

    An adapter's exception gets the code `source.adapter_failed` and the place in the adapter's code, one of the engine
    itself `source.program_failed`. Errors of this library pass unchanged. The traceback is logged without the text of
    the exception, because that may contain values of the source.

    Args:
        connection: name of the connection or route, for the error's context.
        record_type: record type, for the error's context.
        called: the adapter's function that the block calls; None if the block calls several.
        page: page token of the requested page as it may be shown; None for the first page, or if no page is requested.
    """

    def translate(error: BaseException) -> SourceHeld | None:
        if isinstance(error, CchcError) or not isinstance(error, Exception):
            return None
        if isinstance(error, PageTooLarge):
            return SourceHeld(
                _PAGE_LIMITS[error.limit], connection=connection, record_type=record_type, page=page, most=error.allowed
            )
        failure = adapter_failure(error, called)
        code = "source.program_failed" if failure is None else "source.adapter_failed"
        failure = failure or engine_failure(error)
        subject = f"{record_type}, page {page}" if page else record_type
        log.error("%s: %s: failed: %s%s", connection, subject, failure, logged_traceback(log, error))
        context = {"connection": connection, "record_type": record_type, "error": str(failure)}
        return SourceHeld(code, **context, location=failure.location, function=failure.function, page=page)

    return ErrorBoundary(nullcontext(), translate)
