"""The agencies (cơ quan) as decisions see them on one day: tree, successors, last days, and codes of both systems."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyUnit:
    """One agency."""

    code: str
    other_codes: tuple[str, ...] = ()
    """Its codes by the other system."""
    parent: str | None = None
    successors: tuple[str, ...] = ()
    """Agencies that took over from it, or are to."""
    valid_to: date | None = None
    """Its last day, which still counts; None while it exists."""


class AgencyTree:
    """The agencies by their codes on one day. An agency that is not among them stands alone and has no last day.

    An agency takes over from another one after the last day of that one. Of agencies that took over from each other, in
    a circle, none has what was another's. A code of the other system that is an agency's own code too, or that two
    agencies claim, is nobody's.
    """

    def __init__(self, units: Iterable[AgencyUnit] = (), *, day: date = date.min) -> None:
        """Take the agencies, whose codes may be of either system, and the Vietnamese day."""
        self._units = {unit.code: unit for unit in units}
        self._aliases = _aliases(self._units)
        self._codes = {alias: code for code, aliases in self._aliases.items() for alias in aliases}
        self._children = dict[str, set[str]]()
        for unit in self._units.values():
            if unit.parent:
                self._children.setdefault(self.code(unit.parent), set()).add(unit.code)
        self._followers = self._followers_on(day)
        self._predecessors = dict[str, set[str]]()
        for code, followers in self._followers.items():
            for follower in followers:
                self._predecessors.setdefault(follower, set()).add(code)

    def __len__(self) -> int:
        return len(self._units)

    def __contains__(self, code: str) -> bool:
        return self.code(code) in self._units

    def code(self, code: str) -> str:
        """Return the code under which an agency is known, whichever system `code` is of."""
        return self._codes.get(code, code)

    def codes(self, agencies: Iterable[str]) -> frozenset[str]:
        """Return all codes of agencies, of both systems."""
        known_codes = frozenset(self.code(agency) for agency in agencies)
        return known_codes | frozenset(alias for code in known_codes for alias in self._aliases.get(code, ()))

    @property
    def all_codes(self) -> frozenset[str]:
        """Return the codes of all agencies, of both systems."""
        return self.codes(self._units)

    def under(self, agency: str) -> frozenset[str]:
        """Return an agency, those below it, and those that took over from these with what is below them."""
        return _reached(self.code(agency), lambda code: (*self._children.get(code, ()), *self._followers.get(code, ())))

    def own(self, agency: str) -> frozenset[str]:
        """Return the agencies whose dossiers are an agency's: itself, those below it, and predecessors."""
        return _reached(
            self.code(agency), lambda code: (*self._children.get(code, ()), *self._predecessors.get(code, ()))
        )

    def as_provider(self, agency: str) -> frozenset[str]:
        """Return the agencies whose rows are an agency's as provider: itself and its predecessors.

        Those below it are providers of their own.
        """
        return _reached(self.code(agency), lambda code: self._predecessors.get(code, ()))

    def successors(self, agency: str) -> tuple[str, ...]:
        """Return the agencies that took over from an agency, or are to, on whatever day."""
        unit = self._units.get(self.code(agency))
        return () if unit is None else tuple(self.code(successor) for successor in unit.successors)

    def valid_to(self, agency: str) -> date | None:
        """Return the last day of an agency; None while it exists."""
        unit: AgencyUnit | None = self._units.get(self.code(agency))
        return None if unit is None else unit.valid_to

    def is_valid(self, agency: str, on: date) -> bool:
        """True if an agency exists on the day `on`."""
        last = self.valid_to(agency)
        return last is None or on <= last

    def _followers_on(self, day: date) -> Mapping[str, frozenset[str]]:
        """Return for each agency that ended before a day those that took over from it; none in a circle."""
        ended = {code for code in self._units if not self.is_valid(code, day)}
        stated = {code: frozenset(self.successors(code)) if code in ended else frozenset[str]() for code in self._units}
        return {
            code: frozenset(
                follower
                for follower in followers
                if code not in _reached(follower, lambda each: stated.get(each, frozenset()))
            )
            for code, followers in stated.items()
            if followers
        }


def _aliases(units: Mapping[str, AgencyUnit]) -> Mapping[str, frozenset[str]]:
    """Return by code the other codes of each agency that are its alone."""
    claims = Counter(alias for unit in units.values() for alias in set(unit.other_codes))
    return {
        code: frozenset(alias for alias in unit.other_codes if claims[alias] == 1 and alias not in units)
        for code, unit in units.items()
    }


def _reached(start: str, neighbours: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """Return what is reached from a code step by step, the code itself among it."""
    reached, waiting = set[str](), [start]
    while waiting:
        code = waiting.pop()
        if code not in reached:
            reached.add(code)
            waiting.extend(neighbours(code))
    return frozenset(reached)
