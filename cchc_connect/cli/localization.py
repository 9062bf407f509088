"""Language of the command line (option `--lang`, else the locale), and help pages in that language."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from cchc_connect.cli.console import Console
from cchc_connect.cli.context import PROGRAM
from cchc_connect.cli.hints import TypedOptions
from cchc_connect.cli.plain_values import without_conversion
from cchc_connect.messages import Language

LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In POSIX order: the first variable that is set decides."""


_METAVAR = re.compile(r"[A-Z][A-Z_]*")


def choose_language(option: str | None, environment: Mapping[str, str]) -> Language:
    """Return the language of the option, else that of the locale: Vietnamese for `vi*`, English for any other.

    >>> choose_language(None, {"LANG": "vi_VN.UTF-8"})
    <Language.VIETNAMESE: 'vi'>
    >>> choose_language("en", {"LANG": "vi_VN.UTF-8"})
    <Language.ENGLISH: 'en'>
    """
    if option in set(Language):
        return Language(option)
    locale = next((environment[name] for name in LOCALE_VARIABLES if environment.get(name)), "")
    return Language.VIETNAMESE if locale.lower().startswith("vi") else Language.ENGLISH


def language_option(arguments: Sequence[str]) -> str | None:
    """Return the value of `--lang` in an unparsed command line: help and usage errors need the language too."""
    for index, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and index + 1 < len(arguments):
            return arguments[index + 1]
    return None


@lru_cache(maxsize=16)
def localized_command(app: typer.Typer, language: Language, typed_options: TypedOptions) -> TyperGroup:
    """Return the program's commands with every help text in `language`.

    A process that carries out several command lines makes them once for each language and its typed options.
    """
    root, console = get_command(app), Console(language, as_json=False, typed_options=typed_options)
    if not isinstance(root, TyperGroup):
        raise TypeError("a program with one command has no place for global options")

    class Context(typer.Context):
        """Context whose help page is ours: headings of typer are English."""

        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            option = self.command.get_help_option(self)  # typer makes it late, with the names in the context
            if option is not None:
                without_conversion(option)

        def get_help(self) -> str:
            """Return the help page of the command."""
            return help_page(self, console)

    _translate(root, console, Context)
    return root


def help_page(context: typer.Context, console: Console) -> str:
    """Return the help page of the command that `context` is about."""
    command, formatter = context.command, context.make_formatter()
    arguments = [parameter for parameter in command.params if isinstance(parameter, TyperArgument)]
    options = [parameter for parameter in command.get_params(context) if isinstance(parameter, TyperOption)]
    group = command if isinstance(command, TyperGroup) else None

    pieces = [console.text("help_view.options_word"), *(_usage(argument) for argument in arguments)]
    if group is not None:
        pieces.append(console.text("help_view.command_words"))
    formatter.write_usage(context.command_path, " ".join(pieces), prefix=f"{console.text('help_view.usage')}: ")
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(command.help or "")
    if arguments:
        with formatter.section(console.text("help_view.arguments")):
            formatter.write_dl([(str(argument.metavar), _help_text(argument, console)) for argument in arguments])
    with formatter.section(console.text("help_view.options")):
        formatter.write_dl([(_spelling(option), _help_text(option, console)) for option in options])
    if group is not None:
        with formatter.section(console.text("help_view.commands")):
            formatter.write_dl(list(_command_rows(group)))
    if command.epilog:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(command.epilog)
    return formatter.getvalue().rstrip("\n")


def _translate(group: TyperGroup, console: Console, context_class: type[typer.Context]) -> None:
    for command in (group, *group.commands.values()):
        command.context_class = context_class
        command.context_settings = {**command.context_settings, "help_option_names": ["--help", "-h"]}
        command.help = console.text(command.help or "")
        command.short_help = re.split(r"[.:;](?=\s|$)", command.help)[0]
        if command.name != PROGRAM:
            command.epilog = console.text("help.epilog")
        for parameter in command.params:
            if isinstance(parameter, TyperOption | TyperArgument):
                parameter.help = console.text(parameter.help) if parameter.help else parameter.help
                parameter.metavar = _metavar(parameter.metavar, console)
                without_conversion(parameter)
    for command in group.commands.values():
        if isinstance(command, TyperGroup):
            _translate(command, console, context_class)


def _metavar(metavar: str | None, console: Console) -> str | None:
    """Return a metavar with its words translated; brackets and dots stay."""
    return metavar and _METAVAR.sub(lambda match: console.term("metavar", match[0].lower()), metavar)


def _usage(argument: TyperArgument) -> str:
    metavar = str(argument.metavar)
    return metavar if argument.required or metavar.startswith("[") else f"[{metavar}]"


def _spelling(option: TyperOption) -> str:
    """Return an option with its metavar: "--lang en|vi"."""
    return ", ".join(sorted(option.opts, key=len)) + ("" if option.is_flag else f" {option.metavar}")


def _help_text(parameter: TyperArgument | TyperOption, console: Console) -> str:
    """Return the help text of a parameter with its default, or that it is required."""
    text = console.text("help_view.help") if "--help" in parameter.opts else parameter.help or ""
    if parameter.required:
        return f"{text}  [{console.text('help_view.required')}]"
    if parameter.default is None or parameter.default is False:
        return text
    return f"{text}  [{console.text('help_view.default', value=parameter.default)}]"


def _command_rows(group: TyperGroup) -> Iterator[tuple[str, str]]:
    """Yield name and first sentence of each command of a group."""
    for name, command in group.commands.items():
        if isinstance(command, TyperCommand | TyperGroup):
            yield name, command.short_help or ""
