"""Pulls one source page by page: fetch a page, classify its items, commit it, continue from its next-page token.

The records of a page, its quarantine entries, its changes, its counters and the cursor after it are committed in one
transaction. While one page is classified, the next is fetched and the last is written. An implausible page stops the
source with a reason (`SourceHeld`) and does not move its cursor.
"""

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from cchc_connect.adapter import DeleteDetection, Page, PageRequest, Source
from cchc_connect.clock import start_of_range
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.cursor import Cursor
from cchc_connect.database.state.cursors import read_cursor, write_cursor
from cchc_connect.database.state.run_counters import CounterKey, write_counters
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.fingerprints import KnownItem, known_items_by_hash, live_source_keys
from cchc_connect.database.writing.incoming import PageBatch, WriteContext
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.errors import SourceHeld, StartOver
from cchc_connect.privacy import page_tokens
from cchc_connect.sync.asking import AHEAD_TOLERANCE, Asking, PageTimes, mark_ahead, page_times
from cchc_connect.sync.change_detection import ChangeDetector, ClassifiedPage, PageLookup, QuarantineIndex
from cchc_connect.sync.concurrency import BackgroundWriter, prefetch
from cchc_connect.sync.pass_progress import Deletions, PageCommit, Pass, count_page, later
from cchc_connect.sync.plausibility import MAX_DELETED_SHARE, PlausibilityCheck, is_too_many
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.translation import Translator, is_storable_key
from cchc_connect.sync.twice_shown import TwiceShown
from cchc_connect.sync.unreadable_times import UnreadableTimes
from cchc_connect.sync.went_back import KnownItems, ShownElsewhere
from cchc_connect.sync.worker_process import MAX_PENDING
from cchc_connect.transport import Transport

MAX_PAGES = 100_000
"""Maximum number of pages of one pass; a source with more never ends."""

log = logging.getLogger("cchc_connect.sync")


class Pull:
    """Pulls one source, or one partition of it, in one run: one pass, and a second complete one if necessary."""

    def __init__(
        self,
        source: Source,
        stream: Stream,
        transport: Transport,
        run_context: RunContext,
        pull_range: PullRange | None = None,
        translator: Translator | None = None,
    ) -> None:
        """Create the pull; no request is sent before `run`. Without `translator` items are translated here."""
        self._source = source
        self.profile = source.profile
        """Capabilities of the source; a connection may say something else of its times."""
        self._stream = stream
        self._transport = transport
        self._run_context = run_context
        self._pull_range = pull_range or PullRange()
        self._detector = ChangeDetector(
            source, run_context.owners_of(stream.record_type), translator, stream.connection
        )
        self._quarantined = QuarantineIndex({})
        self._known = KnownItems(stream, run_context)
        self._twice = TwiceShown(stream, run_context)
        self._unreadable_times = UnreadableTimes()
        self.counts = Counters()
        self.before: Cursor | None = None
        """Cursor of the source before this run."""
        self.after: Cursor | None = None
        """Cursor after the last committed page; None if no page was committed."""
        self.is_incomplete = False
        """Whether the source announced more items than it listed."""
        self.lists_key = False
        """Whether the source listed the item with the key of the pull range, or reported that it was deleted."""

    def run(self) -> None:
        """Pull up to the last page. `counts` holds the counters, also if an error is raised.

        Raises:
            SourceHeld: the source is implausible, or too many of its items are faulty.
            Stopped: the run was asked to end; the current page is committed.
            Retriable: the source cannot be reached now.
            Fatal: the run cannot continue.
        """
        self._run_context.progress(self._stream.connection, self._stream.record_type, self.counts, None)
        cursor = self._initial_cursor()
        if cursor.pass_since is not None:
            self._retry_key_conflicts()
        try:
            state = self._run_pass(cursor)
        except StartOver:
            if cursor.pass_since is None and cursor.page_token is None:
                raise
            log.warning(
                "%(connection)s: %(record_type)s is read again from the start: its cursor is too old",
                self._error_context,
            )
            state = self._run_pass(self._restart_cursor())
        if self._pull_range.moves_cursor:
            self._follow_source(state)
        self._check_quarantined_share()
        self._unreadable_times.check(self.counts, self._error_context)

    def _follow_source(self, state: Pass) -> None:
        """Compare everything if the pass `state` shows that the source went back."""
        if state.is_resumed or state.is_incomplete:
            return
        cursor = state.initial_cursor
        missing = self._known.left_out(cursor, state.seen)
        if (missing or state.is_behind_watermark) and state.pages > 1:
            state = self._run_pass(cursor)  # rows may have moved between two pages
            missing = {key for key in missing if key not in state.seen}
        if missing or state.is_behind_watermark or state.older.are_many:
            log.warning(
                "%(connection)s: %(record_type)s does not list what it should since its watermark; "
                "everything is compared",
                self._error_context,
            )
            state = self._run_pass(replace(self._restart_cursor(), watermark=cursor.watermark), source_went_back=True)
            if state.is_incomplete:
                return
            self.counts.unlisted += self._known.settle(missing, cursor, state.seen, self.profile.deletes)
        self._known.mark_unshown(state.older.unexplained(state.seen))

    @property
    def _error_context(self) -> dict[str, str]:
        return {"connection": self._stream.connection, "record_type": self._stream.record_type}

    def _restart_cursor(self) -> Cursor:
        return Cursor(translation_key=self._detector.translation_key)

    def _initial_cursor(self) -> Cursor:
        cursor, open_hashes = self._run_context.read(self._stored_state)
        self.before, self._quarantined = cursor, QuarantineIndex(open_hashes)
        if cursor.translation_key != self._detector.translation_key:  # unchanged items must be translated again too
            return self._restart_cursor()
        if self._pull_range.everything:
            return replace(self._restart_cursor(), watermark=cursor.watermark)
        if self._pull_range.is_partial:
            since = self._pull_range.first_instant if self.profile.changed_since else None
            return replace(cursor, pass_since=since, page_token=None, checkpoint=None)
        if cursor.page_token is not None:
            return cursor
        return replace(cursor, pass_since=self._since(cursor.watermark), checkpoint=None)

    def _stored_state(self, connection: Connection) -> tuple[Cursor, Mapping[str, bytes | None]]:
        self._twice.load(connection)
        return read_cursor(connection, self._stream), quarantine.open_hashes(connection, self._stream)

    def _since(self, watermark: datetime | None) -> datetime | None:
        """Return the start of the next pull: a little before the watermark; None if everything must be listed."""
        profile, now = self.profile, self._run_context.clock.now()
        if not profile.changed_since or watermark is None:
            return None
        if watermark - now > AHEAD_TOLERANCE:
            log.warning(
                "%(connection)s: %(record_type)s has a watermark in the future; everything is compared",
                self._error_context,
            )
            return None
        if profile.retention is not None and now - watermark > profile.retention:
            log.warning(
                "%(connection)s: %(record_type)s was read too long ago; everything is compared", self._error_context
            )
            return None
        return start_of_range(watermark, profile.lookback, profile.timestamp_resolution)

    def _retry_key_conflicts(self, former: Sequence[str] = ()) -> None:
        """Retry items that conflicted with another record's key: it is free now, or of a version that is `former`."""
        items = self._run_context.read(lambda connection: quarantine.items_with_taken_key(connection, self._stream))
        classified = self._detector.classify_all(items)
        if classified.records or former:
            batch = PageBatch(records=classified.records, deleted_keys=former, former_keys=frozenset(former))
            write_context = self._run_context.write_context(self._stream.record_type)
            counts = self._run_context.commit(
                lambda connection: write_page(connection, self._stream, batch, write_context)
            )
            counts.quarantined = 0  # they are counted when the source lists them
            self.counts.add(counts)

    def _run_pass(self, cursor: Cursor, *, source_went_back: bool = False) -> Pass:
        clock, order = self._run_context.clock, self.profile.order
        self._twice.begin_pass()
        state = Pass(cursor, PlausibilityCheck(self._stream, clock), order, clock, source_went_back=source_went_back)
        writer = BackgroundWriter(overlapping=self._run_context.prefetch > 0)
        try:
            with prefetch(self._pages(cursor, state.asking), self._run_context.prefetch) as pages:
                for page, lookup in self._with_lookups(pages):
                    self._process_page(page, lookup, state, writer)
                    if page.next_page_token is None:
                        writer.flush()
                        self.is_incomplete = state.is_incomplete
                        self._twice.remember()
                        if self._twice.former_keys and self._pull_range.moves_cursor:
                            self._retry_key_conflicts(self._twice.former_keys)
                        return state
                    if self._run_context.is_stopping():
                        writer.flush()
                        self._run_context.raise_if_stopping()
                writer.flush()
        finally:
            writer.close()
        raise SourceHeld("source.too_many_pages", most=MAX_PAGES, **self._error_context)

    def _pages(self, cursor: Cursor, asking: Asking) -> Iterator[Page]:
        """Yield the pages of the source, starting at the cursor."""
        page_request = PageRequest(
            since=cursor.pass_since,
            page_token=cursor.page_token,
            until=self._pull_range.last_instant,
            partition=self._stream.partition,
            source_key=self._pull_range.key if self.profile.by_key else None,
        )
        for _ in range(MAX_PAGES):
            page = asking.fetch(self._transport, self._source, page_request, self._stream.connection)
            yield page
            if page.next_page_token is None:
                return
            page_request = replace(page_request, page_token=page.next_page_token)

    def _with_lookups(self, pages: Iterator[Page]) -> Iterator[tuple[Page, PageLookup]]:
        """Yield each page with its lookup; while its items are translated, the next pages are looked up already."""
        pending = deque[tuple[Page, PageLookup]]()
        for page in pages:
            item_hashes = self._detector.item_hashes(page.items)
            existing = self._run_context.read(partial(self._known_items, item_hashes))
            lookup = self._detector.look_up(
                page.items, existing, item_hashes=item_hashes, quarantined=self._quarantined
            )
            pending.append((page, lookup))
            while pending and (pending[0][1].translations.done() or len(pending) > MAX_PENDING):
                yield pending.popleft()
        yield from pending

    def _known_items(self, item_hashes: Sequence[bytes], connection: Connection) -> Mapping[bytes, KnownItem]:
        return known_items_by_hash(connection, self._stream, item_hashes)

    def _process_page(self, page: Page, lookup: PageLookup, state: Pass, writer: BackgroundWriter) -> None:
        """Check a page and let the writer commit it together with the cursor after it."""
        asked, lists_all = state.asking.next(), state.lists_all and not self._pull_range.is_partial
        lookup = self._twice.refreshed(lookup, self._detector)
        classified = self._filter_key(self._detector.classify(lookup, self._quarantined))
        self._twice.hold_back(classified, is_complete=lists_all)
        mark_ahead(classified.records, asked)
        self._unreadable_times.add(classified.time_shapes)
        if self._pull_range.observer is not None:
            on_page = self._pull_range.observer.on_page
            self._run_context.read(lambda connection: on_page(connection, self._stream, classified))
        state.plausibility.require_plausible(page, classified, state.cursor, is_resumed=state.is_resumed)
        state.seen.add(classified.keys)
        if page.next_page_token is None:
            self._twice.settle(classified, state.seen, total=state.plausibility.announced_total, lists_all=lists_all)
        state.pages += 1
        if self._pull_range.key is not None:
            self.lists_key |= self._pull_range.key in classified.keys or self._pull_range.key in page.deleted_keys
        state.cursor = self._next_cursor(page, page_times(classified.change_times, asked), state)
        self._quarantined.add(classified.faulty)
        page_commit = PageCommit(page, classified, state, state.cursor, asked)
        writer.submit(lambda: self._commit(page_commit) if self._writes_pages else self._count_only(page_commit))

    def _filter_key(self, classified: ClassifiedPage) -> ClassifiedPage:
        if self._pull_range.key is None:
            return classified
        classified.records = [
            incoming for incoming in classified.records if incoming.source_key == self._pull_range.key
        ]
        classified.faulty = [item for item in classified.faulty if item.source_key == self._pull_range.key]
        return classified

    @property
    def _writes_pages(self) -> bool:
        """Whether pages are written: an observed dry run only compares them."""
        return not self._run_context.dry_run or self._pull_range.observer is None

    def _count_only(self, page_commit: PageCommit) -> None:
        """Count a page that is only observed and not written."""
        self.counts.add(count_page(page_commit))
        self._report_progress(page_commit.pass_state)

    def _commit(self, page_commit: PageCommit) -> None:
        """Commit one page; `counts` changes only after the commit."""
        write_context = replace(
            self._run_context.write_context(self._stream.record_type),
            source_went_back=page_commit.pass_state.source_went_back,
            asked_at=page_commit.asked.text,
        )
        counts, deletions = self._run_context.commit(
            lambda connection: self._write_page(connection, page_commit, write_context)
        )
        page_commit.pass_state.older.add(write_context.outdated)
        self._twice.note_replaced(write_context.replaced)
        self.counts = counts
        self.after = page_commit.next_cursor if self._pull_range.moves_cursor else self.before
        self._report_progress(page_commit.pass_state)
        if deletions.too_many:
            raise SourceHeld("source.shrunk", vanished=deletions.too_many, live=deletions.live, **self._error_context)

    def _write_page(
        self, connection: Connection, page_commit: PageCommit, write_context: WriteContext
    ) -> tuple[Counters, Deletions]:
        page, classified = page_commit.page, page_commit.classified
        is_last = page.next_page_token is None
        counts = count_page(page_commit)
        deletions = self._find_deleted(connection, page_commit.pass_state) if is_last else Deletions()
        deleted_keys = [*self._tombstones(page, classified), *deletions.keys, *classified.ended_keys]
        if classified.records or classified.faulty or deleted_keys:
            batch = PageBatch(
                records=classified.records,
                faulty=classified.faulty,
                deleted_keys=deleted_keys,
                shown_elsewhere=ShownElsewhere(page_commit.pass_state.seen),
            )
            counts.add(write_page(connection, self._stream, batch, write_context))
        counts.held = deletions.too_many
        counts.add(self.counts)
        if self._pull_range.moves_cursor:
            completed_at = self._run_context.clock.now() if is_last else None
            write_cursor(connection, self._stream, page_commit.next_cursor, completed_at)
        counter_key = CounterKey(self._run_context.run_id, "pull", self._stream.connection, self._stream.record_type)
        write_counters(connection, counter_key, counts, self._stream.partition)
        return counts, deletions

    def _report_progress(self, state: Pass) -> None:
        total = state.plausibility.announced_total
        self._run_context.progress(self._stream.connection, self._stream.record_type, self.counts, total)

    def _tombstones(self, page: Page, classified: ClassifiedPage) -> list[str]:
        """Return the page's tombstones, without keys that it lists and keys that are not requested."""
        only_key = self._pull_range.key
        return [
            key
            for key in page.deleted_keys
            if key not in classified.keys and only_key in {None, key} and is_storable_key(key)
        ]

    def _next_cursor(self, page: Page, times: PageTimes, state: Pass) -> Cursor:
        cursor = state.cursor
        state.watermark_tracker.observe(times)
        if page.next_page_token is not None:
            return replace(
                cursor,
                page_token=page_tokens.storable_token(page.next_page_token),
                checkpoint=state.watermark_tracker.checkpoint,
            )
        if not state.is_resumed and state.is_incomplete:
            log.warning(
                "%(connection)s: %(record_type)s lists fewer items than it announces; it is read again next time",
                self._error_context,
            )
            return Cursor(watermark=cursor.watermark, translation_key=cursor.translation_key)
        watermark = state.watermark_tracker.safe_watermark(self._run_context.clock.monotonic())
        if cursor.pass_since is None and watermark is not None and not state.is_resumed:
            return Cursor(watermark=watermark, translation_key=cursor.translation_key)
        return Cursor(watermark=later(cursor.watermark, watermark), translation_key=cursor.translation_key)

    def _find_deleted(self, connection: Connection, state: Pass) -> Deletions:
        """Return the keys that a complete listing lacks, where that means that they are deleted.

        A pass is not complete, and shows no deletions, if it was limited to changes, was resumed, or saw fewer items
        than the source announced. An item that moved to another partition and is faulty there is not deleted.
        """
        is_complete = (
            state.initial_cursor.pass_since is None and not state.is_resumed and not self._pull_range.is_partial
        )
        is_observed = self._pull_range.observer is not None
        if is_observed or self.profile.deletes is not DeleteDetection.ABSENCE or not is_complete or state.is_incomplete:
            return Deletions()
        faulty_here = quarantine.open_keys(connection, self._stream)
        faulty_elsewhere = quarantine.open_keys(connection, self._stream, all_partitions=True) - faulty_here
        live, keys = 0, list[str]()
        for key in live_source_keys(connection, self._stream):
            live += 1
            if key not in state.seen and key not in faulty_elsewhere:
                keys.append(key)
        is_accepted = self._stream.connection in self._run_context.accept_shrink
        if is_too_many(len(keys), live, MAX_DELETED_SHARE) and not is_accepted:
            return Deletions(too_many=len(keys), live=live)
        faulty_only = [key for key in faulty_here if key not in state.seen]
        return Deletions(keys=tuple(sorted({*keys, *faulty_only})))

    def _check_quarantined_share(self) -> None:
        """Raise if too many items are faulty; the valid ones stay committed."""
        faulty, fetched = self.counts.quarantined, self.counts.fetched
        if is_too_many(faulty, fetched, self._run_context.max_quarantined_share):
            raise SourceHeld("source.too_faulty", faulty=faulty, fetched=fetched, **self._error_context)
