"""`check`: is everything in place for a run? One line each, and nothing is written."""

import os
from collections.abc import Iterator
from pathlib import Path

from cchc_connect.cli.console import Screen
from cchc_connect.cli.exit_codes import ExitCode, exit_code_of
from cchc_connect.cli.session import Session
from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.diagnostics.connections import check_connections
from cchc_connect.diagnostics.database import DATABASE, database_findings, room
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.errors import ConfigurationError, DatabaseUnusable

NEW = {"database.absent": "check.database_new", "database.older": "check.database_older"}
"""What the next run puts in order by itself."""


def show_check(session: Session) -> ExitCode:
    """Check configuration, database and every connection.

    The exit code is that of the gravest finding: configuration, then database; where only systems do not
    answer as they should, it says whether some or all of them.
    """
    screen, findings = session.screen, list[Finding]()
    config = Config.load(session.config)
    screen.say("check.config_fine", file=session.config)
    for finding in _findings(config, session.config):
        findings.append(finding)
        screen.line(f"{_mark(finding, screen)} {_place(finding, screen)}: {screen.spoken(finding.said)}")
    screen.document({"findings": [_document(finding, screen) for finding in findings]})
    return _exit_code(findings)


def _findings(config: Config, file: Path) -> Iterator[Finding]:
    yield from _database(config)
    if not config.connections:
        yield Finding.of("connections", ConfigurationError("cli.no_connections", file=file))
    yield from check_connections(config)


def _database(config: Config) -> Iterator[Finding]:
    """Look at the database, or at the place where the first run will make it."""
    try:
        with SharedDatabase(config.database.address, prepare=False) as database:
            yield Finding.good(DATABASE, "check.database_fine", {"path": database.place})
            yield from database_findings(database)
    except DatabaseUnusable as error:
        if error.code not in NEW:
            yield Finding.of(DATABASE, error)
            return
        place = Path(str(error.context["path"]))
        if error.code == "database.absent" and config.database.is_file and not os.access(place.parent, os.W_OK):
            yield Finding.of(DATABASE, DatabaseUnusable("cli.no_place", path=place))
            return
        yield Finding.good(DATABASE, NEW[error.code], {"path": place})
        if config.database.is_file:
            yield room(place.parent)
    except ConfigurationError as error:
        yield Finding.of(DATABASE, error)


def _exit_code(findings: list[Finding]) -> ExitCode:
    codes = {exit_code_of(finding.error) for finding in findings if finding.error is not None}
    for grave in (ExitCode.CONFIGURATION, ExitCode.DATABASE):
        if grave in codes:
            return grave
    if not codes:
        return ExitCode.DONE
    return ExitCode.PARTIAL if any(finding.is_result for finding in findings) else ExitCode.FAILED


def _mark(finding: Finding, screen: Screen) -> str:
    return screen.text(f"check.{finding.level}")


def _place(finding: Finding, screen: Screen) -> str:
    return screen.text("check.database") if finding.place == DATABASE else finding.place


def _document(finding: Finding, screen: Screen) -> dict[str, object]:
    said = finding.said
    head = {"place": finding.place, "good": finding.error is None, "level": finding.level, "code": said.code}
    return {**head, "message": screen.spoken(said), "context": screen.plain(said.context)}
