"""`check`: check that a run can work, one line for each finding; nothing is written."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cchc_connect.cli.console import Console
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode, exit_code_of
from cchc_connect.cli.fault_texts import members_in_words, rule_text
from cchc_connect.cli.wrapping import HANGING
from cchc_connect.config.file import Config
from cchc_connect.diagnostics.audit import AUDIT_LOG, audit_findings
from cchc_connect.diagnostics.connections import FAULT_INDENT, check_connections
from cchc_connect.diagnostics.database import DATABASE, database_findings, free_space_finding
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.diagnostics.ownership import OWNERSHIP, ownership_findings
from cchc_connect.diagnostics.registered_databases import registered_database_findings
from cchc_connect.diagnostics.routes import route_findings
from cchc_connect.errors import ConfigurationError, DatabaseUnusable
from cchc_connect.record_fields import field_name, record_model

if TYPE_CHECKING:
    from cchc_schemas import Fault

CONNECTIONS = "connections"
"""Subject of a finding about all connections."""

CORRECTED_BY_NEXT_RUN = {"database.absent": "check.database_new", "database.older": "check.database_older"}
"""States of the database that the next run corrects by itself, and the codes of their messages."""


def show_check(command: CommandContext) -> ExitCode:
    """Check configuration, database and every connection.

    The exit code is that of the gravest finding: configuration, then database. If only systems fail, it says
    whether some or all of them.
    """
    console, findings = command.console, list[Finding]()
    config = Config.load(command.config)
    console.message("check.config_valid", file=command.config)
    for finding in _findings(config, command.config):
        findings.append(finding)
        console.line(
            f"{_mark(finding, console)} {_subject_text(finding, console)}: {_sentence(finding, console)}",
            hanging=HANGING,
        )
    console.document({"findings": [_document(finding, console) for finding in findings]})
    return _exit_code(findings)


def _findings(config: Config, file: Path) -> Iterator[Finding]:
    yield from _database(config)
    if not config.connections:
        yield Finding.bad(CONNECTIONS, ConfigurationError("cli.no_connections", file=file))
    yield from check_connections(config)


def _database(config: Config) -> Iterator[Finding]:
    """Check the database, or the folder in which the first run will create it."""
    try:
        with config.open_database(create_or_upgrade=False) as database:
            yield Finding.good(DATABASE, "check.database_opens", {"path": database.location})
            yield from database_findings(database)
            yield from ownership_findings(config, database)
            yield from audit_findings(config, database)
            yield from route_findings(config, database)
            yield from registered_database_findings(config, database)
    except DatabaseUnusable as error:
        if error.code not in CORRECTED_BY_NEXT_RUN:
            yield Finding.bad(DATABASE, error)
            return
        path = Path(str(error.context["path"]))
        if error.code == "database.absent" and config.database.is_file and not os.access(path.parent, os.W_OK):
            yield Finding.bad(DATABASE, DatabaseUnusable("cli.folder_missing", path=path))
            return
        yield Finding.good(DATABASE, CORRECTED_BY_NEXT_RUN[error.code], {"path": path})
        if config.database.is_file:
            yield free_space_finding(path.parent)
        yield from ownership_findings(config, None)
        yield from audit_findings(config, None)
        yield from route_findings(config, None)
    except ConfigurationError as error:
        yield Finding.bad(DATABASE, error)


def _exit_code(findings: list[Finding]) -> ExitCode:
    codes = {exit_code_of(finding.error) for finding in findings if finding.error is not None}
    for code in (ExitCode.CONFIGURATION, ExitCode.DATABASE):
        if code in codes:
            return code
    if not codes:
        return ExitCode.DONE
    return ExitCode.PARTIAL if any(finding.proves_access for finding in findings) else ExitCode.FAILED


def _mark(finding: Finding, console: Console) -> str:
    return console.text(f"check.{finding.level}")


def _subject_text(finding: Finding, console: Console) -> str:
    """Return what the finding is about: the database, or a connection with or without record type."""
    if finding.subject in {DATABASE, CONNECTIONS, OWNERSHIP, AUDIT_LOG}:
        return console.text(f"check.{finding.subject}")
    connection, _, record_type = finding.subject.partition(" ")
    return f"{connection} {console.term('record_name', record_type)}" if record_type else connection


def _sentence(finding: Finding, console: Console) -> str:
    """Return the sentence of a finding; the most frequent faults of a page are put into words, each on its line."""
    context = dict(finding.message.context)
    if finding.message.code == "check.members_left_out":
        context["members"] = members_in_words(context["members"], finding.subject.rpartition(" ")[2], console)
    if isinstance(faults := context.get("faults"), list):
        model = record_model(finding.subject.rpartition(" ")[2])
        faults = cast("list[Fault]", faults)
        context["rules"] = "".join(
            f"\n{FAULT_INDENT}{field_name(model, fault.path, console)}: {rule_text(fault, console)}" for fault in faults
        )
    return console.text(finding.message.code, **context)


def _document(finding: Finding, console: Console) -> dict[str, object]:
    message = finding.message
    head = {"subject": finding.subject, "good": finding.error is None, "level": finding.level, "code": message.code}
    context: dict[str, object] = dict(console.json_values(message.context))
    if isinstance(faults := message.context.get("faults"), list):
        context["faults"] = [asdict(fault) for fault in cast("list[Fault]", faults)]
    return {**head, "message": _sentence(finding, console), "context": context}
