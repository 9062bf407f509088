"""Character sets of JSON: it is UTF-8 (RFC 8259); older servers send what their content type says.

UTF-16 and UTF-32 show themselves, with a byte order mark or without: the first character of a JSON text is ASCII, so
the NULs among the first four bytes tell which it is (RFC 4627, section 3).
"""

import codecs
import re

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^"';,\s]+)""", re.IGNORECASE)
_UTF8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # it begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE_STARTS = frozenset({codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE})
_BY_NULS = (
    (re.compile(rb"\x00\x00\x00[^\x00]"), "utf-32-be"),
    (re.compile(rb"[^\x00]\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00[^\x00]"), "utf-16-be"),
    (re.compile(rb"[^\x00]\x00"), "utf-16-le"),
)
_TEXT_ENCODINGS = re.compile(r"(?:utf|cp|iso8859|koi8|latin|mac|tis)[-_0-9a-z]*")


def json_in_utf8(body: bytes, content_type: str) -> bytes:
    """Return a JSON text in UTF-8: the body itself, unless it is UTF-16 or UTF-32, or of the charset that is declared.

    Nothing is guessed: bytes that are neither UTF-8 nor of the declared charset are kept, the fault of one item.

    >>> json_in_utf8('"é"'.encode("latin-1"), "application/json; charset=ISO-8859-1").decode()
    '"é"'
    """
    wide = _wide_encoding(body)
    if wide is not None:
        try:  # a lone surrogate is the fault of one item
            return body.decode(wide, "surrogatepass").encode("utf-8", "surrogatepass")
        except UnicodeError:
            return body
    encoding = _declared_encoding(content_type)
    if encoding is None or _is_utf8_text(body):
        return body
    try:
        return body.decode(encoding).encode()
    except UnicodeError:
        return body


def _wide_encoding(body: bytes) -> str | None:
    """Return UTF-16 or UTF-32 if a JSON text is written so, by its first four bytes; None for any other text."""
    start = body[:4]
    if b"\x00" not in start and start[:2] not in _WIDE_STARTS:
        return None
    by_mark = next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)
    return by_mark or next((encoding for nuls, encoding in _BY_NULS if nuls.match(start)), None)


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
