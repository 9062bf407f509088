"""Sheets as files: by the end of its name a file is CSV or a workbook."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import extra
from cchc_connect.sheets.csv_sheets import read_csv, write_csv
from cchc_connect.sheets.tables import Column, Row, checked_rows

_CSV, _XLSX = ".csv", ".xlsx"


def write_sheet(path: Path, columns: Sequence[Column], rows: Iterable[Row], *, replace: bool = False) -> int:
    """Write a table and return how many rows it has; the file is there as a whole or not at all.

    Raises:
        ConfigurationError: the file is neither .csv nor .xlsx, or the extra `files` is not installed.
        FileExistsError: it is there already, and is not to be replaced.
        OSError: it cannot be written.
        Rejected: a value does not fit its column or any sheet.
    """
    kind = _kind(path)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    if not replace:
        path.open("xb").close()
    try:
        with unfinished.open("xb") as file:
            count = _write(kind, file, columns, checked_rows(columns, rows))
        unfinished.replace(path)
    except BaseException:
        if not replace:
            path.unlink(missing_ok=True)
        with suppress(OSError):
            unfinished.unlink()
        raise
    return count


def read_sheet(path: Path, columns: Sequence[Column]) -> Iterator[Row]:
    """Yield the rows of a table that `write_sheet` wrote with the same columns.

    Numbers come as Decimal, an empty cell as None; what was written is what is read.

    Raises:
        ConfigurationError: as `write_sheet`.
        OSError: the file cannot be read.
        Rejected: it is no such table, or hostile; the row and column are named.
    """
    kind = _kind(path)
    with path.open("rb") as file:
        if kind == _CSV:
            yield from read_csv(file, columns)
            return
        with extra("files", "openpyxl"):
            from cchc_connect.sheets.xlsx_sheets import read_xlsx  # noqa: PLC0415  # the extra may be missing
        yield from read_xlsx(file, columns, path.name)


def is_sheet(path: Path) -> bool:
    """Say whether a file is a sheet by the end of its name: `.csv` or `.xlsx`."""
    return path.suffix.casefold() in {_CSV, _XLSX}


def _kind(path: Path) -> str:
    if not is_sheet(path):
        raise ConfigurationError("spreadsheet.format_unknown", path=path)
    return path.suffix.casefold()


def _write(kind: str, file: BinaryIO, columns: Sequence[Column], rows: Iterable[Row]) -> int:
    if kind == _CSV:
        return write_csv(file, columns, rows)
    with extra("files", "openpyxl"):
        from cchc_connect.sheets.xlsx_sheets import write_xlsx  # noqa: PLC0415  # the extra may be missing
    return write_xlsx(file, columns, rows)
