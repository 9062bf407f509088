"""Pulling one source: ask for a page, sift it, commit it whole, go on from there.

A page's records, its quarantine, its changes, its counters and the cursor after it are committed in one
transaction. While one page is sifted the next is fetched and the last is written. What cannot be believed
stops the source with a reason (`SourceHeld`) and moves nothing.
"""

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import Connection

from cchc_connect.adapter import Ask, Deletes, Order, Page, Source
from cchc_connect.database.instants import instant
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
from cchc_connect.sync.pass_progress import HighWater, later
from cchc_connect.sync.plausibility import MOST_VANISHED, Belief, is_too_many
from cchc_connect.sync.run_context import Scope
from cchc_connect.sync.seen import SeenKeys
from cchc_connect.sync.translation import Translator, can_be_kept
from cchc_connect.sync.worker_process import WAITING
from cchc_connect.transport import Transport

MOST_PAGES = 100_000
"""Pages of one pass; more is a source that never ends."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger("cchc_connect.sync")


class Witness(Protocol):
    """Who is shown what each page comes to, before it is written."""

    def look(self, connection: Connection, stream: Stream, sifted: Sifted) -> None:
        """Take note of a page; `connection` sees what is in the database."""
        ...


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much of a source is wanted beside what changed since the last pass."""

    everything: bool = False
    """List it all, and compare."""
    since: datetime | None = None
    """What changed from this instant on, whatever was read before (backfill); of a source that cannot tell, all."""
    until: datetime | None = None
    key: str | None = None
    """One item only, by its source key."""
    record_type: str | None = None
    """Of this record type only; None: of all that the connection brings."""
    witness: Witness | None = None
    """Sees every page and judges itself what is gone; in a run that keeps nothing, nothing is tried to be written."""

    @property
    def is_partial(self) -> bool:
        """Say whether it tells nothing about how far the source was read."""
        return self.since is not None or self.until is not None or self.key is not None

    @property
    def moves_cursor(self) -> bool:
        """Say whether how far the source was read is written with each page."""
        return not self.is_partial and self.witness is None


class Pull:
    """One run over one source, or one partition of it: a pass, and a second one where the first shows a need."""

    def __init__(
        self,
        source: Source,
        stream: Stream,
        transport: Transport,
        scope: Scope,
        extent: Extent | None = None,
        translator: Translator | None = None,
    ) -> None:
        """Prepare; nothing is asked before `run`. The items are read by `translator`, here where it is None."""
        self._source = source
        self._stream = stream
        self._transport = transport
        self._scope = scope
        self._extent = extent or Extent()
        self._sieve = Sieve(source, owners_of(scope.owners, stream.record_type), translator)
        self._quarantined = Quarantined({})
        self.counts = Counts()
        self.before: Cursor | None = None
        """Where the source stood before this run."""
        self.after: Cursor | None = None
        """Where it stands now."""
        self.shows_fewer = False
        """Did the source count more items than it showed?"""

    def run(self) -> None:
        """Pull until the source's end; `counts` tells what was done, also when it stops with an error.

        Raises:
            SourceHeld: the source answers what cannot be believed, or too much of it is faulty.
            Stopped: the run was asked to end; the page at hand is committed.
            Retriable: the source cannot be reached now.
            Fatal: the run cannot go on.
        """
        cursor = self._begin()
        if cursor.since is not None:
            self._look_again()
        try:
            one = self._pass(cursor)
        except StartOver:
            if cursor.since is None and cursor.position is None:
                raise
            log.warning("%(connection)s: %(record_type)s begins anew: its cursor is too old", self._name)
            one = self._pass(self._anew())
        if one.went_back and not self._extent.is_partial:
            log.warning("%(connection)s: %(record_type)s went back behind what was read; all is compared", self._name)
            self._pass(self._anew())
        self._check_quality()

    @property
    def _name(self) -> dict[str, str]:
        return {"connection": self._stream.connection, "record_type": self._stream.record_type}

    def _anew(self) -> Cursor:
        return Cursor(reading=self._sieve.reading)

    def _begin(self) -> Cursor:
        with self._scope.database.reading() as connection:
            cursor = self.before = read_cursor(connection, self._stream)
            self._quarantined = Quarantined(quarantine.open_hashes(connection, self._stream))
        if cursor.reading != self._sieve.reading:  # the source's unchanged items are to be read anew too
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
        """Return from when to ask: behind the watermark, and everything where the source cannot tell."""
        profile = self._source.profile
        if not profile.changed_since or watermark is None:
            return None
        if profile.retention is not None and self._scope.clock.now() - watermark > profile.retention:
            log.warning("%(connection)s: %(record_type)s was read too long ago; all is compared", self._name)
            return None
        moment = watermark - profile.late_by
        return moment - (moment - EPOCH) % profile.granularity if profile.granularity else moment

    def _look_again(self) -> None:
        """Try items whose key was taken: a source that lists changes only will not show them again."""
        with self._scope.database.reading() as connection:
            items = quarantine.taken(connection, self._stream)
        sifted = self._sieve.sift(items)
        if sifted.arrivals:
            work, occasion = SiftedPage(arrivals=sifted.arrivals), self._scope.occasion(self._stream.record_type)
            tried = self._scope.commit(lambda connection: write_page(connection, self._stream, work, occasion))
            tried.quarantined = 0  # they are counted where they are listed
            self.counts.add(tried)

    def _pass(self, cursor: Cursor) -> "_Pass":
        clock, order = self._scope.clock, self._source.profile.order
        one = _Pass(cursor, Belief(self._stream, clock), order, clock.monotonic())
        behind = Behind(overlapping=self._scope.prefetch > 0)
        try:
            with ahead(self._pages(cursor), self._scope.prefetch) as pages:
                for page, recognised in self._recognised(pages):
                    self._take(page, recognised, one, behind)
                    if page.next is None:
                        behind.finish()
                        self.shows_fewer = one.shows_fewer
                        return one
                    if self._scope.is_stopping():
                        behind.finish()
                        self._scope.check_stop()
                behind.finish()
        finally:
            behind.close()
        raise SourceHeld("source.too_many_pages", most=MOST_PAGES, **self._name)

    def _pages(self, cursor: Cursor) -> Iterator[Page]:
        """Yield the source's pages from the cursor on."""
        ask = Ask(
            since=cursor.since,
            position=cursor.position,
            until=self._extent.until,
            partition=self._stream.partition,
            key=self._extent.key if self._source.profile.by_key else None,
        )
        for _ in range(MOST_PAGES):
            page = self._transport.run(self._source.fetch(ask))
            yield page
            if page.next is None:
                return
            ask = replace(ask, position=page.next)

    def _recognised(self, pages: Iterator[Page]) -> Iterator[tuple[Page, Recognised]]:
        """Yield each page with its unknown items being read; where that takes long, the next one's as well."""
        under_way = deque[tuple[Page, Recognised]]()
        for page in pages:
            digests = self._sieve.fingerprints(page.items)
            with self._scope.database.reading() as connection:
                known = known_items(connection, self._stream, digests)
            recognised = self._sieve.recognise(page.items, known, digests=digests, quarantined=self._quarantined)
            under_way.append((page, recognised))
            while under_way and (under_way[0][1].read.done() or len(under_way) > WAITING):
                yield under_way.popleft()
        yield from under_way

    def _take(self, page: Page, recognised: Recognised, one: "_Pass", behind: Behind) -> None:
        """Have a page committed with the cursor after it."""
        sifted = self._only_wanted(self._sieve.told_apart(recognised, self._quarantined))
        if self._extent.witness is not None:
            with self._scope.database.reading() as connection:
                self._extent.witness.look(connection, self._stream, sifted)
        one.belief.check(page, sifted, one.cursor, is_resumed=one.is_resumed)
        one.seen.add(sifted.keys)
        one.cursor = self._following(page, sifted, one)
        self._quarantined.add(sifted.faulty)
        step = _Step(page, sifted, one, one.cursor)
        behind.do(lambda: self._commit(step) if self._writes else self._pass_over(step))

    def _only_wanted(self, sifted: Sifted) -> Sifted:
        if self._extent.key is None:
            return sifted
        sifted.arrivals = [arrival for arrival in sifted.arrivals if arrival.source_key == self._extent.key]
        sifted.faulty = [item for item in sifted.faulty if item.source_key == self._extent.key]
        return sifted

    @property
    def _writes(self) -> bool:
        return self._scope.keeps or self._extent.witness is None

    def _pass_over(self, step: "_Step") -> None:
        """Count a page that somebody only looked at."""
        self.counts.add(_counted(step))
        self._scope.progress(self._stream.connection, self._stream.record_type, self.counts, step.one.belief.total)

    def _commit(self, step: "_Step") -> None:
        """Commit one page; what was counted counts once it is committed."""
        counted, vanished = self._scope.commit(lambda connection: self._write(connection, step))
        self.counts = counted
        self.after = step.following if self._extent.moves_cursor else self.before
        self._scope.progress(self._stream.connection, self._stream.record_type, self.counts, step.one.belief.total)
        if vanished.too_many:
            raise SourceHeld("source.shrunk", vanished=vanished.too_many, live=vanished.live, **self._name)

    def _write(self, connection: Connection, step: "_Step") -> "tuple[Counts, _Vanished]":
        page, sifted = step.page, step.sifted
        last = page.next is None
        counted = _counted(step)
        vanished = self._vanished(connection, step.one) if last else _Vanished()
        gone = [*self._tombstones(page, sifted), *vanished.keys]
        if sifted.arrivals or sifted.faulty or gone:
            work = SiftedPage(arrivals=sifted.arrivals, faulty=sifted.faulty, gone=gone)
            counted.add(write_page(connection, self._stream, work, self._scope.occasion(self._stream.record_type)))
        counted.held = vanished.too_many
        counted.add(self.counts)
        if self._extent.moves_cursor:
            completed_at = self._scope.clock.now() if last else None
            write_cursor(connection, self._stream, step.following, completed_at)
        place = (self._scope.run_id, "pull", self._stream.connection, self._stream.record_type)
        write_counts(connection, place, counted, self._stream.partition)
        return counted, vanished

    def _tombstones(self, page: Page, sifted: Sifted) -> list[str]:
        """Return what a page says is gone: not what it lists, nor another item than the one that is wanted."""
        wanted = self._extent.key
        return [key for key in page.gone if key not in sifted.keys and wanted in {None, key} and can_be_kept(key)]

    def _following(self, page: Page, sifted: Sifted, one: "_Pass") -> Cursor:
        cursor = one.cursor
        latest = max(one.belief.credible(sifted.times), default=None)
        one.water.see(None if latest is None else instant(latest))
        if page.next is not None:
            return replace(cursor, position=positions.kept(page.next), highest=one.water.kept)
        if not one.is_resumed and one.shows_fewer:
            log.warning("%(connection)s: %(record_type)s shows fewer than it counts; asked again next time", self._name)
            return Cursor(watermark=cursor.watermark, reading=cursor.reading)
        reached = one.water.reached(self._scope.clock.monotonic())
        if cursor.since is None and reached is not None and not one.is_resumed:
            return Cursor(watermark=reached, reading=cursor.reading)
        return Cursor(watermark=later(cursor.watermark, reached), reading=cursor.reading)

    def _vanished(self, connection: Connection, one: "_Pass") -> "_Vanished":
        """Return what a complete listing lacks.

        A pass that asked for changes only, was taken up in its middle or showed fewer items than the source
        counts is not complete and tells nothing about what is gone. An item that moved to another partition and
        is faulty there is not gone.
        """
        is_complete = one.began.since is None and not one.is_resumed and not self._extent.is_partial
        is_judged = self._extent.witness is not None
        if is_judged or self._source.profile.deletes is not Deletes.ABSENCE or not is_complete or one.shows_fewer:
            return _Vanished()
        faulty_here = quarantine.open_keys(connection, self._stream)
        faulty_elsewhere = quarantine.open_keys(connection, self._stream, whole=True) - faulty_here
        live, keys = 0, list[str]()
        for key in live_source_keys(connection, self._stream):
            live += 1
            if key not in one.seen and key not in faulty_elsewhere:
                keys.append(key)
        accepted = self._stream.connection in self._scope.shrinking
        if is_too_many(len(keys), live, MOST_VANISHED) and not accepted:
            return _Vanished(too_many=len(keys), live=live)
        never_good = [key for key in faulty_here if key not in one.seen]
        return _Vanished(keys=tuple(sorted({*keys, *never_good})))

    def _check_quality(self) -> None:
        """Fail loudly where too much of what came is faulty; what was good is kept."""
        faulty, fetched = self.counts.quarantined, self.counts.fetched
        if is_too_many(faulty, fetched, self._scope.most_quarantined):
            raise SourceHeld("source.too_faulty", faulty=faulty, fetched=fetched, **self._name)


class _Pass:
    """One way through a source's pages."""

    def __init__(self, cursor: Cursor, belief: Belief, order: Order, began_s: float) -> None:
        self.began = cursor
        self.cursor = cursor
        self.belief = belief
        self.seen = SeenKeys()
        self.is_resumed = cursor.position is not None
        self.water = HighWater(order, began_s, is_resumed=self.is_resumed, kept=cursor.highest)

    @property
    def shows_fewer(self) -> bool:
        """Say whether the source counts more items than it showed."""
        return self.belief.total is not None and len(self.seen) < self.belief.total

    @property
    def went_back(self) -> bool:
        """Say whether a source asked for changes did not even show the one that the watermark is from.

        The range asked for is closed, so that change is in it, unless it is gone or the source is another by now.
        """
        began = self.began
        if began.since is None or began.watermark is None or self.is_resumed:
            return False
        return self.water.highest is None or self.water.highest < began.watermark


@dataclass(frozen=True)
class _Step:
    """One sifted page and where the source stands after it."""

    page: Page
    sifted: Sifted
    one: _Pass
    following: Cursor


def _counted(step: _Step) -> Counts:
    """Count what a page holds beside what is to be written."""
    fetched, sifted = len(step.page.items), step.sifted
    unchanged = fetched - len(sifted.arrivals) - len(sifted.faulty) - sifted.still_faulty
    return Counts(fetched=fetched, pages=1, unchanged=unchanged, quarantined=sifted.still_faulty)


@dataclass(frozen=True, kw_only=True)
class _Vanished:
    """What a listing lacks, or why that is not believed."""

    keys: tuple[str, ...] = ()
    too_many: int = 0
    live: int = 0
