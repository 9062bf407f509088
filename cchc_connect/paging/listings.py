"""Reads the items and the counts of one page, wherever in the body they stand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from cchc_connect.errors import SourceHeld
from cchc_connect.http import HttpResponse
from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.privacy.outside_names import shown_name
from cchc_connect.wire.codecs import as_object, as_objects, whole_number
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.json import Item
from cchc_connect.wire.property_names import path_text, property_path
from cchc_schemas.text import listed

_SEARCH_DEPTH = 3


@dataclass(frozen=True)
class PageListing:
    """One page as the system sent it."""

    response: HttpResponse
    items: Sequence[Item] = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)
    """The body, with an empty list in the place of the items; empty where the body is the list itself."""
    total_property: str = ""
    total_header: str = ""
    is_cut: bool = False
    """Whether the page says that it has more items than it shows."""

    @cached_property
    def total(self) -> int | None:
        """Number of items that the system announces; None where it announces none."""
        number = self.number(self.total_property, self.total_header)
        return number if number is None or number >= 0 else None

    def value(self, name: str) -> object:
        """Return the value of a property of the body; None for none."""
        return value_at(self.document, property_path(name)) if name else None

    def number(self, name: str, header: str = "") -> int | None:
        """Return a whole number of the body or of a header; None where it is none."""
        number = whole_number(self.response.headers.get(header) if header else self.value(name))
        return number if isinstance(number, int) else None

    def lacking(self, name: str, header: str = "") -> Sequence[Message]:
        """Return what is to be told where a number that the options name is not in the body, or not in the headers.

        A property that is null, or a number below 0, is an announcement of none.
        """
        if not (name or header) or self.number(name, header) is not None or (name and self.has_null(name)):
            return ()
        numbers = _numeric_headers(self.response) if header else [path_text(path) for path in _numbers(self.document)]
        context = {"property": header or name, "suggestion": suggestion(header or name, numbers)}
        return (Message("rest.number_missing", {**context, "properties": listed(map(shown_name, numbers)) or "-"}),)

    def has_null(self, name: str) -> bool:
        """Return whether the body has a property that is null."""
        return self.has(name) and self.value(name) is None

    def has(self, name: str) -> bool:
        """Return whether the body has a property, also one that is null."""
        *parents, last = property_path(name)
        members = as_object(value_at(self.document, parents) if parents else self.document)
        return members is not None and last in members


def read_listing(
    response: HttpResponse, items_path: str, key_property: str, total: tuple[str, str] = ("", "")
) -> PageListing:
    """Return the listing with its items.

    Args:
        response: the response.
        items_path: where the items stand; "" for a body that is the list.
        key_property: where they are an object by key: the property that gets the key; "" for a list.
        total: property and header with the total.

    Raises:
        SourceHeld: there is no list of items at that place.
    """
    path = property_path(items_path) if items_path else ()
    if key_property:
        return _keyed(response, path, items_path, key_property, total)
    listing = response.listing_at(path)
    items: Sequence[Item] | None = listing.items
    if items is None:  # the name may be written in another case, or lead through a list
        document = response.json()
        value = value_at(document, path) if path else document
        items = as_objects(value)
        empty = PageListing(response, (), as_object(document) or {}, *total)
        if items is None and value is None and empty.total == 0:
            items = ()
    if items is None:
        raise no_listing(response.json(), items_path)
    return PageListing(response, items, listing.document or as_object(response.json() if path else None) or {}, *total)


def _keyed(
    response: HttpResponse, path: Sequence[str], items_path: str, key_property: str, total: tuple[str, str]
) -> PageListing:
    document = response.json()
    value = value_at(document, path) if path else document
    # PHP writes an object without members as an empty list.
    members: Mapping[str, Any] | None = dict[str, Any]() if value == [] else as_object(value)
    if members is None or any(as_object(member) is None for member in members.values()):
        raise no_listing(response.json(), items_path)
    response.page_limits.require_items(len(members))
    items = [{key_property: name, **member} for name, member in members.items()]
    return PageListing(response, items, (as_object(document) or {}) if path else {}, *total)


def no_listing(document: object, items_path: str) -> SourceHeld:
    """Return the error for a document that has no list of items at that place; it names those that it has."""
    paths = [path_text(path) for path in _lists(document, ())]
    return SourceHeld(
        "rest.no_listing", path=items_path or '""', suggestion=suggestion(items_path, paths), paths=listed(paths) or "-"
    )


def _numbers(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the ways to whole numbers in the objects of a document."""
    members = as_object(value)
    if members is None:
        if path and value is not None and isinstance(whole_number(value), int):
            yield path
        return
    for name, member in members.items() if len(path) < _SEARCH_DEPTH else ():
        if not isinstance(member, list):
            yield from _numbers(member, (*path, name))


def _numeric_headers(response: HttpResponse) -> list[str]:
    return [name for name, value in response.headers.items() if isinstance(whole_number(value), int)]


def _lists(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the ways to lists of objects in a document."""
    if isinstance(value, list):
        if as_objects(cast("list[object]", value)) is not None:
            yield path
        return
    for name, member in (as_object(value) or {}).items() if len(path) < _SEARCH_DEPTH else ():
        yield from _lists(member, (*path, name))
