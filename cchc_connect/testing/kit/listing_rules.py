"""Rules about a listing: its keys, its pages, its end."""

from collections import Counter

from cchc_connect.adapter import ListingEnd, Source
from cchc_connect.testing.kit.bench import Bench
from cchc_connect.testing.kit.listing import ShownListing, whole_listing, whole_listings
from cchc_connect.testing.kit.rule import Rule, RuleBroken
from cchc_connect.testing.kit.systems import ChangingSystem
from cchc_connect.testing.kit.walk import content

MAX_KEY_LENGTH = 1000
MAX_TOKEN_LENGTH = 8000
MAX_REPEATED_PAGES = 20
"""Pages of a long listing that are asked for again."""


def keys_are_there(bench: Bench, source: Source) -> None:
    """Every item has a key."""
    items = _some_items(bench, source).current_items
    lacking = [number for number, item in enumerate(items, start=1) if not _is_key(source.key(item))]
    if lacking:
        raise RuleBroken("kit.key_missing", number=len(lacking), total=len(items), position=lacking[0])


def keys_are_unique(bench: Bench, source: Source) -> None:
    """No two items of a listing have the same key."""
    for listed in whole_listings(bench, source):
        repeated = [key for key, times in Counter(listed.keys).items() if times > 1 and key]
        if repeated:
            raise RuleBroken("kit.key_twice", number=len(repeated), total=len(listed.keys))


def keys_are_stable(bench: Bench, source: Source) -> None:
    """An item that did not change has the same key in each listing, also after other items changed."""
    before = _some_items(bench, source)
    if isinstance(bench.system, ChangingSystem):
        bench.system.change()
    again = bench.source(source.record_type.record_type)
    after = whole_listing(bench, again, anew=True)
    keys = {content(item): source.key(item) for item in before.items}
    moved = [item for item in after.items if again.key(item) != keys.get(content(item), again.key(item))]
    if moved:
        raise RuleBroken("kit.key_moved", number=len(moved), total=len(after.items))


def pages_add_up(bench: Bench, source: Source) -> None:
    """The pages have as many items as the source announces, and it announces the same number on each."""
    lacks = [lack for page in whole_listing(bench, source).pages for lack in page.lacks]
    if lacks:
        raise RuleBroken(lacks[0].code, **lacks[0].context)
    for listed in whole_listings(bench, source):
        totals = {page.total for page in listed.pages if page.total is not None}
        if len(totals) > 1:
            raise RuleBroken("kit.totals_differ", totals=", ".join(map(str, sorted(totals))))
        shown = len(listed.items) + sum(len(page.deleted_keys) for page in listed.pages if page.total_has_deleted)
        if totals and totals != {shown}:
            raise RuleBroken("kit.total_differs", total=totals.pop(), shown=shown)


def listing_ends(bench: Bench, source: Source) -> None:
    """A listing ends with a page that shows that nothing follows; its page tokens can be stored."""
    for listed in whole_listings(bench, source):
        tokens = [page.next_page_token for page in listed.pages if page.next_page_token is not None]
        if not all(token.isprintable() and 0 < len(token) <= MAX_TOKEN_LENGTH for token in tokens):
            raise RuleBroken("kit.token_not_storable", limit=MAX_TOKEN_LENGTH)
        if listed.pages[-1].next_page_token is not None or listed.pages[-1].end is not ListingEnd.PROVEN:
            raise RuleBroken("kit.end_unproven", pages=len(listed.pages))


def pages_are_repeatable(bench: Bench, source: Source) -> None:
    """A page that another process asks for again is the same."""
    listed = whole_listing(bench, source)
    numbered = list(enumerate(listed.steps, start=1))[:MAX_REPEATED_PAGES]
    with bench.transport() as transport:
        for number, (page_request, page) in reversed(numbered):
            again = bench.page(transport, bench.source(source.record_type.record_type), page_request)
            is_same = [content(item) for item in page.items] == [content(item) for item in again.items]
            if not is_same or (page.next_page_token is None) != (again.next_page_token is None):
                raise RuleBroken("kit.page_differs", page=number)


def _some_items(bench: Bench, source: Source) -> ShownListing:
    listed = whole_listing(bench, source)
    if not listed.current_items:
        raise RuleBroken("kit.no_items")
    return listed


def _is_key(key: object) -> bool:
    return isinstance(key, str) and 0 < len(key) <= MAX_KEY_LENGTH


LISTING_RULES = (
    Rule(name="keys_are_there", check=keys_are_there, only_reads=True, replays=True),
    Rule(name="keys_are_unique", check=keys_are_unique, only_reads=True, replays=True),
    Rule(name="keys_are_stable", check=keys_are_stable, only_reads=True),
    Rule(name="pages_add_up", check=pages_add_up, only_reads=True, replays=True),
    Rule(name="listing_ends", check=listing_ends, only_reads=True, replays=True),
    Rule(name="pages_are_repeatable", check=pages_are_repeatable, only_reads=True, replays=True),
)
