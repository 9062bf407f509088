"""`quarantine export`: the open entries as a spreadsheet for the agency."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cchc_connect.cli.console import Screen
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode, Misused
from cchc_connect.cli.formatting import local
from cchc_connect.cli.quarantine import fault_in_words, open_entries
from cchc_connect.cli.record_fields import field_name, record_model
from cchc_connect.cli.session import Session
from cchc_connect.database.writing.quarantine import QuarantineEntry
from cchc_connect.spreadsheets import Column, Kind, Row, is_sheet, write_sheet

COLUMNS = {
    "number": Kind.NUMBER,
    "connection": Kind.TEXT,
    "record_type": Kind.TEXT,
    "source_key": Kind.TEXT,
    "first_seen": Kind.TEXT,
    "field": Kind.TEXT,
    "rule": Kind.TEXT,
    "fault": Kind.TEXT,
}
"""Columns of the spreadsheet; the message catalogue has their headings."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which entries are exported, and whether an existing file is overwritten."""

    connection: str | None
    record_type: str | None
    force: bool


def export_entries(session: Session, database: str | None, path: Path, options: Wanted) -> ExitCode:
    """Write one row for each fault of each open entry, without the faulty values.

    Raises:
        Misused: the file is neither CSV nor XLSX, or a name is unknown.
        CannotCreate: the file already exists, or cannot be written.
        ConfigurationError: the extra `files` is not installed.
    """
    screen = session.screen
    if not is_sheet(path):
        raise Misused("spreadsheet.format_unknown", path=path)
    entries = open_entries(session, database, options.connection, options.record_type)
    columns = [Column(screen.text(f"quarantine_view.{name}"), kind) for name, kind in COLUMNS.items()]
    try:
        faults = write_sheet(path, columns, _rows(entries, screen), replace=options.force)
    except FileExistsError:
        raise CannotCreate("cli.file_exists", path=path) from None
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=path, reason=error.strerror) from error
    screen.document({"file": str(path), "entries": len(entries), "faults": faults})
    screen.say("quarantine_view.exported", path=path, entries=len(entries), faults=faults)
    return ExitCode.DONE


def _rows(entries: Iterable[QuarantineEntry], screen: Screen) -> Iterator[Row]:
    for entry in entries:
        since = local(entry.first_seen, screen.language)
        record_type, model = screen.word("record_name", entry.record_type), record_model(entry.record_type)
        head = (entry.id, entry.connection, record_type, entry.source_key, since)
        for fault in entry.faults:
            yield *head, field_name(model, fault.path, screen), fault.rule, fault_in_words(fault, screen)
