"""`audit list`: entries of the audit log for people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time, parse_moment
from cchc_connect.cli.sharing_terms import configured_terms, purpose_text
from cchc_connect.clock import as_instant, to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.database.audit.entries import AuditKind
from cchc_connect.database.audit.listing import AuditFilter, NumberedEntry, audit_entries
from cchc_connect.database.names import require_known
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import alike, suggestion
from cchc_connect.sharing.known_agencies import known_agencies
from cchc_schemas.legal_acts import Purpose

COLUMNS = ("number", "at", "kind", "result", "agency", "purpose", "official", "record_type", "count")
"""Columns of the list."""

UNKNOWN = {"audit_list.agency_unknown": "agency", "audit_list.official_unknown": "official"}
"""Codes of the messages about an unknown name -> the option that names it."""

KINDS = tuple(kind.value for kind in AuditKind)
"""Kinds of entries."""


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """The options of `audit list`, as they were typed."""

    kind: str | None
    agency: str | None
    official: str | None
    dossier: str | None
    record_key: str | None
    run_id: str | None
    request_id: str | None
    since: str | None
    until: str | None
    refused_only: bool
    limit: int

    def as_filter(self) -> AuditFilter:
        """Return the filter.

        Raises:
            UsageMistake: there is no such kind, or a value is no instant or day.
        """
        require_known("names.audit_kind_unknown", self.kind, KINDS)
        since, until = parse_moment(self.since, "--from"), parse_moment(self.until, "--to")
        return AuditFilter(
            kind=None if self.kind is None else AuditKind(self.kind),
            agency=self.agency,
            official=self.official,
            dossier=self.dossier,
            record_key=self.record_key,
            run_id=self.run_id,
            request_id=self.request_id,
            since=None if since is None else as_instant(since),
            until=None if until is None else as_instant(until, at_end_of_day=not isinstance(until, datetime)),
            refused_only=self.refused_only,
        )


def list_entries(command: CommandContext, database: str | None, options: ListOptions) -> ExitCode:
    """List the newest entries to which the options apply.

    Raises:
        UsageMistake: an option's value is not known.
        NotFound: there is no database; it is not created.
        ConfigurationError: there is a configuration that cannot be read or has faults.
    """
    console, audit_filter = command.console, options.as_filter()
    with existing_database(command, database) as opened:
        listed = audit_entries(opened, audit_filter, limit=options.limit + 1)
        notes = [] if listed else list(_names_of_nothing(command, opened, options))
    shown = listed[: options.limit]
    unknown = [UNKNOWN[note.code] for note in notes if note.code in UNKNOWN]
    documents = [entry_document(numbered) for numbered in shown]
    console.document({"entries": documents, "has_more": len(listed) > len(shown), "unknown": unknown})
    if not shown:
        console.message("audit_list.none")
        for note in notes:
            console.line(console.sentence(note))
        return ExitCode.DONE
    headings, purposes = [f"audit_list.{name}" for name in COLUMNS], configured_terms(command).purposes
    rows = [_row(numbered, purposes, console) for numbered in shown]
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=8))
    if len(listed) > len(shown):
        console.message("audit_list.more", limit=options.limit)
    console.message("audit_list.show", entry=str(shown[0].number))
    return ExitCode.DONE


def _names_of_nothing(command: CommandContext, database: SharedDatabase, options: ListOptions) -> Iterator[Message]:
    """Yield of an agency and an official without entries whether they are known: a mistyped name has none either."""
    config = Config.load(command.config) if command.config.exists() else Config()
    agency, official = options.agency, options.official
    if agency is not None:
        codes = known_agencies(config, database)
        is_named = agency in codes or audit_entries(database, AuditFilter(agency=agency), limit=1)
        code = "audit_list.agency_known" if is_named else "audit_list.agency_unknown"
        yield Message(code, {"value": agency, "alike": alike(agency, codes)})
    if official is not None:
        is_named = official in config.officials or audit_entries(database, AuditFilter(official=official), limit=1)
        code = "audit_list.official_known" if is_named else "audit_list.official_unknown"
        yield Message(code, {"value": official, "suggestion": suggestion(official, config.officials)})


def entry_document(numbered: NumberedEntry) -> Mapping[str, Any]:
    """Return an entry JSON-ready, without what does not apply."""
    entry = numbered.entry
    members = {name: value for name, value in vars(entry).items() if value and name not in {"at", "details"}}
    document: dict[str, Any] = {"number": str(numbered.number), "at": to_timestamp_text(entry.at), **members}
    if entry.disclosed_from is not None:
        document["disclosed_from"] = entry.disclosed_from.isoformat()
    if numbered.further_keys:
        document["further_keys"] = numbered.further_keys
    return {**document, **entry.details, "hash": numbered.hash}


def _row(numbered: NumberedEntry, purposes: Mapping[str, Purpose], console: Console) -> list[object]:
    entry = numbered.entry
    return [
        str(numbered.number),
        local_time(entry.at, console.language),
        console.term("audit_kind", entry.kind.value),
        _result(numbered, console),
        entry.consumer or entry.provider or "",
        purpose_text(entry.purpose, purposes, console),
        entry.official or "",
        "" if entry.record_type is None else console.term("record_name", entry.record_type),
        entry.count,
    ]


def _result(numbered: NumberedEntry, console: Console) -> str:
    entry = numbered.entry
    if entry.kind is AuditKind.AGREEMENT:
        return f"{entry.agreement}: {console.term('agreement_step', str(entry.details.get('change', '')))}"
    if entry.reasons:
        return ", ".join(entry.reasons)
    if entry.outcome is not None:
        return console.term("audit_outcome", entry.outcome)
    return "" if entry.decision is None else console.term("audit_outcome", entry.decision.value)
