"""The command `on_failure` of the configuration: it tells somebody that a run was not done.

It gets the report, or the error, as JSON on its standard input, and outcome and exit code in its environment, which has
none of this process's secrets. No shell interprets it. Its own failure is logged and changes nothing.
"""

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from cchc_connect.cli.console import Console
from cchc_connect.cli.exit_codes import ExitCode, exit_code_of
from cchc_connect.cli.report import EXIT_CODES, report_document
from cchc_connect.errors import CchcError
from cchc_connect.privacy.child_environment import child_environment
from cchc_connect.privacy.logging import log
from cchc_connect.sync.report import RunReport

TIMEOUT_S = 60.0
"""Seconds after which the command is killed."""

NOT_TOLD = frozenset({ExitCode.DONE, ExitCode.LEASE_HELD, ExitCode.TERMINATED, ExitCode.INTERRUPTED})
"""Exit codes after which nobody need do anything."""

STANDARD_ERROR = 2
"""Descriptor to which the command's output goes: standard output belongs to the result."""


def tell_of_report(command: Sequence[str], report: RunReport, console: Console) -> None:
    """Start the command if a run is not done; after a dry run, or one that was asked to stop, do nothing."""
    code = EXIT_CODES[report.outcome]
    if not report.dry_run:
        _tell(command, report.outcome, code, report_document(report, console), console)


def tell_of_error(command: Sequence[str], error: CchcError, console: Console) -> None:
    """Start the command because a run ended with an error; not if another run is in progress."""
    sentence = console.text(error.code, **error.context)
    details = {"code": error.code, "message": sentence, "context": console.json_values(error.context)}
    _tell(command, "error", exit_code_of(error), {"error": details}, console)


def _tell(
    command: Sequence[str], outcome: str, code: ExitCode, document: Mapping[str, object], console: Console
) -> None:
    if not command or code in NOT_TOLD:
        return
    environment = {**child_environment(), "CCHC_OUTCOME": outcome, "CCHC_EXIT_CODE": str(int(code))}
    problem = _run(command, json.dumps(document, ensure_ascii=False).encode(), environment)
    if problem is not None:
        log.warning("on_failure: %s: %s", command[0], problem)
        console.stderr(console.text("schedule.on_failure_failed", command=command[0], problem=problem))


def _run(command: Sequence[str], report: bytes, environment: Mapping[str, str]) -> str | None:
    """Run the command with the report on its standard input; return what went wrong, None if it ended with 0."""
    try:
        child = subprocess.Popen(  # noqa: S603  # the configuration names it, and no shell interprets it
            command, env=environment, stdin=subprocess.PIPE, stdout=STANDARD_ERROR, start_new_session=True
        )
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or type(error).__name__
    try:
        child.communicate(report, TIMEOUT_S)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # also what it started itself
        child.communicate()
        return f"> {TIMEOUT_S:.0f} s"
    return f"exit code {child.returncode}" if child.returncode else None
