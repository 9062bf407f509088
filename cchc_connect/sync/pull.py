"""Pulls one source page by page: fetch a page, classify its items, commit it, continue from its next-page token.

The records of a page, its quarantine entries, its changes, its counters and the cursor after it are committed in one
transaction. While one page is classified, the next is fetched and the last is written. An implausible page stops the
source with a reason (`SourceHeld`) and does not move its cursor.
"""

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import Connection

from cchc_connect.adapter import Ask, Deletes, Order, Page, Source
from cchc_connect.clock import instant
from cchc_connect.database.state.counters import Counts, write_counts
from cchc_connect.database.state.cursors import Cursor, read_cursor, write_cursor
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.fingerprints import known_items, live_source_keys
from cchc_connect.database.writing.incoming import SiftedPage
from cchc_connect.database.writing.ownership import owners_of
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.errors import SourceHeld, StartOver
from cchc_connect.privacy import page_tokens as positions
from cchc_connect.sync.change_detection import Quarantined, Recognised, Sieve, Sifted
from cchc_connect.sync.concurrency import Behind, ahead
from cchc_connect.sync.pass_progress import HighWater, SeenKeys, later
from cchc_connect.sync.plausibility import MOST_VANISHED, Belief, is_too_many
from cchc_connect.sync.run_context import Scope
from cchc_connect.sync.translation import Translator, can_be_kept
from cchc_connect.sync.worker_process import WAITING
from cchc_connect.transport import Transport

MAX_PAGES = 100_000
"""Maximum number of pages of one pass; a source with more never ends."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger("cchc_connect.sync")


class Witness(Protocol):
    """Observer that is called with each page before it is written."""

    def look(self, connection: Connection, stream: Stream, sifted: Sifted) -> None:
        """Receive a classified page; `connection` reads the database as it is before the page."""
        ...


@dataclass(frozen=True, kw_only=True)
class Extent:
    """What to pull from a connection. The default is all that changed since the last completed pass.

    Example:
        `Extent(since=datetime(2026, 1, 1, tzinfo=UTC), record_type="land_parcel")` pulls the parcels again that
        changed in 2026, without moving the cursor.
    """

    everything: bool = False
    """List the source completely and compare, whatever was read before."""
    since: datetime | None = None
    """Only changes at or after this instant (UTC), even if read before; a source without `changed_since` lists all."""
    until: datetime | None = None
    """Only changes up to this instant (UTC); a source that cannot filter by it lists later ones too."""
    key: str | None = None
    """One item only, by its source key."""
    record_type: str | None = None
    """Only the source of this record type; None: all sources of the connection."""
    witness: Witness | None = None
    """Sees every page and finds deletions itself. With an observer a dry run does not even attempt to write."""

    @property
    def is_partial(self) -> bool:
        """Whether it is limited by time or key, so that the pass does not show how far the source was read."""
        return self.since is not None or self.until is not None or self.key is not None

    @property
    def moves_cursor(self) -> bool:
        """Whether the cursor is written with each page."""
        return not self.is_partial and self.witness is None


class Pull:
    """Pulls one source, or one partition of it, in one run: one pass, and a second complete one if necessary."""

    def __init__(
        self,
        source: Source,
        stream: Stream,
        transport: Transport,
        scope: Scope,
        extent: Extent | None = None,
        translator: Translator | None = None,
    ) -> None:
        """Create the pull; no request is sent before `run`. Without `translator` items are translated here."""
        self._source = source
        self._stream = stream
        self._transport = transport
        self._scope = scope
        self._extent = extent or Extent()
        self._sieve = Sieve(source, owners_of(scope.owners, stream.record_type), translator)
        self._quarantined = Quarantined({})
        self.counts = Counts()
        self.before: Cursor | None = None
        """Cursor of the source before this run."""
        self.after: Cursor | None = None
        """Cursor after the last committed page; None if no page was committed."""
        self.shows_fewer = False
        """Whether the source announced more items than it listed."""

    def run(self) -> None:
        """Pull up to the last page. `counts` holds the counters, also if an error is raised.

        Raises:
            SourceHeld: the source is implausible, or too many of its items are faulty.
            Stopped: the run was asked to end; the current page is committed.
            Retriable: the source cannot be reached now.
            Fatal: the run cannot continue.
        """
        cursor = self._initial_cursor()
        if cursor.since is not None:
            self._look_again()
        try:
            state = self._pass(cursor)
        except StartOver:
            if cursor.since is None and cursor.position is None:
                raise
            log.warning("%(connection)s: %(record_type)s begins anew: its cursor is too old", self._names)
            state = self._pass(self._anew())
        if state.went_back and not self._extent.is_partial:
            log.warning("%(connection)s: %(record_type)s went back behind what was read; all is compared", self._names)
            self._pass(self._anew())
        self._check_quality()

    @property
    def _names(self) -> dict[str, str]:
        return {"connection": self._stream.connection, "record_type": self._stream.record_type}

    def _anew(self) -> Cursor:
        return Cursor(reading=self._sieve.reading)

    def _initial_cursor(self) -> Cursor:
        with self._scope.database.reading() as connection:
            cursor = self.before = read_cursor(connection, self._stream)
            self._quarantined = Quarantined(quarantine.open_hashes(connection, self._stream))
        if cursor.reading != self._sieve.reading:  # unchanged items must be translated again too
            return self._anew()
        if self._extent.everything:
            return replace(self._anew(), watermark=cursor.watermark)
        if self._extent.is_partial:
            since = self._extent.since if self._source.profile.changed_since else None
            return replace(cursor, since=since, position=None, highest=None)
        if cursor.position is not None:
            return cursor
        return replace(cursor, since=self._since(cursor.watermark), highest=None)

    def _since(self, watermark: datetime | None) -> datetime | None:
        """Return the start of the next pull: a little before the watermark; None if everything must be listed."""
        profile = self._source.profile
        if not profile.changed_since or watermark is None:
            return None
        if profile.retention is not None and self._scope.clock.now() - watermark > profile.retention:
            log.warning("%(connection)s: %(record_type)s was read too long ago; all is compared", self._names)
            return None
        start = watermark - profile.late_by
        return start - (start - EPOCH) % profile.granularity if profile.granularity else start

    def _look_again(self) -> None:
        """Retry items that conflicted with another record's key: a source that lists only changes omits them."""
        with self._scope.database.reading() as connection:
            items = quarantine.taken(connection, self._stream)
        sifted = self._sieve.sift(items)
        if sifted.arrivals:
            work, occasion = SiftedPage(arrivals=sifted.arrivals), self._scope.occasion(self._stream.record_type)
            counts = self._scope.commit(lambda connection: write_page(connection, self._stream, work, occasion))
            counts.quarantined = 0  # they are counted when the source lists them
            self.counts.add(counts)

    def _pass(self, cursor: Cursor) -> "_Pass":
        clock, order = self._scope.clock, self._source.profile.order
        state = _Pass(cursor, Belief(self._stream, clock), order, clock.monotonic())
        writer = Behind(overlapping=self._scope.prefetch > 0)
        try:
            with ahead(self._pages(cursor), self._scope.prefetch) as pages:
                for page, lookup in self._looked_up(pages):
                    self._take(page, lookup, state, writer)
                    if page.next is None:
                        writer.finish()
                        self.shows_fewer = state.shows_fewer
                        return state
                    if self._scope.is_stopping():
                        writer.finish()
                        self._scope.check_stop()
                writer.finish()
        finally:
            writer.close()
        raise SourceHeld("source.too_many_pages", most=MAX_PAGES, **self._names)

    def _pages(self, cursor: Cursor) -> Iterator[Page]:
        """Yield the pages of the source, starting at the cursor."""
        page_request = Ask(
            since=cursor.since,
            position=cursor.position,
            until=self._extent.until,
            partition=self._stream.partition,
            key=self._extent.key if self._source.profile.by_key else None,
        )
        for _ in range(MAX_PAGES):
            page = self._transport.run(self._source.fetch(page_request))
            yield page
            if page.next is None:
                return
            page_request = replace(page_request, position=page.next)

    def _looked_up(self, pages: Iterator[Page]) -> Iterator[tuple[Page, Recognised]]:
        """Yield each page with its lookup; while its items are translated, the next pages are looked up already."""
        pending = deque[tuple[Page, Recognised]]()
        for page in pages:
            digests = self._sieve.fingerprints(page.items)
            with self._scope.database.reading() as connection:
                existing = known_items(connection, self._stream, digests)
            lookup = self._sieve.recognise(page.items, existing, digests=digests, quarantined=self._quarantined)
            pending.append((page, lookup))
            while pending and (pending[0][1].read.done() or len(pending) > WAITING):
                yield pending.popleft()
        yield from pending

    def _take(self, page: Page, lookup: Recognised, state: "_Pass", writer: Behind) -> None:
        """Check a page and let the writer commit it together with the cursor after it."""
        sifted = self._only_wanted(self._sieve.told_apart(lookup, self._quarantined))
        if self._extent.witness is not None:
            with self._scope.database.reading() as connection:
                self._extent.witness.look(connection, self._stream, sifted)
        state.belief.check(page, sifted, state.cursor, is_resumed=state.is_resumed)
        state.seen.add(sifted.keys)
        state.cursor = self._following(page, sifted, state)
        self._quarantined.add(sifted.faulty)
        step = _Step(page, sifted, state, state.cursor)
        writer.do(lambda: self._commit(step) if self._writes else self._count_only(step))

    def _only_wanted(self, sifted: Sifted) -> Sifted:
        if self._extent.key is None:
            return sifted
        sifted.arrivals = [arrival for arrival in sifted.arrivals if arrival.source_key == self._extent.key]
        sifted.faulty = [item for item in sifted.faulty if item.source_key == self._extent.key]
        return sifted

    @property
    def _writes(self) -> bool:
        return self._scope.keeps or self._extent.witness is None

    def _count_only(self, step: "_Step") -> None:
        """Count a page that is only observed and not written."""
        self.counts.add(_count_page(step))
        self._scope.progress(self._stream.connection, self._stream.record_type, self.counts, step.state.belief.total)

    def _commit(self, step: "_Step") -> None:
        """Commit one page; `counts` changes only after the commit."""
        counts, vanished = self._scope.commit(lambda connection: self._write(connection, step))
        self.counts = counts
        self.after = step.next_cursor if self._extent.moves_cursor else self.before
        self._scope.progress(self._stream.connection, self._stream.record_type, self.counts, step.state.belief.total)
        if vanished.too_many:
            raise SourceHeld("source.shrunk", vanished=vanished.too_many, live=vanished.live, **self._names)

    def _write(self, connection: Connection, step: "_Step") -> "tuple[Counts, _Vanished]":
        page, sifted = step.page, step.sifted
        is_last = page.next is None
        counts = _count_page(step)
        vanished = self._find_deleted(connection, step.state) if is_last else _Vanished()
        deleted_keys = [*self._tombstones(page, sifted), *vanished.keys]
        if sifted.arrivals or sifted.faulty or deleted_keys:
            work = SiftedPage(arrivals=sifted.arrivals, faulty=sifted.faulty, gone=deleted_keys)
            counts.add(write_page(connection, self._stream, work, self._scope.occasion(self._stream.record_type)))
        counts.held = vanished.too_many
        counts.add(self.counts)
        if self._extent.moves_cursor:
            completed_at = self._scope.clock.now() if is_last else None
            write_cursor(connection, self._stream, step.next_cursor, completed_at)
        counter_key = (self._scope.run_id, "pull", self._stream.connection, self._stream.record_type)
        write_counts(connection, counter_key, counts, self._stream.partition)
        return counts, vanished

    def _tombstones(self, page: Page, sifted: Sifted) -> list[str]:
        """Return the page's tombstones, without keys that it lists and keys that are not requested."""
        only_key = self._extent.key
        return [key for key in page.gone if key not in sifted.keys and only_key in {None, key} and can_be_kept(key)]

    def _following(self, page: Page, sifted: Sifted, state: "_Pass") -> Cursor:
        cursor = state.cursor
        latest = max(state.belief.credible(sifted.times), default=None)
        state.water.see(None if latest is None else instant(latest))
        if page.next is not None:
            return replace(cursor, position=positions.kept(page.next), highest=state.water.kept)
        if not state.is_resumed and state.shows_fewer:
            log.warning(
                "%(connection)s: %(record_type)s shows fewer than it counts; asked again next time", self._names
            )
            return Cursor(watermark=cursor.watermark, reading=cursor.reading)
        reached = state.water.reached(self._scope.clock.monotonic())
        if cursor.since is None and reached is not None and not state.is_resumed:
            return Cursor(watermark=reached, reading=cursor.reading)
        return Cursor(watermark=later(cursor.watermark, reached), reading=cursor.reading)

    def _find_deleted(self, connection: Connection, state: "_Pass") -> "_Vanished":
        """Return the keys that a complete listing lacks, where that means that they are deleted.

        A pass is not complete, and shows no deletions, if it was limited to changes, was resumed, or saw fewer items
        than the source announced. An item that moved to another partition and is faulty there is not deleted.
        """
        is_complete = state.began.since is None and not state.is_resumed and not self._extent.is_partial
        is_observed = self._extent.witness is not None
        if is_observed or self._source.profile.deletes is not Deletes.ABSENCE or not is_complete or state.shows_fewer:
            return _Vanished()
        faulty_here = quarantine.open_keys(connection, self._stream)
        faulty_elsewhere = quarantine.open_keys(connection, self._stream, whole=True) - faulty_here
        live, keys = 0, list[str]()
        for key in live_source_keys(connection, self._stream):
            live += 1
            if key not in state.seen and key not in faulty_elsewhere:
                keys.append(key)
        is_accepted = self._stream.connection in self._scope.shrinking
        if is_too_many(len(keys), live, MOST_VANISHED) and not is_accepted:
            return _Vanished(too_many=len(keys), live=live)
        faulty_only = [key for key in faulty_here if key not in state.seen]
        return _Vanished(keys=tuple(sorted({*keys, *faulty_only})))

    def _check_quality(self) -> None:
        """Raise if too many items are faulty; the valid ones stay committed."""
        faulty, fetched = self.counts.quarantined, self.counts.fetched
        if is_too_many(faulty, fetched, self._scope.most_quarantined):
            raise SourceHeld("source.too_faulty", faulty=faulty, fetched=fetched, **self._names)


class _Pass:
    """State of one pass through the pages of a source."""

    def __init__(self, cursor: Cursor, belief: Belief, order: Order, began_s: float) -> None:
        self.began = cursor
        self.cursor = cursor
        self.belief = belief
        self.seen = SeenKeys()
        self.is_resumed = cursor.position is not None
        self.water = HighWater(order, began_s, is_resumed=self.is_resumed, kept=cursor.highest)

    @property
    def shows_fewer(self) -> bool:
        """Whether the source announced more items than it listed."""
        return self.belief.total is not None and len(self.seen) < self.belief.total

    @property
    def went_back(self) -> bool:
        """Whether a source asked for changes did not even list the change that the watermark comes from.

        The time range is inclusive, so it contains that change, unless the item was deleted or the source is a
        different one now.
        """
        began = self.began
        if began.since is None or began.watermark is None or self.is_resumed:
            return False
        return self.water.highest is None or self.water.highest < began.watermark


@dataclass(frozen=True)
class _Step:
    """One classified page and the cursor after it."""

    page: Page
    sifted: Sifted
    state: _Pass
    next_cursor: Cursor


def _count_page(step: _Step) -> Counts:
    """Return the counters of a page, apart from those of the items that are to be written."""
    fetched, sifted = len(step.page.items), step.sifted
    unchanged = fetched - len(sifted.arrivals) - len(sifted.faulty) - sifted.still_faulty
    return Counts(fetched=fetched, pages=1, unchanged=unchanged, quarantined=sifted.still_faulty)


@dataclass(frozen=True, kw_only=True)
class _Vanished:
    """The keys that a listing lacks, or their number if that is implausibly large."""

    keys: tuple[str, ...] = ()
    too_many: int = 0
    """Number of missing keys if they are too many to be deleted; then `keys` is empty."""
    live: int = 0
    """Number of live records of the stream, if `too_many`."""
