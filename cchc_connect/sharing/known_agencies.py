"""Agencies that a configuration and its shared database name: a code that none of them has is probably mistyped."""

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection, Table, func, select

from cchc_connect.config.file import Config
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.replay import replayed_read
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.sharing.terms import KnownAgencies, SharingTerms
from cchc_schemas import RECORD_TYPES, Agency


def with_known_agencies(terms: SharingTerms, config: Config, connection: Connection | None = None) -> SharingTerms:
    """Return the terms with the agencies that are named anywhere, against which the codes of agreements are checked.

    Args:
        terms: the terms, with the agencies of the database where there is one.
        config: its connections, officials and operator name agencies.
        connection: an open transaction of the shared database; None: there is none yet.
    """
    providers = {table.agency for table in config.connections.values()}
    named = {official.agency for official in config.officials.values()}
    if config.operator is not None:
        named.add(config.operator.agency)
    if connection is not None:
        for record_type in RECORD_TYPES:
            providers.update(_agencies_of(connection, record_table(record_type)))
        named.update(_listed_agencies(connection))
    return replace(terms, known_agencies=KnownAgencies(providers=frozenset(providers), named=frozenset(named)))


def known_agencies(config: Config, database: SharedDatabase) -> frozenset[str]:
    """Return the codes of all agencies that a configuration and its shared database name.

    Raises:
        DatabaseUnusable: the database failed.
    """

    def read(connection: Connection) -> frozenset[str]:
        named = with_known_agencies(SharingTerms(), config, connection).known_agencies
        return frozenset() if named is None else named.codes

    return replayed_read(database, read)


def _agencies_of(connection: Connection, table: Table) -> Iterator[str]:
    """Yield the agencies whose records a table has: all records of one connection are of one agency.

    The connections are found by steps through their index, so that no record is read but one of each.
    """
    column = table.c.connection
    name = connection.execute(select(func.min(column))).scalar_one()
    while name is not None:
        yield from connection.execute(select(table.c.agency).where(column == name).limit(1)).scalars()
        name = connection.execute(select(func.min(column)).where(column > name)).scalar_one()


def _listed_agencies(connection: Connection) -> Iterator[str]:
    """Yield the codes of the records of agencies, of both systems."""
    table = record_table(Agency.record_type)
    columns = (table.c.code, table.c.code_qcvn_102, table.c.code_qd_20)
    for row in connection.execute(select(*columns).where(table.c.deleted_at.is_(None))):
        yield from filter(None, row)
