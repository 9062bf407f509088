"""Watches what a source sends, and holds a page back before it overwrites stored values with what is otherwise now.

`DriftRules` suspects by what the source sent before; the stored values decide: only what more than half of the changing
records would lose is held. So pages that always were otherwise, such as those of old records, are no drift.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field as dataclass_field
from typing import Any

import msgspec
from sqlalchemy import Connection

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.state.source_properties import (
    DriftKind,
    DriftMode,
    DriftState,
    PropertyDrift,
    StoredProperty,
    accepted_properties,
    end_held_drifts,
    has_learned,
    store_drifts,
    store_properties,
    stored_properties,
)
from cchc_connect.database.state.unseen_rules import unseen_notes
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.incoming import WriteContext
from cchc_connect.errors import SourceHeld
from cchc_connect.messages import Message
from cchc_connect.sync.change_detection import ClassifiedPage
from cchc_connect.sync.drift_rules import LEARNED, MIN_AFFECTED, USUAL_FILLED, USUAL_PRESENT, DriftRules, is_nearly_all
from cchc_connect.sync.property_watch import SeenItems
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
            change=drift_message(first),
            more=len(drifts) - 1,
        )
        self.drifts = tuple(drifts)


def drift_message(drift: PropertyDrift) -> Message:
    """Return what a drift is in a sentence."""
    context = {name: getattr(drift, name) for name in ("property", "detail", "affected", "items")}
    return Message(f"drift_change.{drift.kind}", context)


@dataclass(frozen=True)
class PageCheck:
    """Decides on one page what is held, when its changes are known; is called within the transaction of the page."""

    stream: Stream
    suspected: Sequence[PropertyDrift]
    seen: SeenItems
    unchanged: int
    is_listing_all: bool
    learned: dict[str, StoredProperty]
    accepted: frozenset[str]
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
            paths = self._paths_of(suspect.property)
            stored = [path for path in filled if path.partition(".")[0] in paths]
            is_new_only = not stored and (suspect.affected >= MIN_UNKNOWN or suspect.kind is DriftKind.RENAMED)
            is_lost = any(lost[path] * 2 > filled[path] for path in stored)
            if suspect.kind not in LOSSES or is_lost or is_new_only:
                confirmed |= paths
                yield suspect
        for path, number in lost.items():
            field = path.partition(".")[0]
            if field not in confirmed and field in self.seen.reads and self._is_loss(field, number, filled[path]):
                confirmed.add(field)
                names = self.seen.reads[field]
                name = next((name for name in names if name in self.learned), names[0] if names else field)
                yield PropertyDrift(property=name, kind=DriftKind.EMPTIED, affected=number, items=filled[path])

    def _paths_of(self, name: str) -> set[str]:
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
        if is_known and (is_usual or self.is_listing_all):
            return lost * 2 > filled + self.unchanged
        return not is_known and lost == filled + self.unchanged and lost >= (3 if self.is_listing_all else MIN_UNKNOWN)


class DriftGuard:
    """What is known of the properties of one source, during one pull."""

    def __init__(self, stream: Stream, mode: DriftMode = DriftMode.HOLD) -> None:
        """Prepare; `load` reads what is known."""
        self._stream = stream
        self._mode = mode
        self._properties: dict[str, StoredProperty] = {}
        self._learned: dict[str, StoredProperty] = {}
        self._accepted = frozenset[str]()
        self._page: dict[str, StoredProperty] = {}
        self._noted: dict[tuple[str, DriftKind], PropertyDrift] = {}

    def load(self, connection: Connection) -> None:
        """Read what the source has sent so far; only what complete passes showed is known."""
        self._properties = stored_properties(connection, self._stream)
        self._accepted = frozenset(accepted_properties(connection, self._stream))
        is_known = has_learned(connection, self._stream)
        self._learned = dict(self._properties) if is_known else {}

    def suspected(self, classified: ClassifiedPage) -> list[PropertyDrift]:
        """Return what the items of a page show otherwise than before."""
        if not classified.seen.items or not self._learned:
            return []
        return [*DriftRules(self._learned, self._accepted).drifts(classified.seen, classified.unchanged)]

    def check(
        self, classified: ClassifiedPage, suspected: Sequence[PropertyDrift], *, is_listing_all: bool
    ) -> PageCheck:
        """Return the check of a page before it is written."""
        return PageCheck(
            stream=self._stream,
            suspected=[drift for drift in suspected if drift.kind not in NEVER_HELD],
            seen=classified.seen,
            unchanged=classified.unchanged,
            is_listing_all=is_listing_all,
            learned=self._learned,
            accepted=self._accepted,
            is_holding=self._mode is DriftMode.HOLD,
        )

    def notes(self) -> Iterator[Message]:
        """Yield a sentence on each drift of this run that was not held, and on each rule that finds nothing."""
        if self._mode is not DriftMode.ACCEPT:
            yield from map(drift_message, self._noted.values())
        unseen = {
            name: stored.items for name, stored in self._properties.items() if stored.is_read and not stored.present
        }
        seen_names = [name for name, stored in self._properties.items() if stored.present]
        noted = {name for name, _ in self._noted}
        yield from unseen_notes({name: items for name, items in unseen.items() if name not in noted}, seen_names)

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

        `remember` keeps it when that is committed. Nothing is learned twice from items that changed nothing.
        """
        read, stored = classified.seen.read_names, self._properties
        has_rules_changed = any(of_property.is_read != (name in read) for name, of_property in stored.items())
        is_learned = classified.seen.items and (has_changes or has_rules_changed)
        self._page = self._with_page(classified.seen, write_context.now) if is_learned else {}
        if classified.seen.items:
            store_properties(connection, self._stream, self._page)
            state = DriftState.ACCEPTED if self._mode is DriftMode.ACCEPT else DriftState.TOLD
            notable = [*(drift for drift in suspected if drift.kind in NEVER_HELD), *confirmed]
            store_drifts(connection, self._stream, notable, state, write_context.run_id, write_context.now)
            self._noted.update({(drift.property, drift.kind): drift for drift in notable})

    def remember(self) -> None:
        """Keep what the items of the page have that was just committed."""
        self._properties.update(self._page)

    def store_held(self, run_context: RunContext, error: DriftHeld) -> None:
        """Store drift for which the source waits, in a transaction of its own."""
        run_id, now = run_context.run_id, to_timestamp_text(run_context.clock.now())
        run_context.commit(
            lambda connection: store_drifts(connection, self._stream, error.drifts, DriftState.HELD, run_id, now)
        )

    def end_held(self, connection: Connection) -> None:
        """Remove what was held: a whole pass went through."""
        end_held_drifts(connection, self._stream)

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
