"""One listing of a source from its first to its last page, as an adapter's own `fetch` shows it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from cchc_connect.adapter import (
    ListsDrafts,
    Page,
    PageRequest,
    Source,
    VersionedSource,
)
from cchc_connect.testing.kit.bench import Bench, OnResponse
from cchc_connect.testing.kit.rule import RuleBroken
from cchc_connect.transport import Transport
from cchc_connect.wire.json import Item, RawItem

MAX_PAGES = 10_000
"""Pages after which a listing counts as endless."""


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


def is_record(source: Source, item: Item) -> bool:
    """Return whether an item is a record: no former version, no draft."""
    if isinstance(source, VersionedSource) and source.is_current(item) is False:
        return False
    return not (isinstance(source, ListsDrafts) and source.is_draft(item))


def content(item: Item) -> bytes:
    """Return the content of an item for comparison."""
    if isinstance(item, RawItem):
        return item.raw
    return json.dumps(dict(item), sort_keys=True, default=_text, ensure_ascii=False).encode()


def _text(value: Any) -> Any:
    return dict(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else str(value)


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
        RuleBroken: it never ends, or a page token comes twice.
        CchcError: a page cannot be fetched.
    """
    first = first_request(source, since, partition)
    name = (source.record_type.record_type, since, first.partition)
    shown = bench.shown.get(name)
    if isinstance(shown, ShownListing) and not anew:
        return ShownListing(source=source, steps=shown.steps)
    with bench.transport() as transport:
        listed = ShownListing(source=source, steps=list(steps(bench, source, transport, first)))
    if bench.spares_the_system:
        bench.shown[name] = listed
    return listed


def whole_listings(bench: Bench, source: Source, *, anew: bool = False) -> Sequence[ShownListing]:
    """Return the complete listing of each partition; one listing if there are none. Raises as `listing` does."""
    return [listing(bench, source, partition=name, anew=anew) for name in source.profile.partitions or ("",)]


def whole_listing(bench: Bench, source: Source, *, anew: bool = False) -> ShownListing:
    """Return the complete listings of all partitions, one after the other. Raises as `listing` does."""
    steps = [step for part in whole_listings(bench, source, anew=anew) for step in part.steps]
    return ShownListing(source=source, steps=steps)


def listings_already_shown(bench: Bench, source: Source) -> Sequence[ShownListing]:
    """Return those complete listings of the partitions that the system has shown before; it is not asked again."""
    names = [(source.record_type.record_type, None, partition) for partition in source.profile.partitions or ("",)]
    return [shown for name in names if isinstance(shown := bench.shown.get(name), ShownListing)]


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
        RuleBroken: it never ends, or a page token comes twice.
        CchcError: a page cannot be fetched.
    """
    tokens, previous = set[str](), None
    for _ in range(MAX_PAGES):
        page = bench.page(transport, source, page_request, on_response)
        if previous is not None and previous.next_is_probe and page.items and _same(previous, page):
            return  # the source ignores the question beyond its end
        yield page_request, page
        token, previous = page.next_page_token, page
        if token is None:
            return
        if token in tokens:
            raise RuleBroken("kit.token_repeated", pages=len(tokens) + 1)
        tokens.add(token)
        page_request = PageRequest(since=page_request.since, page_token=token, partition=page_request.partition)
    raise RuleBroken("kit.endless", pages=MAX_PAGES)


def _same(first: Page, second: Page) -> bool:
    return [content(item) for item in first.items] == [content(item) for item in second.items]
