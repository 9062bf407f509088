"""An invented agreement in force in the shared database of a test, in one line."""

from datetime import datetime
from typing import Any

from cchc_connect import SharedDatabase
from cchc_connect.testing.kit.agreement import InventedAgreement, put_in_force


def in_force(
    database: SharedDatabase | str,
    provider: str,
    consumer: str,
    *records: str,
    at: datetime | None = None,
    **terms: Any,
) -> str:
    """Put an agreement in force and return its id, as a route names it.

    Args:
        database: the shared database, or the URL of one that has its tables.
        provider: code of the agency whose records leave.
        consumer: code of the receiving agency.
        records: record types; each is granted with all fields that may be shared with everybody.
        at: instant of the test, aware: it is in force from a year before until almost two years after it. None: now.
        terms: what else it says; see `InventedAgreement`.
    """
    invented = InventedAgreement(provider=provider, consumer=consumer, records=records, **terms)
    if isinstance(database, SharedDatabase):
        put_in_force(database, invented, at=at)
        return invented.id
    with SharedDatabase(database) as opened:
        put_in_force(opened, invented, at=at)
    return invented.id
