"""`quarantine`: items that did not become records, their faults, processing them again, and export as a spreadsheet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext, UnmaskedOptions
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.fault_texts import rule_text
from cchc_connect.cli.formatting import local_time, parse_moment
from cchc_connect.cli.misreadings import Misreadings, misreadings, show_misreadings, with_words_shown
from cchc_connect.cli.unmasked import require_reason, unmasked_view
from cchc_connect.cli.written_files import writing_file
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.database.reading import quarantine_entries
from cchc_connect.database.reading.quarantine_entries import EntryFilter, QuarantineEntry
from cchc_connect.database.state.counters import Counters
from cchc_connect.errors import NotFound, Rejected, UsageMistake
from cchc_connect.messages import Message
from cchc_connect.privacy.masking import masked_members
from cchc_connect.privacy.outside_names import shown_name
from cchc_connect.privacy.redaction import escape_to_one_line
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
from cchc_connect.sync.synchronizer import Synchronizer
from cchc_schemas import Fault

EXPORT_COLUMNS = {
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
class SpreadsheetOptions:
    """How the spreadsheet is written."""

    excel: bool
    """Whether a CSV is as Excel under Vietnamese regional settings reads it."""
    replace: bool
    """Whether an existing file is replaced."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Result of processing the entries of one connection and record type again."""

    connection: str
    record_type: str
    entries: int
    counts: Counters
    reason: Message | None = None
    """Why the entries could not be processed at all; None if they were."""

    def as_document(self, console: Console) -> Mapping[str, Any]:
        """Return the result, JSON-ready."""
        reason = None if self.reason is None else {"code": self.reason.code, "message": console.sentence(self.reason)}
        head = {"connection": self.connection, "record_type": self.record_type, "entries": self.entries}
        return {**head, "resolved": self.counts.resolved, "rows_written": self.counts.rows_written, "reason": reason}


def typed_filter(
    *,
    connection: str | None,
    record_type: str | None,
    rule: str | None,
    key: str | None,
    period: tuple[str | None, str | None],
) -> EntryFilter:
    """Return the filter that the options of a command mean; `period` is what was typed for `--since` and `--until`.

    Raises:
        UsageMistake: an end of the period is no date and no instant.
    """
    since, until = period
    return EntryFilter(
        connection=connection,
        record_type=record_type,
        rule=rule,
        source_key=key,
        since=parse_moment(since, "--since"),
        until=parse_moment(until, "--until"),
    )


def list_entries(command: CommandContext, database: str | None, selected: EntryFilter) -> ExitCode:
    """List the selected open entries, oldest first."""
    console = command.console
    entries = open_entries(command, database, selected)
    console.document({"entries": [_summary_document(entry, console) for entry in entries]})
    if not entries:
        console.message("quarantine_view.none")
        return ExitCode.DONE
    rows = [
        (
            entry.id,
            entry.connection,
            console.term("record_name", entry.record_type),
            shown_name(entry.source_key),
            local_time(entry.first_seen, console.language),
            fault_summary(entry, console),
        )
        for entry in entries
    ]
    columns = ("number", "connection", "record_type", "source_key", "first_seen", "faults")
    console.table(OutputTable(headings=[f"quarantine_view.{name}" for name in columns], rows=rows))
    console.message("quarantine_view.see_one", number=entries[0].id)
    return ExitCode.DONE


def open_entries(command: CommandContext, database: str | None, selected: EntryFilter) -> list[QuarantineEntry]:
    """Return the selected open entries, oldest first.

    Raises:
        UsageMistake: a name is unknown.
    """
    configured = () if database is not None else Config.load(command.config).connections
    with existing_database(command, database) as opened:
        return list(selected.read(opened, configured))


def show_entry(command: CommandContext, database: str | None, number: int, looking: UnmaskedOptions) -> ExitCode:
    """Show one entry: all its faults, and the item as received, masked unless its provider's official asks for it.

    Raises:
        AccessDenied: the item may not be shown as received.
    """
    require_reason(looking)
    console, raw = command.console, looking.unmasked
    with existing_database(command, database) as opened:
        with opened.reading() as transaction:
            entry = quarantine_entries.entry(transaction, number)
        view = unmasked_view(command, opened, looking)
        if view is not None:
            view.reveal_item(entry.connection, entry.record_type, entry.id)
    misread = Misreadings() if database is not None else misreadings(Config.load(command.config), entry, console)
    item = entry.displayed_item
    if not raw:
        item = with_words_shown(item, masked_members(item), misread.words)
    resolved_at = None if entry.resolved_at is None else to_timestamp_text(entry.resolved_at)
    console.document(
        {
            **_summary_document(entry, console, raw=raw),
            "unknown_words": [word.as_document(console) for word in misread.words],
            "misread_times": [asdict(time) for time in misread.times],
            "resolved_at": resolved_at,
            "masked": not raw,
            "item": item,
        }
    )
    show_faults(entry, console, raw=raw)
    show_misreadings(misread, console)
    console.heading("quarantine_view.item_raw" if raw else "quarantine_view.item_masked")
    console.json(item)
    if entry.resolved_at is None:
        console.line()
        console.message("quarantine_view.way_out", connection=entry.connection, number=entry.id)
        if database is not None:
            console.message("quarantine_view.way_out_config")
    return ExitCode.DONE


def show_faults(entry: QuarantineEntry, console: Console, *, raw: bool = False) -> None:
    """Write the source of an item and all its faults, each with the id of its rule. `raw` shows the whole key."""
    context = {"number": entry.id, "connection": entry.connection, "record_type": entry.record_type}
    console.message("quarantine_view.entry", source_key=_shown_key(entry, raw=raw), **context)
    if entry.resolved_at:
        console.message("quarantine_view.resolved_at", at=local_time(entry.resolved_at, console.language))
    for fault in entry.faults:
        console.line(f"  {_fault_text(entry, fault, console)} [{fault.rule}]")


def fault_summary(entry: QuarantineEntry, console: Console) -> str:
    """Return all faults of an entry, each on a line of its own."""
    return "\n".join(_fault_text(entry, fault, console) for fault in entry.faults)


def _fault_text(entry: QuarantineEntry, fault: Fault, console: Console) -> str:
    return (
        f"{field_name(record_model(entry.record_type), shown_name(fault.path), console)}: {rule_text(fault, console)}"
    )


def replay_entries(command: CommandContext, numbers: Sequence[int], *, everything: bool) -> ExitCode:
    """Process entries again with the code that pulled them; no request is sent to a source.

    Raises:
        UsageMistake: neither or both of `numbers` and `everything` are given.
        NotFound: an entry is resolved already.
    """
    if bool(numbers) == everything:
        raise UsageMistake("cli.replay_selection")
    config = Config.load(command.config)
    with existing_database(command, None) as opened:
        with opened.reading() as transaction:
            if everything:
                entries = quarantine_entries.entries(transaction)
            else:
                entries = [quarantine_entries.entry(transaction, number) for number in numbers]
        if any(entry.resolved_at for entry in entries):
            resolved = ", ".join(str(entry.id) for entry in entries if entry.resolved_at)
            raise NotFound("cli.entry_resolved", numbers=resolved)
        replays = list(_replays(Synchronizer(config, opened), entries))
    return _show_replays(replays, command.console)


def _replays(synchronizer: Synchronizer, entries: Sequence[QuarantineEntry]) -> Iterator[Replay]:
    """Replay the entries by connection and record type; those of a removed connection get a `reason`."""

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


def _show_replays(replays: Sequence[Replay], console: Console) -> ExitCode:
    entries = sum(replay.entries for replay in replays)
    resolved = sum(replay.counts.resolved for replay in replays)
    documents = [replay.as_document(console) for replay in replays]
    console.document({"entries": entries, "resolved": resolved, "replays": documents})
    for replay in replays:
        context = {"connection": replay.connection, "record_type": replay.record_type}
        if replay.reason is None:
            faulty = replay.entries - replay.counts.resolved
            console.message("quarantine_view.replayed", **context, resolved=replay.counts.resolved, faulty=faulty)
        else:
            console.line(console.sentence(replay.reason))
    if not replays:
        console.message("quarantine_view.none")
    if resolved == entries:
        return ExitCode.DONE
    return ExitCode.PARTIAL if resolved else ExitCode.FAILED


def _shown_key(entry: QuarantineEntry, *, raw: bool) -> str:
    return escape_to_one_line(entry.source_key) if raw else shown_name(entry.source_key)


def _summary_document(entry: QuarantineEntry, console: Console, *, raw: bool = False) -> dict[str, Any]:
    faults = [
        {
            "path": shown_name(fault.path),
            "rule": fault.rule,
            "detail": fault.detail,
            "message": rule_text(fault, console),
        }
        for fault in entry.faults
    ]
    head = {"id": entry.id, "connection": entry.connection, "record_type": entry.record_type}
    key = entry.source_key if raw else shown_name(entry.source_key)
    return {**head, "source_key": key, "first_seen": to_timestamp_text(entry.first_seen), "faults": faults}


def export_entries(
    command: CommandContext, database: str | None, path: Path, selected: EntryFilter, options: SpreadsheetOptions
) -> ExitCode:
    """Write one row for each fault of each selected open entry, without the faulty values.

    Raises:
        UsageMistake: the file is neither CSV nor XLSX, or a name is unknown.
        CannotCreate: the file already exists, or cannot be written.
        ConfigurationError: the extra `files` is not installed.
    """
    console = command.console
    if not is_spreadsheet(path):
        raise UsageMistake("spreadsheet.format_unknown", path=path)
    if options.excel and path.suffix.casefold() != ".csv":
        raise UsageMistake("exports.excel_without_csv", path=path)
    entries = open_entries(command, database, selected)
    columns = [Column(console.text(f"quarantine_view.{name}"), kind) for name, kind in EXPORT_COLUMNS.items()]
    with writing_file(path):
        title = console.text("quarantine_view.title")
        rows, style = _rows(entries, console), VIETNAMESE_EXCEL if options.excel else STANDARD
        faults = write_spreadsheet(path, columns, rows, replace=options.replace, title=title, csv_style=style)
    console.document({"file": str(path), "entries": len(entries), "faults": faults})
    console.message("quarantine_view.exported", path=path, entries=len(entries), faults=faults)
    return ExitCode.DONE


def _rows(entries: Iterable[QuarantineEntry], console: Console) -> Iterator[Row]:
    for entry in entries:
        first_seen = local_time(entry.first_seen, console.language)
        record_type, model = console.term("record_name", entry.record_type), record_model(entry.record_type)
        head = (entry.id, entry.connection, record_type, shown_name(entry.source_key), first_seen)
        for fault in entry.faults:
            yield *head, field_name(model, shown_name(fault.path), console), fault.rule, rule_text(fault, console)
