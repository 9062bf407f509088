"""Read and write spreadsheets as files; the end of the file name decides between CSV and XLSX."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import require_extra
from cchc_connect.privacy.private_files import new_private_file
from cchc_connect.spreadsheets.csv import STANDARD, CsvStyle, read_csv, write_csv
from cchc_connect.spreadsheets.tables import Column, Row, checked_rows

_CSV, _XLSX = ".csv", ".xlsx"


def write_spreadsheet(
    path: Path,
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    replace: bool = False,
    title: str | None = None,
    csv_style: CsvStyle = STANDARD,
) -> int:
    """Write a table and return the number of rows; the file is private, and written completely or not at all.

    Args:
        path: the file; the end of its name decides between CSV and XLSX.
        columns: the columns with their types.
        rows: the rows.
        replace: whether a file that exists is replaced.
        title: name of the sheet of a workbook.
        csv_style: how a CSV file separates columns and writes numbers.

    Raises:
        ConfigurationError: the file is neither .csv nor .xlsx, or the extra `files` is not installed.
        FileExistsError: the file exists and `replace` is false.
        OSError: the file cannot be written.
        Rejected: a value does not fit its column or a spreadsheet.
    """
    suffix = _suffix(path)
    with new_private_file(path, replace=replace) as file:
        if suffix == _CSV:
            return write_csv(file, columns, checked_rows(columns, rows), csv_style)
        return _write_workbook(file, columns, checked_rows(columns, rows), title)


def read_spreadsheet(path: Path, columns: Sequence[Column]) -> Iterator[Row]:
    """Yield the rows of a table that `write_spreadsheet` wrote with the same columns.

    Numbers come as Decimal, an empty cell as None; the values are those that were written.

    Raises:
        ConfigurationError: as `write_spreadsheet`.
        OSError: the file cannot be read.
        Rejected: the file is not such a table, or exceeds the safety limits; the error names the row and column.
    """
    suffix = _suffix(path)
    with path.open("rb") as file:
        if suffix == _CSV:
            yield from read_csv(file, columns)
            return
        with require_extra("files", "openpyxl"):
            from cchc_connect.spreadsheets.xlsx import read_xlsx  # noqa: PLC0415  # the extra may be missing
        yield from read_xlsx(file, columns, path.name)


def is_spreadsheet(path: Path) -> bool:
    """True if the file name ends in `.csv` or `.xlsx`."""
    return path.suffix.casefold() in {_CSV, _XLSX}


def _suffix(path: Path) -> str:
    if not is_spreadsheet(path):
        raise ConfigurationError("spreadsheet.format_unknown", path=path)
    return path.suffix.casefold()


def _write_workbook(file: BinaryIO, columns: Sequence[Column], rows: Iterable[Row], title: str | None) -> int:
    with require_extra("files", "openpyxl"):
        from cchc_connect.spreadsheets.xlsx import write_xlsx  # noqa: PLC0415  # the extra may be missing
    return write_xlsx(file, columns, rows, title)
