"""One listing of a source from its first to its last page, as an adapter's own `fetch` shows it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cchc_connect.adapter import Page, PageRequest, Source
from cchc_connect.errors import Rejected, SourceHeld, StartOver
from cchc_connect.testing.kit.bench import Bench, OnResponse
from cchc_connect.testing.kit.rule import RuleBroken
from cchc_connect.testing.kit.walk import ListingWalk, is_record
from cchc_connect.transport import Transport
from cchc_connect.wire.json import Item

UNLISTABLE = (RuleBroken, SourceHeld, Rejected, StartOver)
"""Errors that come again if a listing is asked for again."""


@dataclass(kw_only=True)
class ShownListing:
    """The pages of one pass over a source."""

    source: Source
    steps: list[tuple[PageRequest, Page]] = field(default_factory=list[tuple[PageRequest, Page]], repr=False)

    @property
    def pages(self) -> Sequence[Page]:
        """Return the pages in order."""
        return [page for _, page in self.steps]

    @property
    def items(self) -> Sequence[Item]:
        """Return all items in order."""
        return [item for page in self.pages for item in page.items]

    @property
    def current_items(self) -> Sequence[Item]:
        """Return the items that are records: no former versions, no drafts."""
        return [item for item in self.items if is_record(self.source, item)]

    @property
    def keys(self) -> Sequence[str]:
        """Return the source keys of the current items, in order."""
        return [self.source.key(item) for item in self.current_items]

    @property
    def times(self) -> Mapping[str, datetime]:
        """Return the change time of each current item that has one, by source key."""
        times = {self.source.key(item): self.source.changed_at(item) for item in self.current_items}
        return {key: at for key, at in times.items() if isinstance(at, datetime)}


def listing(
    bench: Bench, source: Source, *, since: datetime | None = None, partition: str | None = None, anew: bool = False
) -> ShownListing:
    """Return a listing, page by page as a run asks for it.

    Args:
        bench: where the source is examined.
        source: the source.
        since: the beginning of the listing; None: everything.
        partition: the partition; None: the first one, if there are any.
        anew: ask for it again, though an agency's own system has shown it already.

    Raises:
        RuleBroken: it goes nowhere: a page or a page token comes twice, or nothing new comes.
        CchcError: a page cannot be fetched.
    """
    first = first_request(source, since, partition)
    name = _name(source, first)
    shown = bench.shown.get(name)
    if isinstance(shown, UNLISTABLE):
        raise shown
    if isinstance(shown, ShownListing) and not anew:
        return ShownListing(source=source, steps=shown.steps)
    try:
        with bench.transport() as transport:
            listed = ShownListing(source=source, steps=list(steps(bench, source, transport, first)))
    except UNLISTABLE as error:
        if bench.spares_the_system and not anew:
            bench.shown[name] = error
        raise
    if bench.spares_the_system:
        bench.shown[name] = listed
    return listed


def require_listable(bench: Bench, source: Source) -> None:
    """Raise again what ended a complete listing that a rule asked an agency's own system for; ask for nothing."""
    for shown in _shown(bench, source):
        if isinstance(shown, UNLISTABLE):
            raise shown


def _shown(bench: Bench, source: Source) -> Iterator[object]:
    """Yield the complete listing of each partition, or the error that ended it; None where it was not asked for."""
    for partition in source.profile.partitions or ("",):
        yield bench.shown.get(_name(source, first_request(source, partition=partition)))


def _name(source: Source, first: PageRequest) -> object:
    return source.record_type.record_type, first.since, first.partition


def whole_listings(bench: Bench, source: Source, *, anew: bool = False) -> Sequence[ShownListing]:
    """Return the complete listing of each partition; one listing if there are none. Raises as `listing` does."""
    return [listing(bench, source, partition=name, anew=anew) for name in source.profile.partitions or ("",)]


def whole_listing(bench: Bench, source: Source, *, anew: bool = False) -> ShownListing:
    """Return the complete listings of all partitions, one after the other. Raises as `listing` does."""
    steps = [step for part in whole_listings(bench, source, anew=anew) for step in part.steps]
    return ShownListing(source=source, steps=steps)


def listings_already_shown(bench: Bench, source: Source) -> Sequence[ShownListing]:
    """Return those complete listings of the partitions that the system has shown before; it is not asked again."""
    return [shown for shown in _shown(bench, source) if isinstance(shown, ShownListing)]


def first_request(source: Source, since: datetime | None = None, partition: str | None = None) -> PageRequest:
    """Return the request for the first page; see `listing`."""
    if partition is None:
        partition = next(iter(source.profile.partitions), "")
    return PageRequest(since=since, page_token=None, partition=partition)


def steps(
    bench: Bench,
    source: Source,
    transport: Transport,
    page_request: PageRequest,
    on_response: OnResponse | None = None,
) -> Iterator[tuple[PageRequest, Page]]:
    """Yield each page from `page_request` to the end of the listing, with its request.

    Raises:
        RuleBroken: it goes nowhere: a page or a page token comes twice, or nothing new comes.
        CchcError: a page cannot be fetched.
    """
    walk = ListingWalk(source)
    while True:
        page = bench.page(transport, source, page_request, on_response)
        if walk.ends_before(page):
            return
        yield page_request, page
        if walk.ends_with(page):
            return
        page_request = replace(page_request, page_token=page.next_page_token)
