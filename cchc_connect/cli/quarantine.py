"""`quarantine`: items that did not become records, their faults, processing them again, and export as a spreadsheet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from cchc_connect.cli.arguments import database_option, existing_database, require_known_name
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode, NotFound, UsageMistake
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.record_fields import field_name, record_model
from cchc_connect.config.file import Config
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.cursors import stream_states
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.quarantine import QuarantineEntry
from cchc_connect.errors import Rejected
from cchc_connect.messages import Language, Message
from cchc_connect.privacy.masking import masked_item
from cchc_connect.spreadsheets import Column, ColumnType, Row, is_spreadsheet, write_spreadsheet
from cchc_connect.sync.synchronizer import Synchronizer
from cchc_schemas import RECORD_TYPES, Fault


def list_entries(
    session: CommandContext, database: str | None, connection: str | None, record_type: str | None
) -> ExitCode:
    """List the open entries, oldest first, of all connections and record types or of the named ones."""
    screen = session.screen
    entries = open_entries(session, database, connection, record_type)
    screen.document({"entries": [_head(entry, screen) for entry in entries]})
    if not entries:
        screen.message("quarantine_view.none")
        return ExitCode.DONE
    rows = [
        (
            entry.id,
            entry.connection,
            screen.term("record_name", entry.record_type),
            entry.source_key,
            local_time(entry.first_seen, screen.language),
            fault_summary(entry, screen),
        )
        for entry in entries
    ]
    columns = ("number", "connection", "record_type", "source_key", "first_seen", "faults")
    screen.table(OutputTable(headings=[f"quarantine_view.{name}" for name in columns], rows=rows))
    screen.message("quarantine_view.see_one", number=entries[0].id, where=database_option(database))
    return ExitCode.DONE


def open_entries(
    session: CommandContext, database: str | None, connection: str | None, record_type: str | None
) -> list[QuarantineEntry]:
    """Return the open entries, oldest first, of all connections and record types or of the named ones.

    Raises:
        Misused: a name is unknown.
    """
    with existing_database(session, database) as opened, opened.reading() as reading:
        entries = quarantine.entries(reading)
        connections = {
            *(entry.connection for entry in entries),
            *(state.connection for state in stream_states(reading)),
        }
    if database is None:
        connections |= set(Config.load(session.config).connections)
    require_known_name("cli.connection_unknown", connection, connections)
    require_known_name("cli.record_type_unknown", record_type, RECORD_TYPES)
    return [
        entry
        for entry in entries
        if connection in {None, entry.connection} and record_type in {None, entry.record_type}
    ]


def show_entry(session: CommandContext, database: str | None, number: int, *, raw: bool) -> ExitCode:
    """Show one entry: all its faults, and the item as received, masked unless `raw`."""
    screen = session.screen
    with existing_database(session, database) as opened, opened.reading() as reading:
        entry = quarantine.entry(reading, number)
    item = entry.displayed_item if raw else masked_item(entry.displayed_item)
    screen.document({**_head(entry, screen), "resolved_at": entry.resolved_at, "masked": not raw, "item": item})
    show_faults(entry, screen)
    screen.heading("quarantine_view.item_raw" if raw else "quarantine_view.item_masked")
    screen.json(item)
    return ExitCode.DONE


def show_faults(entry: QuarantineEntry, screen: Console) -> None:
    """Write the source of an item and all its faults; English adds the id of each rule."""
    context = {"number": entry.id, "connection": entry.connection, "record_type": entry.record_type}
    screen.message("quarantine_view.entry", source_key=entry.source_key, **context)
    if entry.resolved_at:
        screen.message("quarantine_view.resolved_at", at=local_time(entry.resolved_at, screen.language))
    for fault in entry.faults:
        rule = "" if screen.language is Language.VIETNAMESE else f" [{fault.rule}]"
        screen.line(f"  {_fault_text(entry, fault, screen)}{rule}")


def fault_words(fault: Fault, screen: Console) -> str:
    """Return the words for the rule of a fault; the rule itself if the catalogue has none."""
    return screen.term("fault", fault.rule)


def fault_summary(entry: QuarantineEntry, screen: Console) -> str:
    """Return all faults of an entry on one line."""
    return "; ".join(_fault_text(entry, fault, screen) for fault in entry.faults)


def _fault_text(entry: QuarantineEntry, fault: Fault, screen: Console) -> str:
    return f"{field_name(record_model(entry.record_type), fault.path, screen)}: {fault_words(fault, screen)}"


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Result of processing the entries of one connection and record type again."""

    connection: str
    record_type: str
    entries: int
    counts: Counters
    reason: Message | None = None
    """Why the entries could not be processed at all; None if they were."""

    def as_document(self, screen: Console) -> Mapping[str, Any]:
        """Return the result, JSON-ready."""
        reason = None if self.reason is None else {"code": self.reason.code, "message": screen.phrase(self.reason)}
        head = {"connection": self.connection, "record_type": self.record_type, "entries": self.entries}
        return {**head, "resolved": self.counts.resolved, "rows_written": self.counts.rows_written, "reason": reason}


def replay_entries(session: CommandContext, numbers: Sequence[int], *, everything: bool) -> ExitCode:
    """Process entries again with the code that pulled them; no request is sent to a source.

    Raises:
        Misused: neither or both of `numbers` and `everything` are given.
        NotThere: an entry is resolved already.
    """
    if bool(numbers) == everything:
        raise UsageMistake("cli.replay_selection")
    config = Config.load(session.config)
    with existing_database(session, None) as opened:
        with opened.reading() as reading:
            if everything:
                entries = quarantine.entries(reading)
            else:
                entries = [quarantine.entry(reading, number) for number in numbers]
        if any(entry.resolved_at for entry in entries):
            resolved = ", ".join(str(entry.id) for entry in entries if entry.resolved_at)
            raise NotFound("cli.entry_resolved", numbers=resolved)
        replays = list(_replays(Synchronizer(config, opened), entries))
    return _show_replays(replays, session.screen)


def _replays(synchronizer: Synchronizer, entries: Sequence[QuarantineEntry]) -> Iterator[Replay]:
    """Replay each connection and record type; one without connection does not stop the others."""

    def stream(entry: QuarantineEntry) -> tuple[str, str]:
        return entry.connection, entry.record_type

    for (connection, record_type), group in groupby(sorted(entries, key=stream), key=stream):
        members = list(group)
        counts, reason = Counters(), None
        try:
            counts = synchronizer.replay(members)
        except Rejected as error:
            reason = Message(error.code, error.context)
        yield Replay(connection=connection, record_type=record_type, entries=len(members), counts=counts, reason=reason)


def _show_replays(replays: Sequence[Replay], screen: Console) -> ExitCode:
    entries = sum(replay.entries for replay in replays)
    resolved = sum(replay.counts.resolved for replay in replays)
    documents = [replay.as_document(screen) for replay in replays]
    screen.document({"entries": entries, "resolved": resolved, "replays": documents})
    for replay in replays:
        context = {"connection": replay.connection, "record_type": replay.record_type}
        if replay.reason is None:
            faulty = replay.entries - replay.counts.resolved
            screen.message("quarantine_view.replayed", **context, resolved=replay.counts.resolved, faulty=faulty)
        else:
            screen.line(screen.phrase(replay.reason))
    if not replays:
        screen.message("quarantine_view.none")
    if resolved == entries:
        return ExitCode.DONE
    return ExitCode.PARTIAL if resolved else ExitCode.FAILED


def _head(entry: QuarantineEntry, screen: Console) -> dict[str, Any]:
    faults = [{"path": fault.path, "rule": fault.rule, "message": fault_words(fault, screen)} for fault in entry.faults]
    names = ("id", "connection", "record_type", "source_key", "first_seen")
    return {**{name: getattr(entry, name) for name in names}, "faults": faults}


COLUMNS = {
    "number": ColumnType.NUMBER,
    "connection": ColumnType.TEXT,
    "record_type": ColumnType.TEXT,
    "source_key": ColumnType.TEXT,
    "first_seen": ColumnType.TEXT,
    "field": ColumnType.TEXT,
    "rule": ColumnType.TEXT,
    "fault": ColumnType.TEXT,
}
"""Columns of the spreadsheet; the message catalogue has their headings."""


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Which entries are exported, and whether an existing file is overwritten."""

    connection: str | None
    record_type: str | None
    force: bool


def export_entries(session: CommandContext, database: str | None, path: Path, options: ExportOptions) -> ExitCode:
    """Write one row for each fault of each open entry, without the faulty values.

    Raises:
        Misused: the file is neither CSV nor XLSX, or a name is unknown.
        CannotCreate: the file already exists, or cannot be written.
        ConfigurationError: the extra `files` is not installed.
    """
    screen = session.screen
    if not is_spreadsheet(path):
        raise UsageMistake("spreadsheet.format_unknown", path=path)
    entries = open_entries(session, database, options.connection, options.record_type)
    columns = [Column(screen.text(f"quarantine_view.{name}"), kind) for name, kind in COLUMNS.items()]
    try:
        faults = write_spreadsheet(path, columns, _rows(entries, screen), replace=options.force)
    except FileExistsError:
        raise CannotCreate("cli.file_exists", path=path) from None
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=path, reason=error.strerror) from error
    screen.document({"file": str(path), "entries": len(entries), "faults": faults})
    screen.message("quarantine_view.exported", path=path, entries=len(entries), faults=faults)
    return ExitCode.DONE


def _rows(entries: Iterable[QuarantineEntry], screen: Console) -> Iterator[Row]:
    for entry in entries:
        since = local_time(entry.first_seen, screen.language)
        record_type, model = screen.term("record_name", entry.record_type), record_model(entry.record_type)
        head = (entry.id, entry.connection, record_type, entry.source_key, since)
        for fault in entry.faults:
            yield *head, field_name(model, fault.path, screen), fault.rule, fault_words(fault, screen)
