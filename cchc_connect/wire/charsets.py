"""Character sets of JSON: it is UTF-8 (RFC 8259); older servers send what their content type says."""

import codecs
import re

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^"';,\s]+)""", re.IGNORECASE)
_UTF8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
_TEXT_ENCODINGS = re.compile(r"(?:utf|cp|iso8859|koi8|latin|mac|tis)[-_0-9a-z]*")


def json_in_utf8(body: bytes, content_type: str) -> bytes:
    """Return a JSON text in UTF-8: the body itself, unless its content type declares another charset and it is that.

    Nothing is guessed: bytes that are neither UTF-8 nor of the declared charset are kept, the fault of one item.

    >>> json_in_utf8('"é"'.encode("latin-1"), "application/json; charset=ISO-8859-1").decode()
    '"é"'
    """
    encoding = _declared_encoding(content_type)
    if encoding is None or _is_utf8_text(body):
        return body
    try:
        return body.decode(encoding).encode()
    except UnicodeError:
        return body


def _declared_encoding(content_type: str) -> str | None:
    """Return the encoding that a content type names, if it is one of texts and not UTF-8."""
    match = _CHARSET.search(content_type)
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1]).name
    except (LookupError, ValueError):
        return None
    return name if name not in _UTF8 and _TEXT_ENCODINGS.fullmatch(name) else None


def _is_utf8_text(body: bytes) -> bool:
    """True if a body is UTF-8 without NUL, which UTF-16 of ASCII letters would contain."""
    try:
        body.decode()
    except UnicodeError:
        return False
    return b"\x00" not in body
