"""The agencies by which figures are added: as they were when dossiers were handled, and as they are now."""

import json
from collections.abc import Iterable
from datetime import date
from functools import cache

from sqlalchemy import Connection, select

from cchc_connect.database.kpi_tables import kpi_agency
from cchc_connect.sharing.agencies import AgencyTree, AgencyUnit


class Nodes:
    """The nodes for which figures are made, each with the agencies whose rows are its own."""

    def __init__(self, connection: Connection, today: date) -> None:
        """Read the agencies.

        Args:
            connection: reads the rows of indicators.
            today: the day on which successors have what was their predecessors'.
        """
        units = [
            AgencyUnit(
                code=row.code,
                other_codes=tuple(json.loads(row.codes)),
                parent=row.parent,
                successors=tuple(json.loads(row.successors)),
                valid_to=None if row.valid_to is None else date.fromisoformat(row.valid_to),
            )
            for row in connection.execute(select(kpi_agency).order_by(kpi_agency.c.code))
        ]
        self._codes = [unit.code for unit in units]
        self._then, self._now = AgencyTree(units), AgencyTree(units, day=today)
        self.members = cache(self._members)

    def code(self, agency: str) -> str:
        """Return the code under which an agency is known."""
        return self._then.code(agency)

    def all_of(self, agencies: Iterable[str | None]) -> list[str]:
        """Return every agency of the tree and of facts, in order."""
        named = {self.code(agency) for agency in agencies if agency is not None}
        return sorted({*self._codes, *named})

    def _members(self, node: str, *, as_now: bool) -> frozenset[str]:
        """Return all codes, of both systems, of the agencies whose rows are a node's.

        As then it is the node with everything below it; as now also what it and these took over.
        """
        tree = self._now if as_now else self._then
        return tree.codes(tree.own(node))
