"""Files for a recipient: records that leave through the disclosure point, as far as an agreement grants them.

The entry in the audit log is committed before the file stands at its name; a refusal writes no file. Beside the file
stands `FILE.disclosure.json`, which says by which agreement it left, and its SHA-256.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.names import require_known
from cchc_connect.database.reading.case import UnreadableRecord
from cchc_connect.errors import UsageMistake
from cchc_connect.exports.formats import ExportFormat, export_format
from cchc_connect.extras import require_extra
from cchc_connect.messages import Language, Wording
from cchc_connect.privacy.private_files import new_private_file
from cchc_connect.record_fields import field_heading
from cchc_connect.sharing.agreements import Action
from cchc_connect.sharing.disclosure import DisclosurePoint, Release
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.spreadsheets import STANDARD, VIETNAMESE_EXCEL, Column, CsvStyle, write_csv
from cchc_schemas import RECORD_TYPES
from cchc_schemas.record_paths import leaves, values_with_gaps

SIDECAR_SUFFIX = ".disclosure.json"
"""What the name of a file gets for that of the file beside it."""

RECIPIENT_FORMATS = (ExportFormat.CSV, ExportFormat.XLSX, ExportFormat.NDJSON)
"""Formats that hold treated values, which have not the types of the record any more."""

_DAY_FORMAT = "yyyy-mm-dd"


@dataclass(frozen=True, kw_only=True)
class RecipientReport:
    """What an export for a recipient wrote."""

    path: Path
    sidecar: Path
    """The file beside it."""
    file_format: ExportFormat
    record_type: str
    rows: int
    fields: Mapping[str, str]
    """Path of each field -> how it was treated."""
    agreement: str
    """Id and version."""
    grant: str
    entry: str
    """Entry in the audit log, `CHAIN/ENTRY`."""
    sha256: str
    """Of the file, in hexadecimal digits."""
    unreadable: tuple[UnreadableRecord, ...] = ()
    """Records of the dossier's case that could not be read, so that what only they name is not in the file."""


def export_for_recipient(  # noqa: PLR0913  # an export has as many options as its command
    point: DisclosurePoint,
    request: AccessRequest,
    path: Path | str,
    *,
    file_format: str | None = None,
    language: str = Language.ENGLISH,
    excel: bool = False,
    replace_file: bool = False,
) -> RecipientReport:
    """Write the records that a request gets into a file for its consumer, and return what was written.

    Only granted fields are in the file, unmasked or treated as the agreement says. The file is for its owner alone
    (0600); it stands at `path` when it is complete, after its entry was committed. The action of `request` is `export`
    whatever it says. The end of `path` names the format, CSV, XLSX or NDJSON, unless `file_format` does; `language` is
    that of the headings. With `excel` a CSV is as Excel under Vietnamese regional settings reads it. `replace_file`
    allows to replace files of these names.

    Raises:
        AccessDenied: no agreement in force covers the request; that is on record, and there is no file.
        UsageMistake: no such format, language or record type, or a format that holds no treated values.
        FileExistsError: there is such a file, or one of its sidecar's name, and `replace_file` is false.
        OSError: a file cannot be written.
        DatabaseUnusable: the database failed.
    """
    path = Path(path)
    chosen, sidecar = _format(path, file_format, excel=excel), path.with_name(path.name + SIDECAR_SUFFIX)
    require_known("exports.language_unknown", language, list(Language))
    request, style = replace(request, action=Action.EXPORT), VIETNAMESE_EXCEL if excel else STANDARD
    with (
        new_private_file(path, replace=replace_file) as file,
        new_private_file(sidecar, replace=replace_file) as beside,
    ):
        release = point.disclose(request)
        _write(file, release, request.record_type, chosen, Wording(Language(language)), style)
        report = _report(release, request.record_type, chosen, (path, sidecar), _sha256(file))
        beside.write(json.dumps(_statement(report, request, release.at), ensure_ascii=False, indent=2).encode() + b"\n")
    return report


def _format(path: Path, name: str | None, *, excel: bool) -> ExportFormat:
    chosen = export_format(path, name)
    if chosen not in RECIPIENT_FORMATS:
        raise UsageMistake("exports.format_not_for_recipient", name=chosen.value, known=", ".join(RECIPIENT_FORMATS))
    if excel and chosen is not ExportFormat.CSV:
        raise UsageMistake("exports.excel_without_csv", path=path)
    return chosen


def _report(
    release: Release, record_type: str, file_format: ExportFormat, paths: tuple[Path, Path], sha256: str
) -> RecipientReport:
    return RecipientReport(
        path=paths[0],
        sidecar=paths[1],
        file_format=file_format,
        record_type=record_type,
        rows=len(release.documents),
        fields={name: treatment.value for name, treatment in release.fields.items()},
        agreement=release.agreement,
        grant=release.grant,
        entry=str(release.entry),
        sha256=sha256,
        unreadable=release.unreadable,
    )


def _statement(report: RecipientReport, request: AccessRequest, at: datetime) -> Mapping[str, object]:
    """Return what the file beside the exported one says; no value of a record."""
    return {
        "file": report.path.name,
        "sha256": report.sha256,
        "at": to_timestamp_text(at),
        "agreement": report.agreement,
        "grant": report.grant,
        "consumer": request.consumer,
        "dossier": request.dossier,
        "official": request.official,
        "record_type": report.record_type,
        "fields": dict(report.fields),
        "count": report.rows,
        "entry": report.entry,
    }


def _write(
    file: BinaryIO, release: Release, record_type: str, file_format: ExportFormat, wording: Wording, style: CsvStyle
) -> None:
    if file_format is ExportFormat.NDJSON:
        lines = ({"record_key": key, **document} for key, document in release.documents.items())
        file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
        return
    paths = _in_order(record_type, release.fields)
    headings = [wording.term("export_heading", "record_key"), *_headings(record_type, paths, wording)]
    if file_format is ExportFormat.CSV:
        write_csv(file, [Column(heading) for heading in headings], _rows(release, paths), style)
        return
    with require_extra("files", "openpyxl"):
        from cchc_connect.spreadsheets.workbook import WorkbookFile  # noqa: PLC0415  # the extra may be missing

    workbook = WorkbookFile(_DAY_FORMAT, wording.text("exports.cell_too_long"))
    try:
        sheet = workbook.sheet(record_type, headings)
        for row in _rows(release, paths):
            sheet.append(row)
    except BaseException:
        workbook.discard()
        raise
    workbook.save(file)


def _in_order(record_type: str, paths: Iterable[str]) -> Sequence[str]:
    """Return paths in the order of the record's fields; a part stands where its first field does."""
    known_leaves = list(leaves(RECORD_TYPES[record_type]))

    def position(path: str) -> int:
        inner = (number for number, leaf in enumerate(known_leaves) if leaf == path or leaf.startswith(f"{path}."))
        return next(inner, len(known_leaves))

    return sorted(paths, key=position)


def _headings(record_type: str, paths: Iterable[str], wording: Wording) -> Iterator[str]:
    for path in paths:
        yield path if wording.language is Language.ENGLISH else field_heading(RECORD_TYPES[record_type], path, wording)


def _rows(release: Release, paths: Sequence[str]) -> Iterator[list[str | None]]:
    for key, document in release.documents.items():
        yield [key, *(_cell(list(values_with_gaps(document, path))) for path in paths)]


def _cell(values: Sequence[object]) -> str | None:
    if all(value is None for value in values):
        return None
    return "; ".join("" if value is None else _text(value) for value in values)


def _text(value: object) -> str:
    match value:
        case bool() | dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _sha256(file: BinaryIO) -> str:
    file.flush()
    file.seek(0)
    return hashlib.file_digest(cast("Any", file), "sha256").hexdigest()
