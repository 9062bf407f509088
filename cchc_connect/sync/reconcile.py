"""Reconciliation: compares the complete listing of a source with the records in the database, and repairs differences.

Items are recognised by their hash, as in a pull; only the others are translated and compared with the stored records.
A repair is the same pass with its pages written by the one write path. Deletions are found here, after the last page
of the last partition, whatever delete detection the source's profile names.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from cchc_connect.adapter import Order, Source
from cchc_connect.config.file import Config
from cchc_connect.database.state.cursors import hold
from cchc_connect.database.stream import WHOLE, Stream
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.fingerprints import live_source_keys, words_of
from cchc_connect.database.writing.incoming import Occasion, SiftedPage
from cchc_connect.database.writing.merge_rules import decide, is_same
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.errors import CchcError, Fatal, Stopped
from cchc_connect.messages import Phrase
from cchc_connect.sync.change_detection import Sifted
from cchc_connect.sync.error_policy import adapter_border, answers_nobody, failed
from cchc_connect.sync.pass_progress import SeenKeys
from cchc_connect.sync.plausibility import MOST_VANISHED, is_too_many
from cchc_connect.sync.pull import Extent, Pull
from cchc_connect.sync.pull_jobs import Open
from cchc_connect.sync.report import Line, Outcome
from cchc_connect.sync.run_context import Scope
from cchc_connect.transport import Transport

MAX_SAMPLES = 20
"""Maximum number of source keys that are listed for each kind of difference."""

DELETION_BATCH_SIZE = 5000
"""Records marked as deleted in one transaction."""


class Keys:
    """The source keys of one kind of difference: their number, and the first ones as samples."""

    def __init__(self) -> None:
        """Create an empty set."""
        self._all = SeenKeys()
        self.samples: list[str] = []

    def add(self, keys: Iterable[str]) -> None:
        """Add keys; a key may be added more than once."""
        for key in keys:
            self._all.add((key,))
            if len(self.samples) < MAX_SAMPLES and key not in self.samples:
                self.samples.append(key)

    def __len__(self) -> int:
        """Return the number of different keys."""
        return len(self._all)

    def __contains__(self, key: str) -> bool:
        return key in self._all

    def as_document(self) -> Mapping[str, object]:
        """Return number and samples as a JSON-ready dictionary."""
        return {"number": len(self), "samples": self.samples}


class Comparison:
    """Comparison of one source with the database, as the observer of a pull of the complete source."""

    def __init__(self, stream: Stream, occasion: Occasion) -> None:
        """Start the comparison of `stream`; `occasion` holds the owners by which conflicts are resolved."""
        self.stream = stream
        self._occasion = occasion
        self._listed = SeenKeys()
        self.differing = Keys()
        """Items whose record differs from what the source lists."""
        self.missing = Keys()
        """Items that only the source has."""
        self.gone = Keys()
        """Items that only the database has."""
        self.quarantined = Keys()
        """Items that are in quarantine, or would be."""
        self.is_whole = False
        """Whether the source was listed completely."""
        self.is_repaired = False
        """Whether all differences were repaired."""
        self.reason: Phrase | None = None
        """Why the source could not be listed completely or repaired; None if it could."""

    def look(self, connection: Connection, stream: Stream, sifted: Sifted) -> None:
        """Compare a page with the stored records."""
        self._listed.add(sifted.keys)
        self.quarantined.add(item.source_key for item in sifted.faulty)
        if not sifted.arrivals:
            return
        stored = words_of(connection, stream, [arrival.source_key for arrival in sifted.arrivals])
        conflicts = decide(connection, stream, sifted.arrivals, self._occasion).conflicts
        conflicting_keys = {item.source_key for item in conflicts}
        self.quarantined.add(conflicting_keys)
        for arrival in sifted.arrivals:
            if arrival.source_key in conflicting_keys:
                continue
            if arrival.source_key not in stored:
                self.missing.add((arrival.source_key,))
            elif not is_same(stored[arrival.source_key], arrival.record.document):
                self.differing.add((arrival.source_key,))

    def judge(self, connection: Connection) -> tuple[list[str], int, int]:
        """Find what only the database has. Call it after the last page of the last partition.

        Returns:
            The keys that are missing at the source, how many of them are records and not quarantine entries, and the
            number of live records.
        """
        live, missing_there = 0, list[str]()
        for key in live_source_keys(connection, self.stream, whole=True):
            live += 1
            if key not in self._listed:
                missing_there.append(key)
        missing_records = len(missing_there)
        quarantined = quarantine.open_keys(connection, self.stream, whole=True)
        missing_there = sorted({*missing_there, *(key for key in quarantined if key not in self._listed)})
        self.gone.add(missing_there)
        differences = (self.gone, self.missing, self.differing)
        self.quarantined.add(sorted(key for key in quarantined if not any(key in keys for keys in differences)))
        return missing_there, missing_records, live

    @property
    def equal(self) -> int:
        """Return the number of items that are equal on both sides."""
        return max(0, len(self._listed) - len(self.differing) - len(self.missing) - len(self.quarantined))

    @property
    def agrees(self) -> bool:
        """Whether both sides are equal. An item in quarantine is a known fault and not a difference."""
        return self.is_whole and not (len(self.differing) or len(self.missing) or len(self.gone))

    def as_document(self) -> Mapping[str, object]:
        """Return the comparison as a JSON-ready dictionary, without its reason."""
        kinds = {"differing": self.differing, "missing_here": self.missing, "gone_there": self.gone}
        return {
            "record_type": self.stream.record_type,
            "whole": self.is_whole,
            "repaired": self.is_repaired,
            "equal": self.equal,
            **{name: keys.as_document() for name, keys in {**kinds, "in_quarantine": self.quarantined}.items()},
        }


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """Result of comparing the sources of one connection with the database."""

    connection: str
    """Name of the connection."""
    repair: bool
    """Whether differences were to be repaired."""
    sources: Sequence[Comparison]
    """One comparison for each source."""

    @property
    def outcome(self) -> Outcome:
        """Return `DONE` if both sides are equal now, `PARTIAL` if they differ, `FAILED` if a listing is incomplete."""
        if not all(comparison.is_whole for comparison in self.sources):
            return Outcome.FAILED
        is_equal = all(comparison.agrees or comparison.is_repaired for comparison in self.sources)
        return Outcome.DONE if is_equal else Outcome.PARTIAL


class Reconciling:
    """Compares the sources of one connection with the database, and repairs differences unless it is a dry run."""

    def __init__(self, config: Config, scope: Scope, open_transport: Open) -> None:
        """Create the reconciler; no request is sent before `run`."""
        self._config = config
        # Faulty items are listed in the comparison, so their share does not fail the pull.
        self._scope = replace(scope, most_quarantined=1.0)
        self._open = open_transport
        self.found: list[Comparison] = []
        self.lines: list[Line] = []

    def run(self, name: str, record_type: str | None) -> None:
        """Compare the sources of a connection, or only that of a record type; `found` collects the comparisons."""
        adapter, agency = self._config.adapter(name), self._config.connections[name].agency
        outage: Phrase | None = None
        with self._open(name, adapter) as transport:
            for source in adapter.sources:
                source_type = source.record_type.record_type
                if record_type not in {None, source_type}:
                    continue
                stream = Stream(connection=name, record_type=source_type, agency=agency)
                comparison = Comparison(stream, self._scope.occasion(source_type))
                self.found.append(comparison)
                comparison.reason = outage
                if outage is None and self._compare_source(source, comparison, transport):
                    outage = comparison.reason

    def _compare_source(self, source: Source, comparison: Comparison, transport: Transport) -> bool:
        """Compare one source. True if its system cannot be reached, so that the other sources are skipped."""
        for partition in source.profile.partitions or (WHOLE,):
            error = self._compare_partition(
                source, replace(comparison.stream, partition=partition), comparison, transport
            )
            if comparison.reason is not None:
                return answers_nobody(error)
        comparison.is_whole = True
        with self._scope.database.reading() as connection:
            missing_there, missing_records, live = comparison.judge(connection)
        if self._scope.keeps:
            self._repair(comparison, missing_there, missing_records, live)
        return False

    def _compare_partition(
        self, source: Source, stream: Stream, comparison: Comparison, transport: Transport
    ) -> CchcError | None:
        """Pull a partition completely, with the comparison as observer; return the error that ended it, if any."""
        pull = Pull(source, stream, transport, self._scope, Extent(everything=True, witness=comparison))
        line = Line(kind="pull", name=stream.connection, record_type=stream.record_type, partition=stream.partition)
        self.lines.append(line)
        began_s, error = self._scope.clock.monotonic(), None
        try:
            with adapter_border(connection=stream.connection, record_type=stream.record_type):
                pull.run()
        except Fatal:
            raise
        except CchcError as failure:
            error = failure
            line.outcome, comparison.reason = failed(failure)
            self._hold(stream, failure, source.profile.order)
        if error is None and pull.shows_fewer:
            comparison.reason = Phrase(
                "reconcile.listing_incomplete", {"connection": stream.connection, "place": _stream_label(stream)}
            )
        line.counts, line.before, line.after, line.reason = pull.counts, pull.before, pull.after, comparison.reason
        line.seconds = self._scope.clock.monotonic() - began_s
        return error

    def _hold(self, stream: Stream, failure: CchcError, order: Order) -> None:
        if self._scope.keeps and not isinstance(failure, Stopped):
            now = self._scope.clock.now()
            self._scope.commit(lambda connection: hold(connection, stream, failure, now, order))

    def _repair(self, comparison: Comparison, missing_there: Sequence[str], missing_records: int, live: int) -> None:
        """Mark as deleted what the source no longer has; all other differences were written page by page."""
        stream, label = comparison.stream, _stream_label(comparison.stream)
        if is_too_many(missing_records, live, MOST_VANISHED) and stream.connection not in self._scope.shrinking:
            context = {"connection": stream.connection, "place": label, "vanished": missing_records, "live": live}
            comparison.reason = Phrase("reconcile.shrunk", context)
            return
        for start in range(0, len(missing_there), DELETION_BATCH_SIZE):
            self._delete(stream, SiftedPage(gone=missing_there[start : start + DELETION_BATCH_SIZE]))
        comparison.is_repaired = True

    def _delete(self, stream: Stream, work: SiftedPage) -> None:
        occasion = self._scope.occasion(stream.record_type)
        counts = self._scope.commit(lambda connection: write_page(connection, stream, work, occasion))
        self.lines[-1].counts.add(counts)


def _stream_label(stream: Stream) -> str:
    return f"{stream.record_type} {stream.partition}".rstrip()
