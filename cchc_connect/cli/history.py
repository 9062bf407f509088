"""`history`: every version of a record, what changed in each, and which keys came before and after its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from cchc_connect.cli.console import Screen
from cchc_connect.cli.context import existing_database
from cchc_connect.cli.exit_codes import ExitCode, NotThere
from cchc_connect.cli.formatting import day, instant_given, local
from cchc_connect.cli.names import record_kind
from cchc_connect.cli.session import Session
from cchc_connect.clock import stamp
from cchc_connect.database.reading.history import FieldChange, RecordVersion, differences, history
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.writing.relations import predecessors, successors
from cchc_connect.privacy.masking import masked_field, masked_record
from cchc_schemas import Record, to_document

Versions = Sequence[RecordVersion[Record]]
Lineage = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What is known of a key."""

    records: Mapping[str, Versions]
    """By key: the key asked for, or where that never was a record those that took its place."""
    became: Lineage
    came_from: Lineage


def show_history(
    session: Session, database: str | None, asked: tuple[str, str], *, at: str | None, unmasked: bool
) -> ExitCode:
    """Show the versions of the record `asked` for, record type and key; with `at` the one known at that instant.

    Raises:
        Misused: there is no such record type, or `at` is no instant.
        NotThere: there is no such record, or there was none at that instant.
    """
    kind, key, moment = record_kind(asked[0]), asked[1], instant_given(at, "--at")
    with existing_database(session, database) as opened:
        found = _find(opened, kind, key)
    view = _View(session.screen, unmasked=unmasked)
    if moment is None:
        session.screen.document(view.document(kind, key, found))
        view.show(key, found)
    else:
        view.show_at(key, found, moment)
    if not unmasked:
        session.screen.line()
        session.screen.say("case_view.masked")
    return ExitCode.DONE


def _find(database: SharedDatabase, kind: type[Record], key: str) -> _Found:
    with database.reading() as connection:
        became = [_event(row) for row in successors(connection, kind.record_type, key)]
        came_from = [_event(row) for row in predecessors(connection, kind.record_type, key)]
    keys = [key, *dict.fromkeys(event["new_key"] for event in became)]
    known = {one: versions for one in keys if (versions := history(database, kind, one))}
    if not known:
        raise NotThere("cli.no_record", record_type=kind.record_type, key=key)
    return _Found(records={key: known[key]} if key in known else known, became=became, came_from=came_from)


def _event(row: Row[Any]) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in ("old_key", "new_key", "kind", "happened_at", "evidence")}


class _View:
    """Writes versions as an official reads them."""

    def __init__(self, screen: Screen, *, unmasked: bool) -> None:
        self._screen = screen
        self._unmasked = unmasked

    def document(self, kind: type[Record], key: str, found: _Found) -> Mapping[str, object]:
        """Return all that is known of a key, JSON-ready."""
        records = [{"key": one, "versions": self._documents(versions)} for one, versions in found.records.items()]
        head = {"record_type": kind.record_type, "key": key, "masked": not self._unmasked}
        return {**head, "records": records, "became": found.became, "came_from": found.came_from}

    def show(self, key: str, found: _Found) -> None:
        """Write every version with what changed in it, then the lineage of the key."""
        if key not in found.records:
            self._screen.say("history_view.followed", key=key)
        for one, versions in found.records.items():
            self._screen.heading("history_view.record", record_type=versions[0].record.record_type, key=one)
            for version, changed in _with_changes(versions):
                self._show_version(version, changed)
        self._show_lineage("history_view.became", "new_key", found.became)
        self._show_lineage("history_view.came_from", "old_key", found.came_from)

    def show_at(self, key: str, found: _Found, at: datetime) -> None:
        """Write the versions that were known at an instant."""
        known = [[one for one in versions if one.changed_at <= at] for versions in found.records.values()]
        there = [versions[-1] for versions in known if versions and not versions[-1].is_gone]
        if not there:
            raise NotThere("cli.not_there_then", key=key, at=local(at, self._screen.language))
        self._screen.document(
            {"at": stamp(at), "masked": not self._unmasked, "records": [self._document(one) for one in there]}
        )
        for one in there:
            self._screen.heading("history_view.record", record_type=one.record.record_type, key=one.record.key)
            self._show_version(one, differences(None, one.record))

    def _documents(self, versions: Versions) -> list[Mapping[str, object]]:
        return [
            {**self._document(version), "changes": [self._change(version.record, one) for one in changed]}
            for version, changed in _with_changes(versions)
        ]

    def _document(self, version: RecordVersion[Record]) -> dict[str, object]:
        record = to_document(version.record) if self._unmasked else masked_record(version.record)
        days = {name: None if one is None else one.isoformat() for name, one in _days(version).items()}
        return {
            "version": version.version,
            "sequence": version.sequence,
            "operation": version.operation,
            "changed_at": stamp(version.changed_at),
            **days,
            "connection": version.connection,
            "run_id": version.run_id,
            "record": record,
        }

    def _change(self, record: Record, one: FieldChange) -> Mapping[str, object]:
        before, after = (
            value if self._unmasked else masked_field(type(record), one.name, value)
            for value in (one.before, one.after)
        )
        return {"field": one.name, "before": before, "after": after}

    def _show_version(self, version: RecordVersion[Record], changed: Sequence[FieldChange]) -> None:
        language = self._screen.language
        self._screen.say(
            "history_view.version",
            version=version.version,
            at=local(version.changed_at, language),
            operation=self._screen.word("operation", version.operation),
            connection=version.connection,
        )
        first, last = (day(one, language) or "..." for one in _days(version).values())
        if first != last or first != "...":
            self._screen.say("history_view.valid", first=first, last=last)
        for one in changed:
            shown = self._change(version.record, one)
            before, after = _text(shown["before"]), _text(shown["after"])
            self._screen.line(f"  {one.name}: {after}" if one.before is None else f"  {one.name}: {before} -> {after}")

    def _show_lineage(self, heading: str, column: str, events: Lineage) -> None:
        if not events:
            return
        self._screen.heading(heading)
        for event in events:
            happened = event["happened_at"]
            when = local(happened, self._screen.language) if happened else None
            told = (self._screen.word("succession", event["kind"]), when, event["evidence"])
            self._screen.line(f"  {event[column]}: {', '.join(str(one) for one in told if one)}")


def _with_changes(versions: Versions) -> list[tuple[RecordVersion[Record], list[FieldChange]]]:
    """Return each version with the fields that differ from the version before it."""
    before = [None, *(one.record for one in versions[:-1])]
    return [(one, differences(earlier, one.record)) for earlier, one in zip(before, versions, strict=True)]


def _days(version: RecordVersion[Record]) -> Mapping[str, Any]:
    return {"valid_from": version.valid_from, "valid_to": version.valid_to}


def _text(value: object) -> str:
    return "-" if value is None else str(value)
