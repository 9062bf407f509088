"""Sees in the bytes of CSV that every line has as many cells as there are columns, and every quote is closed."""

import re

_PLAIN_CELL = rb'[^"%s\r\n]*+'
_QUOTED_CELL = rb'"[^"]*+(?:""[^"]*+)*+"'


class RegularLines:
    """Lines with one number of cells, and quotes around whole cells."""

    def __init__(self, separator: bytes, width: int) -> None:
        """Take the sign between cells, and how many cells a line has."""
        self._separator = separator
        sign = re.escape(separator)
        cell = rb"(?:%s|%s)" % (_QUOTED_CELL, _PLAIN_CELL % sign)
        self._lines = re.compile(rb"(?:(?:%s%s){%d}%s\r?(?:\n|\Z))*+" % (cell, sign, width - 1, cell))
        self._quoted = re.compile(rb'"(?<![^%s\n]")[^"]*(?:""[^"]*)*"(?=[%s\r\n]|\Z)' % (sign, sign))
        self._plain_bytes = bytes(set(range(256)) - {*separator, *b'"\n'})
        self._shape = separator * (width - 1) + b"\n"

    def are_all_of(self, block: bytes) -> bool:
        """Return whether a block of whole lines, that end with a line feed, has no other ones.

        Where quotes are few, it is faster to remove what is quoted, and then everything but separators and line ends.
        """
        has_quotes = b'"' in block
        if has_quotes and block.count(b'"') > block.count(self._separator):
            return self._lines.fullmatch(block) is not None
        plain = self._quoted.sub(b"", block) if has_quotes else block
        shape = plain.translate(None, self._plain_bytes)
        shape += b"" if not shape or shape.endswith(b"\n") else b"\n"
        return shape == self._shape * (len(shape) // len(self._shape))
