"""`quarantine export`: the open entries as a sheet that the agency can work through."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cchc_connect.cli.console import Screen
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode, Misused
from cchc_connect.cli.formatting import local
from cchc_connect.cli.quarantine import fault_in_words, open_entries
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
"""Columns of the sheet; their names in the reader's language stand in the catalogue."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which entries go into the sheet, and whether it may take the place of one that is there."""

    connection: str | None
    record_type: str | None
    force: bool


def export_entries(session: Session, database: str | None, path: Path, wanted: Wanted) -> ExitCode:
    """Write a row for every fault of every open entry; the values at fault are left out.

    Raises:
        Misused: the file is neither CSV nor a workbook, or a name stands for nothing.
        CannotCreate: the file is there already, or cannot be written.
        ConfigurationError: the extra `files` is not installed.
    """
    screen = session.screen
    if not is_sheet(path):
        raise Misused("sheet.kind", path=path)
    entries = open_entries(session, database, wanted.connection, wanted.record_type)
    columns = [Column(screen.text(f"quarantine_view.{name}"), kind) for name, kind in COLUMNS.items()]
    try:
        faults = write_sheet(path, columns, _rows(entries, screen), replace=wanted.force)
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
        head = (entry.id, entry.connection, entry.record_type, entry.source_key, since)
        for fault in entry.faults:
            yield *head, fault.path or screen.text("fault.whole"), fault.rule, fault_in_words(fault, screen)
