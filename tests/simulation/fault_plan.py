"""The faults of a simulated world; each depends only on the seed, the request's path and the request's number."""

from collections.abc import Mapping
from enum import StrEnum
from random import Random

from cchc_connect import AuthenticationFailed, CchcError, CutShort, Maintenance, Throttled, Unreachable
from tests.simulation.traits import SourceTraits


class Fault(StrEnum):
    """What fails in one request."""

    UNREACHABLE = "unreachable"
    CUT_SHORT = "cut_short"
    THROTTLED = "throttled"
    LONG_RETRY_AFTER = "peace_wanted"
    """Retry-After of half an hour."""
    MAINTENANCE = "maintenance"
    AUTH = "auth"
    NONSENSE = "nonsense"
    """A response on which the adapter fails."""
    LISTING_CUT = "listing_cut"
    """The listing ends in the middle; only its total shows it."""
    LISTING_EMPTY = "listing_empty"
    LISTING_LOST = "listing_lost"
    """Three quarters of the entries are missing, and the total agrees."""
    FILTER_IGNORED = "filter_ignored"
    RESPONSE_LOST = "answer_lost"
    """The desk applied the message; the response was lost."""
    BUSY = "busy"
    """The desk defers one record of the message."""


ON_THE_LINE = (
    Fault.UNREACHABLE,
    Fault.CUT_SHORT,
    Fault.THROTTLED,
    Fault.LONG_RETRY_AFTER,
    Fault.MAINTENANCE,
    Fault.AUTH,
    Fault.NONSENSE,
)
AT_A_DESK = (*ON_THE_LINE, Fault.RESPONSE_LOST, Fault.RESPONSE_LOST, Fault.RESPONSE_LOST, Fault.BUSY, Fault.BUSY)

HALF_AN_HOUR_S = 1800.0

_ERRORS: Mapping[Fault, type[CchcError]] = {
    Fault.UNREACHABLE: Unreachable,
    Fault.CUT_SHORT: CutShort,
    Fault.THROTTLED: Throttled,
    Fault.MAINTENANCE: Maintenance,
    Fault.AUTH: AuthenticationFailed,
    Fault.RESPONSE_LOST: CutShort,
}


class FaultPlan:
    """The plan of faults; it depends on the seed and not on threads."""

    def __init__(self, seed: int, share: float) -> None:
        """Let `share` of all requests fail."""
        self._seed = seed
        self._share = share
        self.is_off = False

    def at_source(self, traits: SourceTraits, number: int) -> Fault | None:
        """Return the fault of a register's request with this number."""
        lies = [Fault.FILTER_IGNORED]
        # A listing of changes that ends early without a total cannot be distinguished from a complete one:
        # an adapter of such a source may not call it the last page.
        if traits.counted or not traits.changed_since:
            lies += [Fault.LISTING_CUT, Fault.LISTING_EMPTY]
        if not traits.changed_since:
            lies.append(Fault.LISTING_LOST)
        return self._fault(traits.name, number, (*ON_THE_LINE, *lies))

    def at_desk(self, name: str, number: int) -> Fault | None:
        """Return the fault of a desk's message with this number."""
        return self._fault(name, number, AT_A_DESK)

    def chance(self, stream: str, number: int) -> Random:
        """Return the random generator of one request."""
        return Random(f"{self._seed}/{stream}/{number}")

    def _fault(self, name: str, number: int, kinds: tuple[Fault, ...]) -> Fault | None:
        dice = self.chance(f"weather of {name}", number)
        return dice.choice(kinds) if not self.is_off and dice.random() < self._share else None


def error_of(fault: Fault | None, name: str) -> CchcError | None:
    """Return the error that a transport raises for a fault, None if there is a response."""
    if fault is Fault.LONG_RETRY_AFTER:
        return Throttled("transport.throttled", retry_after_s=HALF_AN_HOUR_S, connection=name)
    kind = None if fault is None else _ERRORS.get(fault)
    return None if kind is None else kind("transport.unreachable", connection=name)
