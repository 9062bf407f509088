"""Writes the tables for people as CSV or XLSX."""

from collections.abc import Iterable
from typing import BinaryIO

from cchc_connect.exports.people_tables import PeopleTables, cell_text
from cchc_connect.exports.stored_rows import ExportRow, Selection, Written
from cchc_connect.extras import require_extra
from cchc_connect.messages import Language, Wording
from cchc_connect.spreadsheets import Column, CsvStyle, write_csv

_DAY_FORMATS = {Language.ENGLISH: "yyyy-mm-dd", Language.VIETNAMESE: "dd/mm/yyyy"}


def write_people_csv(
    file: BinaryIO, rows: Iterable[ExportRow], selection: Selection, language: Language, style: CsvStyle
) -> Written:
    """Write one row a record."""
    tables = PeopleTables(selection, language, lists_apart=False)
    columns = [Column(heading) for heading in tables.headings]
    cells = ([cell_text(cell, language) for cell in tables.row(row)] for row in rows)
    return Written(write_csv(file, columns, cells, style))


def write_people_xlsx(file: BinaryIO, rows: Iterable[ExportRow], selection: Selection, language: Language) -> Written:
    """Write a sheet of records and one for each list.

    Raises:
        ConfigurationError: the extra `files` is not installed.
    """
    with require_extra("files", "openpyxl"):
        from cchc_connect.spreadsheets.workbook import WorkbookFile  # noqa: PLC0415  # the extra may be missing

    tables = PeopleTables(selection, language, lists_apart=True)
    workbook = WorkbookFile(_DAY_FORMATS[language], Wording(language).text("exports.cell_too_long"))
    try:
        main = workbook.sheet(tables.title, tables.headings)
        parts = [(table, workbook.sheet(table.title, tables.part_headings(table))) for table in tables.part_tables]
        count = 0
        for row in rows:
            main.append(tables.row(row))
            for table, sheet in parts:
                for part_row in tables.part_rows(table, row):
                    sheet.append(part_row)
            count += 1
    except BaseException:
        workbook.discard()
        raise
    workbook.save(file)
    return Written(count, workbook.replaced_texts)
