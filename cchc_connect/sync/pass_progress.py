"""Progress of one pass: its state, its committed pages, and its safe watermark.

Safe watermark: the latest change time is not safe. While a pass reads its pages, an item on a page that it has already
read may change, and a later page may show an even later change: a next pull from there would miss the first one. So the
duration of the pass is subtracted. If the pass was resumed after a crash, its duration is unknown, and only the latest
change time of the first page counts. A source that lists the oldest change first lists such an item again at its end.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cchc_connect.adapter import ListingOrder, Page
from cchc_connect.clock import Clock
from cchc_connect.config.quality import QualityTable, Severity
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.cursor import Cursor
from cchc_connect.database.writing.incoming import IncomingRecord
from cchc_connect.sync.asking import Asked, Asking, PageTimes, time_counters
from cchc_connect.sync.change_detection import ClassifiedPage
from cchc_connect.sync.completeness import Completeness
from cchc_connect.sync.plausibility import PlausibilityCheck
from cchc_connect.sync.seen_keys import SeenKeys
from cchc_connect.sync.translation import without_indexes
from cchc_connect.sync.went_back import OlderVersions


class Pass:
    """State of one pass through the pages of a source."""

    def __init__(
        self,
        cursor: Cursor,
        plausibility: PlausibilityCheck,
        order: ListingOrder,
        clock: Clock,
        *,
        ends_without_link: bool = False,
        source_went_back: bool = False,
    ) -> None:
        """Start at `cursor`.

        Args:
            cursor: where the pass begins.
            plausibility: checks of the stream's pages.
            order: order in which the source lists changes.
            clock: our own clock.
            ends_without_link: whether the connection says that a page without a link is the last one.
            source_went_back: whether what the source shows counts, also if it is older than what is stored.
        """
        self.initial_cursor = cursor
        self.cursor = cursor
        self.plausibility = plausibility
        self.asking = Asking(clock)
        self.seen = SeenKeys()
        self.older = OlderVersions()
        self.pages = 0
        self.snapshot = ""
        """State of the listing by the last page (`Page.snapshot`)."""
        self.source_went_back = source_went_back
        self.is_resumed = cursor.page_token is not None
        shown_before = (cursor.pass_shown or None) if self.is_resumed else 0
        self.completeness = Completeness(
            plausibility.stream, self.seen, shown_before=shown_before, ends_without_link=ends_without_link
        )
        self.began_s = clock.monotonic()
        self.watermark_tracker = WatermarkTracker(
            order, self.began_s, is_resumed=self.is_resumed, checkpoint=cursor.checkpoint
        )

    @property
    def shows_everything(self) -> bool:
        """Whether the pass, after its end, showed every item of the stream: it asked for all, and is whole."""
        return self.lists_all and self.completeness.incomplete is None

    def is_too_long(self, now_s: float, limit_s: float) -> bool:
        """Whether the pass took `limit_s` or longer; then it is incomplete, and the next run continues it."""
        if now_s - self.began_s < limit_s:
            return False
        self.completeness.cut_off(limit_s)
        return True

    @property
    def lists_all(self) -> bool:
        """Whether the pass lists everything from the first page on, and not only what changed."""
        return self.initial_cursor.pass_since is None and not self.is_resumed

    @property
    def is_behind_watermark(self) -> bool:
        """Whether a source asked for changes did not even list the change that the watermark comes from.

        The time range is inclusive, so it contains that change, unless the item was deleted or the source is a
        different one now. A source that shows older versions instead is followed if it shows them twice.
        """
        start = self.initial_cursor
        if start.pass_since is None or start.watermark is None or self.is_resumed or self.older.pages:
            return False
        latest = self.watermark_tracker.latest_listed
        return latest is None or latest < start.watermark


@dataclass(frozen=True)
class PageCommit:
    """One classified page and the cursor after it."""

    page: Page
    classified: ClassifiedPage
    pass_state: Pass
    next_cursor: Cursor
    asking_instant: Asked
    ends_pass: bool
    """Whether the pass ends with this page."""

    @property
    def completes_pass(self) -> bool:
        """Whether the pass ends with this page and showed the whole listing."""
        return self.ends_pass and self.pass_state.completeness.incomplete is None


def count_page(page_commit: PageCommit) -> Counters:
    """Return the counters of a page, apart from those of the items that are to be written."""
    fetched, classified = len(page_commit.page.items), page_commit.classified
    written = len(classified.records) + len(classified.faulty) - classified.carried
    former, drafts = len(classified.former), classified.drafts
    unchanged = fetched - written - classified.still_faulty - former - drafts
    still_faulty = classified.still_faulty - classified.carried
    counts = Counters(
        fetched=fetched, pages=1, unchanged=unchanged, quarantined=still_faulty, outdated=former, drafts=drafts
    )
    counts.add(time_counters(classified, page_commit.asking_instant))
    return counts


def count_notes(records: Iterable[IncomingRecord], quality: QualityTable) -> Counters:
    """Return how many notes there are on records, by rule, and those that are not expected by field and rule too."""
    counts = Counters()
    for incoming in records:
        for path, rule in json.loads(incoming.notes) if incoming.notes else ():
            if quality.severity(rule) is Severity.INFO:
                counts.expected[rule] = counts.expected.get(rule, 0) + 1
                continue
            field = f"{without_indexes(path)}: {rule}"
            counts.noted[rule] = counts.noted.get(rule, 0) + 1
            counts.noted_fields[field] = counts.noted_fields.get(field, 0) + 1
            counts.noted_records.setdefault(field, incoming.record.key)
    return counts


@dataclass
class WatermarkTracker:
    """The change times of one pass (UTC)."""

    order: ListingOrder
    """Order in which the source lists changes."""
    began_s: float
    """Start of the pass, in seconds of the monotonic clock."""
    is_resumed: bool
    """Whether the pass continues one of an earlier process."""
    checkpoint: datetime | None
    """Checkpoint stored with the cursor: the latest change time seen, or without an order that of the first page."""
    latest: datetime | None = None
    """Latest change time that this process saw, without those after the instant of asking."""
    latest_listed: datetime | None = None
    """Latest change time that this process saw."""

    def observe(self, times: PageTimes) -> None:
        """Record the change times of the next page."""
        latest = times.latest
        is_first = self.latest is None and self.checkpoint is None and not self.is_resumed
        self.latest = later(self.latest, latest)
        self.latest_listed = later(self.latest_listed, times.latest_listed)
        if self.order is ListingOrder.ASCENDING:
            self.checkpoint = later(self.checkpoint, latest)
        elif is_first:
            self.checkpoint = latest

    def safe_watermark(self, now_s: float) -> datetime | None:
        """Return the safe watermark if the pass ended at `now_s` of the monotonic clock; None if there is none."""
        if self.order is ListingOrder.ASCENDING or self.is_resumed or self.latest is None:
            return self.checkpoint
        return later(self.checkpoint, self.latest - timedelta(seconds=max(0.0, now_s - self.began_s)))


def later(first: datetime | None, second: datetime | None) -> datetime | None:
    """Return the later of two instants; None counts as earlier than any instant."""
    return second if first is None else first if second is None else max(first, second)
