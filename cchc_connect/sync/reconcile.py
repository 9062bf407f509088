"""Reconciliation: compares the complete listing of a source with the records in the database, and repairs differences.

Items are recognised by their hash, as in a pull; only the others are translated and compared with the stored records.
A repair is the same pass with its pages written by the one write path. Deletions are found here, after the last page
of the last partition, whatever delete detection the source's profile names. Before it deletes anything a repair lists
the source a second time: only what both listings lack is deleted.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from cchc_connect.adapter import ListingOrder, Source
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.database.state.cursors import accept_shrink, hold
from cchc_connect.database.stream import NO_PARTITION, Stream
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.fingerprints import live_source_keys, stored_documents
from cchc_connect.database.writing.incoming import PageBatch, WriteContext
from cchc_connect.database.writing.kept_fields import same_document
from cchc_connect.database.writing.merge_rules import plan_page
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.database.writing.shown_records import differing_claims, differing_owners, shown_records
from cchc_connect.errors import CchcError, Fatal, Stopped
from cchc_connect.messages import Message
from cchc_connect.privacy.outside_names import shown_name
from cchc_connect.sync.absences import deleted_lately
from cchc_connect.sync.change_detection import ClassifiedPage
from cchc_connect.sync.error_policy import adapter_boundary, is_unreachable, status_and_reason
from cchc_connect.sync.plausibility import MAX_DELETED_SHARE, is_too_many
from cchc_connect.sync.pull import Pull
from cchc_connect.sync.pull_jobs import ConnectionOpener
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.report import ReportLine, RunStatus
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.seen_keys import SeenKeys
from cchc_connect.transport import Transport

MAX_SAMPLES = 20
"""Maximum number of source keys that are listed for each kind of difference."""

DELETION_BATCH_SIZE = 5000
"""Records marked as deleted in one transaction."""


class KeySample:
    """The source keys of one kind of difference: their number, and the first ones as samples."""

    def __init__(self) -> None:
        """Create an empty sample."""
        self._keys = SeenKeys()
        self.samples: list[str] = []

    def add(self, keys: Iterable[str]) -> None:
        """Add keys; a key may be added more than once."""
        for key in keys:
            self._keys.add((key,))
            if len(self.samples) < MAX_SAMPLES and key not in self.samples:
                self.samples.append(key)

    def __len__(self) -> int:
        """Return the number of different keys."""
        return len(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    @property
    def shown_samples(self) -> list[str]:
        """The samples for display: on one line each, without what looks like a person."""
        return [shown_name(key) for key in self.samples]

    def as_document(self) -> Mapping[str, object]:
        """Return number and shown samples as a JSON-ready dictionary."""
        return {"number": len(self), "samples": self.shown_samples}


class Comparison:
    """Comparison of one source with the database, as the observer of a pull of the complete source."""

    def __init__(self, stream: Stream, write_context: WriteContext) -> None:
        """Start the comparison of `stream`; `write_context` holds the owners by which conflicts are resolved."""
        self.stream = stream
        self._write_context = write_context
        self._listed = SeenKeys()
        self.differing = KeySample()
        """Items whose record differs from what the source lists."""
        self.missing_here = KeySample()
        """Items that only the source has."""
        self.missing_there = KeySample()
        """Items that only the database has."""
        self.other_owner = KeySample()
        """Items of records that another connection owns, and that differ from what the source lists."""
        self.owners = Counter[str]()
        """Those other connections, with the number of their records."""
        self._compared = SeenKeys()
        self.quarantined = KeySample()
        """Items that are in quarantine, or would be."""
        self.is_complete = False
        """Whether the source was listed completely."""
        self.is_repaired = False
        """Whether all differences were repaired."""
        self.reason: Message | None = None
        """Why the source could not be listed completely or repaired; None if it could."""

    def on_page(self, connection: Connection, stream: Stream, classified: ClassifiedPage) -> None:
        """Compare a page with the stored records."""
        self._listed.add(classified.keys)
        self.quarantined.add(item.source_key for item in classified.faulty)
        if not classified.records:
            return
        stored = stored_documents(connection, stream, [incoming.source_key for incoming in classified.records])
        page = PageBatch(records=classified.records)
        conflicts = plan_page(connection, stream, page, self._write_context).key_conflicts
        conflicting_keys = {item.source_key for item in conflicts}
        self.quarantined.add(conflicting_keys)
        shown = shown_records(connection, stream.record_type, [each.record.key for each in classified.records])
        self._compared.add(incoming.source_key for incoming in classified.records)
        for incoming in classified.records:
            if incoming.source_key in conflicting_keys:
                continue
            present = shown.get(incoming.record.key)
            if present is not None and not self._becomes_own(present.owner):
                sent = json.loads(incoming.record.document)
                self._add_other_owners(
                    incoming.source_key, differing_owners(stream, sent, present, self._write_context.owners)
                )
            elif incoming.source_key not in stored:
                self.missing_here.add((incoming.source_key,))
            elif not same_document(stored[incoming.source_key], incoming.record.document):
                self.differing.add((incoming.source_key,))

    def _becomes_own(self, owner: str) -> bool:
        """True if a record of `owner` is one of this connection, or becomes one with its next page."""
        name, owners = self.stream.connection, self._write_context.owners
        return owner == name or (not owners.is_vanished(owner) and owners.takes_over(name, owner))

    def _add_other_owners(self, source_key: str, differing: set[str]) -> None:
        if differing:
            self.other_owner.add((source_key,))
            self.owners.update(differing)

    def find_differing_claims(self, connection: Connection) -> None:
        """Find items that came unchanged and differ from the record of another owner. Call it after the last page."""
        for source_key, differing in differing_claims(connection, self.stream, self._write_context.owners):
            if source_key in self._listed and source_key not in self._compared:
                self._add_other_owners(source_key, differing)

    def find_deleted(self, connection: Connection) -> tuple[list[str], int, int]:
        """Find what only the database has. Call it after the last page of the last partition.

        Returns:
            The keys that are missing at the source, how many of them are records and not quarantine entries, and the
            number of live records.
        """
        live, missing_there = 0, list[str]()
        for key in live_source_keys(connection, self.stream, all_partitions=True):
            live += 1
            if key not in self._listed:
                missing_there.append(key)
        missing_records = len(missing_there)
        quarantined = quarantine.open_keys(connection, self.stream, all_partitions=True)
        missing_there = sorted({*missing_there, *(key for key in quarantined if key not in self._listed)})
        self.missing_there.add(missing_there)
        differences = (self.missing_there, self.missing_here, self.differing, self.other_owner)
        self.quarantined.add(sorted(key for key in quarantined if not any(key in keys for keys in differences)))
        return missing_there, missing_records, live

    @property
    def equal(self) -> int:
        """Return the number of items that are equal on both sides."""
        unequal = (self.differing, self.missing_here, self.other_owner, self.quarantined)
        return max(0, len(self._listed) - sum(map(len, unequal)))

    @property
    def is_equal(self) -> bool:
        """Whether both sides are equal. An item in quarantine is a known fault and not a difference."""
        differences = (self.differing, self.missing_here, self.missing_there, self.other_owner)
        return self.is_complete and not any(map(len, differences))

    @property
    def is_equal_but_for_owners(self) -> bool:
        """Whether both sides are equal now but for what other connections own, which a repair does not change."""
        own = (self.differing, self.missing_here, self.missing_there)
        return self.is_repaired or (self.is_complete and not any(map(len, own)))

    def as_document(self) -> Mapping[str, object]:
        """Return the comparison as a JSON-ready dictionary, without its reason."""
        kinds = {"differing": self.differing, "missing_here": self.missing_here, "gone_there": self.missing_there}
        kinds |= {"other_owner": self.other_owner}
        return {
            "record_type": self.stream.record_type,
            "whole": self.is_complete,
            "repaired": self.is_repaired,
            "equal": self.equal,
            "owners": dict(self.owners),
            **{name: keys.as_document() for name, keys in {**kinds, "in_quarantine": self.quarantined}.items()},
        }


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """Result of comparing the sources of one connection with the database."""

    connection: str
    """Name of the connection."""
    repair: bool
    """Whether differences were to be repaired."""
    comparisons: Sequence[Comparison]
    """One comparison for each source."""

    @property
    def outcome(self) -> RunStatus:
        """Return `DONE` if both sides are equal now, `PARTIAL` if they differ, `FAILED` if a listing is incomplete."""
        if not all(comparison.is_complete for comparison in self.comparisons):
            return RunStatus.FAILED
        is_equal = all(
            comparison.is_equal_but_for_owners and not len(comparison.other_owner) for comparison in self.comparisons
        )
        return RunStatus.DONE if is_equal else RunStatus.PARTIAL


class Reconciler:
    """Compares the sources of one connection with the database, and repairs differences unless it is a dry run."""

    def __init__(self, config: Config, run_context: RunContext, open_transport: ConnectionOpener) -> None:
        """Create the reconciler; no request is sent before `run`."""
        self._config = config
        # Faulty items are listed in the comparison, so their share does not fail the pull.
        self._run_context = replace(run_context, max_quarantined_share=1.0)
        self._open_transport = open_transport
        self.comparisons: list[Comparison] = []
        self.report_lines: list[ReportLine] = []

    def run(self, name: str, record_type: str | None) -> None:
        """Compare the sources of a connection, or only that of a record type; `comparisons` collects the results."""
        adapter, agency = self._config.adapter(name), self._config.connections[name].agency
        outage: Message | None = None
        with self._open_transport(name, adapter) as transport:
            for source in adapter.sources:
                source_type = source.record_type.record_type
                if record_type not in {None, source_type}:
                    continue
                stream = Stream(connection=name, record_type=source_type, agency=agency)
                comparison = Comparison(stream, self._run_context.write_context(source_type))
                self.comparisons.append(comparison)
                comparison.reason = outage
                if outage is None and self._compare_source(source, comparison, transport):
                    outage = comparison.reason

    def _compare_source(self, source: Source, comparison: Comparison, transport: Transport) -> bool:
        """Compare one source. True if its system cannot be reached, so that the other sources are skipped."""
        for partition in source.profile.partitions or (NO_PARTITION,):
            error = self._compare_partition(
                source, replace(comparison.stream, partition=partition), comparison, transport
            )
            if comparison.reason is not None:
                return is_unreachable(error)
        comparison.is_complete = True
        missing_there, missing_records, live = self._run_context.read(comparison.find_deleted)
        self._run_context.read(comparison.find_differing_claims)
        if self._run_context.dry_run:
            return False
        if missing_there:
            error, again = self._list_again(source, comparison, transport)
            if comparison.reason is not None:
                return is_unreachable(error)
            still_missing, missing_records, live = self._run_context.read(again.find_deleted)
            missing_there = sorted(set(missing_there).intersection(still_missing))
        self._repair(comparison, missing_there, missing_records, live)
        return False

    def _list_again(
        self, source: Source, comparison: Comparison, transport: Transport
    ) -> tuple[CchcError | None, Comparison]:
        """List a source a second time before anything is deleted: rows may have moved while it was read.

        Its pages are observed by a comparison of their own; if it cannot be listed, `comparison` gets the reason.
        """
        again = Comparison(comparison.stream, self._run_context.write_context(comparison.stream.record_type))
        for partition in source.profile.partitions or (NO_PARTITION,):
            error = self._compare_partition(source, replace(comparison.stream, partition=partition), again, transport)
            if again.reason is not None:
                comparison.reason = again.reason
                return error, again
        return None, again

    def _compare_partition(
        self, source: Source, stream: Stream, comparison: Comparison, transport: Transport
    ) -> CchcError | None:
        """Pull a partition completely, with the comparison as observer; return the error that ended it, if any."""
        pull = Pull(source, stream, transport, self._run_context, PullRange(everything=True, observer=comparison))
        line = ReportLine(
            kind="pull", name=stream.connection, record_type=stream.record_type, partition=stream.partition
        )
        self.report_lines.append(line)
        began_s, error = self._run_context.clock.monotonic(), None
        try:
            with adapter_boundary(connection=stream.connection, record_type=stream.record_type):
                pull.run()
        except Fatal:
            raise
        except CchcError as failure:
            error = failure
            line.outcome, comparison.reason = status_and_reason(failure)
            self._hold(stream, failure, source.profile.order)
        if error is None and pull.incomplete is not None:
            comparison.reason = Message(
                "reconcile.listing_incomplete", {"connection": stream.connection, "place": _stream_label(stream)}
            )
        line.counts, line.before, line.after, line.reason = pull.counts, pull.before, pull.after, comparison.reason
        line.seconds = self._run_context.clock.monotonic() - began_s
        return error

    def _hold(self, stream: Stream, failure: CchcError, order: ListingOrder) -> None:
        if not self._run_context.dry_run and not isinstance(failure, Stopped):
            now = self._run_context.clock.now()
            self._run_context.commit(lambda connection: hold(connection, stream, failure, now, order))

    def _repair(self, comparison: Comparison, missing_there: Sequence[str], missing_records: int, live: int) -> None:
        """Mark as deleted what the source no longer has; all other differences were written page by page."""
        stream, label = comparison.stream, _stream_label(comparison.stream)
        now = to_timestamp_text(self._run_context.clock.now())
        lately = self._run_context.read(lambda connection: deleted_lately(connection, stream, now))
        vanished = missing_records + lately
        is_accepted = stream.connection in self._run_context.accept_shrink
        if missing_records and not is_accepted and is_too_many(vanished, live + lately, MAX_DELETED_SHARE):
            context = {"connection": stream.connection, "place": label, "vanished": vanished, "live": live}
            comparison.reason = Message("reconcile.shrunk", context)
            return
        for start in range(0, len(missing_there), DELETION_BATCH_SIZE):
            self._delete(stream, PageBatch(deleted_keys=missing_there[start : start + DELETION_BATCH_SIZE]))
        if is_accepted:
            accepted_at = to_timestamp_text(self._run_context.clock.now())
            self._run_context.commit(lambda connection: accept_shrink(connection, stream, accepted_at))
        comparison.is_repaired = True

    def _delete(self, stream: Stream, batch: PageBatch) -> None:
        write_context = self._run_context.write_context(stream.record_type)
        counts = self._run_context.commit(lambda connection: write_page(connection, stream, batch, write_context))
        self.report_lines[-1].counts.add(counts)


def _stream_label(stream: Stream) -> str:
    return f"{stream.record_type} {stream.partition}".rstrip()
