"""Counts what the parts of the quality score are made of, by agency and record type, from the shared database.

Every figure is of the present state, so that a correction shows at once: the agency corrects, the next run reads it,
and the quarantine entry, the note or the discrepancy is gone.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from cchc_connect.clock import from_timestamp_text, in_vietnam
from cchc_connect.config.file import Config
from cchc_connect.config.quality import DEFAULT_QUALITY, Severity
from cchc_connect.database.reading.discrepancies import UNHANDLED
from cchc_connect.database.record_tables import field_columns, record_table
from cchc_connect.database.tables import claim, discrepancy, quarantine
from cchc_connect.monitoring.freshness import FreshnessHistory, whole_seconds
from cchc_connect.monitoring.intervals import Intervals
from cchc_connect.sharing.stored_agreements import agency_tree, stored_agreements
from cchc_connect.sync.freshness_promise import promise_of
from cchc_schemas import RECORD_TYPES

OLD_DISCREPANCY = timedelta(days=30)
"""Age from which an open discrepancy counts double."""

DUPLICATE_RULES = frozenset({"key_twice", "key_taken"})
"""Faults of items that a source has twice."""

Provided = tuple[str, str]
"""Agency and record type."""


@dataclass(frozen=True, kw_only=True)
class NotedRule:
    """How many records of a connection break a named check (quy tắc kiểm tra)."""

    connection: str
    record_type: str
    rule: str
    severity: Severity
    records: int
    example: str
    """Key of one of them."""


@dataclass(kw_only=True)
class Counted:
    """What was counted of the records of one agency and type."""

    records: int = 0
    quarantined: int = 0
    duplicates: int = 0
    noted: int = 0
    """Records with a note that is a warning."""
    filled: int = 0
    granted: int = 0
    """Fields that agreements grant, over all records; 0 if none grants any."""
    compared: int = 0
    """Records of which another connection sends values too."""
    discrepancies: int = 0
    """Open ones; those older than 30 days twice."""
    fresh_s: int = 0
    due_s: int = 0
    connections: set[str] = field(default_factory=set[str])
    rules: list[NotedRule] = field(default_factory=list[NotedRule])


def counted_quality(
    connection: Connection,
    config: Config,
    histories: Mapping[str, FreshnessHistory],
    period: tuple[datetime, datetime],
) -> dict[Provided, Counted]:
    """Return what is counted for each agency and record type of which there are records or quarantined items.

    Args:
        connection: an open transaction.
        config: the loaded configuration.
        histories: freshness of the connections, by name.
        period: beginning and end (aware) of the time in which the data should be fresh.
    """
    counted = defaultdict[Provided, Counted](Counted)
    _count_quarantine(connection, config, counted)
    fields = _granted_fields(connection, config, period[1])
    for record_type in RECORD_TYPES:
        _count_records(connection, config, record_type, counted)
        _count_compared(connection, record_type, counted)
        for agency, provided in [key for key in counted if key[1] == record_type]:
            names = sorted(fields.get((agency, provided), ()))
            _count_fields(connection, agency, record_type, names, counted[agency, record_type])
    _count_discrepancies(connection, config, period[1], counted)
    for values in counted.values():
        for name in values.connections & histories.keys() & config.connections.keys():
            opened = promise_of(config.connections[name]).open_intervals(*map(whole_seconds, period))
            due = histories[name].due & Intervals(opened)
            values.due_s += due.seconds
            values.fresh_s += (due & histories[name].fresh).seconds
    return dict(counted)


def _count_records(connection: Connection, config: Config, record_type: str, counted: dict[Provided, Counted]) -> None:
    """Count the live records, and those with notes by rule; records with equal notes are one group."""
    table = record_table(record_type)
    columns = (table.c.agency, table.c.connection, table.c.notes)
    query = select(*columns, func.count().label("records"), func.min(table.c.record_key).label("example"))
    rules = defaultdict[tuple[str, str, str], tuple[int, str]](lambda: (0, ""))
    for row in connection.execute(query.where(table.c.deleted_at.is_(None)).group_by(*columns)):
        values = counted[row.agency, record_type]
        values.records += row.records
        values.connections.add(row.connection)
        broken = {rule for _, rule in json.loads(row.notes or "[]")}
        values.noted += (
            row.records if any(_severity(config, row.connection, rule) is not Severity.INFO for rule in broken) else 0
        )
        for rule in broken:
            number, example = rules[row.agency, row.connection, rule]
            rules[row.agency, row.connection, rule] = number + row.records, example or row.example
    for (agency, name, rule), (number, example) in sorted(rules.items()):
        severity = _severity(config, name, rule)
        noted = NotedRule(
            connection=name, record_type=record_type, rule=rule, severity=severity, records=number, example=example
        )
        counted[agency, record_type].rules.append(noted)


def _severity(config: Config, name: str, rule: str) -> Severity:
    table = config.connections.get(name)
    return (DEFAULT_QUALITY if table is None else table.quality).severity(rule)


def _count_quarantine(connection: Connection, config: Config, counted: dict[Provided, Counted]) -> None:
    """Count the open entries; those of connections that are not configured have no agency and are left out."""
    query = select(quarantine.c.connection, quarantine.c.record_type, quarantine.c.faults, func.count().label("items"))
    grouped = query.where(quarantine.c.resolved_at.is_(None)).group_by(*query.selected_columns[:3])
    for row in connection.execute(grouped):
        table = config.connections.get(row.connection)
        if table is None or row.record_type not in RECORD_TYPES:
            continue
        values = counted[table.agency, row.record_type]
        values.connections.add(row.connection)
        values.quarantined += row.items
        rules = {rule for _, rule, *_ in json.loads(row.faults)}
        values.duplicates += row.items if rules & DUPLICATE_RULES else 0


def _granted_fields(connection: Connection, config: Config, at: datetime) -> dict[Provided, set[str]]:
    """Return the fields of each agency and record type that agreements in force grant to others."""
    day = in_vietnam(at).date()
    agencies, fields = (
        agency_tree(connection, config.agreements.agencies_from, day),
        defaultdict[Provided, set[str]](set),
    )
    for stored in stored_agreements(connection):
        agreement = stored.agreement
        if not stored.was_signed or not agreement.starts <= day <= agreement.ends:
            continue
        for agency in agencies.codes(agencies.as_provider(agreement.provider)):
            for grant in agreement.grants:
                fields[agency, grant.record] |= {path.partition(".")[0] for path in grant.fields}
    return fields


def _count_fields(connection: Connection, agency: str, record_type: str, names: list[str], values: Counted) -> None:
    """Count how many of the granted fields are filled, over the live records of an agency."""
    known_names = {column.name for column in field_columns(RECORD_TYPES[record_type])}
    columns = [name for name in names if name in known_names]
    if not columns or not values.records:
        return
    table = record_table(record_type)
    numbers = [func.count(table.c[name]) for name in columns]
    live = table.c.deleted_at.is_(None) & (table.c.agency == agency)
    values.filled = sum(connection.execute(select(*numbers).where(live)).one())
    values.granted = values.records * len(columns)


def _count_compared(connection: Connection, record_type: str, counted: dict[Provided, Counted]) -> None:
    table = record_table(record_type)
    compared = select(table.c.agency, func.count(table.c.record_key.distinct()).label("records"))
    joined = compared.join(claim, (claim.c.record_key == table.c.record_key) & (claim.c.record_type == record_type))
    for row in connection.execute(joined.where(table.c.deleted_at.is_(None)).group_by(table.c.agency)):
        counted[row.agency, record_type].compared = row.records


def _count_discrepancies(
    connection: Connection, config: Config, at: datetime, counted: dict[Provided, Counted]
) -> None:
    """Count the open discrepancies for the agency that owns the field."""
    query = select(discrepancy.c.owner, discrepancy.c.record_type, discrepancy.c.detected_at)
    numbers = Counter[Provided]()
    for row in connection.execute(query.where(discrepancy.c.state.in_(UNHANDLED))):
        table = config.connections.get(row.owner)
        if table is not None:
            is_old = at - from_timestamp_text(row.detected_at) > OLD_DISCREPANCY
            numbers[table.agency, row.record_type] += 2 if is_old else 1
    for provided, number in numbers.items():
        if provided in counted:
            counted[provided].discrepancies = number


def named_checks(counted: Mapping[Provided, Counted]) -> Iterator[NotedRule]:
    """Yield the checks that records break, the most frequent first."""
    rules = [rule for values in counted.values() for rule in values.rules]
    yield from sorted(rules, key=lambda noted: (-noted.records, noted.connection, noted.record_type, noted.rule))
