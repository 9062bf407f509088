"""A register whose listing is cut, counted, linked, cached and edited as a test says."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cchc_connect import Conversation
from cchc_connect.adapter import ListingEnd, Page, PageRequest
from tests.sync.memory_systems import LandRegister


@dataclass
class Listing(LandRegister):
    """A register that is edited between pages, and shows the end of its listing or not."""

    announces: bool = True
    """Whether each page has the total."""
    links: bool = True
    """Whether a page links the next one, so that the last page is known to be the last."""
    probes: bool = False
    """Without links: whether the adapter asks for the position beyond a full page."""
    endless: bool = False
    """Whether every page links another one, also beyond the end."""
    keys_there: set[str] | None = None
    """Keys of items that the register has although its listing does not show them; for questions by key."""
    before_page: Callable[["Listing", int], None] = lambda _listing, _number: None
    """Edit before the n-th page of the life of the register, from 1."""
    cached: dict[str, Page] = field(default_factory=dict[str, Page])
    """Pages that a cache gives for a page token ("" for none), whatever the register holds now."""

    @property
    def page_requests(self) -> int:
        """Return how many pages were requested, without questions by key."""
        return sum(page_request.source_key is None for page_request in self.requests)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return one page."""
        if page_request.source_key is not None:
            self.requests.append(page_request)
            there = self.keys_there or set[str]()
            shown = [wire_item for wire_item in self.items if wire_item["id"] == page_request.source_key]
            hidden = [{"id": page_request.source_key}] if page_request.source_key in there else []
            return Page(items=shown or hidden, next_page_token=None)
        self.before_page(self, self.page_requests + 1)
        page = yield from super().fetch(page_request)
        page = self.cached.get(page_request.page_token or "", page)
        start = int(page_request.page_token or 0)
        is_full = len(page.items) == self.page_size
        following, is_probe, end = page.next_page_token, False, ListingEnd.PROVEN
        if self.endless:
            following = str(start + self.page_size)
        elif not self.links and is_full:
            following = str(start + self.page_size) if self.probes else None
            is_probe, end = self.probes, ListingEnd.UNPROVEN
        total = page.total if self.announces else None
        return replace(page, next_page_token=following, next_is_probe=is_probe, end=end, total=total)
