"""The databases of the province's list (danh mục cơ sở dữ liệu), with the connections that read each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from cchc_connect.clock import as_instant
from cchc_connect.config.file import Config
from cchc_connect.database.reading.records import live_records_query, record_from_row
from cchc_connect.monitoring.freshness import END_OF_TIME, whole_seconds
from cchc_connect.monitoring.intervals import Intervals
from cchc_schemas import RegisteredDatabase

ALWAYS = Intervals([(-END_OF_TIME, END_OF_TIME)])


@dataclass(frozen=True, kw_only=True)
class ListedDatabase:
    """A database of the list, and when it must be connected."""

    code: str
    name: str
    owner: str
    """Code of the agency that is responsible for it; "" if the list does not say it."""
    connections: tuple[str, ...]
    """Connections that read it, by the list and by `cchc.toml`."""
    listed: Intervals
    """Seconds from the day on which it came onto the list."""
    due: Intervals
    """Seconds of `listed` after the last day until which it had to be connected."""
    exempt: Intervals
    """Seconds in which it need not be connected; an exemption counts with its basis and its last day alone."""
    has_void_exemption: bool
    """Whether the list names an exemption without basis, or without last day."""


def listed_databases(connection: Connection, config: Config) -> list[ListedDatabase]:
    """Return the databases of the list, by code, as it is now; an entry that cannot be read is left out."""
    by_code = configured_codes(config)
    listed = list[ListedDatabase]()
    for row in connection.execute(live_records_query(RegisteredDatabase)):
        record = record_from_row(RegisteredDatabase, row)
        listed.append(_listed(record, by_code.get(record.code, ())))
    return listed


def configured_codes(config: Config) -> Mapping[str, tuple[str, ...]]:
    """Return the codes that `registered_database` names in `cchc.toml`, with the connections that name each."""
    by_code = dict[str, tuple[str, ...]]()
    for name, table in sorted(config.connections.items()):
        if table.registered_database is not None:
            by_code[table.registered_database] = (*by_code.get(table.registered_database, ()), name)
    return by_code


def _listed(record: RegisteredDatabase, configured: tuple[str, ...]) -> ListedDatabase:
    registered_on, due_on, exempt_until = record.registered_on, record.due_on, record.exempt_until
    listed = ALWAYS if registered_on is None else _from(registered_on.earliest())
    is_exempt = bool(record.exempt_basis) and exempt_until is not None
    return ListedDatabase(
        code=record.code,
        name=record.name,
        owner=record.owner_code or "",
        connections=tuple(dict.fromkeys((*(record.connections or ()), *configured))),
        listed=listed,
        due=listed if due_on is None else listed & _from(due_on.latest() + timedelta(days=1)),
        exempt=ALWAYS - _from(exempt_until.latest() + timedelta(days=1)) if is_exempt and exempt_until else Intervals(),
        has_void_exemption=not is_exempt and (bool(record.exempt_basis) or exempt_until is not None),
    )


def _from(day: date) -> Intervals:
    """Return the seconds from the beginning of a Vietnamese day on."""
    return Intervals([(whole_seconds(as_instant(day)), END_OF_TIME)])
