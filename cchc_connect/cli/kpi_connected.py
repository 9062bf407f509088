"""Connected and shared databases as counts of indicators; short because the room of quality counts them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time

from cchc_connect.clock import VIETNAM_TIME
from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.kpi.counting import CaseCounts, CountsByAgency
from cchc_connect.quality.connected import ConnectedCounts, connected_databases

_CASES: Mapping[str, Callable[[ConnectedCounts], CaseCounts]] = {
    "connected": lambda counts: CaseCounts(counts.connected, counts.due, counts.unknown),
    "shared": lambda counts: CaseCounts(counts.shared, counts.shareable, counts.shared_unknown),
}


def connected_counts(
    database: SharedDatabase, config: Config, start: date, end: date
) -> Mapping[str, CountsByAgency] | None:
    """Return the counts of registered databases by formula and owner; None if no database is registered.

    They are what `connected` shows of the same period: from the Vietnamese day `start` on and before `end`, up to now.
    """
    midnights = [datetime.combine(day, time(), VIETNAM_TIME) for day in (start, end)]
    by_owner = connected_databases(database, config, *midnights).by_owner
    if not by_owner:
        return None
    return {
        formula: {owner or None: cases(counts) for owner, counts in by_owner.items()}
        for formula, cases in _CASES.items()
    }
