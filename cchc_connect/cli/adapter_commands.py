"""Commands about adapters: `adapter list`, `show`, `new`, `test`, `record`. See `app` for their form."""
# ruff: noqa: PLC0415  # the engine is imported by the command that needs it, so that --help starts at once

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.completed_values import adapters, connections
from cchc_connect.cli.context import command_context


class AdapterKind(StrEnum):
    """What a new adapter is made of."""

    PYTHON = "python"
    """A class in a package of its own."""
    REST = "rest"
    """A system with a REST interface, described in TOML."""
    SQL = "sql"
    """Tables or views of a database, described in TOML."""
    FOLDER = "folder"
    """Files in a folder, described in TOML."""


KINDS = "|".join(AdapterKind)
"""The kinds, as the help shows them."""

adapter_app = typer.Typer(help="help.adapter", no_args_is_help=True)


@adapter_app.command("show", help="help.adapter_show")
def adapter_show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="help.adapter_name", autocompletion=adapters)],
) -> int:
    """Show what an adapter reads and accepts, and its options."""
    from cchc_connect.cli.adapter_show import show_adapter

    return show_adapter(command_context(context), name)


@adapter_app.command("list", help="help.adapter_list")
def adapter_list(context: typer.Context) -> int:
    """List the installed adapters."""
    from cchc_connect.cli.setup_commands import list_adapters

    return list_adapters(command_context(context))


@adapter_app.command("new", help="help.adapter_new")
def adapter_new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="help.adapter_new_name")],
    *,
    kind: Annotated[AdapterKind, typer.Option("--kind", metavar=KINDS, help="help.adapter_kind")] = AdapterKind.PYTHON,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="help.adapter_new_to")] = Path(),
) -> int:
    """Write the project of a new adapter, with a double of its system and a test."""
    from cchc_connect.cli.adapter_new import write_adapter_project

    return write_adapter_project(command_context(context), name, kind, to)


@adapter_app.command("test", help="help.adapter_test")
def adapter_test(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="help.adapter_test_name", autocompletion=connections)],
    *,
    rule: Annotated[list[str] | None, typer.Option("--rule", metavar="RULE", help="help.adapter_test_rule")] = None,
) -> int:
    """Examine a configured system by the rules of the conformance kit, reading only."""
    from cchc_connect.cli.conformance import show_conformance

    return show_conformance(command_context(context), name, rule or [])


@adapter_app.command("record", help="help.adapter_record")
def adapter_record(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="help.adapter_test_name", autocompletion=connections)],
    *,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="help.adapter_record_to")],
    pages: Annotated[int, typer.Option("--pages", metavar="N", min=1, max=1000, help="help.adapter_record_pages")] = 20,
) -> int:
    """Write what a configured system answers, without personal values and secrets."""
    from cchc_connect.cli.adapter_record import record_connection

    return record_connection(command_context(context), name, to, pages)
