"""One key with two contents in one pass: an item that was edited meanwhile, or two items that bear one key.

The newer version by the own time of the source counts (`version_order`), else the one shown last. A content that stood
beside another one in an earlier run, without a time that tells them apart, is held back until the pass ends: if another
content of its key was shown again, both are there for good, and it goes into quarantine (`key_twice`); else it is
written. Where no content is suspicious this costs nothing.
"""

from collections import Counter, deque
from concurrent.futures import Future
from dataclasses import replace

from sqlalchemy import Connection

from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.incoming import IncomingRecord
from cchc_connect.database.writing.key_twice import content_key, contents_shown_twice, remember
from cchc_connect.database.writing.quarantine import KEY_TWICE, FaultyItem
from cchc_connect.sync.change_detection import ChangeDetector, ClassifiedPage, PageLookup
from cchc_connect.sync.pass_progress import Pass
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.translation import TranslatedItem
from cchc_connect.sync.worker_process import MAX_PENDING

PAGES_AHEAD = MAX_PENDING + 4
"""Pages that may be looked up before an earlier one is committed."""

MAX_REMEMBERED = 10_000
"""Contents that one pass remembers; more of them are found by the next runs."""


class TwiceShown:
    """The keys of one stream that passes of one run show with several contents."""

    def __init__(self, stream: Stream, run_context: RunContext, pull_range: PullRange) -> None:
        """Prepare; `load` reads what earlier runs found."""
        self._stream = stream
        self._run_context = run_context
        self._pull_range = pull_range
        self._suspicious: dict[str, bool] = {}
        self._held: dict[str, IncomingRecord] = {}
        self._written = deque[dict[str, bytes]](maxlen=PAGES_AHEAD)
        self._replaced: dict[str, bytes] = {}
        self._former = Counter[str]()
        self.former_keys: list[str] = []
        """Keys of the items of which the pass showed former versions alone."""

    def load(self, connection: Connection) -> None:
        """Read which contents stood beside another one before."""
        self._suspicious = contents_shown_twice(connection, self._stream)

    def begin_pass(self) -> None:
        """Start a pass: nothing of the one before counts."""
        self._held.clear()
        self._written.clear()
        self._former.clear()
        self.former_keys = []

    def refreshed(self, lookup: PageLookup, detector: ChangeDetector) -> PageLookup:
        """Return a lookup without those matches that an earlier page of this pass has overwritten since.

        A page is looked up while earlier ones are still being written.
        """
        if not any(self._written):
            return lookup
        stale = {
            index
            for index, match in enumerate(lookup.matches)
            if match is not None and self._is_overwritten(match.source_key, lookup.item_hashes[index])
        }
        if not stale:
            return lookup
        again = iter(detector.look_up([lookup.items[index] for index in sorted(stale)]).translations.result())
        translated, merged = iter(lookup.translations.result()), list[TranslatedItem]()
        for index, match in enumerate(lookup.matches):
            if match is None or index in stale:
                merged.append(next(again if index in stale else translated))
        translations = Future[list[TranslatedItem]]()
        translations.set_result(merged)
        matches = [None if index in stale else match for index, match in enumerate(lookup.matches)]
        return replace(lookup, matches=matches, translations=translations)

    def hold_back(self, classified: ClassifiedPage, state: Pass) -> None:
        """Take the suspicious contents out of a page; they count as faulty until the pass `state` ends."""
        is_complete = self._lists_all(state)  # a listing of changes need not show the other content
        self._former.update(classified.former)
        suspicious = [each for each in classified.records if self._is_suspicious(each, is_complete=is_complete)]
        if suspicious:
            keys = {incoming.source_key for incoming in suspicious}
            classified.records = [each for each in classified.records if each.source_key not in keys]
            classified.keys -= keys
            classified.still_faulty += len(suspicious)
            self._held.update((_content_key(incoming), incoming) for incoming in suspicious)
        self._written.append({incoming.source_key: incoming.item_hash for incoming in classified.records})

    def settle(self, last_page: ClassifiedPage, state: Pass) -> None:
        """Put each content that was held back where it belongs, with the last page of the pass.

        Args:
            last_page: the last page, which gets records and faulty items.
            state: the pass, which gets the keys of what was held back.
        """
        is_complete, seen = state.shows_everything and not self._pull_range.is_partial, state.seen
        for key, incoming in self._held.items():
            is_proven = bool(seen.times(incoming.source_key))
            is_record = not is_proven and (is_complete or not self._suspicious[key])
            state.seen.add((incoming.source_key if is_record else key,))
            if is_record:
                last_page.records.append(incoming)
                last_page.ended_keys.append(key)
            elif is_proven and not self._suspicious[key]:
                last_page.faulty.append(_faulty(key, incoming))
            else:
                continue
            last_page.carried += 1
        former = [key for key in self._former if not seen.times(key)]
        seen.add(former)
        state.completeness.recount(len(self._held) + len(former))
        self.former_keys = former if self._pull_range.moves_cursor else []

    def note_replaced(self, contents: dict[str, bytes]) -> None:
        """Note hash by source key of the versions that a page of this run replaced with other content."""
        if len(self._replaced) < MAX_REMEMBERED:
            self._replaced.update(contents)

    def remember(self) -> None:
        """Store which contents stood beside another one in this pass for the first time."""
        contents, self._replaced = self._replaced, {}
        new = {key: value for key, value in contents.items() if content_key(key, value) not in self._suspicious}
        if new:
            now = self._run_context.write_context(self._stream.record_type).now
            run_id = self._run_context.run_id
            self._run_context.commit(lambda connection: remember(connection, self._stream, new, run_id, now))

    def _lists_all(self, state: Pass) -> bool:
        return state.lists_all and not self._pull_range.is_partial

    def _is_overwritten(self, source_key: str, item_hash: bytes) -> bool:
        return any(written.get(source_key, item_hash) != item_hash for written in self._written)

    def _is_suspicious(self, incoming: IncomingRecord, *, is_complete: bool) -> bool:
        is_quarantined = self._suspicious.get(_content_key(incoming)) if self._suspicious else None
        return is_quarantined is not None and (is_quarantined or is_complete)


def _content_key(incoming: IncomingRecord) -> str:
    return content_key(incoming.source_key, incoming.item_hash)


def _faulty(key: str, incoming: IncomingRecord) -> FaultyItem:
    return FaultyItem(
        source_key=key,
        item_hash=incoming.item_hash,
        item=incoming.item,
        faults=(KEY_TWICE,),
        source_time=incoming.source_time,
    )
