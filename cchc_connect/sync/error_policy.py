"""Error policy: what a failed call means for the report, for the rest of the run and for the next run.

An adapter's unexpected exception stops its own source only.
"""

import logging
from contextlib import nullcontext
from pathlib import Path
from traceback import extract_tb

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
from cchc_connect.privacy.error_boundary import ErrorBoundary
from cchc_connect.sync.report import RunStatus
from cchc_connect.transport.channel import NO_RATE_LIMIT_SLOT

log = logging.getLogger("cchc_connect.sync")


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


def is_unreachable(error: CchcError | None) -> bool:
    """True if the system as such cannot be reached. Other errors may concern the requested resource only."""
    return isinstance(error, Retriable) and not isinstance(error, Maintenance | CutShort) and not is_self_imposed(error)


def adapter_boundary(*, connection: str, record_type: str) -> ErrorBoundary[None]:
    """Return a context manager that translates an unexpected exception of an adapter into `SourceHeld`.

    Errors of this library pass unchanged. File and line of the exception are logged, but not its text, because that
    may contain values of the source.

    Args:
        connection: name of the connection or route, for the error's context.
        record_type: record type, for the error's context.
    """

    def translate(error: BaseException) -> SourceHeld | None:
        if isinstance(error, CchcError) or not isinstance(error, Exception):
            return None
        frame = extract_tb(error.__traceback__)[-1]
        location = f"{Path(frame.filename).name}:{frame.lineno}"
        log.error("%s: adapter failed on %s: %s at %s", connection, record_type, type(error).__name__, location)
        context = {"connection": connection, "record_type": record_type, "error": f"{type(error).__name__}, {location}"}
        return SourceHeld("source.adapter_failed", **context)

    return ErrorBoundary(nullcontext(), translate)
