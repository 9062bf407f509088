"""XML that others sent, read without anything in it that does more than say: no DTD, no entities, within limits.

Expat tells of a DOCTYPE before it reads one, so nothing is ever declared, expanded or fetched (OWASP XXE
Prevention; CWE-776, CWE-611).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

_SPACE_END = "}"
"""Parts a namespace from a name; with the brace that opens it, it is what ElementTree writes."""


@dataclass(frozen=True, kw_only=True)
class XmlLimits:
    """What is read of a document; every limit is finite."""

    size: int = 32 * 1024 * 1024
    """Bytes."""
    depth: int = 64
    """Elements in elements."""
    elements: int = 500_000
    attributes: int = 1_000
    """Of one element."""


DEFAULT_LIMITS = XmlLimits()


class UnsafeXml(ValueError):
    """A document that is not read; it keeps the rule that it breaks and nothing of what it says."""

    def __init__(self, rule: str) -> None:
        """Keep the `rule`: dtd, size, depth, elements, attributes or malformed."""
        super().__init__(rule)
        self.rule = rule


def parse_xml(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> Element:
    """Return the root of a document; names are written `{namespace}name`.

    Raises:
        UnsafeXml: it declares a document type, passes a limit, or is no well-formed XML.
    """
    builder = TreeBuilder()
    _read([body], limits, builder)
    return builder.close()


def check_xml(chunks: Iterable[bytes], limits: XmlLimits = DEFAULT_LIMITS) -> None:
    """Read a document that another library is to read, and keep nothing of it.

    Raises:
        UnsafeXml: as `parse_xml` does.
    """
    _read(chunks, limits, None)


class _Reading:
    """One document on its way through expat."""

    def __init__(self, limits: XmlLimits, builder: TreeBuilder | None) -> None:
        self._limits = limits
        self._builder = builder
        self._depth = 0
        self._elements = 0

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > self._limits.depth:
            raise UnsafeXml("depth")
        if self._elements > self._limits.elements:
            raise UnsafeXml("elements")
        if len(attributes) > self._limits.attributes:
            raise UnsafeXml("attributes")
        if self._builder:
            self._builder.start(_named(name), _all_named(attributes))

    def closed(self, name: str) -> None:
        self._depth -= 1
        if self._builder:
            self._builder.end(_named(name))


def _read(chunks: Iterable[bytes], limits: XmlLimits, builder: TreeBuilder | None) -> None:
    reading = _Reading(limits, builder)
    parser = expat.ParserCreate(namespace_separator=_SPACE_END)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_dtd
    parser.StartElementHandler = reading.opened
    parser.EndElementHandler = reading.closed
    if builder:
        parser.CharacterDataHandler = builder.data
    try:
        for chunk in _limited(chunks, limits.size):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except UnsafeXml:
        raise
    except (expat.ExpatError, ValueError, LookupError):
        pass  # it says where, and of a wrong encoding what; neither is ours to tell
    else:
        return
    raise UnsafeXml("malformed")


def _limited(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    left = most
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise UnsafeXml("size")
        yield chunk


def _refuse_dtd(*_: object) -> NoReturn:
    raise UnsafeXml("dtd")


def _named(name: str) -> str:
    return "{" + name if _SPACE_END in name else name


def _all_named(attributes: Mapping[str, str]) -> dict[str, str]:
    return {_named(name): value for name, value in attributes.items()}
