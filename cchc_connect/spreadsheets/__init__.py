"""Spreadsheets (CSV and XLSX) for officials; no text in them can become a formula."""

from cchc_connect.spreadsheets.csv import STANDARD, VIETNAMESE_EXCEL, CsvStyle, write_csv
from cchc_connect.spreadsheets.files import is_spreadsheet, read_spreadsheet, write_spreadsheet
from cchc_connect.spreadsheets.tables import Column, ColumnType, Row, Value

__all__ = [
    "STANDARD",
    "VIETNAMESE_EXCEL",
    "Column",
    "ColumnType",
    "CsvStyle",
    "Row",
    "Value",
    "is_spreadsheet",
    "read_spreadsheet",
    "write_csv",
    "write_spreadsheet",
]
