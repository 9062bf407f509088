"""Absences: what complete listings of one stream lack, and which of it may be deleted.

An item is deleted when the complete listings of two runs lack it, or when the source says, asked by its key, that it
does not have it. One listing alone is no proof: rows move while it is read, and caches answer for the source. Nor are
two listings of the same state (`Page.snapshot`): a file that is read twice lacks the same items twice.

So many may be missing at most, over all partitions of a connection and record type and with what was deleted in the
last day, as `MAX_DELETED_SHARE` says. Tombstones are not limited: each names one item that the source itself deleted.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from cchc_connect.adapter import DeleteDetection, Page, Source, SourceProfile
from cchc_connect.clock import from_timestamp_text, to_timestamp_text
from cchc_connect.database.state.cursors import accept_shrink, shrink_accepted_at
from cchc_connect.database.stream import NO_PARTITION, Stream
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.absences import (
    absences_of_snapshot,
    deleted_items,
    live_items,
    missing_elsewhere,
    remove_absences,
    store_absences,
    stored_absences,
)
from cchc_connect.database.writing.fingerprints import live_source_keys
from cchc_connect.database.writing.incoming import MOVED_KEY
from cchc_connect.sync.adapter_calls import lacks_item
from cchc_connect.sync.change_detection import ClassifiedPage
from cchc_connect.sync.pass_progress import Pass
from cchc_connect.sync.plausibility import MAX_DELETED_SHARE, is_too_many
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.seen_keys import SeenKeys
from cchc_connect.sync.translation import is_storable_key
from cchc_connect.transport import Transport

MAX_KEY_QUESTIONS = 20
"""Missing items for which a source that answers by key is asked in one pass; the others wait for the next listing."""

DELETION_WINDOW = timedelta(days=1)
"""How long a deletion counts towards the limit on deletions."""


@dataclass(frozen=True, kw_only=True)
class Deletions:
    """What a complete listing lacks: the keys to be deleted now, and how many others wait or are too many."""

    keys: tuple[str, ...] = ()
    waiting: int = 0
    """Number of records that the next complete listing must lack too before they are deleted."""
    too_many: int = 0
    """Number of missing and lately deleted records if they are too many; then `keys` is empty."""
    live: int = 0
    """Number of live records of the connection and record type, if `too_many`."""


class Absences:
    """The absences of one stream in one run."""

    def __init__(self, stream: Stream, profile: SourceProfile, run_context: RunContext, pull_range: PullRange) -> None:
        """Create it without stored absences.

        Args:
            stream: the stream that is read.
            profile: the profile of its source.
            run_context: context of the run; it says for which connections any number may be deleted.
            pull_range: what is pulled of it.
        """
        self._stream = stream
        self._profile = profile
        self._accepts_shrink = stream.connection in run_context.accept_shrink
        self._shows_all = not pull_range.is_partial and pull_range.observer is None
        self.noticed: dict[str, str] = {}
        """Items that a complete listing of an earlier run lacked: source key -> when (UTC, as stored)."""
        self._answered = frozenset[str]()

    def load(self, connection: Connection) -> None:
        """Read what earlier runs noticed."""
        if self._profile.deletes is DeleteDetection.ABSENCE:
            self.noticed = stored_absences(connection, self._stream)

    def are_shown_by(self, state: Pass) -> bool:
        """Whether a pass that ended shows which items are deleted: the complete listing of a source that tells it so.

        A pass that was limited to changes or to a part, or was resumed, is not complete. An observer finds deletions
        itself.
        """
        return self._profile.deletes is DeleteDetection.ABSENCE and self._shows_all and state.shows_everything

    def ask(self, run_context: RunContext, transport: Transport, source: Source, state: Pass) -> None:
        """Ask a source that answers by key for items that its listing lacks for the first time."""
        missing = run_context.read(lambda connection: self.missing(connection, state.seen))
        first_missing = [key for key in missing if key not in self.noticed][:MAX_KEY_QUESTIONS]
        self._answered = frozenset(key for key in first_missing if lacks_item(transport, source, self._stream, key))

    def listed_again(self, keys: Collection[str]) -> list[str]:
        """Return those of a page's keys that an earlier listing lacked."""
        return list(self.noticed.keys() & keys)

    def missing(self, connection: Connection, seen: SeenKeys) -> list[str]:
        """Return the sorted keys of the stream's live items that a complete listing lacks.

        An item that moved to another partition and is faulty there is not missing. A record whose source key moved on
        ends with the pass (`MovedKeys`).
        """
        faulty_here = quarantine.open_keys(connection, self._stream)
        faulty_elsewhere = quarantine.open_keys(connection, self._stream, all_partitions=True) - faulty_here
        live_keys = live_source_keys(connection, self._stream)
        unseen = {key for key in live_keys if key not in seen and key not in faulty_elsewhere}
        return sorted(key for key in unseen if not key.startswith(MOVED_KEY))

    def judge(self, connection: Connection, state: Pass, now: str) -> Deletions:
        """Decide what is deleted after a complete listing, and store what waits for the next one.

        Args:
            connection: an open transaction.
            state: the pass that showed the listing.
            now: the instant of the write, UTC, as stored.
        """
        seen, snapshot = state.seen, state.snapshot
        missing = self.missing(connection, seen)
        deletions = self._within_limit(connection, missing, now) if missing else Deletions()
        same = absences_of_snapshot(connection, self._stream, snapshot) if snapshot else set[str]()
        confirmed = {key for key in missing if (key in self.noticed and key not in same) or key in self._answered}
        deleted = set[str]() if deletions.too_many else confirmed
        waiting = [key for key in missing if key not in deleted]
        self._store(connection, waiting, now, snapshot)
        if deletions.too_many:
            return deletions
        unproven = set(waiting)
        faulty = quarantine.open_keys(connection, self._stream)
        faulty_only = {key for key in faulty if key not in seen and key not in unproven}
        return Deletions(keys=tuple(sorted(deleted | faulty_only)), waiting=len(waiting))

    def _within_limit(self, connection: Connection, missing: Iterable[str], now: str) -> Deletions:
        """Return what is too many, if it is; what an operator accepted does not count."""
        accepted_at = shrink_accepted_at(connection, self._stream) or ""
        accepted = {key for key, noticed_at in self.noticed.items() if noticed_at <= accepted_at}
        if self._accepts_shrink:
            accept_shrink(connection, self._stream, now)
            return Deletions()
        partitions = self._profile.partitions or (NO_PARTITION,)
        elsewhere = missing_elsewhere(connection, self._stream, partitions, accepted_at)
        lately = deleted_lately(connection, self._stream, now)
        vanished = len([key for key in missing if key not in accepted]) + elsewhere + lately
        live = live_items(connection, self._stream)
        if is_too_many(vanished, live + lately, MAX_DELETED_SHARE):
            return Deletions(too_many=vanished, live=live)
        if accepted.intersection(missing):  # they are deleted now, and count no longer
            accept_shrink(connection, self._stream, now)
        return Deletions()

    def _store(self, connection: Connection, waiting: Collection[str], now: str, snapshot: str) -> None:
        """Make the stored absences those that wait; one that waited already keeps its time."""
        still_waiting = set(waiting)
        remove_absences(connection, self._stream, [key for key in self.noticed if key not in still_waiting])
        first_missing = [key for key in waiting if key not in self.noticed]
        store_absences(connection, self._stream, first_missing, now, snapshot)


def tombstones(page: Page, classified: ClassifiedPage, pull_range: PullRange) -> list[str]:
    """Return the page's tombstones, without keys that it lists and keys that are not requested."""
    return [
        key
        for key in page.deleted_keys
        if key not in classified.keys and pull_range.key in {None, key} and is_storable_key(key)
    ]


def deleted_lately(connection: Connection, stream: Stream, now: str) -> int:
    """Return how many records of a connection and record type were deleted in the last day.

    What an operator accepted does not count. `now` is the instant of the write, UTC, as stored.
    """
    window_start = to_timestamp_text(from_timestamp_text(now) - DELETION_WINDOW)
    return deleted_items(connection, stream, max(window_start, shrink_accepted_at(connection, stream) or ""))
