"""Formats of exported files; the end of the file name decides, unless the format is named."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from cchc_connect.errors import UsageMistake


class ExportFormat(StrEnum):
    """Format of an exported file."""

    CSV = "csv"
    """Table for people: one row a record, lists as readable text; UTF-8 as Excel reads it."""
    XLSX = "xlsx"
    """Workbook for people: one row a record, and a sheet for each list of parts."""
    NDJSON = "ndjson"
    """One JSON object a line, structured as the shared database stores it."""
    GEOJSON = "geojson"
    """Features for maps (RFC 7946), in longitude and latitude."""
    PARQUET = "parquet"
    """Typed columns for analysis, nested parts as structures; with geometries it is GeoParquet 1.1."""


FORMAT_BY_ENDING: Mapping[str, ExportFormat] = MappingProxyType(
    {".jsonl": ExportFormat.NDJSON, **{f".{file_format}": file_format for file_format in ExportFormat}}
)


def export_format(path: Path, name: str | None = None) -> ExportFormat:
    """Return the format called `name`; without a name that of the end of the path.

    Raises:
        UsageMistake: there is no such format or ending.

    >>> export_format(Path("parcels.Parquet")).value
    'parquet'
    """
    if name is not None:
        if name not in set(ExportFormat):
            raise UsageMistake("exports.format_unknown", name=name, known=", ".join(ExportFormat))
        return ExportFormat(name)
    file_format = FORMAT_BY_ENDING.get(path.suffix.casefold())
    if file_format is None:
        raise UsageMistake("exports.ending_unknown", path=path, known=", ".join(sorted(FORMAT_BY_ENDING)))
    return file_format
