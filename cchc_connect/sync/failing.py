"""What a call that failed means for the rest of a run, and for the next."""

from cchc_connect.database.breakers import Breaker
from cchc_connect.errors import CchcError, CutShort, Maintenance, OutsideHours, Retriable, Stopped, Throttled
from cchc_connect.messages import Phrase
from cchc_connect.sync.report import Outcome
from cchc_connect.transport.line import NO_TURN


def failed(error: CchcError) -> tuple[Outcome, Phrase]:
    """Return what an error makes of a line."""
    if isinstance(error, Stopped):
        return Outcome.STOPPED, Phrase(error.code, error.context)
    if isinstance(error, OutsideHours):
        return Outcome.CLOSED, Phrase(error.code, error.context)
    outcome = Outcome.FAILED if isinstance(error, Retriable) else Outcome.HELD
    return outcome, Phrase(error.code, error.context)


def resting(known: Breaker) -> str:
    """Return the code of why a connection is left alone: it failed, or it asked for that."""
    return "circuit_breaker.open" if known.failures else "circuit_breaker.paused"


def asked_wait_s(error: CchcError | None) -> float | None:
    """Return for how many seconds a system asked to be left alone, None where it did not."""
    return error.retry_after_s if isinstance(error, Throttled) and error.code != NO_TURN else None


def wants_peace(error: CchcError | None) -> bool:
    """Say whether a system is not to be asked again in this run, whatever it has answered so far."""
    return is_our_own(error) or asked_wait_s(error) is not None


def is_our_own(error: CchcError | None) -> bool:
    """Say whether it was we who did not ask: by our own clock or quota, which says nothing of the system."""
    return isinstance(error, OutsideHours) or (isinstance(error, Throttled) and error.code == NO_TURN)


def answers_nobody(error: CchcError | None) -> bool:
    """Say whether a system cannot be reached: an error of its own may be about what it was asked for only."""
    return isinstance(error, Retriable) and not isinstance(error, Maintenance | CutShort) and not is_our_own(error)
