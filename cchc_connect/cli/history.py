"""`history`: every version of a record, the changes of each version, and the lineage of its key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from cchc_connect.cli.arguments import existing_database, record_class
from cchc_connect.cli.console import Console
from cchc_connect.cli.context import CommandContext, UnmaskedOptions
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_date, local_time, parse_moment
from cchc_connect.cli.unmasked import denial_documents, is_masked, require_reason, show_masking, unmasked_view
from cchc_connect.clock import as_instant, to_timestamp_text
from cchc_connect.database.maintenance import require_history
from cchc_connect.database.reading.history import FieldChange, RecordVersion, differences, histories
from cchc_connect.database.reading.lineage import predecessors, successors
from cchc_connect.database.reading.records import notes_by_key
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import RecordNotFound
from cchc_connect.privacy.masking import masked_document
from cchc_connect.record_fields import field_heading, field_name, field_value
from cchc_connect.sharing.unmasked import ProvidedRecord, Revealed, UnmaskedView, record_states
from cchc_schemas import Note, Record, to_document

Versions = Sequence[RecordVersion[Record]]
Lineage = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class _KeyHistory:
    """Versions and lineage of a key."""

    notes: Mapping[str, Sequence[Note]]
    """On the present version of each record, by key."""
    records: Mapping[str, Versions]
    """By key: the requested key, or if it never was a record the keys that replaced it."""
    became: Lineage
    came_from: Lineage


def show_history(
    command: CommandContext, database: str | None, record: tuple[str, str], looking: UnmaskedOptions, *, at: str | None
) -> ExitCode:
    """Show the versions of `record`, given by record type and key; with `at` the one known at that instant.

    Raises:
        UsageMistake: there is no such record type, or `at` is not an instant.
        RecordNotFound: there is no such record, or there was none at that instant.
        NotFound: versions of that instant were purged.
        AccessDenied: nothing of it may be shown unmasked.
    """
    require_reason(looking)
    kind, key, moment = record_class(record[0]), record[1], parse_moment(at, "--at")
    until = None if moment is None else as_instant(moment, at_end_of_day=True)
    with existing_database(command, database) as opened:
        if until is not None:
            with opened.reading() as connection:
                require_history(connection, to_timestamp_text(until))
        unmasked = unmasked_view(command, opened, looking)
        key_history = _find(opened, kind, key)
        shown = key_history.records if until is None else _current_at(key_history, until)
        revealed = None if unmasked is None else _revealed(opened, unmasked, kind, shown)
    view = _HistoryView(command.console, revealed, _present_versions(key_history))
    if until is None:
        command.console.document(view.document(kind, key, key_history))
        view.show(key, key_history)
    else:
        view.show_at(key, shown, until)
    return show_masking(command.console, looking, () if revealed is None else revealed.denials)


def _current_at(history: _KeyHistory, until: datetime) -> Mapping[str, Versions]:
    """Return the version of each key that was known at an instant; a key that had none is missing."""
    earlier_versions = {
        key: [version for version in versions if version.changed_at <= until]
        for key, versions in history.records.items()
    }
    return {key: versions[-1:] for key, versions in earlier_versions.items() if versions and not versions[-1].is_gone}


def _revealed(
    database: SharedDatabase, view: UnmaskedView, record_class: type[Record], shown: Mapping[str, Versions]
) -> Revealed:
    states = record_states(database, record_class, shown)
    names = {key: ProvidedRecord(record_class.record_type, key, state.agency) for key, state in states.items()}
    revealed = view.reveal(names.values())
    revealed.require_some()
    return revealed.without_former(
        names[key]
        for key, versions in shown.items()
        for version in versions
        if key in names and version.sequence != states[key].sequence
    )


def _find(database: SharedDatabase, kind: type[Record], key: str) -> _KeyHistory:
    with database.reading() as connection:
        became = [_event(row) for row in successors(connection, kind.record_type, key)]
        came_from = [_event(row) for row in predecessors(connection, kind.record_type, key)]
    records = histories(database, kind, key)
    with database.reading() as connection:
        notes = notes_by_key(connection, kind.record_type, records.keys())
    if not records:
        raise RecordNotFound("cli.no_record", record_type=kind.record_type, key=key)
    return _KeyHistory(records=records, notes=notes, became=became, came_from=came_from)


def _event(row: Row[Any]) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in ("old_key", "new_key", "kind", "happened_at", "evidence")}


class _HistoryView:
    """Writes versions as text for officials."""

    def __init__(self, console: Console, revealed: Revealed | None, present: frozenset[int]) -> None:
        """Write to `console` what is revealed; `present` has the sequences of present versions."""
        self._console = console
        self._revealed = revealed
        self._present = present

    def document(self, kind: type[Record], key: str, history: _KeyHistory) -> Mapping[str, object]:
        """Return versions and lineage of a key, JSON-ready."""
        records = [
            {
                "key": record_key,
                "versions": self._documents(versions),
                "notes": [self._note(note) for note in history.notes.get(record_key, ())],
            }
            for record_key, versions in history.records.items()
        ]
        head = {"record_type": kind.record_type, "key": key, "masked": is_masked(self._revealed)}
        lineage = {"became": history.became, "came_from": history.came_from}
        return {**head, "records": records, **lineage, **self._denied()}

    def _denied(self) -> Mapping[str, object]:
        return {} if self._revealed is None else {"denied": denial_documents(self._revealed.denials)}

    def show(self, key: str, history: _KeyHistory) -> None:
        """Write every version with its changes, then the lineage of the key."""
        if key not in history.records:
            self._console.message("history_view.successors_shown", key=key)
        for record_key, versions in history.records.items():
            record_type = versions[0].record.record_type
            self._console.heading("history_view.record", record_type=record_type, key=record_key)
            for version, changes in _with_changes(versions):
                self._show_version(version, changes)
            self._show_notes(versions[-1], history.notes.get(record_key, ()))
        self._show_lineage("history_view.became", "new_key", history.became)
        self._show_lineage("history_view.came_from", "old_key", history.came_from)

    def show_at(self, key: str, shown: Mapping[str, Versions], at: datetime) -> None:
        """Write the versions that were known at an instant.

        Raises:
            RecordNotFound: there was no record at that instant.
        """
        current = [version for versions in shown.values() for version in versions]
        if not current:
            raise RecordNotFound("cli.no_record_at", key=key, at=local_time(at, self._console.language))
        self._console.document(
            {
                "at": to_timestamp_text(at),
                "masked": is_masked(self._revealed),
                "records": [self._document(version) for version in current],
                **self._denied(),
            }
        )
        for version in current:
            record = version.record
            self._console.heading("history_view.record", record_type=record.record_type, key=record.key)
            self._show_version(version, differences(None, record))

    def _documents(self, versions: Versions) -> list[Mapping[str, object]]:
        return [
            {**self._document(version), "changes": [self._change(version, change) for change in changes]}
            for version, changes in _with_changes(versions)
        ]

    def _document(self, version: RecordVersion[Record]) -> dict[str, object]:
        record = self._shown(version.record, to_document(version.record), is_present=version.sequence in self._present)
        days = {name: None if day is None else day.isoformat() for name, day in _days(version).items()}
        return {
            "version": version.version,
            "sequence": version.sequence,
            "operation": version.operation,
            "changed_at": to_timestamp_text(version.changed_at),
            **days,
            "connection": version.connection,
            "run_id": version.run_id,
            "record": record,
        }

    def _change(self, version: RecordVersion[Record], change: FieldChange) -> Mapping[str, object]:
        name, is_present = change.name, version.sequence in self._present
        before = self._shown(version.record, {name: change.before}, is_present=False)
        after = self._shown(version.record, {name: change.after}, is_present=is_present)
        return {"field": name, "before": before[name], "after": after[name]}

    def _shown(self, record: Record, document: Mapping[str, object], *, is_present: bool) -> Mapping[str, object]:
        """Return fields of a version as they may be shown."""
        if self._revealed is None:
            return masked_document(type(record), document)
        return self._revealed.document(type(record), record.key, document, is_present=is_present)

    def _show_version(self, version: RecordVersion[Record], changes: Sequence[FieldChange]) -> None:
        language = self._console.language
        self._console.message(
            "history_view.version",
            version=version.version,
            at=local_time(version.changed_at, language),
            operation=self._console.term("operation", version.operation),
            connection=version.connection,
        )
        first, last = (local_date(bound, language) or "..." for bound in _days(version).values())
        if first != last or first != "...":
            self._console.message("history_view.valid", first=first, last=last)
        model = type(version.record)
        for change in changes:
            values = self._change(version, change)
            before, after = (
                field_value(model, change.name, values[side], self._console) for side in ("before", "after")
            )
            name = field_heading(model, change.name, self._console)
            self._console.line(f"  {name}: {after}" if change.before is None else f"  {name}: {before} -> {after}")

    def _note(self, note: Note) -> Mapping[str, object]:
        return {"path": note.path, "rule": note.rule, "message": self._console.term("fault", note.rule)}

    def _show_notes(self, version: RecordVersion[Record], notes: Sequence[Note]) -> None:
        """Write the notes on the present version: which member, and its rule in words."""
        if notes:
            self._console.line(f"  {self._console.text('history_view.notes')}:")
        for note in notes:
            name = field_name(type(version.record), note.path, self._console) if note.path else note.path
            self._console.line(f"    {name} {self._console.term('fault', note.rule)} ({note.rule})".rstrip())

    def _show_lineage(self, heading: str, column: str, events: Lineage) -> None:
        if not events:
            return
        self._console.heading(heading)
        for event in events:
            happened = event["happened_at"]
            when = local_time(happened, self._console.language) if happened else None
            evidence = event["evidence"] and self._console.text("history_view.evidence", evidence=event["evidence"])
            parts = (self._console.term("lineage", event["kind"]), when, evidence)
            self._console.line(f"  {event[column]}: {', '.join(str(part) for part in parts if part)}")


def _with_changes(versions: Versions) -> list[tuple[RecordVersion[Record], list[FieldChange]]]:
    """Return each version with the fields that differ from the version before it."""
    previous = [None, *(version.record for version in versions[:-1])]
    return [(version, differences(record, version.record)) for record, version in zip(previous, versions, strict=True)]


def _present_versions(history: _KeyHistory) -> frozenset[int]:
    return frozenset(versions[-1].sequence for versions in history.records.values())


def _days(version: RecordVersion[Record]) -> Mapping[str, Any]:
    return {"valid_from": version.valid_from, "valid_to": version.valid_to}
