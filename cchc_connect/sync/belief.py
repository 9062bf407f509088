"""What an honest source never answers: each finding stops the source, loudly, and moves nothing."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from cchc_connect.adapter import Page
from cchc_connect.clock import Clock
from cchc_connect.database.cursors import Cursor
from cchc_connect.database.instants import instant, stamp
from cchc_connect.database.stream import Stream
from cchc_connect.errors import SourceHeld
from cchc_connect.sync.sift import Sifted

EARLIEST = stamp(datetime(1900, 1, 1, tzinfo=UTC))
"""What a source dates earlier says "no date"."""

FILTER_GRAIN = timedelta(days=1)
"""A source may filter by whole days; what is older than that shows that it did not filter at all."""

LONGEST_POSITION = 8_000
"""Characters; so long is no address of a next page."""

FEW = 5
"""So few records may vanish, or be faulty, at once from any source, however small."""

MOST_VANISHED = 0.2
"""Share of a source's records that may vanish at once; more looks like a broken listing."""


class Belief:
    """What one pass has seen so far, as far as it tells an honest listing from another."""

    def __init__(self, stream: Stream, clock: Clock) -> None:
        """Begin with nothing seen."""
        self._name = {"connection": stream.connection, "record_type": stream.record_type}
        self._clock = clock
        self._positions: set[str] = set()
        self._pages: set[bytes] = set()
        self._total: int | None = None
        self._seen_any = False

    @property
    def total(self) -> int | None:
        """Return how many items the source says it has, where it said so."""
        return self._total

    def check(self, page: Page, sifted: Sifted, cursor: Cursor, *, is_resumed: bool) -> None:
        """Stop at what no honest source answers.

        Raises:
            SourceHeld: the page cannot be believed; its code says why.
        """
        self._total = page.total if page.total is not None else self._total
        if page.next is not None:
            self._check_way(page.next, sifted, cursor)
        if sifted.is_unreadable:
            raise SourceHeld("source.adapter_failed", error="translate", **self._name)
        if page.next is None and self._total and not page.items and not self._seen_any and not is_resumed:
            raise SourceHeld("source.empty_but_counted", total=self._total, **self._name)
        self._seen_any = self._seen_any or bool(sifted.keys)
        if cursor.since is not None:
            oldest = min(self.credible(sifted.times), default=None)
            if oldest is not None and instant(oldest) < cursor.since - FILTER_GRAIN:
                raise SourceHeld("source.filter_ignored", since=stamp(cursor.since), **self._name)

    def _check_way(self, following: str, sifted: Sifted, cursor: Cursor) -> None:
        if not following.isprintable() or len(following) > LONGEST_POSITION:
            raise SourceHeld("source.page_token_unusable", **self._name)
        if following in self._positions or following == cursor.position:
            raise SourceHeld("source.paging_loop", **self._name)
        self._positions.add(following)
        if sifted.keys:
            shown = hashlib.blake2b("\n".join(sorted(sifted.keys)).encode(), digest_size=16).digest()
            if shown in self._pages:
                raise SourceHeld("source.page_repeated", **self._name)
            self._pages.add(shown)

    def credible(self, times: Iterable[str]) -> Iterator[str]:
        """Yield the change times that can be: one in the future would end all later pulls without a word."""
        latest = stamp(self._clock.now() + FILTER_GRAIN)
        return (moment for moment in times if EARLIEST <= moment <= latest)


def is_too_many(part: int, whole: int, most: float) -> bool:
    """Say whether `part` of `whole` is more than a share that is believed.

    >>> is_too_many(5, 6, most=0.2), is_too_many(6, 20, most=0.2), is_too_many(6, 40, most=0.2)
    (False, True, False)
    """
    return part > max(FEW, most * whole)
