"""Tables for people, as CSV and as workbooks, in which no text can become a formula."""

from cchc_connect.spreadsheets.files import is_sheet, read_sheet, write_sheet
from cchc_connect.spreadsheets.tables import Column, Kind, Row, Value

__all__ = ["Column", "Kind", "Row", "Value", "is_sheet", "read_sheet", "write_sheet"]
