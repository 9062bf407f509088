"""Safe reading of XML from outside: no DTD, no entities, within limits of size and depth.

Expat reports a DOCTYPE before it reads one, and it is refused then, so nothing is declared, expanded or fetched (OWASP
XXE Prevention; CWE-776, CWE-611).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

_NAMESPACE_END = "}"
"""Expat writes it between namespace and name; `_clark_name` puts "{" before them, as ElementTree does."""


@dataclass(frozen=True, kw_only=True)
class XmlLimits:
    """Limits for one document; all are finite."""

    max_bytes: int = 32 * 1024 * 1024
    """Maximum bytes."""
    max_depth: int = 64
    """Maximum nesting of elements."""
    max_elements: int = 500_000
    """Maximum number of elements."""
    max_attributes: int = 1_000
    """Maximum number of attributes of one element."""


DEFAULT_LIMITS = XmlLimits()


class UnsafeXml(ValueError):
    """A refused document; the exception holds the broken rule and nothing of the document."""

    def __init__(self, rule: str) -> None:
        """Store the `rule`: dtd, size, depth, elements, attributes or malformed."""
        super().__init__(rule)
        self.rule = rule


def parse_xml(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> Element:
    """Return the root element of a document; names have the form `{namespace}name`.

    Raises:
        UnsafeXml: it declares a document type, exceeds a limit, or is not well-formed.
    """
    builder = TreeBuilder()
    _parse([body], limits, builder)
    return builder.close()


def check_xml(chunks: Iterable[bytes], limits: XmlLimits = DEFAULT_LIMITS) -> None:
    """Check a document that another library will read.

    Raises:
        UnsafeXml: as `parse_xml` does.
    """
    _parse(chunks, limits, None)


class _Handlers:
    """Expat's handlers for one document: they check the limits and build the tree."""

    def __init__(self, limits: XmlLimits, builder: TreeBuilder | None) -> None:
        self._limits = limits
        self._builder = builder
        self._depth = 0
        self._elements = 0

    def start_element(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > self._limits.max_depth:
            raise UnsafeXml("depth")
        if self._elements > self._limits.max_elements:
            raise UnsafeXml("elements")
        if len(attributes) > self._limits.max_attributes:
            raise UnsafeXml("attributes")
        if self._builder:
            self._builder.start(_clark_name(name), _clark_attributes(attributes))

    def end_element(self, name: str) -> None:
        self._depth -= 1
        if self._builder:
            self._builder.end(_clark_name(name))


def _parse(chunks: Iterable[bytes], limits: XmlLimits, builder: TreeBuilder | None) -> None:
    handlers = _Handlers(limits, builder)
    parser = expat.ParserCreate(namespace_separator=_NAMESPACE_END)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_dtd
    parser.StartElementHandler = handlers.start_element
    parser.EndElementHandler = handlers.end_element
    if builder:
        parser.CharacterDataHandler = builder.data
    try:
        for chunk in _limited(chunks, limits.max_bytes):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except UnsafeXml:
        raise
    except (expat.ExpatError, ValueError, LookupError):
        pass  # its text may quote the document, so it is not chained
    else:
        return
    raise UnsafeXml("malformed")


def _limited(chunks: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    remaining = max_bytes
    for chunk in chunks:
        remaining -= len(chunk)
        if remaining < 0:
            raise UnsafeXml("size")
        yield chunk


def _refuse_dtd(*_: object) -> NoReturn:
    raise UnsafeXml("dtd")


def _clark_name(name: str) -> str:
    return "{" + name if _NAMESPACE_END in name else name


def _clark_attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    return {_clark_name(name): value for name, value in attributes.items()}
