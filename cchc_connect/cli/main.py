"""The entry point: from a command line to an exit code, and the one seam where errors become messages."""

import errno
import os
import re
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TextIO

import typer

from cchc_connect.cli.app import app
from cchc_connect.cli.console import Screen, turn_away
from cchc_connect.cli.exit_codes import ExitCode, Misused, OutputLost, exit_code_of
from cchc_connect.cli.help_texts import spoken_command
from cchc_connect.cli.localization import asked_language, spoken_language
from cchc_connect.errors import CchcError
from cchc_connect.privacy.logging import LogForm, log, shown_log
from cchc_connect.privacy.redaction import traceback_of

PROGRAM = "cchc-connect"
FLAGS = frozenset({"--json", "--debug"})
VALUED = frozenset({"--config", "--lang"})
OUTPUT_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE})


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line (that of this process where none is given) and return its exit code.

    Whatever happens, a person sees a sentence and no traceback; `--debug` shows that too, without a value in it.
    """
    given = global_options_first(sys.argv[1:] if arguments is None else arguments)
    _be_able_to_write(sys.stdout, sys.stderr)
    options = given[: given.index("--")] if "--" in given else given
    screen = Screen(spoken_language(asked_language(options), os.environ), as_json="--json" in options)
    try:
        with shown_log(_log_form(options), sys.stderr):
            code = _answer(given, screen)
        sys.stdout.flush()
    except (OSError, OutputLost) as lost:
        return _unheard(lost, screen)
    return code


def _answer(given: list[str], screen: Screen) -> int:
    try:
        _check_letters(given)
        return _carry_out(given, screen)
    except OutputLost:
        raise
    except CchcError as error:
        screen.refuse(error)
        return exit_code_of(error)
    except typer.TyperException as misuse:
        return _misused(misuse, screen)
    except Exception as fault:  # the last border: a person never gets a traceback unasked
        if isinstance(fault, OSError) and fault.errno in OUTPUT_FAULTS and fault.filename is None:
            raise  # help is written by typer, not by our screen
        return _broken(fault, screen)


def _unheard(lost: OSError | OutputLost, screen: Screen) -> ExitCode:
    """End without a result; a reader that has left (`| head`) knows, of a full disk a person is told."""
    cause = lost.__cause__ if isinstance(lost, OutputLost) else lost
    turn_away(sys.stdout)
    if isinstance(cause, OSError) and not isinstance(cause, BrokenPipeError):
        told = screen.text("cli.output_lost", reason=cause.strerror)
        Screen(screen.language, as_json=False).note(screen.text("cli.refused", reason=told))
    return ExitCode.DATABASE


def global_options_first(arguments: Sequence[str]) -> list[str]:
    """Return the command line with the global options in front: they may stand anywhere.

    >>> global_options_first(["status", "--json", "--db", "demo.db"])
    ['--json', 'status', '--db', 'demo.db']
    """
    ahead, rest = list[str](), list[str]()
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in VALUED:
            ahead += [word, *islice(words, 1)]
        elif word in FLAGS or word.partition("=")[0] in VALUED:
            ahead.append(word)
        else:
            rest.append(word)
    return ahead + rest


def _check_letters(given: Sequence[str]) -> None:
    """Refuse bytes that are no text in this locale: no file, code or name of ours holds them."""
    for place, word in enumerate(given, start=1):
        if not word.isascii() and any("\ud800" <= sign <= "\udfff" for sign in word):
            raise Misused("cli.not_text", place=place)


def _carry_out(given: list[str], screen: Screen) -> int:
    try:
        ended: object = spoken_command(app, screen).main(given, PROGRAM, standalone_mode=False, obj=screen)
    except SystemExit as left:  # how typer ends where the reader of its help has left
        raise BrokenPipeError from left
    except (KeyboardInterrupt, typer.Abort):
        ended = ExitCode.INTERRUPTED
    if ended == ExitCode.INTERRUPTED:
        screen.refuse_with("cli.interrupted", {})
        if threading.active_count() > 1:
            # A call to a slow system may go on for a minute; what is committed is whole, so nobody waits for it.
            os._exit(ExitCode.INTERRUPTED)
    return ended if isinstance(ended, int) else ExitCode.DONE


def _misused(misuse: typer.TyperException, screen: Screen) -> ExitCode:
    """Say what is wrong with the command line; typer's own words are English."""
    kind = type(misuse).__name__
    if kind == "NoArgsIsHelpError":
        screen.note(misuse.format_message())
        screen.document({"error": {"code": "usage.no_command", "message": screen.text("usage.no_command")}})
        return ExitCode.USAGE
    problem = misuse.format_message()
    quoted = re.findall(r"'([^']*)'", problem)
    context = {"problem": problem, "command": _command(misuse), "word": quoted[0] if quoted else ""}
    no_command = kind == "UsageError" and problem.startswith("No such command")
    code = "usage.no_such_command" if no_command else _USAGE.get(kind, "usage.wrong")
    screen.refuse_with(code, {**context, **_parameter(misuse)})
    return ExitCode.USAGE


_USAGE: Mapping[str, str] = {
    "NoSuchOption": "usage.no_such_option",
    "MissingParameter": "usage.missing",
    "BadParameter": "usage.bad_value",
}
"""Typer's misuse errors that have a sentence of ours, by class name: the classes themselves are private."""


def _command(misuse: typer.TyperException) -> str:
    context = getattr(misuse, "ctx", None)
    return PROGRAM if context is None else str(context.command_path)


def _parameter(misuse: typer.TyperException) -> Mapping[str, str]:
    parameter = getattr(misuse, "param", None)
    if parameter is None:
        return {"parameter": str(getattr(misuse, "option_name", ""))}
    options = "/".join(parameter.opts) if parameter.param_type_name == "option" else parameter.metavar or parameter.name
    return {"parameter": options}


def _broken(fault: Exception, screen: Screen) -> ExitCode:
    """Say that the program itself failed, and where; never with the fault's text, which may hold anything."""
    place = traceback.extract_tb(fault.__traceback__)[-1]
    context = {"error": type(fault).__name__, "file": Path(place.filename).name, "line": place.lineno}
    screen.refuse_with("cli.software", context)
    log.critical("the program failed\n%s", traceback_of(fault))
    return ExitCode.SOFTWARE


def _be_able_to_write(*streams: TextIO) -> None:
    """Let a letter that the locale cannot write be spelt out instead of ending the command."""
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _log_form(options: Sequence[str]) -> LogForm:
    """Return how the log is shown: with --debug, beside --json as JSON too; else the report says all."""
    if "--debug" not in options:
        return LogForm.NONE
    return LogForm.JSON if "--json" in options else LogForm.LINES
