"""Tables as agencies really send them: CSV, XLSX, NDJSON, JSON and GeoJSON, read without a guess."""

from cchc_connect.foreign_tables.encodings import TextEncoding
from cchc_connect.foreign_tables.forms import PassedOver, TableForm, TableRow
from cchc_connect.foreign_tables.opening import ForeignTable, open_table

__all__ = ["ForeignTable", "PassedOver", "TableForm", "TableRow", "TextEncoding", "open_table"]
