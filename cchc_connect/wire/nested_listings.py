"""Splits a listing whose items do not stand at the top of a document, or whose document is the list itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cchc_connect.wire.json import BOM, Listing, split_listing
from cchc_connect.wire.page_limits import PageLimits

_WHOLE = ""
_UNBOUNDED = 2**62


def split_listing_at(
    body: bytes, path: Sequence[str], limits: PageLimits, parts: Mapping[str, bytes] | None = None
) -> Listing:
    """Return a listing with the items at a path of members unread; a single object there is a list of one.

    Args:
        body: one JSON text.
        path: names of members, from the top; empty: the document itself is the list.
        limits: of the number of items, and of the bytes of one.
        parts: members of the body, where they were split already.

    Raises:
        ValueError: the body is no JSON text.
        PageTooLarge: there are too many items, or one is too large.

    >>> body = b'{"data": {"total": 2, "items": [{"id": 1}, {"id": 2}]}}'
    >>> listing = split_listing_at(body, ["data", "items"], PageLimits())
    >>> listing.document, [item["id"] for item in listing.items]
    ({'data': {'total': 2, 'items': []}}, [1, 2])
    """
    if not path:
        wrapped = b'{"":' + body.removeprefix(BOM) + b"}"
        return replace(split_listing(wrapped, _WHOLE, limits=limits), document={})
    if len(path) == 1:
        return split_listing(body, path[0], parts, limits)
    outer = split_listing(body, path[0], parts, replace(limits, max_item_bytes=_UNBOUNDED))
    if outer.items is None or len(outer.items) != 1:
        return Listing(document=outer.document, items=None)
    inner = split_listing_at(outer.items[0].raw, path[1:], limits)
    return Listing(document={**outer.document, path[0]: inner.document}, items=inner.items)
