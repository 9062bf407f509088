"""The faults of a simulated world, decided by the seed, the place and the number of the request alone."""

from collections.abc import Mapping
from enum import StrEnum
from random import Random

from cchc_connect import AuthenticationFailed, CchcError, CutShort, Maintenance, Throttled, Unreachable
from tests.simulation.traits import SourceTraits


class Fault(StrEnum):
    """What goes wrong with one request."""

    UNREACHABLE = "unreachable"
    CUT_SHORT = "cut_short"
    THROTTLED = "throttled"
    PEACE_WANTED = "peace_wanted"
    """It asks to be left alone for half an hour."""
    MAINTENANCE = "maintenance"
    AUTH = "auth"
    NONSENSE = "nonsense"
    """An answer on which the adapter fails."""
    LISTING_CUT = "listing_cut"
    """The listing ends in its middle, and says so by its count alone."""
    LISTING_EMPTY = "listing_empty"
    LISTING_LOST = "listing_lost"
    """Three quarters of the entries are missing, and the count with them."""
    FILTER_IGNORED = "filter_ignored"
    ANSWER_LOST = "answer_lost"
    """The desk did what it was told; nobody hears of it."""
    BUSY = "busy"
    """The desk puts one record of the message off."""


ON_THE_LINE = (
    Fault.UNREACHABLE,
    Fault.CUT_SHORT,
    Fault.THROTTLED,
    Fault.PEACE_WANTED,
    Fault.MAINTENANCE,
    Fault.AUTH,
    Fault.NONSENSE,
)
AT_A_DESK = (*ON_THE_LINE, Fault.ANSWER_LOST, Fault.ANSWER_LOST, Fault.ANSWER_LOST, Fault.BUSY, Fault.BUSY)

HALF_AN_HOUR_S = 1800.0

_ERRORS: Mapping[Fault, type[CchcError]] = {
    Fault.UNREACHABLE: Unreachable,
    Fault.CUT_SHORT: CutShort,
    Fault.THROTTLED: Throttled,
    Fault.MAINTENANCE: Maintenance,
    Fault.AUTH: AuthenticationFailed,
    Fault.ANSWER_LOST: CutShort,
}


class Weather:
    """Says what goes wrong when; the same seed has the same weather, whatever thread asks."""

    def __init__(self, seed: int, share: float) -> None:
        """Let `share` of all requests go wrong."""
        self._seed = seed
        self._share = share
        self.is_calm = False

    def at_source(self, traits: SourceTraits, number: int) -> Fault | None:
        """Return what goes wrong with a register's request of this number."""
        lies = [Fault.FILTER_IGNORED]
        # A listing of changes that ends early without a count cannot be told from a whole one by anybody:
        # an adapter of such a source may not call it the last page.
        if traits.counted or not traits.changed_since:
            lies += [Fault.LISTING_CUT, Fault.LISTING_EMPTY]
        if not traits.changed_since:
            lies.append(Fault.LISTING_LOST)
        return self._fault(traits.name, number, (*ON_THE_LINE, *lies))

    def at_desk(self, name: str, number: int) -> Fault | None:
        """Return what goes wrong with a desk's message of this number."""
        return self._fault(name, number, AT_A_DESK)

    def chance(self, place: str, number: int) -> Random:
        """Return the dice of one request."""
        return Random(f"{self._seed}/{place}/{number}")

    def _fault(self, name: str, number: int, kinds: tuple[Fault, ...]) -> Fault | None:
        dice = self.chance(f"weather of {name}", number)
        return dice.choice(kinds) if not self.is_calm and dice.random() < self._share else None


def error_of(fault: Fault | None, name: str) -> CchcError | None:
    """Return the error a transport makes of a fault, None where an answer comes."""
    if fault is Fault.PEACE_WANTED:
        return Throttled("transport.throttled", retry_after_s=HALF_AN_HOUR_S, connection=name)
    kind = None if fault is None else _ERRORS.get(fault)
    return None if kind is None else kind("transport.unreachable", connection=name)
