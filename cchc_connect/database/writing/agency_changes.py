"""Lets the records of a connection be those of the agency that its configuration names now.

The agency of a connection may be put right, or be followed by another. Agreements ask whose a record is, and an item
that did not change is not written again, so all its records get the agency at once, before anything is read.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, Table, select, update

from cchc_connect.database.outbox.set_aside import judge_all_anew
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import claim


def has_other_agency(connection: Connection, name: str, agency: str, record_types: Iterable[str]) -> bool:
    """Return whether records of the connection are another agency's. All of a type are of one, so one is looked at."""
    for record_type in record_types:
        stored = connection.execute(_agency_of_one(record_table(record_type), name)).scalar_one_or_none()
        if stored is not None and stored != agency:
            return True
    return False


def follow_agency(connection: Connection, name: str, agency: str, record_types: Iterable[str]) -> None:
    """Give the connection's records and claims to the agency, in a write transaction.

    Routes judge anew what they sent and set aside: whose records they are has changed.
    """
    for record_type in record_types:
        table = record_table(record_type)
        is_other = (table.c.connection == name) & (table.c.agency != agency)
        connection.execute(update(table).where(is_other).values(agency=agency))
        of_claims = (claim.c.record_type == record_type) & (claim.c.connection == name)
        connection.execute(update(claim).where(of_claims).values(agency=agency))
    judge_all_anew(connection)


def _agency_of_one(table: Table, name: str) -> Select[Any]:
    return select(table.c.agency).where(table.c.connection == name).limit(1)
