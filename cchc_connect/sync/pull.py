"""Pulling one source: ask for a page, sift it, commit it whole, go on from there.

A page's records, its quarantine, its changes, its counters and the cursor after it are committed in one
transaction. What cannot be believed stops the source with a reason (`SourceHeld`) and moves nothing.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from cchc_connect.adapter import Ask, Deletes, Page, Source
from cchc_connect.database import quarantine
from cchc_connect.database.counts import Counts, write_counts
from cchc_connect.database.cursors import Cursor, read_cursor, write_cursor
from cchc_connect.database.instants import stamp
from cchc_connect.database.statements import chunks
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import record_table
from cchc_connect.database.writer import Occasion, SiftedPage, write_page
from cchc_connect.errors import SourceHeld
from cchc_connect.sync.scope import Scope
from cchc_connect.sync.sift import Sieve, Sifted
from cchc_connect.transport import Transport

MOST_PAGES = 100_000
"""Pages of one pass; more is a source that never ends."""

log = logging.getLogger("cchc_connect.sync")

FEW = 5
"""So few records may vanish at once from any source, however small."""

MOST_VANISHED = 0.2
"""Share of a source's records that may vanish at once; more looks like a broken listing."""

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""What a source dates earlier says "no date"."""

FILTER_GRAIN = timedelta(days=1)
"""A source may filter by whole days; what is older than that shows that it did not filter at all."""


class Pull:
    """One pass over one source."""

    def __init__(self, source: Source, stream: Stream, transport: Transport, scope: Scope) -> None:
        """Prepare; nothing is asked before `run`."""
        self._source = source
        self._stream = stream
        self._transport = transport
        self._scope = scope
        self._sieve = Sieve(source)
        self._quarantined: dict[str, bytes] = {}
        self._seen: set[str] = set()
        self._positions: set[str] = set()
        self._resumed = False
        self._total: int | None = None
        self.counts = Counts()

    def run(self) -> None:
        """Pull until the source's end; `counts` tells what was done, also when it stops with an error.

        Raises:
            SourceHeld: the source answers what cannot be believed.
            Retriable: the source cannot be reached now.
            Fatal: the run cannot go on.
        """
        cursor = self._begin()
        if cursor.since is not None:
            self._look_again()
        for _ in range(MOST_PAGES):
            page = self._transport.run(self._source.fetch(Ask(since=cursor.since, position=cursor.position)))
            cursor = self._take(page, cursor)
            self._scope.progress(self._stream.connection, self._stream.record_type, self.counts, self._total)
            if page.next is None:
                return
        raise SourceHeld("source.too_many_pages", most=MOST_PAGES, **self._name)

    @property
    def _name(self) -> dict[str, str]:
        return {"connection": self._stream.connection, "record_type": self._stream.record_type}

    def _begin(self) -> Cursor:
        with self._scope.database.reading() as connection:
            cursor = read_cursor(connection, self._stream)
            self._quarantined = dict(quarantine.open_hashes(connection, self._stream))
        if cursor.reading != self._sieve.reading:  # the source's unchanged items are to be read anew too
            return Cursor(reading=self._sieve.reading)
        self._resumed = cursor.position is not None
        if self._resumed:
            return cursor
        since = None
        if self._source.profile.changed_since and cursor.watermark is not None:
            since = cursor.watermark - self._source.profile.late_by
        return replace(cursor, since=since, highest=None)

    def _look_again(self) -> None:
        """Try items whose key was taken: a source that lists changes only will not show them again."""
        with self._scope.database.reading() as connection:
            items = quarantine.taken(connection, self._stream)
        sifted = self._sieve.sift(items, {}, {})
        if sifted.arrivals:
            with self._scope.database.writing(self._scope.token, keep=self._scope.keeps) as connection:
                work = SiftedPage(arrivals=sifted.arrivals)
                tried = write_page(connection, self._stream, work, self._occasion())
            tried.quarantined = 0  # they are counted where they are listed
            self.counts.add(tried)

    def _take(self, page: Page, cursor: Cursor) -> Cursor:
        self._total = page.total if page.total is not None else self._total
        sifted = self._sieve.sift(page.items, self._known(page), self._quarantined)
        self._believe(page, sifted, cursor)
        self._seen |= sifted.keys
        following = self._following(page, sifted, cursor)
        changed = sifted.arrivals or sifted.faulty or page.gone
        last = page.next is None
        step = Counts(fetched=len(page.items), pages=1, quarantined=sifted.still_faulty)
        step.unchanged = len(page.items) - len(sifted.arrivals) - len(sifted.faulty) - sifted.still_faulty
        with self._scope.database.writing(self._scope.token, keep=self._scope.keeps) as connection:
            vanished = self._vanished(connection) if last and cursor.since is None else _Vanished()
            gone = [*page.gone, *vanished.keys]
            if changed or gone:
                work = SiftedPage(arrivals=sifted.arrivals, faulty=sifted.faulty, gone=gone)
                step.add(write_page(connection, self._stream, work, self._occasion()))
            self.counts.add(step)
            completed_at = self._scope.clock.now() if last else None
            write_cursor(connection, self._stream, following, completed_at)
            place = (self._scope.run_id, "pull", self._stream.connection, self._stream.record_type)
            write_counts(connection, place, self.counts)
        if vanished.too_many:
            raise SourceHeld("source.shrunk", vanished=vanished.too_many, live=vanished.live, **self._name)
        self._quarantined.update({item.source_key: item.item_hash for item in sifted.faulty})
        return following

    def _known(self, page: Page) -> dict[str, bytes]:
        table = record_table(self._stream.record_type)
        live = (table.c.connection == self._stream.connection) & table.c.deleted_at.is_(None)
        keys = self._sieve.keys(page.items)
        known: dict[str, bytes] = {}
        with self._scope.database.reading() as connection:
            for some in chunks(keys):
                chosen = table.c.source_key.in_(some)
                rows = connection.execute(select(table.c.source_key, table.c.item_hash).where(live & chosen))
                known.update((row.source_key, row.item_hash) for row in rows)
        return known

    def _believe(self, page: Page, sifted: Sifted, cursor: Cursor) -> None:
        """Stop at what no honest source answers."""
        if page.next is not None and (page.next in self._positions or page.next == cursor.position):
            raise SourceHeld("source.paging_loop", **self._name)
        if page.next is not None:
            self._positions.add(page.next)
        if page.next is not None and sifted.keys and sifted.keys <= self._seen:
            raise SourceHeld("source.page_repeated", **self._name)
        if sifted.is_unreadable:
            raise SourceHeld("source.adapter_failed", error="translate", **self._name)
        if page.next is None and self._total and not page.items and not self._seen and not self._resumed:
            raise SourceHeld("source.empty_but_counted", total=self._total, **self._name)
        if cursor.since is not None:
            oldest = min(self._credible(sifted.times), default=cursor.since)
            if oldest < cursor.since - FILTER_GRAIN:
                raise SourceHeld("source.filter_ignored", since=stamp(cursor.since), **self._name)

    def _credible(self, times: Iterable[datetime]) -> Iterable[datetime]:
        """Yield the change times that can be: one in the future would end all later pulls without a word."""
        latest = self._scope.clock.now() + FILTER_GRAIN
        return (moment for moment in times if EARLIEST <= moment <= latest)

    def _following(self, page: Page, sifted: Sifted, cursor: Cursor) -> Cursor:
        seen = [cursor.highest] if cursor.highest else []
        highest = max([*seen, *self._credible(sifted.times)], default=None)
        if page.next is not None:
            return replace(cursor, position=page.next, highest=highest)
        if not self._resumed and self._total is not None and len(self._seen) < self._total:
            log.warning("%(connection)s: %(record_type)s shows fewer than it counts; asked again next time", self._name)
            return Cursor(watermark=cursor.watermark, reading=cursor.reading)
        passed = [moment for moment in (cursor.watermark, highest) if moment is not None]
        return Cursor(watermark=max(passed, default=None), reading=cursor.reading)

    def _vanished(self, connection: Connection) -> "_Vanished":
        """Return what a complete listing lacks.

        A pass that asked for changes only, was taken up in its middle or showed fewer items than the source
        counts is not complete and tells nothing about what is gone.
        """
        complete = not self._resumed and (self._total is None or len(self._seen) >= self._total)
        if self._source.profile.deletes is not Deletes.ABSENCE or not complete:
            return _Vanished()
        table = record_table(self._stream.record_type)
        mine = (table.c.connection == self._stream.connection) & table.c.deleted_at.is_(None)
        live = set(connection.execute(select(table.c.source_key).where(mine)).scalars())
        vanished = live - self._seen
        accepted = self._stream.connection in self._scope.shrinking
        if len(vanished) > max(FEW, MOST_VANISHED * len(live)) and not accepted:
            return _Vanished(too_many=len(vanished), live=len(live))
        never_good = quarantine.open_keys(connection, self._stream) - self._seen
        return _Vanished(keys=tuple(sorted(vanished | never_good)))

    def _occasion(self) -> Occasion:
        now = stamp(self._scope.clock.now())
        return Occasion(run_id=self._scope.run_id, now=now, owner=self._scope.owners.get(self._stream.record_type))


@dataclass(frozen=True, kw_only=True)
class _Vanished:
    """What a listing lacks, or why that is not believed."""

    keys: tuple[str, ...] = ()
    too_many: int = 0
    live: int = 0
