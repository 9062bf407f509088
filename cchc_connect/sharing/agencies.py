"""The agencies (cơ quan) as decisions see them: tree, successors, last days, and codes of both systems."""

from collections.abc import Callable, Iterable
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
    """Agencies that took over from it."""
    valid_to: date | None = None
    """Its last day, which still counts; None while it exists."""


class AgencyTree:
    """The agencies by their codes. An agency that is not among them stands alone and has no last day."""

    def __init__(self, units: Iterable[AgencyUnit] = ()) -> None:
        """Take the agencies; a code may be of either system."""
        self._units = {unit.code: unit for unit in units}
        self._codes = {alias: unit.code for unit in self._units.values() for alias in unit.other_codes}
        self._children = dict[str, set[str]]()
        self._predecessors = dict[str, set[str]]()
        for unit in self._units.values():
            if unit.parent:
                self._children.setdefault(self.code(unit.parent), set()).add(unit.code)
            for successor in unit.successors:
                self._predecessors.setdefault(self.code(successor), set()).add(unit.code)

    def __len__(self) -> int:
        return len(self._units)

    def __contains__(self, code: str) -> bool:
        return self.code(code) in self._units

    def code(self, code: str) -> str:
        """Return the code under which an agency is known, whichever system `code` is of."""
        return code if code in self._units else self._codes.get(code, code)

    def codes(self, agencies: Iterable[str]) -> frozenset[str]:
        """Return all codes of agencies, of both systems."""
        known_codes = {self.code(agency) for agency in agencies}
        aliases = {alias for code in known_codes & self._units.keys() for alias in self._units[code].other_codes}
        return frozenset(known_codes | aliases)

    def under(self, agency: str) -> frozenset[str]:
        """Return an agency, those below it, and the successors of these with what is below them."""
        return self._reached(agency, lambda code: (*self._children.get(code, ()), *self._successors(code)))

    def own(self, agency: str) -> frozenset[str]:
        """Return the agencies whose dossiers are an agency's: itself, those below it, and predecessors."""
        return self._reached(agency, lambda code: (*self._children.get(code, ()), *self._predecessors.get(code, ())))

    def as_provider(self, agency: str) -> frozenset[str]:
        """Return the agencies whose rows are an agency's as provider: itself and its predecessors.

        Those below it are providers of their own.
        """
        return self._reached(agency, lambda code: self._predecessors.get(code, ()))

    def successors(self, agency: str) -> tuple[str, ...]:
        """Return the agencies that took over from an agency."""
        return tuple(self._successors(self.code(agency)))

    def valid_to(self, agency: str) -> date | None:
        """Return the last day of an agency; None while it exists."""
        unit: AgencyUnit | None = self._units.get(self.code(agency))
        return None if unit is None else unit.valid_to

    def is_valid(self, agency: str, on: date) -> bool:
        """True if an agency exists on the day `on`."""
        last = self.valid_to(agency)
        return last is None or on <= last

    def _successors(self, code: str) -> Iterable[str]:
        return [self.code(successor) for successor in self._units[code].successors] if code in self._units else []

    def _reached(self, agency: str, neighbours: Callable[[str], Iterable[str]]) -> frozenset[str]:
        reached, waiting = set[str](), [self.code(agency)]
        while waiting:
            code = waiting.pop()
            if code not in reached:
                reached.add(code)
                waiting.extend(neighbours(code))
        return frozenset(reached)
