"""Pulls one source page by page: fetch a page, classify its items, commit it, continue from its next-page token.

The records of a page, its quarantine entries, its changes, its counters and the cursor after it are committed in one
transaction. While one page is classified, the next is fetched and the last is written. An implausible page stops the
source with a reason (`SourceHeld`) and does not move its cursor.
"""

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from cchc_connect.adapter import Page, PageRequest, Source
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.cursor import Cursor
from cchc_connect.database.state.cursors import mark_incomplete, read_cursor, stored_doubts
from cchc_connect.database.state.run_counters import CounterKey, write_counters
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.absences import remove_absences
from cchc_connect.database.writing.fingerprints import KnownItem, known_items_by_hash
from cchc_connect.database.writing.incoming import PageBatch, WriteContext
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.errors import SourceHeld, StartOver
from cchc_connect.privacy import page_tokens
from cchc_connect.sync.absences import Absences, Deletions, tombstones
from cchc_connect.sync.asking import Asking, PageTimes, mark_ahead, page_times
from cchc_connect.sync.change_detection import NO_FORMS, ChangeDetector, PageLookup, QuarantineIndex
from cchc_connect.sync.completeness import Rereading
from cchc_connect.sync.concurrency import BackgroundWriter, prefetch
from cchc_connect.sync.cursor_writer import CursorWriter
from cchc_connect.sync.drift_guard import DriftGuard, DriftHeld, PageCheck
from cchc_connect.sync.moved_keys import MovedKeys
from cchc_connect.sync.pass_progress import PageCommit, Pass, count_notes, count_page, later
from cchc_connect.sync.plausibility import PlausibilityCheck, is_too_many
from cchc_connect.sync.pull_range import PullRange, range_start
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.translation import Translator
from cchc_connect.sync.twice_shown import TwiceShown
from cchc_connect.sync.unreadable_members import UnreadableMembers
from cchc_connect.sync.unreadable_times import UnreadableTimes
from cchc_connect.sync.went_back import KnownItems, ShownElsewhere
from cchc_connect.sync.worker_process import MAX_PENDING
from cchc_connect.transport import Transport

if TYPE_CHECKING:
    from cchc_connect.messages import Message

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
        self._terms, owners = run_context.terms_of(stream.connection), run_context.owners_of(stream.record_type)
        self._detector = ChangeDetector(source, owners, translator, stream.connection, self._terms)
        self._quarantined = QuarantineIndex({})
        self._stored_items = KnownItems(stream, run_context)
        self._twice = TwiceShown(stream, run_context, self._pull_range)
        self._unreadable_times = UnreadableTimes()
        self._unreadable_members = UnreadableMembers(stream, run_context, self._terms.quality)
        self._absences = Absences(stream, source.profile, run_context, self._pull_range)
        self._moved_keys = MovedKeys(stream, self._detector, run_context, self._pull_range)
        self.drift_guard = DriftGuard(stream, self._terms.drift_mode, self._pull_range, source.profile)
        """Watches what the source sends."""
        self._rereading = Rereading()
        self._cursor_writer = CursorWriter(stream, self._terms.promise)
        self._counted_before_pass = Counters()
        self.counts = Counters()
        self.before: Cursor | None = None
        """Cursor of the source before this run."""
        self.after: Cursor | None = None
        """Cursor after the last committed page; None if no page was committed."""
        self.incomplete: Message | None = None
        """Why the source did not show that it listed everything; None if it did."""
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
            self.counts.add(self._moved_keys.retry())
        try:
            state = self._read(cursor)
        except StartOver:
            if cursor.pass_since is None and cursor.page_token is None:
                raise
            again = "%(connection)s: %(record_type)s is read again from the start: its cursor is too old"
            log.warning(again, self._error_context)
            state = self._read(self._restart_cursor())
        if self._pull_range.moves_cursor:
            state = self._stored_items.follow(state, self._read, self.profile.deletes)
            self.counts.unlisted += self._stored_items.unlisted
        self._conclude(state)
        self._check_quarantined_share()
        self._unreadable_members.check()
        self._unreadable_times.check(self.counts, self._error_context)

    def _read(self, cursor: Cursor, *, source_went_back: bool = False) -> Pass:
        """Run one pass; one that the source may have changed under is read again at once."""
        while True:
            self._counted_before_pass = self.counts.copy()
            try:
                state = self._run_pass(cursor, source_went_back=source_went_back)
            except SourceHeld as error:
                if not self._rereading.may_end(error):
                    raise
            else:
                if not self._rereading.may_end(state.completeness.doubt):
                    self.counts.add(self._moved_keys.settle(state))
                    return state
            self._run_context.raise_if_stopping()
            cursor = replace(cursor, page_token=None, checkpoint=None, pass_shown=0)

    def _conclude(self, state: Pass) -> None:
        """Keep why the last pass is incomplete, with the stream too; a complete one was stored with its last page."""
        if self._pull_range.key is not None and self.profile.by_key:
            return  # one item was requested, so the answer is no listing
        self.incomplete = incomplete = state.completeness.incomplete
        if incomplete is None:
            return
        log.warning("%(connection)s: %(record_type)s is incomplete", self._error_context)
        if self._pull_range.moves_cursor:
            now = self._run_context.clock.now()
            self._run_context.commit(lambda connection: mark_incomplete(connection, self._stream, incomplete, now))

    @property
    def _error_context(self) -> dict[str, str]:
        return {"connection": self._stream.connection, "record_type": self._stream.record_type}

    def _restart_cursor(self) -> Cursor:
        return Cursor(translation_key=self._detector.translation_key)

    def _load(self, connection: Connection) -> Cursor:
        """Return the stored cursor, and read what is in quarantine, missing and in doubt since the last run."""
        forms = NO_FORMS if self._pull_range.everything else quarantine.open_forms(connection, self._stream)
        self._quarantined = QuarantineIndex(quarantine.open_hashes(connection, self._stream), forms)
        self._absences.load(connection)
        if self.profile.changed_since:  # other sources list everything in each run
            self._stored_items.load(connection)
        self._twice.load(connection)
        self.drift_guard.load(connection)
        cursor, doubts = read_cursor(connection, self._stream), stored_doubts(connection, self._stream)
        self._rereading = Rereading(doubts)
        self._unreadable_members.is_doubtful = bool(doubts) or cursor.page_token is not None
        return cursor

    def _initial_cursor(self) -> Cursor:
        cursor = self.before = self._run_context.read(self._load)
        if cursor.translation_key != self._detector.translation_key:  # unchanged items must be translated again too
            return self._restart_cursor()
        if self._pull_range.everything:
            return replace(self._restart_cursor(), watermark=cursor.watermark)
        if self._pull_range.is_partial:
            since = self._pull_range.first_instant if self.profile.changed_since else None
            return replace(cursor, pass_since=since, page_token=None, checkpoint=None, pass_shown=0)
        if cursor.page_token is not None:
            return cursor
        if self._absences.noticed or self._stored_items.shown_older:  # only a complete listing shows what they are
            return replace(self._restart_cursor(), watermark=cursor.watermark)
        since = range_start(self.profile, cursor.watermark, self._run_context.clock.now(), self._stream)
        return replace(cursor, pass_since=since, checkpoint=None)

    def _run_pass(self, cursor: Cursor, *, source_went_back: bool = False) -> Pass:
        clock, order = self._run_context.clock, self.profile.order
        self._twice.begin_pass()
        state = Pass(
            cursor,
            PlausibilityCheck(self._stream),
            order,
            clock,
            ends_without_link=self._terms.ends_without_link,
            source_went_back=source_went_back,
        )
        writer = BackgroundWriter(overlapping=self._run_context.prefetch > 0)
        try:
            with prefetch(self._pages(cursor, state.asking), self._run_context.prefetch) as pages:
                for page, lookup in self._with_lookups(pages):
                    ends_pass = self._process_page(page, lookup, state, writer)
                    if ends_pass or state.is_too_long(clock.monotonic(), self._run_context.max_pass_s):
                        writer.flush()
                        self._twice.remember()
                        if self._twice.former_keys:
                            self.counts.add(self._moved_keys.retry_former(self._twice.former_keys))
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

    def _process_page(self, page: Page, lookup: PageLookup, state: Pass, writer: BackgroundWriter) -> bool:
        """Check a page and let the writer commit it with the cursor after it; return whether it is the last."""
        asking_instant = state.asking.next()
        lookup = self._twice.refreshed(lookup, self._detector)
        classified = self._pull_range.filtered(self._detector.classify(lookup, self._quarantined))
        self._twice.hold_back(classified, state)
        mark_ahead(classified.records, asking_instant)
        self._unreadable_times.add(classified.time_shapes)
        if self._pull_range.observer is not None:
            on_page = self._pull_range.observer.on_page
            self._run_context.read(lambda connection: on_page(connection, self._stream, classified))
        state.plausibility.require_plausible(page, classified, state.cursor)
        self._unreadable_members.add(classified)
        state.seen.add(classified.keys)
        state.pages, state.snapshot = state.pages + 1, page.snapshot
        ends_pass = state.completeness.observe(page, classified)
        if ends_pass:
            self._twice.settle(classified, state)
        key = self._pull_range.key
        self.lists_key |= key is not None and (key in classified.keys or key in page.deleted_keys)
        times = page_times(classified.change_times, asking_instant)
        state.cursor = self._next_cursor(page, times, state, ends_pass=ends_pass)
        self._quarantined.add(classified.faulty)
        if ends_pass and self.profile.by_key and self._absences.are_shown_by(state):
            writer.flush()
            self._absences.ask(self._run_context, self._transport, self._source, state)
        page_commit = PageCommit(page, classified, state, state.cursor, asking_instant, ends_pass)
        writer.submit(lambda: self._commit(page_commit) if self._writes_pages else self._count_only(page_commit))
        return ends_pass

    @property
    def _writes_pages(self) -> bool:
        """Whether pages are written: an observed dry run only compares them."""
        return not self._run_context.dry_run or self._pull_range.observer is None

    def _count_only(self, page_commit: PageCommit) -> None:
        """Count a page that is only observed and not written."""
        self.counts.add(count_page(page_commit))
        self.counts.add(count_notes(page_commit.classified.records, self._terms.quality))
        self._report_progress(page_commit.pass_state)

    def _commit(self, page_commit: PageCommit) -> None:
        """Commit one page; `counts` changes only after the commit."""
        write_context = replace(
            self._run_context.write_context(self._stream.record_type),
            source_went_back=page_commit.pass_state.source_went_back,
            asked_at=page_commit.asking_instant.text,
        )
        write = partial(self._write_page, page_commit=page_commit, write_context=write_context)
        try:
            counts, deletions = self._run_context.commit(write)
        except DriftHeld as held:
            self.drift_guard.store_held(self._run_context, held)
            raise
        self._cursor_writer.remember()
        self.drift_guard.remember()
        page_commit.pass_state.older.add(write_context.outdated)
        self._twice.note_replaced(write_context.replaced)
        self.counts = counts
        for key in self._absences.listed_again(page_commit.classified.keys):
            del self._absences.noticed[key]
        self.after = page_commit.next_cursor if self._pull_range.moves_cursor else self.before
        self._report_progress(page_commit.pass_state)
        if deletions.too_many:
            deletions = self._moved_keys.judge_again(self._absences, page_commit.pass_state, self.counts)
        if deletions.too_many:
            raise SourceHeld("source.shrunk", vanished=deletions.too_many, live=deletions.live, **self._error_context)

    def _write_page(
        self, connection: Connection, page_commit: PageCommit, write_context: WriteContext
    ) -> tuple[Counters, Deletions]:
        page, classified = page_commit.page, page_commit.classified
        counts, deletions = count_page(page_commit), Deletions()
        remove_absences(connection, self._stream, self._absences.listed_again(classified.keys))
        if page_commit.ends_pass and self._absences.are_shown_by(page_commit.pass_state):
            deletions = self._absences.judge(connection, page_commit.pass_state, write_context.now)
        guard = self.drift_guard
        suspected = guard.suspected(classified)
        deleted_keys = [*tombstones(page, classified, self._pull_range), *deletions.keys, *classified.ended_keys]
        check = guard.check(
            classified, suspected, is_listing_all=page_commit.pass_state.initial_cursor.pass_since is None
        )
        if classified.records or classified.faulty or deleted_keys or classified.former_faults:
            batch = self._batch(page_commit, deleted_keys, check)
            counts.add(write_page(connection, self._stream, batch, write_context))
        counts.add(count_notes(classified.records, self._terms.quality))  # writing adds notes too
        has_changes = bool(counts.inserted or counts.updated or classified.faulty)
        guard.learn(
            connection, classified, suspected, write_context, confirmed=check.confirmed, has_changes=has_changes
        )
        counts.held, counts.absent = deletions.too_many, deletions.waiting
        counts.add(self.counts)
        if self._pull_range.moves_cursor:
            if page_commit.completes_pass:
                guard.end_held(connection)
            self._cursor_writer.write(connection, page_commit, self._run_context.clock.now())
        counter_key = CounterKey(self._run_context.run_id, "pull", self._stream.connection, self._stream.record_type)
        write_counters(connection, counter_key, counts, self._stream.partition)
        return counts, deletions

    def _batch(self, page_commit: PageCommit, deleted_keys: Sequence[str], check: PageCheck) -> PageBatch:
        classified, state = page_commit.classified, page_commit.pass_state
        return PageBatch(
            records=classified.records,
            faulty=classified.faulty,
            deleted_keys=deleted_keys,
            former_faults=classified.former_faults,
            is_full_listing=self._moved_keys.lists_everything(state),
            is_gone=self._moved_keys.is_gone(state) if page_commit.ends_pass else None,
            shown_elsewhere=ShownElsewhere(state.seen),
            kept_fields=self.drift_guard.kept_fields(classified),
            check=check,
        )

    def _report_progress(self, state: Pass) -> None:
        total = state.completeness.total
        self._run_context.progress(self._stream.connection, self._stream.record_type, self.counts, total)

    def _next_cursor(self, page: Page, times: PageTimes, state: Pass, *, ends_pass: bool) -> Cursor:
        cursor = state.cursor
        state.watermark_tracker.observe(times)
        if not ends_pass and page.next_page_token is not None:
            return replace(
                cursor,
                page_token=page_tokens.storable_token(page.next_page_token),
                checkpoint=state.watermark_tracker.checkpoint,
                pass_shown=cursor.pass_shown + len(page.items),
            )
        if state.completeness.incomplete is not None:
            return Cursor(watermark=cursor.watermark, translation_key=cursor.translation_key)
        watermark = state.watermark_tracker.safe_watermark(self._run_context.clock.monotonic())
        if cursor.pass_since is None and watermark is not None and not state.is_resumed:
            return Cursor(watermark=watermark, translation_key=cursor.translation_key)
        return Cursor(watermark=later(cursor.watermark, watermark), translation_key=cursor.translation_key)

    def _check_quarantined_share(self) -> None:
        """Raise if too many items are faulty; the valid ones stay committed."""
        before = self._counted_before_pass
        faulty, fetched = self.counts.quarantined - before.quarantined, self.counts.fetched - before.fetched
        if is_too_many(faulty, fetched, self._run_context.max_quarantined_share):
            raise SourceHeld("source.too_faulty", faulty=faulty, fetched=fetched, **self._error_context)
