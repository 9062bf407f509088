r"""Texts as cells of a spreadsheet hold them: nothing begins a formula, and everything can be read back.

A program that opens a sheet takes a text that begins with = + - @ for a formula, and there are formulas that
start programs or send what stands beside them (OWASP, CSV Injection; CWE-1236). One apostrophe before such a text
stops that; so that it can be taken away again, a text that begins with an apostrophe gets one as well.
"""

import re
import unicodedata

_STARTS = frozenset("=+-@")
_BLANKS = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode categories of what programs pass over before they look at how a text begins."""
_STEERING_STARTS = frozenset("\t\r\n")
_MARK = "'"

# XML 1.0 cannot hold these; a carriage return it would make a line feed of (ECMA-376 part 1, 22.9.2.19).
_UNHOLDABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_HELD = re.compile(r"_x([0-9A-Fa-f]{4})_")


def marked(text: str) -> str:
    """Return a text as it stands in a cell.

    >>> marked("+84912000111"), marked("'=1"), marked("12 Lê Lợi")
    ("'+84912000111", "''=1", '12 Lê Lợi')
    """
    return _MARK + text if not text or text.startswith(_MARK) or starts_formula(text) else text


def unmarked(cell: str) -> str:
    """Return the text that `marked` made a cell of."""
    return cell.removeprefix(_MARK)


def starts_formula(text: str) -> bool:
    """Say whether a program may take a text for a formula; full-width and small forms of the signs count too."""
    if text[:1] in _STEERING_STARTS:
        return True
    first = next((sign for sign in text if unicodedata.category(sign) not in _BLANKS), "")
    return unicodedata.normalize("NFKC", first)[:1] in _STARTS


def held(text: str) -> str:
    r"""Return a text as the XML of a workbook holds it: `_x000D_` stands for what XML cannot.

    >>> held("a\rb"), held("_x000D_")
    ('a_x000D_b', '_x005F_x000D_')
    """
    return _UNHOLDABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unheld(text: str) -> str:
    """Return the text that `held` wrote."""
    return _HELD.sub(lambda found: chr(int(found[1], 16)), text)
