r"""Escape texts for spreadsheet cells, so that none begins a formula and each is read back unchanged.

Spreadsheet programs read a text that begins with = + - @ as a formula, and a formula can start programs or send the
neighbouring cells (OWASP, CSV Injection; CWE-1236). An apostrophe before such a text prevents that. A text that
begins with an apostrophe gets one as well, so that reading can remove it.
"""

import re
import unicodedata

_FORMULA_STARTS = frozenset("=+-@")
_SKIPPED_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode categories that programs skip before they look at the first character."""
_CONTROL_STARTS = frozenset("\t\r\n")
_MARK = "'"

# XML 1.0 cannot hold these, and turns a carriage return into a line feed (ECMA-376 part 1, 22.9.2.19).
_XML_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_XML_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def marked(text: str) -> str:
    """Return a text as it is written to a cell.

    >>> marked("+84912000111"), marked("'=1"), marked("12 Lê Lợi")
    ("'+84912000111", "''=1", '12 Lê Lợi')
    """
    return _MARK + text if not text or text.startswith(_MARK) or starts_formula(text) else text


def unmarked(cell: str) -> str:
    """Return the text that `marked` escaped."""
    return cell.removeprefix(_MARK)


def starts_formula(text: str) -> bool:
    """True if a program may read the text as a formula; full-width and small forms of the characters count too."""
    if text[:1] in _CONTROL_STARTS:
        return True
    first = next((character for character in text if unicodedata.category(character) not in _SKIPPED_CATEGORIES), "")
    return unicodedata.normalize("NFKC", first)[:1] in _FORMULA_STARTS


def held(text: str) -> str:
    r"""Return a text as the XML of a workbook holds it; `_x000D_` stands for a character XML cannot hold.

    >>> held("a\rb"), held("_x000D_")
    ('a_x000D_b', '_x005F_x000D_')
    """
    return _XML_FORBIDDEN.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def unheld(text: str) -> str:
    """Return the text that `held` escaped."""
    return _XML_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
