"""Completion of commands, options and values by a shell: the script that a shell loads, and what it then asks for.

A shell asks by running the program with the words of the line in environment variables. typer answers; added here is
that the global options may stand anywhere in the line.
"""

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, cast

from typer import completion
from typer.core import TyperGroup

from cchc_connect.cli.console import Console
from cchc_connect.cli.context import PROGRAM
from cchc_connect.cli.exit_codes import CannotCreate
from cchc_connect.cli.global_options import GLOBAL_FLAGS, GLOBAL_VALUE_OPTIONS, global_options_first

COMPLETION_VARIABLE = f"_{PROGRAM}_COMPLETE".replace("-", "_").upper()
"""Environment variable with which a shell asks: `complete_bash`, for example."""

_LINE_VARIABLES = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")
"""Environment variables with the line that is being typed."""

_typer: Any = completion  # its functions are documented by what they do in typer's own options, not by types


class Shell(StrEnum):
    """A shell that can complete a line of this program."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def show_script(console: Console, shell: Shell) -> None:
    """Write the script that makes `shell` ask this program."""
    script: str = _typer.get_completion_script(prog_name=PROGRAM, complete_var=COMPLETION_VARIABLE, shell=shell)
    console.document({"shell": shell, "script": script})
    for line in script.splitlines():
        console.verbatim(line)


def install_script(console: Console, shell: Shell) -> None:
    """Write the script into the person's home folder and load it in the shell's start file.

    Raises:
        CannotCreate: one of the files cannot be written.
    """
    try:
        _, path = _typer.install(shell=shell, prog_name=PROGRAM, complete_var=COMPLETION_VARIABLE)
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=error.filename, reason=error.strerror) from error
    console.document({"shell": shell, "path": str(path)})
    console.message("completion.installed", shell=shell, path=path)


def typed_words(environment: Mapping[str, str]) -> list[str]:
    """Return the words of the line for which a shell asks; empty if none does."""
    if COMPLETION_VARIABLE not in environment:
        return []
    return next((environment[name] for name in _LINE_VARIABLES if name in environment), "").split()


def answer_shell(root: TyperGroup, console: Console) -> int | None:
    """Write what a shell asks for, and return the exit code; None if no shell asks."""
    instruction = os.environ.get(COMPLETION_VARIABLE)
    if not instruction:
        return None
    _typer.completion_init()
    for shell in Shell:
        of_typer = _typer.shell_completion.get_completion_class(shell)
        completer = type("Completer", (of_typer,), {"get_completions": _completions})
        _typer.shell_completion.add_completion_class(completer, shell)
    code: int = _typer.shell_complete(root, {"obj": console}, PROGRAM, COMPLETION_VARIABLE, instruction)
    return code


def _completions(completer: Any, words: Sequence[str], incomplete: str) -> list[Any]:
    """Return what may stand in place of the word `incomplete` after `words`.

    Where nothing is offered, a shell completes names of files.
    """
    of_typer = cast("Any", super(type(completer), completer))
    is_global_value = bool(words) and words[-1] in GLOBAL_VALUE_OPTIONS
    context_words = [words[-1]] if is_global_value else global_options_first(words)
    offered: list[Any] = of_typer.get_completions(context_words, incomplete)
    if incomplete.startswith("-"):
        anywhere = (GLOBAL_FLAGS | GLOBAL_VALUE_OPTIONS) - {*words, *(item.value for item in offered)}
        offered += [item for item in of_typer.get_completions([], incomplete) if item.value in anywhere]
    return [item for item in offered if item.value.isprintable()]
