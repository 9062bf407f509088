"""What a crash cost: what lies in database and target after it, beside what an undisturbed run leaves.

Everything that must not depend on how it came about is a fact with a name and a content. A fact that is
there less often than it should is lost, one that is there more often is duplicated, one with other content
is corrupt; so is a database that contradicts itself.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from cchc_connect import SharedDatabase
from cchc_connect.database.journal import broken_entry
from cchc_connect.database.quarantine import entries
from cchc_connect.database.tables import METADATA, change, cursor, delivery, discrepancy, record_link, run_counter
from cchc_connect.testing import Agencies
from cchc_schemas import RECORD_TYPES

PASSING = frozenset({"run_id", "sequence", "item_hash"})
"""Columns of a record's row that tell of the run and not of the record."""

Name = tuple[str, ...]
Fact = tuple[Name, str]
"""What something is called, and what it says."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Everything that runs left behind, in the database and at the target."""

    facts: Counter[Fact]
    contradictions: tuple[str, ...]
    """Where the database does not agree with itself; its pages, its journal, its feed, its counters."""


@dataclass(frozen=True, kw_only=True)
class Losses:
    """What a crash cost."""

    lost: tuple[Name, ...] = ()
    duplicated: tuple[Name, ...] = ()
    corrupt: tuple[Name | str, ...] = ()


NOTHING = Losses()


def holding(database: SharedDatabase, agencies: Agencies) -> Holding:
    """Look at what is there now."""
    with database.reading() as connection:
        facts = Counter([*_stored(connection), *_standing(connection), *_received(agencies)])
        return Holding(facts=facts, contradictions=tuple(contradictions(connection)))


def losses(undisturbed: Holding, found: Holding) -> Losses:
    """Compare what is there with what should be there."""
    due, here = _names(undisturbed), _names(found)
    changed = {name for name, _ in (undisturbed.facts - found.facts) if due[name] == here[name]}
    return Losses(
        lost=tuple(sorted((due - here).elements())),
        duplicated=tuple(sorted((here - due).elements())),
        corrupt=(*sorted(changed), *found.contradictions),
    )


def contradictions(connection: Connection) -> Iterator[str]:
    """Yield where a database contradicts itself, whatever it should hold."""
    if connection.dialect.name == "sqlite":
        checked = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        yield from (f"page: {line}" for line in checked if line != "ok")
    if (entry := broken_entry(connection)) is not None:
        yield f"journal: entry {entry} does not fit"
    for record_type in RECORD_TYPES:
        table = METADATA.tables[record_type]
        same = (change.c.record_type == record_type, change.c.record_key == table.c.record_key)
        told = and_(*same, change.c.sequence == table.c.sequence, change.c.version == table.c.version)
        untold = select(table.c.record_key).outerjoin(change, told).where(change.c.sequence.is_(None))
        yield from (f"feed: {record_type} {key} is not in it" for key in connection.execute(untold).scalars())
    told, last = connection.execute(select(func.count(), func.max(change.c.sequence))).one()
    if told != (last or 0):
        yield f"feed: its last number is {last} and it has {told}"
    yield from partial_pages(connection)


def partial_pages(connection: Connection) -> Iterator[str]:
    """Yield each source of a run whose versions in the feed are not as many as its counters say.

    A page's counters are committed with its records, so they differ only where part of a page was committed.
    """
    place = (change.c.run_id, change.c.connection, change.c.record_type)
    written = {tuple(row[:3]): row[3] for row in connection.execute(select(*place, func.count()).group_by(*place))}
    counted: Counter[tuple[str, ...]] = Counter()  # over all partitions, as the feed knows none
    for row in connection.execute(select(run_counter).where(run_counter.c.kind == "pull")):
        counts = json.loads(row.counts)
        rows = counts["inserted"] + counts["updated"] + counts["deleted"]
        counted[row.run_id, row.name, row.record_type] += rows
    for (run_id, name, kind), number in counted.items():
        found = written.pop((run_id, name, kind), 0)
        if number != found:
            yield f"page: {name} {kind} counts {number} and holds {found}"
    yield from (f"page: {name} {kind} holds {number} uncounted" for (_, name, kind), number in written.items())


def _names(one: Holding) -> Counter[Name]:
    names: Counter[Name] = Counter()
    for (name, _), number in one.facts.items():
        names[name] += number
    return names


def _stored(connection: Connection) -> Iterator[Fact]:
    """Yield what the database knows: rows, their versions, their links, what is in quarantine or in dispute."""
    for record_type in RECORD_TYPES:
        table = METADATA.tables[record_type]
        kept = [column for column in table.columns if column.name not in PASSING]
        for row in connection.execute(select(table.c.record_key, *kept)):
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
    """Yield how far sources were read and messages sent."""
    for row in connection.execute(select(cursor)):
        # How long a pass took is taken off its watermark, and no two take the same.
        at = (row.watermark is None, row.pass_since, row.page_token, row.checkpoint, row.translation_key, row.held_code)
        yield ("cursor", *(str(getattr(row, column.name)) for column in cursor.primary_key)), str(at)
    for row in connection.execute(select(delivery)):
        yield ("delivery", row.route, row.record_type, row.record_key), row.state


def _received(agencies: Agencies) -> Iterator[Fact]:
    """Yield what the national portal holds, and each effect that messages had there."""
    portal = agencies.national_portal
    for code, payload in portal.dossiers.items():
        yield ("portal", "dossier", code), json.dumps(payload, sort_keys=True)
    for payload in portal.steps:
        yield ("portal", "step", json.dumps(payload, sort_keys=True)), ""
    yield from [(("portal", "effect"), "")] * portal.effects
