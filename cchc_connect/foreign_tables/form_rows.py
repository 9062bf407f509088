"""Recognises the rows of a printed form that are no records: numbers of columns, groups, totals, signatures.

Nothing is passed over that may be a record. A row with a key is one, unless it is the heading again, numbers of columns
in brackets (or of all of many columns), a total without another text, or a signature in the column of the key.
"""

import re
from collections.abc import Sequence
from itertools import zip_longest
from operator import itemgetter

from cchc_connect.foreign_tables.forms import PassedOver
from cchc_connect.foreign_tables.headings import Headings, plain_name

_FEW_CELLS = 3
"""A signature has at most so many cells."""
_MIN_BARE_NUMBERS = 4
"""Columns that a row of bare numbers 1 2 3 4 must number to be no record."""
_MIN_BARE_NUMBERS_WITH_KEY = 6
"""The same where one of the numbers stands as a key; they then number every column."""

_TOTALS = frozenset(
    {"tong cong", "tong so", "tong", "cong", "total", "grand total", "cong trang", "tong cong trang", "luy ke"}
)
_TOTAL_START = re.compile(r"(?:tong cong|tong so|cong) .{0,60}")
_TOTAL_SPELLINGS = frozenset(
    form + end
    for words in ("Tổng cộng", "Tổng số", "Tổng", "Cộng", "Cộng trang", "Total")
    for form in (words, words.upper(), words.lower(), words.title())
    for end in ("", ":", " :")
)
_NO_PLAIN_STARTS = _TOTAL_SPELLINGS | {""}
_SIGNATURE = re.compile(
    r"(?:.{0,40} )?ngay(?: \d{1,2})? thang(?: \d{1,2})? nam(?: \d{2,4})?"
    r"|(?:nguoi|can bo) (?:lap|ke khai|tong hop|kiem tra)\b.*"
    r"|(?:tm|kt|tl|tuq) (?:uy ban|ubnd|chu tich|giam doc|thu truong).*|thu truong\b.*|chu tich\b.*|giam doc\b.*"
    r"|ky (?>.*?ho ten).*|ky ten.*|noi nhan\b.*|ghi chu|xac nhan cua .*|phu trach .*|truong phong\b.*"
)
_SIGNATURE_AS_KEY = re.compile(
    r"(?:.{0,40} )?ngay(?: \d{1,2})? thang(?: \d{1,2})? nam(?: \d{2,4})?"
    r"|(?:nguoi|can bo) (?:lap|ke khai|tong hop|kiem tra)\b.*|ky (?>.*?ho ten).*|noi nhan\b.*"
)
"""What can be no key: a signature in the first column."""
_NUMBER = re.compile(r"-?[0-9][0-9., ]*%?")
_GROUP_CELLS = 2
"""Cells of a row that names a group: its number and its name."""
_ENUMERATOR = re.compile(r"(?:[IVXLC]+|[A-ZĐ]|[0-9]{1,3})[.)]?")
_NUMBERED = re.compile(r"[(\[]?\s*(\d{1,3})\s*(?:=.{0,30})?[)\]]?")
_TWO_WORDS = re.compile(r"[^\W\d_]{2}(?:_|[^\w\n]).*[^\W\d_]{2}")
"""What every signature has in its line."""
_BRACKETED = re.compile(r"[(\[].*[)\]]")


class RecordRows:
    """Tells the rows of one table that are records; counts the others."""

    def __init__(self, headings: Headings, key_names: Sequence[str], passed_over: PassedOver) -> None:
        """Begin below the headings.

        Args:
            headings: the headings of the table.
            key_names: names of the columns that make the key.
            passed_over: where rows that are no records are counted.
        """
        self._names = tuple(plain_name(name) for name in headings.written)
        self._no_keys = _TOTAL_SPELLINGS | {"", *headings.written}
        self._keys = tuple(at for at, name in enumerate(headings.names) if name in set(key_names))
        self._passed_over = passed_over
        self._width = headings.width
        self._is_first = True
        self._is_below = False

    @property
    def is_inside(self) -> bool:
        """Whether the next row neither is the first below headings nor stands below the table."""
        return bool(self._keys) and not self._is_first and not self._is_below

    def are_plain(self, rows: Sequence[Sequence[str]]) -> bool:
        """Whether all rows are records at one glance: each has its key, which is no total, heading or signature."""
        if self._keys[0] and not _NO_PLAIN_STARTS.isdisjoint(map(str.strip, map(itemgetter(0), rows))):
            return False
        keys = [*map(str.strip, map(itemgetter(self._keys[0]), rows))]
        if not self._no_keys.isdisjoint(keys):
            return False
        lines = "\n".join(keys)
        is_one_word_each = "".join(keys).isalnum()
        return is_one_word_each or (lines.count("\n") == len(keys) - 1 and _TWO_WORDS.search(lines) is None)

    def is_record(self, cells: Sequence[object]) -> bool:
        """Return whether a row is a record; one that is none is counted, apart from empty ones."""
        texts = ["" if cell is None else str(cell).strip() for cell in cells]
        filled = [text for text in texts if text]
        if not filled:
            return False
        is_first, self._is_first = self._is_first, False
        kind = self._kind(texts, filled, is_first=is_first)
        if kind is None:
            self._is_below = False
            return True
        if kind == "repeated_headings":
            self._is_first = True
        self._is_below |= kind == "signatures"
        setattr(self._passed_over, kind, getattr(self._passed_over, kind) + 1)
        return False

    def _kind(self, texts: Sequence[str], filled: Sequence[str], *, is_first: bool) -> str | None:
        """Return the name of the count of a row that is no record; None for a record."""
        if self._is_heading(texts):
            return "repeated_headings"
        has_key = any(at < len(texts) and _is_key(texts[at]) for at in self._keys)
        if is_first and _is_numbered(filled) and (not has_key or self._numbers_all(filled)):
            return "numbered"
        if _is_total(filled, has_key=has_key):
            return "totals"
        is_short = len(filled) <= _FEW_CELLS and len(filled) < self._width
        if (
            is_short
            and not has_key
            and (self._is_below or any(_SIGNATURE.fullmatch(plain_name(text)) for text in filled))
        ):
            return "signatures"
        is_named = len(set(filled)) == 1 or (len(filled) == _GROUP_CELLS and _ENUMERATOR.fullmatch(filled[0]))
        return "groups" if is_named and not has_key and self._keys and self._width > _FEW_CELLS else None

    def _numbers_all(self, numbers: Sequence[str]) -> bool:
        """Whether numbers cannot be a record although one of them stands as its key."""
        is_whole = len(numbers) >= max(self._width, _MIN_BARE_NUMBERS_WITH_KEY)
        return is_whole or all(_BRACKETED.fullmatch(text) for text in numbers)

    def _is_heading(self, texts: Sequence[str]) -> bool:
        """Whether at least two cells repeat their heading, and at most one cell does not."""
        same = different = 0
        for text, own_name in zip_longest(texts, self._names, fillvalue=""):
            name = plain_name(text) if text else ""
            same += bool(name) and name == own_name
            different += bool(name) and name != own_name
            if different > 1:
                return False
        return same > 1


def _is_key(text: str) -> bool:
    return bool(text) and (text.isalnum() or not _SIGNATURE_AS_KEY.fullmatch(plain_name(text)))  # one word is none


def _is_total(filled: Sequence[str], *, has_key: bool) -> bool:
    """Whether a row is a total: by its first word; where it has a key, only as it is written and beside numbers."""
    if has_key:
        return filled[0] in _TOTAL_SPELLINGS and all(_NUMBER.fullmatch(text) for text in filled[1:])
    start = plain_name(filled[0])
    return start in _TOTALS or bool(_TOTAL_START.fullmatch(start))


def _is_numbered(filled: Sequence[str]) -> bool:
    """Whether a row numbers the columns: (1) (2) (3), or at least 1 2 3 4."""
    numbers = [int(match[1]) if (match := _NUMBERED.fullmatch(text)) else None for text in filled]
    if numbers != list(range(1, len(filled) + 1)) or len(filled) == 1:
        return False
    return len(filled) >= _MIN_BARE_NUMBERS or all(_BRACKETED.fullmatch(text) for text in filled)


class FillDown:
    """Fills empty cells of declared columns with the one above, of records of one table."""

    def __init__(self, names: Sequence[str], columns: Sequence[str]) -> None:
        """Begin above the first record.

        Args:
            names: names of all columns.
            columns: those that are filled.
        """
        self.indexes = [at for at, name in enumerate(names) if name in set(columns)]
        self._above = dict[int, object]()

    def filled(self, cells: list[object]) -> list[object]:
        """Return the cells of the next record, filled."""
        for at in self.indexes:
            if cells[at] is None or cells[at] == "":
                cells[at] = self._above.get(at, cells[at])
            else:
                self._above[at] = cells[at]
        return cells
