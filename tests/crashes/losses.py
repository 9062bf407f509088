"""The losses of a crash: compare database and target after it with what an undisturbed run leaves.

Everything that must not depend on the crash is a fact with a name and a content. A fact that is missing is lost,
one that occurs too often is duplicated, one with other content is corrupt; so is a database that contradicts
itself.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from cchc_connect import SharedDatabase
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.tables import METADATA, change, cursor, delivery, discrepancy, record_link, run_counter
from cchc_connect.testing import Agencies
from cchc_schemas import RECORD_TYPES
from tests.audit_log import broken_entry

RUN_COLUMNS = frozenset({"run_id", "sequence", "item_hash"})
"""Columns of a record's row that depend on the run and not on the record."""

Name = tuple[str, ...]
Fact = tuple[Name, str]
"""Name and content."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Everything that runs left in the database and at the target."""

    facts: Counter[Fact]
    contradictions: tuple[str, ...]
    """Contradictions within the database: its file, its audit log, its change feed, its counters."""


@dataclass(frozen=True, kw_only=True)
class Losses:
    """The names of lost, duplicated and corrupt facts."""

    lost: tuple[Name, ...] = ()
    duplicated: tuple[Name, ...] = ()
    corrupt: tuple[Name | str, ...] = ()


NO_LOSSES = Losses()


def holding(database: SharedDatabase, agencies: Agencies) -> Holding:
    """Read everything that database and target hold now."""
    with database.reading() as connection:
        facts = Counter([*_stored(connection), *_standing(connection), *_received(agencies)])
        return Holding(facts=facts, contradictions=tuple(contradictions(connection)))


def losses(undisturbed: Holding, actual: Holding) -> Losses:
    """Compare the actual holding with that of an undisturbed run."""
    expected, present = _names(undisturbed), _names(actual)
    changed = {name for name, _ in (undisturbed.facts - actual.facts) if expected[name] == present[name]}
    return Losses(
        lost=tuple(sorted((expected - present).elements())),
        duplicated=tuple(sorted((present - expected).elements())),
        corrupt=(*sorted(changed), *actual.contradictions),
    )


def contradictions(connection: Connection) -> Iterator[str]:
    """Yield every contradiction within a database."""
    if connection.dialect.name == "sqlite":
        checked = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        yield from (f"page: {line}" for line in checked if line != "ok")
    if (entry := broken_entry(connection)) is not None:
        yield f"journal: entry {entry} does not fit"
    for record_type in RECORD_TYPES:
        table = METADATA.tables[record_type]
        same = (change.c.record_type == record_type, change.c.record_key == table.c.record_key)
        count = and_(*same, change.c.sequence == table.c.sequence, change.c.version == table.c.version)
        missing = select(table.c.record_key).outerjoin(change, count).where(change.c.sequence.is_(None))
        yield from (f"feed: {record_type} {key} is not in it" for key in connection.execute(missing).scalars())
    count, last = connection.execute(select(func.count(), func.max(change.c.sequence))).one()
    if count != (last or 0):
        yield f"feed: its last number is {last} and it has {count}"
    yield from partial_pages(connection)


def partial_pages(connection: Connection) -> Iterator[str]:
    """Yield each source of a run whose number of versions in the change feed differs from its counters.

    A page's counters are committed with its records, so they differ only if a part of a page was committed.
    """
    stream = (change.c.run_id, change.c.connection, change.c.record_type)
    written = {tuple(row[:3]): row[3] for row in connection.execute(select(*stream, func.count()).group_by(*stream))}
    counted: Counter[tuple[str, ...]] = Counter()  # over all partitions, because the change feed has none
    for row in connection.execute(select(run_counter).where(run_counter.c.kind != "push")):
        counts = json.loads(row.counts)
        rows = counts["inserted"] + counts["updated"] + counts["deleted"]
        counted[row.run_id, row.name, row.record_type] += rows
    for (run_id, name, kind), number in counted.items():
        versions = written.pop((run_id, name, kind), 0)
        if number != versions:
            yield f"page: {name} {kind} counts {number} and holds {versions}"
    yield from (f"page: {name} {kind} holds {number} uncounted" for (_, name, kind), number in written.items())


def _names(held: Holding) -> Counter[Name]:
    names: Counter[Name] = Counter()
    for (name, _), number in held.facts.items():
        names[name] += number
    return names


def _stored(connection: Connection) -> Iterator[Fact]:
    """Yield rows, versions, links, quarantine entries and discrepancies."""
    for record_type in RECORD_TYPES:
        table = METADATA.tables[record_type]
        columns = [column for column in table.columns if column.name not in RUN_COLUMNS]
        for row in connection.execute(select(table.c.record_key, *columns)):
            yield ("row", record_type, row[0]), str(tuple(row[1:]))
    for row in connection.execute(select(change)):
        name = ("version", row.record_type, row.record_key, str(row.version))
        yield name, str((row.operation, row.connection, row.document))
    for row in connection.execute(select(record_link)):
        yield ("link", *map(str, row)), ""
    for entry in entries(connection):
        yield ("quarantine", entry.connection, entry.record_type, entry.source_key), str((entry.item, entry.faults))
    for row in connection.execute(select(discrepancy)):
        disputed = ("discrepancy", row.record_type, row.record_key, row.field, row.connection)
        yield disputed, str((row.value, row.owner_value, row.owner))


def _standing(connection: Connection) -> Iterator[Fact]:
    """Yield the cursors of sources and the states of deliveries."""
    for row in connection.execute(select(cursor)):
        # The duration of a pass is subtracted from its watermark, so the exact watermark differs between runs.
        at = (row.watermark is None, row.pass_since, row.page_token, row.checkpoint, row.translation_key, row.held_code)
        yield ("cursor", *(str(getattr(row, column.name)) for column in cursor.primary_key)), str(at)
    for row in connection.execute(select(delivery)):
        yield ("delivery", row.route, row.record_type, row.record_key), row.state


def _received(agencies: Agencies) -> Iterator[Fact]:
    """Yield the records of the national portal, and one fact per effect of a message."""
    portal = agencies.national_portal
    for code, payload in portal.dossiers.items():
        yield ("portal", "dossier", code), json.dumps(payload, sort_keys=True)
    for payload in portal.steps:
        yield ("portal", "step", json.dumps(payload, sort_keys=True)), ""
    yield from [(("portal", "effect"), "")] * portal.change_count
