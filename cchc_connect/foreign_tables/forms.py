"""What is declared of a table from outside, what one of its rows is, and what is counted while it is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self, TypeAlias

from cchc_connect.errors import Rejected
from cchc_connect.foreign_tables.encodings import TextEncoding
from cchc_connect.messages import Message, Messages

MAX_FAULTS = 20
"""Faults of one file that are named; the others are counted."""

Separator: TypeAlias = Literal[";", ",", "\t", "|"]


@dataclass(frozen=True, kw_only=True)
class TableForm:
    """What is declared of the tables of one source."""

    names: Sequence[tuple[str, ...]] = ()
    """Headings that are read, as the field map spells them: of each tuple one at least must be there. Accents and case
    are ignored."""
    optional_names: Sequence[str] = ()
    """Headings that are read where they are there."""
    key_names: Sequence[str] = ()
    """Those of them that make the key: a row without any of them may be a total or a signature."""
    encoding: TextEncoding | None = None
    """Encoding of text files; None: UTF-8, or UTF-16 with its mark. Everything else is refused."""
    separator: Separator | None = None
    """Sign between columns of text files; None: it is recognised by the headings."""
    decimal_sign: Literal[",", "."] = ","
    """Decimal sign of numbers in text; a cell that a workbook shows in percent becomes such text."""
    columns: Sequence[str] = ()
    """Names of the columns by position, for a table without headings."""
    sheets: Sequence[str] = ()
    """Sheets of a workbook that are read; empty: every visible one with the headings."""
    fill_down: Sequence[str] = ()
    """Columns in which an empty cell means the one above it, as under a vertically merged cell."""
    list_name: str = ""
    """JSON: name of the list of items, or the path to it; "": the document is the list, or has one list."""


class TableRow(dict[str, Any]):
    """One row of a table: heading -> value, with the place where it stands, which is no part of its content.

    It has no constructor of its own: that would double the time of reading a table.
    """

    __slots__ = ("delivered_at", "line")

    delivered_at: datetime
    """When the file was delivered (aware); not set where that is not known."""
    line: int
    """Number of the row in its sheet, or of its line in a text file, from 1 on."""

    def at(self, line: int) -> Self:
        """Note where the row stands, and return it."""
        self.line = line
        return self

    def __repr__(self) -> str:
        """Show names only: values may be personal."""
        return f"<row {self.line}: {', '.join(self)}>"


@dataclass
class PassedOver:
    """Rows that are no records, by what they are, and what was hidden."""

    titles: int = 0
    """Rows above the headings."""
    numbered: int = 0
    """Rows that number the columns: (1) (2) (3)."""
    repeated_headings: int = 0
    groups: int = 0
    """Rows with one text for the rows below them."""
    totals: int = 0
    signatures: int = 0
    """Rows below the table: place and date, who made it, who signed it."""
    hidden_rows: int = 0
    """Rows that a spreadsheet program hides; they are read all the same."""
    hidden_sheets: int = 0
    """Sheets that a spreadsheet program hides; they are not read unless they are named."""
    other_sheets: int = 0
    """Sheets without the headings."""

    def message(self) -> Message | None:
        """Return what was passed over as a sentence; None if nothing was."""
        parts = [Message(f"foreign_table_rows.{name}", {"count": count}) for name, count in vars(self).items() if count]
        return Message("foreign_table.passed_over", {"parts": parts}) if parts else None


@dataclass
class FaultList:
    """The faults of one file, all of which are named at once."""

    lines: list[Message] = field(default_factory=list[Message])
    number: int = 0

    def add(self, code: str, **context: object) -> None:
        """Add a fault; beyond `MAX_FAULTS` it is only counted."""
        self.number += 1
        if len(self.lines) < MAX_FAULTS:
            self.lines.append(Message(f"foreign_table_fault.{code}", context))

    def rejection(self, where: Message) -> Rejected:
        """Return the error that refuses the file with all its faults."""
        more = self.number - len(self.lines)
        further = [Message("foreign_table_fault.more", {"number": more})] if more else []
        return Rejected("foreign_table.refused", where=where, faults=Messages([*self.lines, *further]))

    def check(self, where: Message) -> None:
        """Refuse the file if it has faults.

        Raises:
            Rejected: it has; the error names them.
        """
        if self.number:
            raise self.rejection(where)


def refused(where: Message, code: str, **context: object) -> Rejected:
    """Return the error that refuses a file for one fault, `foreign_table_fault.CODE`."""
    faults = FaultList()
    faults.add(code, **context)
    return faults.rejection(where)
