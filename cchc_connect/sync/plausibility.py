"""Plausibility checks of a source's pages; a failure puts the source on hold and does not move its cursor."""

from datetime import timedelta

from cchc_connect.adapter import Page
from cchc_connect.clock import from_timestamp_text, to_timestamp_text
from cchc_connect.database.state.cursor import Cursor
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.version_order import EARLIEST_CHANGE_TIME
from cchc_connect.errors import SourceHeld
from cchc_connect.sync.change_detection import ClassifiedPage
from cchc_connect.sync.translation import TRANSLATION_FAILED

TIME_TOLERANCE = timedelta(days=1)
"""Tolerance of the filter check: a source may filter by whole days."""

MAX_PAGE_TOKEN_LENGTH = 8_000
"""Maximum length of a page token in characters."""

MIN_SUSPICIOUS = 5
"""So many records may always vanish, or be faulty, at once, however small the source is."""

MAX_DELETED_SHARE = 0.2
"""Maximum share of a source's records that may vanish at once; more indicates a broken listing."""


class PlausibilityCheck:
    """Plausibility checks over the pages of one pass."""

    def __init__(self, stream: Stream) -> None:
        """Start a pass over `stream`, with no page seen."""
        self.stream = stream
        self._error_context = {"connection": stream.connection, "record_type": stream.record_type}
        self._page_tokens: set[str] = set()

    def require_plausible(self, page: Page, classified: ClassifiedPage, cursor: Cursor) -> None:
        """Check one page. It must be called for every page of the pass, in order.

        Args:
            page: the page as the adapter returned it.
            classified: its items, classified.
            cursor: where the pass stood before this page.

        Raises:
            SourceHeld: the page is implausible; the code says why.
        """
        if page.next_page_token is not None:
            self._check_page_token(page.next_page_token, cursor)
        failed = classified.adapter_fault
        if failed is not None:
            code = "source.adapter_failed" if failed.rule == TRANSLATION_FAILED.rule else "source.program_failed"
            raise SourceHeld(code, error=failed.detail, **self._error_context)
        if cursor.pass_since is not None:
            oldest = min((time for time in classified.change_times if time >= EARLIEST_CHANGE_TIME), default=None)
            if oldest is not None and from_timestamp_text(oldest) < cursor.pass_since - TIME_TOLERANCE:
                raise SourceHeld(
                    "source.filter_ignored", since=to_timestamp_text(cursor.pass_since), **self._error_context
                )

    def _check_page_token(self, next_token: str, cursor: Cursor) -> None:
        if not next_token.isprintable() or len(next_token) > MAX_PAGE_TOKEN_LENGTH:
            raise SourceHeld("source.page_token_unusable", **self._error_context)
        if next_token in self._page_tokens or next_token == cursor.page_token:
            raise SourceHeld("source.paging_loop", **self._error_context)
        self._page_tokens.add(next_token)


def is_too_many(count: int, total: int, max_share: float) -> bool:
    """True if `count` out of `total` exceeds both `max_share` of it and the number that is always tolerated.

    >>> is_too_many(5, 6, max_share=0.2), is_too_many(6, 20, max_share=0.2), is_too_many(6, 40, max_share=0.2)
    (False, True, False)
    """
    return count > max(MIN_SUSPICIOUS, max_share * total)
