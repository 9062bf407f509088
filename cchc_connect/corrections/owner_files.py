"""Files for an agency: what it is asked to correct. It fills in its answers and sends the file back (`answer_files`).

A file has requests to one agency alone. Of its own record it has key, fields and the value that stands here, unless it
is personal: then it says so in words. A value of another agency is not in it. That it was written is on record before
it stands at its name.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import Connection

from cchc_connect.config.file import Config
from cchc_connect.corrections import life_cycle
from cchc_connect.corrections.administration import acting, of_owner
from cchc_connect.corrections.owners import agency_of, configured_agencies, owning_connection
from cchc_connect.corrections.requests import CorrectionRequest, FindingKind, selected_requests
from cchc_connect.database.reading.records import live_records_query
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Language, Wording
from cchc_connect.privacy.masking import HIDDEN
from cchc_connect.privacy.outside_names import shown_name
from cchc_connect.record_fields import field_name, record_model
from cchc_connect.spreadsheets import (
    STANDARD,
    VIETNAMESE_EXCEL,
    Column,
    ColumnType,
    Row,
    is_spreadsheet,
    write_spreadsheet,
)
from cchc_schemas import RECORD_TYPES, Record, mask
from cchc_schemas.record_paths import leaves, leaves_at, values_at

COLUMNS: Mapping[str, ColumnType] = MappingProxyType(
    {
        "number": ColumnType.NUMBER,
        "record_type": ColumnType.TEXT,
        "record_key": ColumnType.TEXT,
        "field": ColumnType.TEXT,
        "finding": ColumnType.TEXT,
        "present_value": ColumnType.TEXT,
        "proposed_value": ColumnType.TEXT,
        "reason": ColumnType.TEXT,
        "due_on": ColumnType.DAY,
        "response": ColumnType.TEXT,
        "until": ColumnType.DAY,
        "explanation": ColumnType.TEXT,
    }
)
"""Columns of a file; the agency fills in the last three. The message catalogue has their headings."""


@dataclass(frozen=True, kw_only=True)
class OwnerFileReport:
    """What was written for an agency."""

    path: Path
    owner: str
    requests: Sequence[CorrectionRequest]
    """Requests in the file; if there are none, there is no file."""


@dataclass(frozen=True, kw_only=True)
class OwnerFileOptions:
    """How a file for an agency is written."""

    language: Language = Language.ENGLISH
    """Language of headings and words."""
    excel: bool = False
    """Whether a CSV is as Excel under Vietnamese regional settings reads it."""
    replace_file: bool = False
    """Whether a file of this name is replaced."""


def export_corrections(
    config: Config,
    database: SharedDatabase,
    owner: str,
    path: Path | str,
    options: OwnerFileOptions | None = None,
    *,
    at: datetime | None = None,
) -> OwnerFileReport:
    """Write what an agency has still to answer into a spreadsheet, and store that it was sent.

    The file is CSV or XLSX by its end, and private (0600). Where the agency has nothing to answer there is no file.

    Raises:
        UsageMistake: there is no such agency, the file is neither CSV nor XLSX, or `excel` is for no CSV.
        FileExistsError: there is such a file, and it is not to be replaced.
        OSError: the file cannot be written.
        ConfigurationError: the extra `files` is not installed.
        DatabaseUnusable: the database failed, and there is no file.
    """
    path, chosen, acted_by = Path(path), options or OwnerFileOptions(), acting(config, at)
    wording, sent = Wording(chosen.language), list[CorrectionRequest]()
    _require_table(path, chosen)
    if not _awaits_any(config, database, owner, acted_by.day):
        return OwnerFileReport(path=path, owner=owner, requests=sent)

    def rows() -> Iterator[Row]:
        """Yield the rows after it was committed that they are sent: the file stands at its name after the last one."""
        with database.writing() as connection:
            for request in selected_requests(connection, of_owner(config, connection, owner, acted_by.day)):
                if request.awaits_owner:
                    sent.append(life_cycle.mark_sent(connection, request, acted_by))
            values = {request.number: _present_value(config, connection, request, wording) for request in sent}
        for request in sent:
            yield _row(request, values[request.number], wording)

    columns = [Column(heading(name, wording), kind) for name, kind in COLUMNS.items()]
    style, title = VIETNAMESE_EXCEL if chosen.excel else STANDARD, wording.text("correction_file.title")
    write_spreadsheet(path, columns, rows(), replace=chosen.replace_file, title=title, csv_style=style)
    return OwnerFileReport(path=path, owner=owner, requests=sent)


def _awaits_any(config: Config, database: SharedDatabase, owner: str, day: date) -> bool:
    """Return whether an agency has something to answer.

    Raises:
        UsageMistake: there is no such agency.
    """
    with database.reading() as connection:
        requests = selected_requests(connection, of_owner(config, connection, owner, day))
    return any(request.awaits_owner for request in requests)


def _require_table(path: Path, options: OwnerFileOptions) -> None:
    if not is_spreadsheet(path):
        raise UsageMistake("spreadsheet.format_unknown", path=path)
    if options.excel and path.suffix.casefold() != ".csv":
        raise UsageMistake("exports.excel_without_csv", path=path)


def heading(name: str, wording: Wording) -> str:
    """Return the heading of a column."""
    return wording.text(f"correction_file.{name}")


def field_names(request: CorrectionRequest, wording: Wording) -> str:
    """Return the names of the fields of a request; what a source called a field of an item is shown without persons."""
    model = record_model(request.record_type)
    return "; ".join(field_name(model, shown_name(path), wording) for path in request.fields)


def finding_words(request: CorrectionRequest, wording: Wording) -> str:
    """Return what a request is based on, with the rules that were broken."""
    kind = wording.term("correction_finding", request.finding.value)
    rules = "; ".join(wording.term("fault", rule) for rule in (request.rule or "").split())
    return f"{kind}: {rules}" if rules else kind


def _present_value(config: Config, connection: Connection, request: CorrectionRequest, wording: Wording) -> str | None:
    """Return what stands in the fields of the agency's own record, masked; None if it is another agency's by now."""
    record_class = RECORD_TYPES.get(request.record_type)
    if record_class is None or request.finding is FindingKind.QUARANTINE:
        return None
    agencies = configured_agencies(config)
    for path in request.fields:
        name = owning_connection(config, connection, request.record_type, request.record_key, path)
        if name is None or request.owner != agency_of(
            connection, name, request.record_type, request.record_key, agencies
        ):
            return None
    key = record_table(request.record_type).c.record_key
    row = connection.execute(live_records_query(record_class).where(key == request.record_key)).one_or_none()
    if row is None:
        return None
    document = json.loads(row.document)
    shown = [
        f"{field_name(record_class, leaf, wording)}: {_own_value(record_class, leaf, value, wording)}"
        for path in request.fields
        for leaf in leaves_at(record_class, path)
        for value in values_at(document, leaf)
    ]
    return "; ".join(dict.fromkeys(shown)) or None


def _own_value(record_class: type[Record], path: str, value: object, wording: Wording) -> str:
    """Return a value of the agency's own record; of a personal one where it stands, and the last signs of a number."""
    mark = leaves(record_class)[path].mark
    if mark is None:
        return str(value)
    end = mask(value, mark.visible).removeprefix(HIDDEN)
    return wording.text("correction_file.personal_number" if end else "correction_file.personal", end=end)


def _proposal(request: CorrectionRequest, wording: Wording) -> str | None:
    """Return the proposed value; of a personal field, as earlier programs stored one, how the agency is told it."""
    shown = request.shown_proposal
    return wording.text("correction_file.personal_proposal") if shown and shown.startswith(HIDDEN) else shown


def _row(request: CorrectionRequest, present_value: str | None, wording: Wording) -> Row:
    return (
        request.number,
        wording.term("record_name", request.record_type),
        request.shown_key,
        field_names(request, wording),
        finding_words(request, wording),
        present_value,
        _proposal(request, wording),
        request.shown_reason,
        request.due_on,
        None,
        None,
        None,
    )
