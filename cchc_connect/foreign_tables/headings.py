"""Finds the headings of a table that was made for people: title rows above, merged headings in two rows, any order.

A heading is compared without accents, case and punctuation: "Số tờ BĐ" and "SO TO BD" are one heading.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cchc_connect.foreign_tables.forms import FaultList, TableForm
from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import suggestion

MAX_ROWS_ABOVE = 60
"""Rows among which the headings are looked for."""

_MIN_SHARE = 0.4
"""Share of the expected headings that a row must have to be that of the headings."""

_SUBHEADING_CELLS = 2
"""Cells that the second row of merged headings has at least."""


@dataclass(frozen=True)
class Headings:
    """The headings of one table."""

    row: int
    """Index of their last row among the rows of the table."""
    first_row: int
    """Index of their first row: the one above, where they stand in two."""
    names: tuple[str, ...]
    """Name of each column: the field map's spelling, else as it is written, else its number ("#7")."""
    matched: frozenset[str]
    """The expected names that there are."""
    written: tuple[str, ...]
    """The headings as they are written."""

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return len(self.names)


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return a heading without accents, case and punctuation.

    >>> plain_name(" Số tờ  (BĐ) "), plain_name("SO_TO BD")
    ('so to bd', 'so to bd')
    """
    decomposed = unicodedata.normalize("NFD", name.casefold()).replace("đ", "d")
    letters = (sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join("".join(sign if sign.isalnum() else " " for sign in letters).split())


def find_headings(rows: Sequence[Sequence[object]], form: TableForm) -> Headings | None:
    """Return the headings among the first rows of a table; None where no row has enough of those expected.

    Of two rows with the same number of them the first counts, unless the next one only divides its columns.
    """
    expected = expected_names(form)
    best: Headings | None = None
    expected_count = len(set(expected.values()))
    for number, row in enumerate(rows[:MAX_ROWS_ABOVE]):
        if best is not None and len(best.matched) == expected_count and number > best.row + 1:
            break
        above = rows[number - 1] if number else ()
        headings = _headings(row, above, number, expected)
        if (
            best is None
            or len(headings.matched) > len(best.matched)
            or (len(headings.matched) == len(best.matched) and _divides(headings, best, row))
        ):
            best = headings
    if best is None or len(best.matched) < max(1, int(_MIN_SHARE * len(form.names or form.optional_names))):
        return None
    return best


def expected_names(form: TableForm) -> Mapping[str, str]:
    """Return the names of a form by their plain form."""
    names = (*(name for alternatives in form.names for name in alternatives), *form.optional_names, *form.key_names)
    return {plain_name(name): name for name in names}


def note_heading_faults(headings: Headings, form: TableForm, line: int, faults: FaultList, sheet: str = "") -> None:
    """Note every heading that is missing, with the nearest one of the table, and every one that stands twice.

    Args:
        headings: the headings.
        form: what is expected.
        line: number of their row, for messages.
        faults: where the faults are noted.
        sheet: name of the sheet, "" without one.
    """
    of_sheet = Message("foreign_table_fault.of_sheet", {"sheet": sheet}) if sheet else ""
    free = [name for name in headings.written if name and name not in headings.matched]
    for alternatives in form.names:
        if headings.matched.isdisjoint(alternatives):
            meant = suggestion(alternatives[0], free)
            faults.add("heading_missing", name=alternatives[0], line=line, sheet=of_sheet, suggestion=meant)
    counts = Counter(plain_name(name) for name in headings.names)
    for name in dict.fromkeys(headings.names):
        if counts[plain_name(name)] > 1:
            columns = [number for number, other_name in enumerate(headings.names, 1) if _is_same(other_name, name)]
            if _is_same(headings.names[columns[0] - 1], name) and headings.names.index(name) == columns[0] - 1:
                faults.add("heading_twice", name=name, columns=columns, line=line, sheet=of_sheet)


def _is_same(first: str, second: str) -> bool:
    return plain_name(first) == plain_name(second)


def _headings(row: Sequence[object], above: Sequence[object], number: int, expected: Mapping[str, str]) -> Headings:
    """Return the headings that a row is, with the row above it where it has none or two of the same."""
    width = max(len(row), len(above))
    lower, upper = _texts(row, width), _texts(above, width)
    counts = Counter(plain_name(text) for text in lower if text)
    group, names, uses_above = "", list[str](), False
    for text, above_text in zip(lower, upper, strict=True):
        group = above_text or (group if text else "")
        qualified = f"{group} / {text}" if group and text else ""
        is_unclear = bool(text) and counts[plain_name(text)] > 1
        name = text or above_text
        uses_above |= bool(above_text and not text)
        if plain_name(qualified) in expected or (is_unclear and qualified):
            name, uses_above = qualified, True
        names.append(name)
    while names and not names[-1]:
        names.pop()
    spelled = tuple(expected.get(plain_name(name), name) or f"#{at}" for at, name in enumerate(names, start=1))
    matched = frozenset(spelled) & frozenset(expected.values())
    return Headings(number, number - uses_above, spelled, matched, tuple(names))


def _divides(headings: Headings, best: Headings, row: Sequence[object]) -> bool:
    """Whether a row only divides the columns of the headings right above it."""
    cells = [text for text in _texts(row, len(row)) if text]
    return headings.first_row == best.row and len(cells) >= _SUBHEADING_CELLS


def _texts(row: Sequence[object], width: int) -> list[str]:
    texts = [" ".join(str(cell).split()) if cell is not None else "" for cell in row]
    return texts + [""] * (width - len(texts))
