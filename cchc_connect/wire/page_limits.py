"""Limits of one page of a listing: how many items it may have, and how many bytes one item.

A body within its own limit may hold millions of empty items, or be one item; both cost many times the memory of a body
of ordinary items. They are counted before anything is made of them.
"""

from dataclasses import dataclass
from itertools import accumulate

from cchc_connect.wire.crowded_json import string_parts

_BRACES = {ord("{"): 1, ord("}"): -1}
_NO_BRACES = bytes(frozenset(range(256)) - set(b"{}"))
_OBJECTS_PER_ITEM = 3
"""Objects that one item of a document has, which is parsed as a whole: the item, its properties, its geometry."""
_MIN_VALUES = 100_000


@dataclass(frozen=True, kw_only=True)
class PageLimits:
    """Limits of one page; all are finite."""

    max_items: int = 100_000
    """Maximum number of items."""
    max_item_bytes: int = 4 * 1024 * 1024
    """Maximum bytes of one item."""

    @property
    def max_values(self) -> int:
        """Maximum number of values of a list or an object that holds the items, or is one."""
        return max(self.max_items, _MIN_VALUES)

    def require_items(self, number: int) -> None:
        """Check the number of items of a page.

        Raises:
            PageTooLarge: there are too many.
        """
        if number > self.max_items:
            raise PageTooLarge("items", self.max_items)

    def require_listed_objects(self, listed: bytes) -> None:
        """Check the number of objects in the JSON text of a list, without parsing it.

        Raises:
            PageTooLarge: there are too many.
        """
        if listed.count(b"{") > self.max_items and _has_more_objects(listed, self.max_items):
            raise PageTooLarge("items", self.max_items)

    def require_document(self, body: bytes) -> None:
        """Check the number of objects of a document that is to be parsed as a whole: three for each item of a page.

        Raises:
            PageTooLarge: there are more.
        """
        if body.count(b"{") > _OBJECTS_PER_ITEM * self.max_items:
            raise PageTooLarge("objects", _OBJECTS_PER_ITEM * self.max_items)

    def require_item_bytes(self, size: int) -> None:
        """Check the size of the largest item.

        Raises:
            PageTooLarge: it is too large.
        """
        if size > self.max_item_bytes:
            raise PageTooLarge("item_bytes", self.max_item_bytes)


class PageTooLarge(Exception):  # a name like those of the other refusals
    """A page exceeds a limit; the exception holds the limit and nothing of the page."""

    def __init__(self, limit: str, allowed: int) -> None:
        """Store the limit, `items`, `objects` or `item_bytes`, and what it allows."""
        super().__init__(limit, allowed)
        self.limit = limit
        self.allowed = allowed


DEFAULT_PAGE_LIMITS = PageLimits()


def _has_more_objects(listed: bytes, number: int) -> bool:
    """True if more than `number` objects stand in a list; objects within them do not count."""
    outside = b"".join(string_parts(listed)[::2])
    braces = outside.translate(None, _NO_BRACES)
    opened = 0
    for depth, brace in zip(accumulate(map(_BRACES.__getitem__, braces)), braces, strict=True):
        opened += depth == 1 and brace == ord("{")
        if opened > number:
            return True
    return False
