"""Which agency answers for a field of a record: that of the connection whose value stands in it."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from cchc_connect.config.file import Config
from cchc_connect.database.names import require_known
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import claim, correction_request
from cchc_schemas import RECORD_TYPES, Agency


def owning_connection(config: Config, connection: Connection, record_type: str, key: str, path: str) -> str | None:
    """Return the connection that owns a field of a record, which it may do without owning the rest of it."""
    declared = config.ownership.get(f"{record_type}.{path.partition('.')[0]}")
    if declared is not None:
        return declared
    table = record_table(record_type)
    return connection.execute(select(table.c.connection).where(table.c.record_key == key)).scalar_one_or_none()


def agency_of(
    connection: Connection, name: str, record_type: str, key: str, configured: Mapping[str, str] | None = None
) -> str | None:
    """Return the agency of a connection, as it stands with its record or claim, else as it is configured; None if not.

    Args:
        connection: reads the database.
        name: name of the connection.
        record_type: a record that it sends.
        key: key of that record.
        configured: connection -> agency, of the configuration.
    """
    table = record_table(record_type)
    of_record = select(table.c.agency).where(table.c.record_key == key, table.c.connection == name)
    of_claim = select(claim.c.agency).where(
        claim.c.record_type == record_type, claim.c.record_key == key, claim.c.connection == name
    )
    for query in (of_record, of_claim):
        agency: str | None = connection.execute(query).scalars().first()
        if agency is not None:
            return agency
    return (configured or {}).get(name)


def agencies_of(
    connection: Connection, names: Iterable[tuple[str, str, str]], configured: Mapping[str, str] | None = None
) -> Mapping[str, str]:
    """Return the agency of each connection; a connection whose agency is nowhere is missing.

    Args:
        connection: reads the database.
        names: connections, each with type and key of a record that it sends.
        configured: connection -> agency, of the configuration.
    """
    agencies = dict[str, str]()
    for name, record_type, key in names:
        if name not in agencies:
            agency = agency_of(connection, name, record_type, key, configured)
            agencies |= {} if agency is None else {name: agency}
    return agencies


def configured_agencies(config: Config) -> Mapping[str, str]:
    """Return the agency of each connection of a configuration."""
    return {name: connection.agency for name, connection in config.connections.items()}


def require_agency(connection: Connection, code: str, configured: Iterable[str]) -> None:
    """Check that there is an agency with a code: of a connection, of a record, or asked before.

    Args:
        connection: reads the database.
        code: the code as it was typed.
        configured: codes of agencies that the configuration names.

    Raises:
        UsageMistake: there is none; the message has a suggestion.
    """
    named = {*configured, *connection.execute(select(correction_request.c.owner).distinct()).scalars()}
    if code not in named and not _provides(connection, code):
        require_known("corrections.agency_unknown", code, sorted({*named, *_of_records(connection)}))


def _provides(connection: Connection, code: str) -> bool:
    """True if a record is an agency's."""
    tables = (record_table(name) for name in RECORD_TYPES)
    queries = (select(table.c.record_key).where(table.c.agency == code).limit(1) for table in tables)
    return any(connection.execute(query).first() is not None for query in queries)


def _of_records(connection: Connection) -> set[str]:
    """Return the agencies of all records, and those that are records themselves."""
    tables = (record_table(name) for name in RECORD_TYPES)
    queries = [select(table.c.agency).where(table.c.agency.is_not(None)).distinct() for table in tables]
    queries.append(select(record_table(Agency.record_type).c.record_key))
    return {code for query in queries for code in connection.execute(query).scalars()}
