"""Decides whether a pass showed the whole listing: the one place that compares what was shown with what was announced.

A pass is whole if the total that the source announced stayed the same on all its pages, if so many items were shown,
and if the source showed where its listing ends. Any other pass is *incomplete*: what it showed is kept, but nothing
is deleted and the watermark stays.

Some doubts end by themselves when the listing is read again: it moved while it was read. Others do not: it is cut off.
"""

from collections.abc import Collection

from cchc_connect.adapter import ListingEnd, Page
from cchc_connect.database.stream import Stream
from cchc_connect.errors import CchcError, SourceHeld
from cchc_connect.messages import Message
from cchc_connect.sync.change_detection import ClassifiedPage
from cchc_connect.sync.seen_keys import SeenKeys
from cchc_connect.sync.shown_pages import ShownPages

MAX_EMPTY_PAGES = 3
"""So many pages in a row that hold nothing, though the source links a next one, put it on hold."""

MAX_READINGS = 5
"""How often a run reads a listing that moves under it each time before the pass counts as incomplete."""

MOVED = frozenset({"source.total_changed", "source.fewer_than_counted", "source.end_repeated", "source.page_repeated"})
"""Reasons that may be due to changes at the source while it was read, so that another reading is worth it."""

BUSY = "source.total_changed"
"""The reason that a source which is edited often gives again and again, each time by new edits."""


class Completeness:
    """What one pass through a listing showed, and whether that is all of it."""

    def __init__(
        self, stream: Stream, seen: SeenKeys, *, shown_before: int | None = 0, ends_without_link: bool = False
    ) -> None:
        """Start a pass.

        Args:
            stream: the stream that is read.
            seen: the keys of the pass; the caller adds those of each page before `observe`.
            shown_before: number of items that the pass showed in earlier processes; None: unknown.
            ends_without_link: whether the connection says that a page without a link is the last one.
        """
        self._error_context = {"connection": stream.connection, "record_type": stream.record_type}
        self._seen = seen
        self._shown_before = shown_before
        self._ends_without_link = ends_without_link
        self._shown_twice = 0
        self._empty_pages = 0
        self._pages = ShownPages()
        self._deleted = SeenKeys()
        self._first_total: int | None = None
        self._total_changed = False
        self._is_probe = False
        self._repeats = False
        self._is_repeated_end = False
        self._end = ListingEnd.PROVEN
        self.total: int | None = None
        """Number of items in the listing as the source last announced it; None if it announced none."""
        self._limit_s: float | None = None

    @property
    def shown(self) -> int:
        """Return the number of items that the pass showed; one that came on two pages counts once."""
        return (self._shown_before or 0) + len(self._seen) + len(self._deleted) + self._shown_twice

    def observe(self, page: Page, classified: ClassifiedPage) -> bool:
        """Take in one page; call it for every page, in order. Return whether the pass ends with it.

        Raises:
            SourceHeld: a page comes twice, empty pages follow one another, or an empty listing is counted.
        """
        is_probe, self._is_probe = self._is_probe, page.next_is_probe
        self._observe_total(page)
        # One page is one moment at the source: an item that it holds twice is counted twice there.
        self._shown_twice += max(0, len(page.items) - len(classified.keys))
        if page.total_has_deleted:
            self._deleted.add(page.deleted_keys)
            self._shown_twice += len(page.deleted_keys) - len(set(page.deleted_keys))
        self._repeats = self._pages.is_repeated(page, classified.keys)
        self._is_repeated_end = self._repeats and not is_probe
        if self._repeats and is_probe:
            self._end = ListingEnd.UNPROVEN
            return True
        if page.next_page_token is None:
            if self.total and self.shown == 0 and self._shown_before is not None:
                raise SourceHeld("source.empty_but_counted", total=self.total, **self._error_context)
            self._end = ListingEnd.UNPROVEN if self._repeats else page.end
            return True
        if self._repeats:
            raise SourceHeld("source.page_repeated", **self._error_context)
        return self._is_end_by_count(page)

    def recount(self, number: int) -> None:
        """Note that `number` items that seemed to be shown twice are among the keys of the pass after all."""
        self._shown_twice -= number

    def cut_off(self, limit_s: float) -> None:
        """Note that the pass was left before its end, as it took longer than `limit_s` seconds."""
        self._limit_s = limit_s

    @property
    def incomplete(self) -> Message | None:
        """Return why the pass that ended does not show the whole listing; None if it does."""
        if self._limit_s is not None:
            return self._message("source.pass_too_long", limit_s=round(self._limit_s), shown=self.shown)
        if self._total_changed:
            return self._message("source.total_changed", first=self._first_total, last=self.total)
        is_counted = self.total is not None and self._shown_before is not None
        if self.total is not None and is_counted and self.shown < self.total:
            return self._message("source.fewer_than_counted", shown=self.shown, total=self.total)
        is_reached = is_counted and self.shown == self.total
        is_declared = self._ends_without_link and not self._is_repeated_end
        if self._end is ListingEnd.UNPROVEN and not is_reached and not is_declared:
            return self._message("source.end_repeated" if self._is_repeated_end else "source.end_unproven")
        return None

    @property
    def doubt(self) -> Message | None:
        """Return why the pass is incomplete, if changes at the source while it was read would explain that."""
        incomplete = self.incomplete
        return None if incomplete is None or incomplete.code not in MOVED else incomplete

    def _message(self, code: str, **context: object) -> Message:
        return Message(code, {**self._error_context, **context})

    def _observe_total(self, page: Page) -> None:
        if page.total is None:
            return
        self._first_total = page.total if self._first_total is None else self._first_total
        self.total = page.total
        self._total_changed |= page.total != self._first_total

    def _is_end_by_count(self, page: Page) -> bool:
        """Return whether a page that links a next one is the end all the same: it is empty, and all items were shown.

        Raises:
            SourceHeld: too many empty pages follow one another.
        """
        if page.items or page.deleted_keys or page.ends_part:
            self._empty_pages = 0
            return False
        self._empty_pages += 1
        if self.total is not None and self.shown >= self.total:
            return True
        if self._empty_pages >= MAX_EMPTY_PAGES:
            raise SourceHeld("source.empty_pages", number=self._empty_pages, **self._error_context)
        return False


class Rereading:
    """Decides whether a listing is read again in the same run: not too often, and not for a doubt that stays."""

    def __init__(self, stored_codes: Collection[str] = ()) -> None:
        """Start a run; `stored_codes` are those of the doubts that the last run left with the stream."""
        self._lasting = frozenset(stored_codes) - {BUSY}
        self._doubts = set[str]()
        self._readings = 1

    def may_end(self, doubt: Message | CchcError | None) -> bool:
        """Return whether another reading may end the doubt that the last one left; None: it left none."""
        if doubt is None or doubt.code not in MOVED or doubt.code in self._lasting or self._readings == MAX_READINGS:
            return False
        self._readings += 1
        same = f"{doubt.code} {doubt.context}"
        is_new = same not in self._doubts
        self._doubts.add(same)
        return is_new
