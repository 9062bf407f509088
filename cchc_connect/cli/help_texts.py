"""Help in the reader's language: the codes that commands and options bear become sentences."""

import re

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.main import get_command

from cchc_connect.cli.console import Screen


def spoken_command(app: typer.Typer, screen: Screen) -> TyperGroup:
    """Return the program's commands with every help text in the language of `screen`.

    Headings ("Options", "Commands") are typer's own and stay English.
    """
    root = get_command(app)
    if not isinstance(root, TyperGroup):
        raise TypeError("a program with one command has no place for global options")
    _speak(root, screen)
    return root


def _speak(group: TyperGroup, screen: Screen) -> None:
    for command in (group, *group.commands.values()):
        command.help = screen.text(command.help or "")
        command.short_help = re.split(r"[.:;]", command.help)[0]
        if command.name != "cchc-connect":
            command.epilog = screen.text("help.epilog")
        for parameter in command.params:
            if isinstance(parameter, TyperOption | TyperArgument) and parameter.help:
                parameter.help = screen.text(parameter.help)
    for command in group.commands.values():
        if isinstance(command, TyperGroup):
            _speak(command, screen)
