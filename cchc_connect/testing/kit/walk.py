"""One walk through the pages of a listing, which ends by itself, so that no system is asked on and on.

It bears ten pages in a row without a new item, and 10,000 pages. A run holds a source already after three pages in a
row that hold nothing, but goes on through pages that show known items again, and up to 100,000 pages.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from cchc_connect.adapter import ListsDrafts, Page, Source, VersionedSource
from cchc_connect.sync.shown_pages import ShownPages
from cchc_connect.testing.kit.rule import RuleBroken
from cchc_connect.wire.json import Item, RawItem

MAX_PAGES = 10_000
"""Pages after which a listing counts as endless."""

MAX_VAIN_PAGES = 10
"""Pages in a row that may show no new item before the walk ends."""


class ListingWalk:
    """What the pages of one listing have shown so far."""

    def __init__(self, source: Source) -> None:
        """Start a walk through a listing of `source`."""
        self._source = source
        self._pages = ShownPages()
        self._number = 0
        self._shown = 0
        self._vain = 0
        self._names = set[str]()
        self._tokens = set[str]()
        self._is_probe = False
        self._is_repeated = False

    def ends_before(self, page: Page) -> bool:
        """Take in the next page; return whether it repeats another because the source ignores a probe beyond its end.

        Such a page is none of the listing.
        """
        is_probe, self._is_probe = self._is_probe, page.next_is_probe
        self._number += 1
        self._is_repeated = self._pages.is_repeated(page, [content(item).hex() for item in page.items])
        return self._is_repeated and is_probe

    def ends_with(self, page: Page) -> bool:
        """Return whether the listing ends with the page that was taken in last.

        Raises:
            RuleBroken: it repeats an earlier one, a page token comes twice, or the listing goes nowhere.
        """
        if self._is_repeated:
            raise RuleBroken("kit.page_repeated", page=self._number)
        token = page.next_page_token
        if token is None:
            return True
        if token in self._tokens:
            raise RuleBroken("kit.token_repeated", pages=self._number)
        self._tokens.add(token)
        self._shown += len(page.items)
        if not page.items and page.total is not None and self._shown >= page.total:
            return True
        self._require_progress(page)
        return False

    def _require_progress(self, page: Page) -> None:
        names = set(_names(self._source, page))
        self._vain = 0 if page.ends_part or page.deleted_keys or names - self._names else self._vain + 1
        self._names |= names
        if self._vain >= MAX_VAIN_PAGES:
            raise RuleBroken("kit.nothing_new", pages=self._vain)
        if self._number >= MAX_PAGES:
            raise RuleBroken("kit.endless", pages=MAX_PAGES)


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


def _names(source: Source, page: Page) -> Iterator[str]:
    """Yield what tells the items of a page apart: a record's key, the content of what is none."""
    for item in page.items:
        key = source.key(item) if is_record(source, item) else ""
        yield key or hashlib.blake2b(content(item), digest_size=16).hexdigest()
