"""References within a message (SOAP 1.1 section 5.4.1): `href="#a"` stands for the element of the body with `id="a"`.

zeep puts a copy in the place of each, and copies in the copies: ten references in each of ten elements would
become ten thousand million, and a circle never ends.
"""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

_LONGEST_CHAIN = 32
_MOST_ELEMENTS = 500_000


def can_be_resolved(body: Element) -> bool:
    """Say whether every chain of references comes to an end, and all copies together stay within a limit."""
    named = {name: child for child in body if (name := child.get("id"))}
    sizes: dict[str, int] = {}
    return not named or _size(body, named, sizes, _LONGEST_CHAIN) <= _MOST_ELEMENTS


def _size(element: Element, named: Mapping[str, Element], sizes: dict[str, int], left: int) -> int:
    """Return how many elements `element` has once its references are resolved; too many where that never ends."""
    if left == 0:
        return _MOST_ELEMENTS + 1
    size = 0
    for inner in element.iter():
        size += 1
        name = (inner.get("href") or "").removeprefix("#")
        if name in named:
            if name not in sizes:
                sizes[name] = _size(named[name], named, sizes, left - 1)
            size += sizes[name]
    return size
