"""Reads the result of an operation as it is written, so that one value that does not fit spoils nothing beside it.

A value that the description declares as boolean or as whole number becomes one; every other value stays text, also one
that does not have its declared type. An element with parts becomes a mapping by the local names of its parts, with "@"
before the names of attributes; what repeats becomes a list.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from xml.etree.ElementTree import Element

from zeep import xsd

from cchc_connect.soap.described import DescribedElement

_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = f"{{{_INSTANCE}}}nil"
_NO_VALUES = frozenset({"id", "href"})
"""Attributes of an envelope without a value of the result."""


def local_name(tag: str) -> str:
    """Return the name of an element without its namespace."""
    return tag.rpartition("}")[2]


def plain_value(element: Element, described: DescribedElement, by_id: Mapping[str, Element]) -> object:
    """Return the value of an element: a mapping, a text, a flag, a number; None for `nil`.

    Args:
        element: the element.
        described: what the description says of it.
        by_id: elements to which others refer; no reference leads back to itself (`can_be_resolved`).
    """
    element = by_id.get((element.get("href") or "").removeprefix("#"), element)
    if element.get(_NIL) in {"true", "1"}:
        return None
    parts = described.parts
    attributes = dict(_attributes(element))
    has_text = not len(element) and bool((element.text or "").strip())
    if not attributes and (has_text or (not len(element) and not parts)):
        return _simple_value(element.text or "", described.type)
    members: dict[str, Any] = {**attributes, **{name: [] for name, part in parts.items() if part.repeats}}
    for child in element:
        name = local_name(child.tag)
        part = parts.get(name, _UNDECLARED)
        value = plain_value(child, part, by_id)
        if name not in members:
            members[name] = value
        elif isinstance(members[name], list):
            cast("list[object]", members[name]).append(value)
        else:
            members[name] = [members[name], value]
    if has_text:
        members["#text"] = element.text
    return members


_UNDECLARED = DescribedElement(None)


def _attributes(element: Element) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        if name not in _NO_VALUES and not name.startswith("{"):
            yield f"@{name}", value


def _simple_value(text: str, declared: Any) -> object:
    written = text.strip()
    if isinstance(declared, xsd.Boolean):
        return _FLAGS.get(written, text)
    if isinstance(declared, xsd.Integer) and _WHOLE_NUMBER.fullmatch(written):
        return int(written)
    return text
