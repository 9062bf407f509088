"""Entry point: runs one command line, turns errors into messages and returns the exit code."""

import errno
import os
import re
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import typer
from typer.main import get_command

from cchc_connect.cli.app import app
from cchc_connect.cli.completion import answer_shell, typed_words
from cchc_connect.cli.console import Console, discard
from cchc_connect.cli.context import PROGRAM
from cchc_connect.cli.exit_codes import ExitCode, OutputUnwritable, exit_code_of
from cchc_connect.cli.expected_values import expected_value
from cchc_connect.cli.global_options import global_options_first
from cchc_connect.cli.hints import TypedOptions, takes_database
from cchc_connect.cli.localization import choose_language, language_option, localized_command
from cchc_connect.errors import CchcError, UsageMistake
from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.privacy.logging import LogForm, log, shown_log
from cchc_connect.privacy.redaction import safe_traceback

WRITING_COMMANDS = frozenset({"sync", "pull", "reconcile", "purge", "quarantine replay", "dead-letters replay"})
"""Commands that commit to the shared database while they work."""

OUTPUT_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE})
"""Error numbers of an output that cannot be written."""


_CODE_BY_ERROR_CLASS: Mapping[str, str] = {
    "NoSuchOption": "usage.no_such_option",
    "MissingParameter": "usage.missing",
    "BadParameter": "usage.value_invalid",
}
"""Class names of typer's usage errors and the codes of our messages; the classes themselves are private."""

_CODE_BY_OPENING: Mapping[str, str] = {
    "No such command": "usage.no_such_command",
    "Missing command": "usage.no_command",
    "Got unexpected extra argument": "usage.too_many_arguments",
}
"""Openings of the texts of typer's UsageError and the codes of our messages."""


_SUGGESTED_FROM = frozenset({"usage.no_such_command", "usage.no_such_option"})
"""Codes of messages that may name what was meant."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (by default that of this process) and return its exit code.

    Every error becomes one sentence without traceback; `--debug` also shows the traceback, without values.
    """
    command_line = global_options_first(sys.argv[1:] if arguments is None else arguments)
    _escape_unwritable(sys.stdout, sys.stderr)
    options = command_line[: command_line.index("--")] if "--" in command_line else command_line
    language = choose_language(language_option(options or typed_words(os.environ)), os.environ)
    console = Console(language, as_json="--json" in options, typed_options=TypedOptions.of(options))
    try:
        with shown_log(_log_form(options), sys.stderr):
            code = _run_with_messages(command_line, console)
        sys.stdout.flush()
    except (OSError, OutputUnwritable) as error:
        return _end_without_output(error, console)
    return code


def _run_with_messages(command_line: list[str], console: Console) -> int:
    """Run the command; write the message of an error."""
    from cchc_connect.extras import require_posix  # noqa: PLC0415  # kept out of the imports of every start

    try:
        require_posix()
        _check_encoding(command_line)
        return _run_command(command_line, console)
    except OutputUnwritable:
        raise
    except CchcError as error:
        console.error(error)
        if error.code == "config.file_missing" and takes_database(command_line):
            console.stderr(console.text("cli.database_instead"))
        return exit_code_of(error)
    except typer.TyperException as error:
        return _show_usage_error(error, command_line, console)
    except Exception as error:  # the last error boundary: a traceback is shown with --debug only
        if isinstance(error, OSError) and error.errno in OUTPUT_ERRNOS and error.filename is None:
            raise  # help is written by typer, not by our console
        return _show_program_error(error, console)


def _end_without_output(error: OSError | OutputUnwritable, console: Console) -> ExitCode:
    """End without a result; a full disk is reported, a reader that closed the output (`| head`) is not."""
    cause = error.__cause__ if isinstance(error, OutputUnwritable) else error
    discard(sys.stdout)
    if isinstance(cause, OSError) and not isinstance(cause, BrokenPipeError):
        sentence = console.text("cli.output_unwritable", reason=cause.strerror)
        Console(console.language, as_json=False).stderr(console.text("cli.error", reason=sentence))
    return ExitCode.DATABASE


def _check_encoding(command_line: Sequence[str]) -> None:
    """Refuse bytes that are not text in this locale: no file, code or name of ours contains them.

    Raises:
        UsageMistake: an argument is not text.
    """
    for position, argument in enumerate(command_line, start=1):
        if not argument.isascii() and any("\ud800" <= character <= "\udfff" for character in argument):
            raise UsageMistake("cli.argument_not_text", position=position)


def _run_command(command_line: list[str], console: Console) -> int:
    try:
        root = localized_command(app, console.language, console.typed_options)
        code: object = answer_shell(root, console)
        if code is None:
            code = root.main(command_line, PROGRAM, standalone_mode=False, obj=console)
    except SystemExit as error:  # raised by typer if the reader of its help has closed the output
        raise BrokenPipeError from error
    except (KeyboardInterrupt, typer.Abort):
        code = ExitCode.INTERRUPTED
    if code == ExitCode.INTERRUPTED:
        is_run = _typed_command(command_line).removeprefix(f"{PROGRAM} ") in WRITING_COMMANDS
        console.error_message("cli.interrupted" if is_run else "cli.interrupted_alone", {})
        if threading.active_count() > 1:
            # A call to a slow system may take another minute; committed data is complete, so do not wait for it.
            os._exit(ExitCode.INTERRUPTED)
    return code if isinstance(code, int) else ExitCode.DONE


def _show_usage_error(error: typer.TyperException, command_line: Sequence[str], console: Console) -> ExitCode:
    """Write what is wrong with the command line; typer's own texts are English."""
    if type(error).__name__ == "NoArgsIsHelpError":
        console.stderr(error.format_message())
        console.document({"error": {"code": "usage.no_command", "message": console.text("usage.no_command")}})
        return ExitCode.USAGE
    text = error.format_message()
    quoted = re.findall(r"'([^']*)'", text)
    code, word = _usage_code(error, text), quoted[0] if quoted else ""
    command = _command(error) or _typed_command(command_line)
    context: dict[str, object] = {"command": command, "word": word, **_parameter(error)}
    if code in _SUGGESTED_FROM:
        context["suggestion"] = _suggestion(error, word or str(context["parameter"]))
    if code == "usage.value_invalid":
        context["expected"] = expected_value(getattr(error, "param", None), quoted[1] if len(quoted) > 1 else "")
    console.error_message(code, context)
    return ExitCode.USAGE


def _usage_code(error: typer.TyperException, text: str) -> str:
    """Return the code of our message for a usage error, by its class name and the opening of typer's text."""
    opening = next((opening for opening in _CODE_BY_OPENING if text.startswith(opening)), "")
    if type(error).__name__ == "BadOptionUsage":
        return "usage.option_without_value" if "does not take a value" in text else "usage.option_value_missing"
    return _CODE_BY_ERROR_CLASS.get(type(error).__name__) or _CODE_BY_OPENING.get(opening, "usage.invalid")


def _suggestion(error: typer.TyperException, word: str) -> Message | str:
    """Return the question whether a command or an option was meant that is spelt like `word`; "" if none is."""
    context: typer.Context | None = getattr(error, "ctx", None)
    if context is None:
        return ""
    if word == "--db":
        return Message("suggestion.configured_database")
    if word.startswith("-"):
        contexts = (context, context.find_root())
        options = {name for each in contexts for option in each.command.get_params(each) for name in option.opts}
        return suggestion(word, sorted(name for name in options if name.startswith("--")))
    return suggestion(word, getattr(context.command, "commands", {}))


def _command(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return "" if context is None else str(context.command_path)


def _typed_command(command_line: Sequence[str]) -> str:
    """Return the program and the command that a command line calls: an option without its value does not name it."""
    command, path = get_command(app), [PROGRAM]
    for word in command_line:
        subcommands = getattr(command, "commands", {})
        if word in subcommands:
            command, path = subcommands[word], [*path, word]
    return " ".join(path)


def _parameter(error: typer.TyperException) -> Mapping[str, Message | str]:
    parameter = getattr(error, "param", None)
    if parameter is None:
        return {"parameter": str(getattr(error, "option_name", ""))}
    options = "/".join(parameter.opts) if parameter.param_type_name == "option" else parameter.metavar or parameter.name
    return {"parameter": options}


def _show_program_error(error: Exception, console: Console) -> ExitCode:
    """Write that the program itself failed, and where; without the text of the error, which may contain any value."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    context = {"error": type(error).__name__, "file": Path(frame.filename).name, "line": frame.lineno}
    console.error_message("cli.program_error", context)
    log.critical("the program failed\n%s", safe_traceback(error))
    return ExitCode.SOFTWARE


def _escape_unwritable(*streams: TextIO) -> None:
    """Escape characters that the locale cannot write, so that they do not end the command."""
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _log_form(options: Sequence[str]) -> LogForm:
    """Return the form of the log: none without --debug, JSON with --json, else lines."""
    if "--debug" not in options:
        return LogForm.NONE
    return LogForm.JSON if "--json" in options else LogForm.LINES
