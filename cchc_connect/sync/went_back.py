"""Evidence that a source went back: it was restored from a backup, or reset, and perhaps edited since.

There are three kinds of it:

* A source that was asked for the changes since an instant lists nothing as late as the watermark.
* It leaves out items that are known to have changed since that instant. An item that was edited again moves to a later
  time and is listed; rows that moved between two pages are found by a second look.
* It shows a version older than the stored one, and no newer one beside it, in two passes one after the other. The first
  pass marks the item (`version_order.SHOWN_OLDER`); the second one lists everything and takes what the source shows.

After the first two everything is compared, and what the source shows counts, also if it is older. An item that the
source shows nowhere is marked, so that it is no evidence again; a source whose listing shows deletions needs that not.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection

from cchc_connect.adapter import DeleteDetection
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.state.cursor import Cursor
from cchc_connect.database.state.cursors import write_cursor
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.version_order import keys_shown_older, keys_to_be_listed, mark_unshown
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.seen_keys import SeenKeys

if TYPE_CHECKING:
    from cchc_connect.sync.pass_progress import Pass

log = logging.getLogger("cchc_connect.sync")

MAX_EVIDENCE = 10_000
"""Keys that one pass keeps as evidence. If there are more, those suffice."""


@dataclass(frozen=True)
class ShownElsewhere:
    """The keys of which the pass showed a version on another page too."""

    seen: SeenKeys

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.seen.times(key) > 1


@dataclass
class OlderVersions:
    """Versions of one pass that are older than the stored ones and were not written."""

    pages: Counter[str] = field(default_factory=Counter[str])
    """Source key -> number of pages that showed such a version."""
    hashes: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Source key -> hash of the version that was shown last."""

    def add(self, outdated: Mapping[str, bytes]) -> None:
        """Add the outdated items of one page: source key -> hash."""
        if not self.are_many:
            self.pages.update(outdated.keys())
            self.hashes.update(outdated)

    @property
    def are_many(self) -> bool:
        """Whether there are so many that nothing but the source's past explains them."""
        return len(self.pages) >= MAX_EVIDENCE

    def unexplained(self, seen: SeenKeys) -> Mapping[str, bytes]:
        """Return key and hash of those of which the pass showed no other version; `seen` are the keys of its pages."""
        return {key: self.hashes[key] for key, pages in self.pages.items() if seen.times(key) <= pages}


class Reader(Protocol):
    """Runs one pass."""

    def __call__(self, cursor: Cursor, *, source_went_back: bool = False) -> "Pass":
        """Run a pass from `cursor` on; with `source_went_back` what it shows counts, also if it is older."""
        ...


class KnownItems:
    """The items of one stream that the database knows, compared with what passes showed."""

    def __init__(self, stream: Stream, run_context: RunContext) -> None:
        """Read and mark the items of `stream` in the database of a run."""
        self._stream = stream
        self._run_context = run_context
        self.shown_older: Sequence[str] = ()
        """Keys of the items of which the last run showed an older version: a complete listing says what they are."""
        self.unlisted = 0
        """Known items that the source's list of changes leaves out, though a complete listing shows them."""

    def load(self, connection: Connection) -> None:
        """Read of which items the last run showed an older version."""
        self.shown_older = keys_shown_older(connection, self._stream)

    def follow(self, state: "Pass", read: Reader, deletes: DeleteDetection) -> "Pass":
        """Compare everything if the pass `state` shows that the source went back; return the last pass.

        `read` runs a pass from a cursor on; `deletes` is how the source shows deletions.
        """
        if state.is_resumed or state.completeness.incomplete is not None:
            return state
        start = state.initial_cursor
        missing = self.left_out(start, state.seen)
        if (missing or state.is_behind_watermark) and state.pages > 1:
            state = read(start)  # rows may have moved between two pages
            missing = {key for key in missing if key not in state.seen}
        if missing or state.is_behind_watermark or state.older.are_many:
            log.warning(
                "%(connection)s: %(record_type)s does not list what it should since its watermark; "
                "everything is compared",
                {"connection": self._stream.connection, "record_type": self._stream.record_type},
            )
            # If the comparison is held or cut off, the next run must find the same evidence.
            self._run_context.commit(lambda connection: write_cursor(connection, self._stream, start))
            state = read(
                Cursor(watermark=start.watermark, translation_key=start.translation_key), source_went_back=True
            )
            if state.completeness.incomplete is not None:
                return state
            self.unlisted = self.settle(missing, start, state.seen, deletes)
        self.mark_unshown(state.older.unexplained(state.seen))
        if state.initial_cursor.pass_since is None:
            self.mark_unshown(dict.fromkeys(key for key in self.shown_older if key not in state.seen))
        return state

    def left_out(self, start: Cursor, seen: SeenKeys) -> set[str]:
        """Return the known items that a complete pass over the changes from `start` on should have listed and did not.

        `seen` are the keys of all its pages.
        """
        if start.pass_since is None or start.watermark is None:
            return set()
        since = to_timestamp_text(start.pass_since)

        def missing(connection: Connection) -> set[str]:
            listed = keys_to_be_listed(connection, self._stream, since)
            return set(islice((key for key in listed if key not in seen), MAX_EVIDENCE))

        return self._run_context.read(missing)

    def settle(self, missing: set[str], start: Cursor, seen: SeenKeys, deletes: DeleteDetection) -> int:
        """Mark those of the missing items that are gone; return how many the source's listing of changes leaves out.

        `seen` are the keys of the pass that compared everything. A source whose complete listing shows deletions needs
        no marks.
        """
        still_known = self.left_out(start, SeenKeys()) & missing if missing else set[str]()
        gone = [key for key in still_known if key not in seen]
        if deletes is not DeleteDetection.ABSENCE:
            self.mark_unshown(dict.fromkeys(gone))
        return len(still_known) - len(gone)

    def mark_unshown(self, shown: Mapping[str, bytes | None]) -> None:
        """Store that a pass did not show the stored versions of items, but an older one (its hash) or none."""
        if shown:
            self._run_context.commit(lambda connection: mark_unshown(connection, self._stream, shown))
