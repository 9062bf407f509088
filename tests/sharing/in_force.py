"""An invented agreement in force in the shared database of a test, in one line."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cchc_connect import Config, SharedDatabase
from cchc_connect.sharing.agreements import AgreementState
from cchc_connect.sharing.facts import StoredAgreement
from cchc_connect.sharing.stored_agreements import store_agreement
from cchc_connect.testing.kit.agreement import (
    CONSUMER_OFFICER,
    PROVIDER_OFFICER,
    InventedAgreement,
    put_in_force,
    put_routes_in_force,
)


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


def in_force_unrecorded(
    database: SharedDatabase, provider: str, consumer: str, *records: str, at: datetime, **terms: Any
) -> str:
    """Have an agreement in force without its entries in the audit log, whose first entries are those of the test."""
    invented = InventedAgreement(provider=provider, consumer=consumer, records=records, **terms)
    approved = StoredAgreement(
        agreement=invented.text(at),
        state=AgreementState.SIGNED,
        approved_by_provider=PROVIDER_OFFICER,
        approved_by_consumer=CONSUMER_OFFICER,
    )
    with database.writing() as connection:
        store_agreement(connection, approved, at)
    return invented.id


def agreed(tables: Mapping[str, Any], *, at: datetime | None = None) -> dict[str, Any]:
    """Return the tables of a configuration; the agreements that its routes name are in force in its database.

    The database is created if it does not exist. A relative path of it starts in the working directory.
    """
    config = Config.from_tables(tables, Path("cchc.toml"))
    with config.open_database() as database:
        put_routes_in_force(config, database, at=at)
    return dict(tables)
