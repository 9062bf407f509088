"""`check`: is everything in place for a run? One line each, and nothing is written."""

import os
from collections.abc import Iterator
from pathlib import Path

from cchc_connect.check import Finding, check_connections
from cchc_connect.cli.exits import ExitCode, NotThere, exit_code_of
from cchc_connect.cli.opening import SQLITE, check_location
from cchc_connect.cli.screen import Screen
from cchc_connect.cli.session import Session
from cchc_connect.config import Config
from cchc_connect.database.shared import SharedDatabase
from cchc_connect.errors import CchcError, ConfigurationError, DatabaseUnusable
from cchc_connect.messages import Phrase


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
    yield _database(Path(config.database.url.removeprefix(SQLITE)))
    if not config.connections:
        yield Finding.of("connections", ConfigurationError("cli.no_connections", file=file))
    yield from check_connections(config)


def _database(location: Path) -> Finding:
    """Look at the database, or at the place where the first run will make it."""
    try:
        check_location(location)
        with SharedDatabase(f"{SQLITE}{location}"):
            return Finding(place="database", said=Phrase("check.database_fine", {"path": location}))
    except NotThere:
        if os.access(location.parent, os.W_OK):
            return Finding(place="database", said=Phrase("check.database_new", {"path": location}))
        error: CchcError = DatabaseUnusable("cli.no_place", path=location)
    except DatabaseUnusable as unusable:
        error = unusable
    return Finding.of("database", error)


def _exit_code(findings: list[Finding]) -> ExitCode:
    codes = {exit_code_of(finding.error) for finding in findings if finding.error is not None}
    for grave in (ExitCode.CONFIGURATION, ExitCode.DATABASE):
        if grave in codes:
            return grave
    if not codes:
        return ExitCode.DONE
    return ExitCode.PARTIAL if any(finding.error is None for finding in findings[1:]) else ExitCode.FAILED


def _mark(finding: Finding, screen: Screen) -> str:
    return screen.text("check.good" if finding.error is None else "check.bad")


def _place(finding: Finding, screen: Screen) -> str:
    return screen.text("check.database") if finding.place == "database" else finding.place


def _document(finding: Finding, screen: Screen) -> dict[str, object]:
    said = finding.said
    head = {"place": finding.place, "good": finding.error is None, "code": said.code}
    return {**head, "message": screen.spoken(said), "context": screen.plain(said.context)}
