"""References within a message (SOAP 1.1 section 5.4.1): `href="#a"` stands for the element of the body with `id="a"`.

zeep replaces each reference by a copy, also inside copies: ten references in each of ten elements become ten
thousand million elements, and a cycle never ends. So the size is computed before zeep reads a message.
"""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

_MAX_CHAIN = 32
_MAX_ELEMENTS = 500_000


def can_be_resolved(body: Element) -> bool:
    """True if every chain of references ends, and all copies together stay within the limit."""
    named = {name: child for child in body if (name := child.get("id"))}
    sizes: dict[str, int] = {}
    return not named or _size(body, named, sizes, _MAX_CHAIN) <= _MAX_ELEMENTS


def _size(element: Element, named: Mapping[str, Element], sizes: dict[str, int], depth_left: int) -> int:
    """Return the number of elements with all references resolved; above the limit where a chain is too long."""
    if depth_left == 0:
        return _MAX_ELEMENTS + 1
    size = 0
    for inner in element.iter():
        size += 1
        name = (inner.get("href") or "").removeprefix("#")
        if name in named:
            if name not in sizes:
                sizes[name] = _size(named[name], named, sizes, depth_left - 1)
            size += sizes[name]
    return size
