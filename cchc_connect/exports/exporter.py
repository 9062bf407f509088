"""Exports records of one type into one file."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from cchc_connect.database.names import require_known
from cchc_connect.database.reading.call_checks import require_record_class
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake
from cchc_connect.exports.field_types import has_geometry
from cchc_connect.exports.formats import ExportFormat, export_format
from cchc_connect.exports.json_files import write_geojson, write_ndjson
from cchc_connect.exports.people_files import write_people_csv, write_people_xlsx
from cchc_connect.exports.reference_systems import file_crs, transformation
from cchc_connect.exports.stored_rows import ExportRow, Selection, StoredRows, Written
from cchc_connect.extras import require_extra
from cchc_connect.messages import Language
from cchc_connect.privacy.private_files import new_private_file
from cchc_connect.spreadsheets import STANDARD, VIETNAMESE_EXCEL, CsvStyle
from cchc_schemas import RECORD_TYPES, Record, VersionUnknown, personal_fields
from cchc_schemas.versions import require_version

PROGRESS_STEP = 500
"""Rows between two reports of progress."""

ExportProgress = Callable[[int, int], None]
"""Receives the number of rows written and of all rows."""


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What an export wrote."""

    path: Path
    file_format: ExportFormat
    record_type: str
    rows: int
    crs: str | None
    """Reference system of the geometries; None if no record has one."""
    masked_fields: tuple[str, ...]
    """Personal fields by dotted path; their values are masked in the file."""
    replaced_texts: int
    """Texts too long for a cell of a workbook, in place of which a sentence says so."""
    seconds: float


def export(  # noqa: PLR0913  # an export has as many options as its command
    database: SharedDatabase,
    record_class: type[Record],
    path: Path | str,
    *,
    file_format: str | None = None,
    where: Mapping[str, object] | None = None,
    at: date | None = None,
    limit: int | None = None,
    crs: str | None = None,
    language: str = Language.ENGLISH,
    provenance: bool = False,
    record_version: int | None = None,
    excel: bool = False,
    replace: bool = False,
    progress: ExportProgress | None = None,
) -> ExportReport:
    """Write the live records of one type into a file, in key order, and return what was written.

    All records are of one committed state, personal values always masked. The file is for its owner alone (0600) and
    stands at `path` when it is complete. The end of `path` names the format, unless `file_format` does. `where` has
    conditions as `records` takes them. `at` gives the records as stored at an instant; without offset it is Vietnamese
    time, a day is its end. Geometries are transformed to `crs`; by default they keep theirs, or get CRS84 if they have
    several, and in GeoJSON. `language` is that of CSV and XLSX. `provenance` adds columns. `record_version` is an older
    version of the record, in NDJSON or GeoJSON. With `excel` a CSV is as Excel under Vietnamese regional settings reads
    it. `replace` allows to replace a file. `progress` receives the number of rows written and of all rows.

    Raises:
        UsageMistake: no such format, field, language, version or reference system, or not of this format or record.
        ConfigurationError: the format or a transformation needs an extra that is not installed.
        OSError: the file cannot be written; FileExistsError: it is there, and `replace` is false.
        NotFound, DatabaseUnusable: versions of the instant `at` were purged; the database failed.
    """
    require_record_class(record_class)
    path, chosen = Path(path), export_format(Path(path), file_format)
    newest = Selection(record_class=record_class, where=where or {}, at=at, limit=limit, with_provenance=provenance)
    selection = _of_version(newest, record_version, chosen)
    require_known("exports.language_unknown", language, list(Language))
    job = _Job(selection, chosen, crs, Language(language), progress, _csv_style(path, chosen, excel=excel))
    return job.run(database, path, replace=replace)


@dataclass(frozen=True)
class _Job:
    """One export: what is written in which form."""

    selection: Selection
    file_format: ExportFormat
    requested_crs: str | None
    language: Language
    progress: ExportProgress | None
    csv_style: CsvStyle

    def run(self, database: SharedDatabase, path: Path, *, replace: bool) -> ExportReport:
        started, record_class = time.monotonic(), self.selection.record_class
        is_geojson = self.file_format is ExportFormat.GEOJSON
        if is_geojson and not has_geometry(record_class):
            located = ", ".join(name for name, located_class in RECORD_TYPES.items() if has_geometry(located_class))
            raise UsageMistake("exports.no_geometry", name=record_class.record_type, known=located)
        with new_private_file(path, replace=replace) as file, database.reading() as connection:
            stored = StoredRows(connection, self.selection)
            total, systems = stored.count()
            crs = file_crs(systems, self.requested_crs, is_geojson=is_geojson)
            written = self._write(file, _reported(_transformed(stored, crs), total, self.progress), crs)
        return ExportReport(
            path=path,
            file_format=self.file_format,
            record_type=record_class.record_type,
            rows=written.rows,
            crs=crs if systems else None,
            masked_fields=tuple(personal_fields(record_class)),
            replaced_texts=written.replaced_texts,
            seconds=time.monotonic() - started,
        )

    def _write(self, file: BinaryIO, rows: Iterable[ExportRow], crs: str) -> Written:
        match self.file_format:
            case ExportFormat.CSV:
                return write_people_csv(file, rows, self.selection, self.language, self.csv_style)
            case ExportFormat.XLSX:
                return write_people_xlsx(file, rows, self.selection, self.language)
            case ExportFormat.NDJSON:
                return write_ndjson(file, rows, located=has_geometry(self.selection.record_class))
            case ExportFormat.GEOJSON:
                return write_geojson(file, rows)
            case ExportFormat.PARQUET:
                with require_extra("parquet", "pyarrow"):
                    from cchc_connect.exports.parquet import write_parquet  # noqa: PLC0415  # the extra may be missing
                return write_parquet(file, rows, self.selection, crs)


def _of_version(selection: Selection, version: int | None, file_format: ExportFormat) -> Selection:
    """Return the selection with the version of the record that is written."""
    if version is None:
        return selection
    if file_format not in {ExportFormat.NDJSON, ExportFormat.GEOJSON}:
        raise UsageMistake("exports.version_of_a_table", format=file_format.value)
    try:
        require_version(selection.record_class, version)
    except VersionUnknown as error:
        versions = {"version": error.version, "newest": error.newest}
        raise UsageMistake("exports.no_version", name=error.record_type, **versions) from error
    return dataclasses.replace(selection, record_version=version)


def _csv_style(path: Path, file_format: ExportFormat, *, excel: bool) -> CsvStyle:
    if excel and file_format is not ExportFormat.CSV:
        raise UsageMistake("exports.excel_without_csv", path=path)
    return VIETNAMESE_EXCEL if excel else STANDARD


def _transformed(rows: Iterable[ExportRow], crs: str) -> Iterator[ExportRow]:
    for row in rows:
        if row.geometry is None or row.crs is None or row.crs == crs:
            yield row
        else:
            yield dataclasses.replace(row, geometry=transformation(row.crs, crs)(row.geometry), crs=crs)


def _reported(rows: Iterable[ExportRow], total: int, progress: ExportProgress | None) -> Iterator[ExportRow]:
    for number, row in enumerate(rows, start=1):
        yield row
        if progress is not None and (number % PROGRESS_STEP == 0 or number == total):
            progress(number, total)
