"""Watches what a source sends, and holds a page back before it overwrites stored values with what is otherwise now.

`DriftRules` suspects by what the source sent before. A suspected loss is held if more than half of the stored values
of a field would be lost, or if only new records show it, and many of them: so pages that always were otherwise, such as
those of old records, are no drift. Values of another kind and new words are held as they are suspected. What nobody
suspects is held too where stored values would be lost, whatever the reason.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field as dataclass_field
from typing import Any

import msgspec
from sqlalchemy import Connection

from cchc_connect.adapter import SourceProfile
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.state.source_properties import (
    DriftKind,
    DriftMode,
    DriftState,
    PropertyDrift,
    StoredProperty,
    accepted_properties,
    end_held_drifts,
    last_completed,
    store_drifts,
    store_properties,
    stored_properties,
)
from cchc_connect.database.state.unseen_rules import notes_by_source
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.incoming import WriteContext
from cchc_connect.errors import SourceHeld
from cchc_connect.messages import Message
from cchc_connect.sync.change_detection import ClassifiedPage
from cchc_connect.sync.drift_rules import LEARNED, MIN_AFFECTED, USUAL_FILLED, USUAL_PRESENT, DriftRules, is_nearly_all
from cchc_connect.sync.property_watch import SeenItems, is_watched
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.run_context import RunContext
from cchc_connect.wire.codecs import as_list, as_object

MIN_UNKNOWN = 10
"""Items that must show a change where neither stored values nor what is known of the source can confirm it."""

KEPT_PRESENT = 0.99
"""Share of the known items that have a property from which a missing one leaves the stored value."""

LOSSES = frozenset({DriftKind.VANISHED, DriftKind.RENAMED, DriftKind.EMPTIED})
"""Drift that loses values."""

NEVER_HELD = frozenset({DriftKind.RESPELLED, DriftKind.PROPERTY_NEW})
"""Drift that changes nothing that is read."""


class DriftHeld(SourceHeld):
    """A source is on hold as it sends something else than before."""

    def __init__(self, stream: Stream, drifts: Sequence[PropertyDrift]) -> None:
        """Name the first drift; `drifts` holds all of them."""
        first = drifts[0]
        super().__init__(
            "source.drift",
            connection=stream.connection,
            record_type=stream.record_type,
            property=first.property,
            change=first.message(),
            more=len(drifts) - 1,
        )
        self.drifts = tuple(drifts)


@dataclass(frozen=True)
class PageCheck:
    """Decides on one page what is held, when its changes are known; is called within the transaction of the page."""

    stream: Stream
    suspected: Sequence[PropertyDrift]
    seen: SeenItems
    unchanged: int
    """Items of the page that are as they were, in the database or in quarantine."""
    is_listing_all: bool
    learned: dict[str, StoredProperty]
    accepted: frozenset[str]
    """Properties that are not judged."""
    left_over: frozenset[str]
    """Properties that were accepted once, and of which records may still have values from before."""
    is_holding: bool = True
    """Whether what changed is held; else it is only noted in `confirmed`."""
    confirmed: list[PropertyDrift] = dataclass_field(default_factory=list[PropertyDrift])
    """Is filled by the call."""

    def __call__(self, replaced: Sequence[tuple[bytes, bytes]]) -> None:
        """Judge the stored and the new documents of the records that change.

        Raises:
            DriftHeld: stored values would be lost, or are of another kind now.
        """
        self.confirmed[:] = self.drifts(replaced)
        if self.confirmed and self.is_holding:
            raise DriftHeld(self.stream, self.confirmed)

    def drifts(self, replaced: Sequence[tuple[bytes, bytes]]) -> Iterator[PropertyDrift]:
        """Yield what must be held."""
        filled, lost = _losses(replaced)
        confirmed = set[str]()
        for suspect in self.suspected:
            fields = self._fields_of(suspect.property)
            if self._is_confirmed(suspect, fields, filled, lost):
                confirmed |= fields
                yield suspect
        for path, number in lost.items():
            field = path.partition(".")[0]
            if field not in confirmed and field in self.seen.reads and self._is_loss(field, number, filled[path]):
                confirmed.add(field)
                names = [*filter(is_watched, self.seen.reads[field]), field]
                name = next((name for name in names if name in self.learned), names[0])
                yield PropertyDrift(property=name, kind=DriftKind.EMPTIED, affected=number, items=filled[path])

    def _is_confirmed(self, suspect: PropertyDrift, fields: set[str], filled: Counter[str], lost: Counter[str]) -> bool:
        """Return whether a suspicion is held, by what the records lose in the fields that read the property."""
        if suspect.kind not in LOSSES:
            return True
        stored = [path for path in filled if path.partition(".")[0] in fields]
        if not stored:
            return suspect.affected >= MIN_UNKNOWN or suspect.kind is DriftKind.RENAMED
        return any(lost[path] * 2 > filled[path] for path in stored)

    def _fields_of(self, name: str) -> set[str]:
        """Return the fields whose rules may read a property, or something within it."""
        return {
            field
            for field, names in self.seen.reads.items()
            if any(read == name or read.startswith(f"{name}.") for read in names)
        }

    def _is_loss(self, field: str, lost: int, filled: int) -> bool:
        """Return whether a field loses so many of its stored values that it is no edit."""
        names = self.seen.reads[field]
        if self.accepted.intersection((field, *names)) or lost < MIN_AFFECTED:
            return False
        learned = [self.learned[name] for name in names if name in self.learned]
        is_known = any(stored.items >= LEARNED for stored in learned)
        is_usual = any(
            is_nearly_all(stored.filled, stored.items, USUAL_FILLED) for stored in learned if stored.items >= LEARNED
        )
        may_be_left_over = bool(self.left_over.intersection((field, *names)))
        if is_known and (is_usual or (self.is_listing_all and not may_be_left_over)):
            return lost * 2 > filled + self.unchanged
        return not is_known and lost == filled + self.unchanged and (self.is_listing_all or lost >= MIN_UNKNOWN)


class DriftGuard:
    """What is known of the properties of one source, during one pull."""

    def __init__(self, stream: Stream, mode: DriftMode, pull_range: PullRange, profile: SourceProfile) -> None:
        """Prepare; `load` reads what is known."""
        self._stream = stream
        self._mode = mode
        self._pull_range = pull_range
        self._lists_everything = not profile.changed_since
        self._properties: dict[str, StoredProperty] = {}
        self._learned: dict[str, StoredProperty] = {}
        self._accepted = frozenset[str]()
        self._left_over = frozenset[str]()
        self._forgotten = frozenset[str]()
        self._page: dict[str, StoredProperty] = {}
        self._noted: dict[tuple[str, DriftKind], PropertyDrift] = {}

    def load(self, connection: Connection) -> None:
        """Read what the source has sent so far; only what complete passes showed is known."""
        self._properties = stored_properties(connection, self._stream)
        completed = last_completed(connection, self._stream)
        accepted = accepted_properties(connection, self._stream)
        self._accepted = frozenset(
            name
            for name, accepted_at in accepted.items()
            if completed is None or completed <= accepted_at or not self._is_learned_anew(name)
        )
        self._forgotten = self._accepted - self._properties.keys()
        self._left_over = frozenset(() if self._lists_everything else accepted)
        self._learned = {} if completed is None else dict(self._properties)

    def suspected(self, classified: ClassifiedPage) -> list[PropertyDrift]:
        """Return what the items of a page show otherwise than before."""
        if not classified.seen.items or not self._learned or self._pull_range.key is not None:
            return []
        return [
            *DriftRules(self._learned, self._accepted).drifts(
                classified.seen, classified.unchanged + classified.known_faulty
            )
        ]

    def check(
        self, classified: ClassifiedPage, suspected: Sequence[PropertyDrift], *, is_listing_all: bool
    ) -> PageCheck:
        """Return the check of a page before it is written."""
        return PageCheck(
            stream=self._stream,
            suspected=[drift for drift in suspected if drift.kind not in NEVER_HELD],
            seen=classified.seen,
            unchanged=classified.unchanged + classified.known_faulty,
            is_listing_all=is_listing_all,
            learned=self._learned,
            accepted=self._accepted,
            left_over=self._left_over,
            is_holding=self._mode is DriftMode.HOLD,
        )

    def notes(self) -> Iterator[Message]:
        """Yield a sentence on each drift of this run that was not held, and on each rule that finds nothing."""
        if self._mode is not DriftMode.ACCEPT:
            yield from (drift.message() for drift in self._noted.values())
        source = {"connection": self._stream.connection, "record_type": self._stream.record_type}
        noted = {name for name, _ in self._noted}
        rows = [
            {**source, "property": name, "items": stored.items, "present": stored.present, "is_read": stored.is_read}
            for name, stored in self._properties.items()
            if stored.present or name not in noted
        ]
        for notes in notes_by_source(rows).values():
            yield from notes

    def kept_fields(self, classified: ClassifiedPage) -> frozenset[str]:
        """Return the fields whose stored value stays where an item does not have their property.

        A source that writes null for no value means something else by leaving a property out. One that leaves out
        others now and then, and never writes null, means no value by it.
        """
        learned = [stored for stored in self._learned.values() if stored.items >= LEARNED]
        writes_null = any("null" in stored.kinds for stored in learned)
        leaves_out = any(not is_nearly_all(stored.present, stored.items, USUAL_PRESENT) for stored in learned)
        if self._mode is DriftMode.ACCEPT or (not writes_null and leaves_out):
            return frozenset()
        return frozenset(
            field
            for field, names in classified.seen.reads.items()
            if any(self._is_always_sent(name) for name in names) and not self._accepted.intersection(names)
        )

    def learn(
        self,
        connection: Connection,
        classified: ClassifiedPage,
        suspected: Iterable[PropertyDrift],
        write_context: WriteContext,
        *,
        confirmed: Iterable[PropertyDrift],
        has_changes: bool,
    ) -> None:
        """Store what the items of a page have, and drift that is not held, in its transaction.

        `remember` keeps it when that is committed. Nothing is learned from items that change nothing, unless a property
        is new or was accepted since the last run, and nothing from a pull of one key, whose page may have other items.
        """
        self._page = {}
        if not classified.seen.items or self._pull_range.key is not None:
            return
        read, stored = classified.seen.read_names, self._properties
        has_rules_changed = any(of_property.is_read != (name in read) for name, of_property in stored.items())
        is_forgotten = not self._forgotten.isdisjoint(classified.seen.properties)
        notable = [*(drift for drift in suspected if drift.kind in NEVER_HELD), *confirmed]
        is_new = any(drift.kind is DriftKind.PROPERTY_NEW for drift in notable)
        if has_changes or has_rules_changed or is_forgotten or is_new:
            self._page = self._with_page(classified.seen, write_context.now)
        store_properties(connection, self._stream, self._page)
        store_drifts(connection, self._stream, notable, DriftState.TOLD, write_context.run_id, write_context.now)
        self._noted.update({(drift.property, drift.kind): drift for drift in notable})

    def remember(self) -> None:
        """Keep what the items of the page have that was just committed."""
        self._properties.update(self._page)

    def store_held(self, run_context: RunContext, error: DriftHeld) -> None:
        """Store drift for which the source waits, in a transaction of its own; after a partial pull it waits not."""
        if not self._pull_range.moves_cursor:
            return
        run_id, now = run_context.run_id, to_timestamp_text(run_context.clock.now())
        run_context.commit(
            lambda connection: store_drifts(connection, self._stream, error.drifts, DriftState.HELD, run_id, now)
        )

    def end_held(self, connection: Connection) -> None:
        """Remove what was held: a whole pass went through."""
        end_held_drifts(connection, self._stream)

    def _is_learned_anew(self, name: str) -> bool:
        """Return whether the completed pass after an acceptance ended it: it listed everything, or enough of it."""
        return self._lists_everything or (name in self._properties and self._properties[name].items >= LEARNED)

    def _is_always_sent(self, name: str) -> bool:
        stored = self._learned.get(name)
        return (
            stored is not None and stored.items >= LEARNED and is_nearly_all(stored.present, stored.items, KEPT_PRESENT)
        )

    def _with_page(self, seen: SeenItems, now: str) -> dict[str, StoredProperty]:
        """Return what is known with the items of a page."""
        read, properties = seen.read_names, dict[str, StoredProperty]()
        for name in {*seen.properties, *self._properties, *seen.own_rules}:
            level, of_page = seen.level_of(name, self._properties), seen.properties.get(name)
            stored = self._properties.get(name, StoredProperty())
            if level is None:
                continue
            properties[name] = StoredProperty(
                items=stored.items + seen.levels[level],
                present=stored.present + (0 if of_page is None else of_page.present),
                filled=stored.filled + (0 if of_page is None else of_page.filled),
                kinds=_sum(stored.kinds, {} if of_page is None else of_page.kinds),
                words=_sum(stored.words, {} if of_page is None else of_page.words),
                is_read=name in read,
                first_seen=stored.first_seen or (None if of_page is None else now),
                last_seen=stored.last_seen if of_page is None else now,
            )
        return properties


def _sum(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
    return {name: first.get(name, 0) + second.get(name, 0) for name in {**first, **second}}


def _losses(replaced: Sequence[tuple[bytes, bytes]]) -> tuple[Counter[str], Counter[str]]:
    """Return how many stored documents have a value, and how many lose it, by field and by member of its parts."""
    filled, lost = Counter[str](), Counter[str]()
    for stored, new in replaced:
        before = _filled(stored)
        filled.update(before)
        lost.update(before - _filled(new))
    return filled, lost


def _filled(document: bytes) -> set[str]:
    """Return the fields of a document that have a value, and the members that any of their parts has."""
    paths = set[str]()
    for name, value in msgspec.json.decode(document, type=dict[str, Any]).items():
        if value in (None, "", []):
            continue
        paths.add(name)
        for part in map(as_object, as_list(value)):
            members = () if part is None else part.items()
            paths.update(f"{name}.{member}" for member, of_part in members if of_part not in (None, "", []))
    return paths
