"""Items whose source key moved on to another record, as row numbers do when a row is deleted.

An item of one page may be the record that an item of another page was before. Until the pass has ended nobody knows
whether that other item still is this record, so the first one waits in quarantine (`key_taken`). A complete pass says
so: then the waiting items are written, and the records that no item of the source is any more end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.fingerprints import keys_without_item
from cchc_connect.database.writing.incoming import IncomingRecord, PageBatch
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.sync.absences import Absences, Deletions
from cchc_connect.sync.change_detection import ChangeDetector
from cchc_connect.sync.pass_progress import Pass
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.run_context import RunContext


@dataclass(frozen=True)
class MovedKeys:
    """The moved source keys of one stream in one run."""

    stream: Stream
    detector: ChangeDetector
    run_context: RunContext
    pull_range: PullRange

    def lists_everything(self, state: Pass) -> bool:
        """True if a pass lists every item of the source's partition, if it comes to its end."""
        return state.initial_cursor.pass_since is None and not self.pull_range.is_partial

    def is_gone(self, state: Pass) -> Callable[[str], bool] | None:
        """Return what says whether an item is gone, by its source key; None where a pass does not show that."""
        if self.pull_range.is_partial or not state.shows_everything:
            return None
        return lambda source_key: source_key not in state.seen

    def retry(self) -> Counters:
        """Write waiting items whose record is free by now: a source that lists only changes omits them."""
        counts = self._write_waiting(is_gone=None)
        counts.quarantined = 0  # they are counted when the source lists them
        return counts

    def retry_former(self, former: Sequence[str]) -> Counters:
        """Write waiting items whose record is of a former version; end what former versions alone are."""
        records = self._waiting()
        counts = self._write(PageBatch(records=records, deleted_keys=former, former_keys=frozenset(former)))
        counts.quarantined = 0  # they are counted when the source lists them
        return counts

    def settle(self, state: Pass) -> Counters:
        """After a pass, write the items that waited for its end, and end the records that no item is any more."""
        is_gone = self.is_gone(state)
        if is_gone is None or (self.run_context.dry_run and self.pull_range.observer is not None):
            return Counters()
        counts = self._write_waiting(is_gone)
        counts.quarantined = -counts.resolved  # they were counted as quarantined on their page
        keys = self.run_context.read(lambda connection: keys_without_item(connection, self.stream))
        counts.add(self._write(PageBatch(deleted_keys=keys)))
        return counts

    def judge_again(self, absences: Absences, state: Pass, counts: Counters) -> Deletions:
        """Judge anew what a complete listing lacks, where it seemed too much: of moved keys only the records count.

        A source that names items by hashes of their content lacks the former key of every item that was changed.
        """
        counts.add(self.settle(state))
        now = to_timestamp_text(self.run_context.clock.now())
        deletions = self.run_context.commit(lambda connection: absences.judge(connection, state, now))
        counts.held, counts.absent = deletions.too_many, deletions.waiting
        return deletions

    def _write_waiting(self, is_gone: Callable[[str], bool] | None) -> Counters:
        return self._write(PageBatch(records=self._waiting(), is_gone=is_gone, is_full_listing=is_gone is not None))

    def _waiting(self) -> Sequence[IncomingRecord]:
        items = self.run_context.read(lambda connection: quarantine.items_with_taken_key(connection, self.stream))
        return self.detector.classify_all(items).records

    def _write(self, batch: PageBatch) -> Counters:
        if not (batch.records or batch.deleted_keys):
            return Counters()
        write_context = self.run_context.write_context(self.stream.record_type)
        return self.run_context.commit(lambda connection: write_page(connection, self.stream, batch, write_context))
