"""Both sides compared: what a source lists whole, beside what the database has of it.

Items are recognised by their hash, as in a pull; only those that are not are read and compared with what was
kept of them. A repair is the same pass with its pages written by the one write path. What is gone is judged
here, after the last page of the last partition, whatever the source's profile says of deletes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from cchc_connect.adapter import Order, Source
from cchc_connect.config import Config
from cchc_connect.database import quarantine
from cchc_connect.database.arrivals import Occasion, SiftedPage
from cchc_connect.database.cursors import hold
from cchc_connect.database.decisions import decide, is_same
from cchc_connect.database.known_items import live_source_keys, words_of
from cchc_connect.database.stream import WHOLE, Stream
from cchc_connect.database.writer import write_page
from cchc_connect.errors import CchcError, Fatal, Stopped
from cchc_connect.messages import Phrase
from cchc_connect.sync.belief import MOST_VANISHED, is_too_many
from cchc_connect.sync.border import adapter_border
from cchc_connect.sync.failing import answers_nobody, failed
from cchc_connect.sync.pull import Extent, Pull
from cchc_connect.sync.pulling import Open
from cchc_connect.sync.report import Line, Outcome
from cchc_connect.sync.scope import Scope
from cchc_connect.sync.seen import SeenKeys
from cchc_connect.sync.sift import Sifted
from cchc_connect.transport import Transport

SAMPLES = 20
"""So many source keys are shown of each kind of difference."""

GONE_AT_ONCE = 5000
"""Items marked as gone in one transaction."""


class Keys:
    """Source keys of one kind: how many, and the first of them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._all = SeenKeys()
        self.samples: list[str] = []

    def add(self, keys: Iterable[str]) -> None:
        """Take note of keys; one may come more than once."""
        for key in keys:
            self._all.add((key,))
            if len(self.samples) < SAMPLES and key not in self.samples:
                self.samples.append(key)

    def __len__(self) -> int:
        """Return how many different keys there are."""
        return len(self._all)

    def __contains__(self, key: str) -> bool:
        return key in self._all

    def as_document(self) -> Mapping[str, object]:
        """Return number and samples, JSON-ready."""
        return {"number": len(self), "samples": self.samples}


class Comparison:
    """One source beside the database; it is shown every page of the source."""

    def __init__(self, stream: Stream, occasion: Occasion) -> None:
        """Begin with nothing listed."""
        self.stream = stream
        self._occasion = occasion
        self._listed = SeenKeys()
        self.differing = Keys()
        """Items that are here and say something else at the source."""
        self.missing = Keys()
        """Items that are at the source only."""
        self.gone = Keys()
        """Items that are here only."""
        self.quarantined = Keys()
        """Items that are here as quarantine entries, or would be."""
        self.is_whole = False
        """Was everything listed?"""
        self.is_repaired = False
        """Was everything put right?"""
        self.reason: Phrase | None = None
        """What kept the source from being read whole or put right."""

    def look(self, connection: Connection, stream: Stream, sifted: Sifted) -> None:
        """Compare a page with what is in the database."""
        self._listed.add(sifted.keys)
        self.quarantined.add(item.source_key for item in sifted.faulty)
        if not sifted.arrivals:
            return
        here = words_of(connection, stream, [arrival.source_key for arrival in sifted.arrivals])
        conflicts = decide(connection, stream, sifted.arrivals, self._occasion).conflicts
        taken = {item.source_key for item in conflicts}
        self.quarantined.add(taken)
        for arrival in sifted.arrivals:
            if arrival.source_key in taken:
                continue
            if arrival.source_key not in here:
                self.missing.add((arrival.source_key,))
            elif not is_same(here[arrival.source_key], arrival.record.document):
                self.differing.add((arrival.source_key,))

    def judge(self, connection: Connection) -> tuple[list[str], int, int]:
        """Find what is here only; return it, how many of it are no quarantine entries, and how many items are here."""
        live, gone = 0, list[str]()
        for key in live_source_keys(connection, self.stream, whole=True):
            live += 1
            if key not in self._listed:
                gone.append(key)
        lost = len(gone)
        waiting = quarantine.open_keys(connection, self.stream, whole=True)
        gone = sorted({*gone, *(key for key in waiting if key not in self._listed)})
        self.gone.add(gone)
        told = (self.gone, self.missing, self.differing)
        self.quarantined.add(sorted(key for key in waiting if not any(key in keys for keys in told)))
        return gone, lost, live

    @property
    def equal(self) -> int:
        """Return how many items are the same on both sides."""
        return max(0, len(self._listed) - len(self.differing) - len(self.missing) - len(self.quarantined))

    @property
    def agrees(self) -> bool:
        """Say whether both sides hold the same; what waits in quarantine is known and no difference."""
        return self.is_whole and not (len(self.differing) or len(self.missing) or len(self.gone))

    def as_document(self) -> Mapping[str, object]:
        """Return it, JSON-ready, without its reason."""
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
    """What comparing one connection's sources came to."""

    connection: str
    repair: bool
    sources: Sequence[Comparison]

    @property
    def outcome(self) -> Outcome:
        """Return `DONE` where both sides agree now, `PARTIAL` where they differ, `FAILED` where nobody can know."""
        if not all(one.is_whole for one in self.sources):
            return Outcome.FAILED
        settled = all(one.agrees or one.is_repaired for one in self.sources)
        return Outcome.DONE if settled else Outcome.PARTIAL


class Reconciling:
    """Compares one connection's sources, and puts them right in a run that keeps what it writes."""

    def __init__(self, config: Config, scope: Scope, open_transport: Open) -> None:
        """Prepare; nothing is asked before `run`."""
        self._config = config
        # That much is faulty is told here with all the rest.
        self._scope = replace(scope, most_quarantined=1.0)
        self._open = open_transport
        self.found: list[Comparison] = []
        self.lines: list[Line] = []

    def run(self, name: str, record_type: str | None) -> None:
        """Compare the sources of a connection, or the one of a record type; `found` tells what came of each."""
        adapter, agency = self._config.adapter(name), self._config.connections[name].agency
        outage: Phrase | None = None
        with self._open(name, adapter) as transport:
            for source in adapter.sources:
                kind = source.record_type.record_type
                if record_type not in {None, kind}:
                    continue
                stream = Stream(connection=name, record_type=kind, agency=agency)
                one = Comparison(stream, self._scope.occasion(kind))
                self.found.append(one)
                one.reason = outage
                if outage is None and self._is_unreachable(source, one, transport):
                    outage = one.reason

    def _is_unreachable(self, source: Source, one: Comparison, transport: Transport) -> bool:
        """Compare one source; say whether its system cannot be reached, so that nobody asks it more."""
        for partition in source.profile.partitions or (WHOLE,):
            error = self._read(source, replace(one.stream, partition=partition), one, transport)
            if one.reason is not None:
                return answers_nobody(error)
        one.is_whole = True
        with self._scope.database.reading() as connection:
            gone, lost, live = one.judge(connection)
        if self._scope.keeps:
            self._put_right(one, gone, lost, live)
        return False

    def _read(self, source: Source, stream: Stream, one: Comparison, transport: Transport) -> CchcError | None:
        """Pull a partition whole, with the comparison as witness."""
        pull = Pull(source, stream, transport, self._scope, Extent(everything=True, witness=one))
        line = Line(kind="pull", name=stream.connection, record_type=stream.record_type, partition=stream.partition)
        self.lines.append(line)
        began, error = self._scope.clock.monotonic(), None
        try:
            with adapter_border(connection=stream.connection, record_type=stream.record_type):
                pull.run()
        except Fatal:
            raise
        except CchcError as failure:
            error = failure
            line.outcome, one.reason = failed(failure)
            self._hold(stream, failure, source.profile.order)
        if error is None and pull.shows_fewer:
            one.reason = Phrase(
                "reconcile.listing_incomplete", {"connection": stream.connection, "place": _place(stream)}
            )
        line.counts, line.before, line.after, line.reason = pull.counts, pull.before, pull.after, one.reason
        line.seconds = self._scope.clock.monotonic() - began
        return error

    def _hold(self, stream: Stream, failure: CchcError, order: Order) -> None:
        if self._scope.keeps and not isinstance(failure, Stopped):
            now = self._scope.clock.now()
            self._scope.commit(lambda connection: hold(connection, stream, failure, now, order))

    def _put_right(self, one: Comparison, gone: Sequence[str], lost: int, live: int) -> None:
        """Mark as gone what the source does not have any more; all else was written page by page."""
        stream = one.stream
        if is_too_many(lost, live, MOST_VANISHED) and stream.connection not in self._scope.shrinking:
            told = {"connection": stream.connection, "place": _place(stream), "vanished": lost, "live": live}
            one.reason = Phrase("reconcile.shrunk", told)
            return
        for start in range(0, len(gone), GONE_AT_ONCE):
            self._mark_as_gone(stream, SiftedPage(gone=gone[start : start + GONE_AT_ONCE]))
        one.is_repaired = True

    def _mark_as_gone(self, stream: Stream, work: SiftedPage) -> None:
        occasion = self._scope.occasion(stream.record_type)
        counted = self._scope.commit(lambda connection: write_page(connection, stream, work, occasion))
        self.lines[-1].counts.add(counted)


def _place(stream: Stream) -> str:
    return f"{stream.record_type} {stream.partition}".rstrip()
