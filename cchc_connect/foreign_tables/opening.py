"""Opens a table from outside: by its content, in its encoding, checked before its first row is used."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import BinaryIO, Protocol

from cchc_connect.errors import Rejected
from cchc_connect.extras import require_extra
from cchc_connect.foreign_tables.csv_tables import CsvTable
from cchc_connect.foreign_tables.encodings import EncodingFault, utf8_file
from cchc_connect.foreign_tables.forms import PassedOver, TableForm, TableRow, refused
from cchc_connect.foreign_tables.headings import Headings
from cchc_connect.foreign_tables.json_tables import FileItem, JsonTable
from cchc_connect.foreign_tables.kinds import FileKind, kind_of
from cchc_connect.messages import Message

_KEPT_IN_MEMORY = 8 * 1024 * 1024
"""Bytes up to which the records of a workbook need no file."""


class ForeignTable(Protocol):
    """A table from outside, checked."""

    @property
    def headings(self) -> Headings:
        """The headings of the table, or of the first sheet that has them; of JSON none."""
        ...

    @property
    def passed_over(self) -> PassedOver:
        """What of it was no record, as far as it was read."""
        ...

    def chunks(self, size: int) -> Iterator[Sequence[TableRow | FileItem]]:
        """Yield the records in order, about `size` at a time; a chunk may be empty.

        Raises:
            Rejected: the file is damaged beyond what the check saw.
        """
        ...


@contextmanager
def open_table(file: BinaryIO, name: str, form: TableForm, where: Message) -> Generator[ForeignTable]:
    """Open the table that a file holds, for the time of the block.

    Args:
        file: the file, seekable; it must stay open.
        name: its name.
        form: what is declared of it.
        where: the file, for messages.

    Raises:
        Rejected: the file is no such table; the error names every fault.
        ConfigurationError: it is a workbook, and the extra `files` is not installed.
    """
    twice = sorted({column for column in form.columns if form.columns.count(column) > 1})
    if twice:
        raise refused(where, "columns_twice", names=twice)
    kind = kind_of(file, name)
    if kind is FileKind.WORKBOOK:
        with require_extra("files", "openpyxl"):
            from cchc_connect.foreign_tables.workbooks import WorkbookTable  # noqa: PLC0415  # the extra may be missing
        with SpooledTemporaryFile(_KEPT_IN_MEMORY) as records_file:
            yield WorkbookTable(file, records_file, form, where)
        return
    if kind not in {FileKind.TEXT, FileKind.JSON}:
        raise Rejected("foreign_table.refused", where=where, faults=Message(f"foreign_table_kind.{kind}"))
    with TemporaryFile() as copy:
        text = utf8_file(file, copy, form.encoding)
        if isinstance(text, EncodingFault):
            raise refused(where, text.code, line=text.line, hint=text.hint)
        yield JsonTable(text, name, form, where) if kind is FileKind.JSON else CsvTable(text, form, where)
