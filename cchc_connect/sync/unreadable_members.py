"""Optional values that were left out because they cannot be read: a hold where the same one is missing from many items.

Leaving a value out must not empty a field unseen. Two limits see to it:

- Before a page is written: more than half of the items so far, or more than `max_quarantined_share` of those that are
  stored, would lose a stored value. The source has changed its form, so nothing of the page is written.
- At the end of a run: the same value cannot be read in more than `max_quarantined_share` of the items, in this run or,
  if the last one did not end well, of those that are stored. The source was always read wrongly; the rest of its items
  is stored.

Values left out by a rule of the severity `info` are expected and do not count.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, func, select

from cchc_connect.config.quality import QualityTable, Severity
from cchc_connect.database.bulk import batches
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import change
from cchc_connect.errors import SourceHeld
from cchc_connect.sync.change_detection import ClassifiedPage
from cchc_connect.sync.plausibility import MIN_SUSPICIOUS, is_too_many
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.translation import without_indexes

MAX_LOST_SHARE = 0.5
"""Share of the items so far (0 to 1) that may lose the stored value of the same field."""

NAMED_MEMBERS = 5
"""Number of fields that a message names, the most frequent first."""


class UnreadableMembers:
    """What was left out of the items of a stream in one run: field and rule ("uses.area_m2: number_unreadable")."""

    def __init__(self, stream: Stream, run_context: RunContext, quality: QualityTable) -> None:
        """Start a run in which nothing was left out yet."""
        self._stream = stream
        self._run_context = run_context
        self._quality = quality
        self._items = 0
        self._left_out = Counter[str]()
        self._lost = Counter[str]()
        self._stored_number: int | None = None
        self.is_doubtful = False
        """Whether the last run did not end well, so that what was left out of the stored items counts too."""

    def add(self, classified: ClassifiedPage) -> None:
        """Count a page that is about to be written.

        Raises:
            SourceHeld: too many stored values would be lost.
        """
        self._items += len(classified.keys)
        left_out = {key: self._that_count(members) for key, members in classified.left_out.items()}
        left_out = {key: members for key, members in left_out.items() if members}
        if not left_out:
            return
        stored = self._run_context.read(partial(_stored_documents, self._stream, list(left_out)))
        for key, members in left_out.items():
            self._left_out.update(members)
            self._lost.update(member for member in members if key in stored and _has_value(stored[key], member))
        lost = [member for member, number in self._lost.most_common() if self._is_too_many_lost(number)]
        if lost:
            raise SourceHeld("source.values_lost", **self._context(lost, self._lost[lost[0]], self._items))

    def check(self) -> None:
        """Check the shares of all items of the run, and of those that are stored if the last run did not end well.

        Raises:
            SourceHeld: a field cannot be read in too many items; the rest of them is stored.
        """
        share = self._run_context.max_quarantined_share
        over_share = [(number, self._items, member) for member, number in self._left_out.items()]
        if self.is_doubtful:
            over_share += self._run_context.read(self._of_stored)
        over_share = sorted((part for part in over_share if is_too_many(*part[:2], share)), reverse=True)
        if over_share:
            members = list(dict.fromkeys(member for _, _, member in over_share))
            raise SourceHeld("source.members_unreadable", **self._context(members, *over_share[0][:2]))

    def _is_too_many_lost(self, number: int) -> bool:
        if number <= MIN_SUSPICIOUS:
            return False
        if self._stored_number is None:
            self._stored_number = self._run_context.read(partial(_live_number, self._stream))
        share = self._run_context.max_quarantined_share
        return is_too_many(number, self._items, MAX_LOST_SHARE) or is_too_many(number, self._stored_number, share)

    def _that_count(self, members: Iterable[str]) -> list[str]:
        return [member for member in members if self._quality.severity(_rule(member)) is not Severity.INFO]

    def _context(self, members: list[str], unreadable: int, fetched: int) -> dict[str, object]:
        return {
            "connection": self._stream.connection,
            "record_type": self._stream.record_type,
            "unreadable": unreadable,
            "fetched": fetched,
            "members": "; ".join(members[:NAMED_MEMBERS]),
            "rule": _rule(members[0]),
        }

    def _of_stored(self, connection: Connection) -> list[tuple[int, int, str]]:
        """Return for each field that was left out the stored items without it, all stored ones, and the field.

        Items with the same notes lack the same fields: one of them shows which have no value.
        """
        table, live = record_table(self._stream.record_type), _live(self._stream)
        example = func.min(table.c.sequence).label("sequence")
        noted = select(table.c.notes, func.count().label("number"), example).where(live & table.c.notes.is_not(None))
        groups = noted.group_by(table.c.notes).subquery()
        columns = select(groups.c.notes, groups.c.number, change.c.document)
        numbers = Counter[str]()
        for notes, number, document in connection.execute(columns.join(change, change.c.sequence == groups.c.sequence)):
            members = {f"{without_indexes(path)}: {rule}" for path, rule in json.loads(notes)}
            lacking = [member for member in members if not _has_value(json.loads(document), member)]
            numbers.update(dict.fromkeys(self._that_count(lacking), number))
        total = _live_number(self._stream, connection)
        return [(number, total, member) for member, number in numbers.items()]


def _rule(member: str) -> str:
    return member.rpartition(": ")[2]


def _live(stream: Stream) -> ColumnElement[bool]:
    """Return the condition of the live records of a stream."""
    table = record_table(stream.record_type)
    of_stream = (table.c.connection == stream.connection) & (table.c.partition == stream.partition)
    return of_stream & table.c.deleted_at.is_(None)


def _live_number(stream: Stream, connection: Connection) -> int:
    table = record_table(stream.record_type)
    return connection.execute(select(func.count()).select_from(table).where(_live(stream))).scalar_one()


def _stored_documents(stream: Stream, keys: list[str], connection: Connection) -> Mapping[str, Any]:
    """Return the stored documents of those live records that the connection owns, by record key."""
    table = record_table(stream.record_type)
    live = (table.c.connection == stream.connection) & table.c.deleted_at.is_(None)
    query = (
        select(table.c.record_key, change.c.document).join(change, change.c.sequence == table.c.sequence).where(live)
    )
    queries = [query.where(live & table.c.record_key.in_(batch)) for batch in batches(keys)]
    return {key: json.loads(document) for batch in queries for key, document in connection.execute(batch)}


def _has_value(document: object, member: str) -> bool:
    """True if a document has a value at the path of a member, in any part of a list."""
    values = [document]
    for step in filter(None, member.rpartition(": ")[0].split(".")):
        named = [cast("Mapping[str, object]", value).get(step) for value in values if isinstance(value, Mapping)]
        lists = [cast("list[object]", value) if isinstance(value, list) else [value] for value in named]
        values = [part for parts in lists for part in parts]
    return any(value is not None for value in values)
