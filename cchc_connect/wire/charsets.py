"""Character sets of JSON: it is UTF-8 (RFC 8259), older servers also send UTF-16, or what their content type says."""

import codecs
import re

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^"';,\s]+)""", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BY_ZEROES: dict[tuple[bool, ...], str] = {
    (True, True, True, False): "utf-32-be",
    (False, True, True, True): "utf-32-le",
    (True, False): "utf-16-be",
    (False, True): "utf-16-le",
}
"""Which of the first bytes are zero where a JSON text begins, by encoding (RFC 4627, section 3)."""
_UTF8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
_TEXT_ENCODINGS = re.compile(r"(?:utf|cp|iso8859|koi8|windows|latin|mac|tis)[-_0-9a-z]*")


def json_in_utf8(body: bytes, content_type: str) -> bytes:
    """Return a JSON text in UTF-8; the body itself if it is UTF-8 already, or in an encoding that nobody knows.

    Bytes that are no UTF-8 are kept where no other encoding is declared: they are the fault of one item.

    >>> json_in_utf8('"ử"'.encode("utf-16"), "application/json").decode()
    '"ử"'
    """
    encoding = _wide_encoding(body) or _declared_encoding(content_type)
    if encoding is None or (not encoding.startswith("utf") and _is_utf8(body)):
        return body
    try:
        return body.decode(encoding).encode()
    except UnicodeError:
        return body


def _wide_encoding(body: bytes) -> str | None:
    """Return the encoding of a text whose characters have two or four bytes; None for others."""
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return encoding
    zeroes = tuple(byte == 0 for byte in body[:4])
    return _BY_ZEROES.get(zeroes) or _BY_ZEROES.get(zeroes[:2]) if any(zeroes) else None


def _declared_encoding(content_type: str) -> str | None:
    """Return the encoding that a content type names, if it is one of texts and not UTF-8."""
    match = _CHARSET.search(content_type)
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1]).name
    except (LookupError, ValueError):
        return None
    return name if name not in _UTF8 and not name.startswith("utf") and _TEXT_ENCODINGS.fullmatch(name) else None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeError:
        return False
    return True
