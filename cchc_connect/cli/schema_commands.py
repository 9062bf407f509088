"""Commands that show, export and compare the record types."""
# ruff: noqa: PLC0415  # as in `app`

from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.completed_values import record_types
from cchc_connect.cli.context import command_context

schema_app = typer.Typer(help="help.schema", no_args_is_help=True)


@schema_app.command("export", help="help.schema_export")
def schema_export(
    context: typer.Context,
    *,
    folder: Annotated[Path, typer.Option(help="help.folder", metavar="DIR")] = Path("schemas/json"),
    check: Annotated[bool, typer.Option("--check", help="help.schema_check")] = False,
) -> int:
    """Write the records as JSON Schema."""
    from cchc_connect.cli.setup_commands import export_schemas

    return export_schemas(command_context(context), folder, check=check)


@schema_app.command("list", help="help.schema_list")
def schema_list(context: typer.Context) -> int:
    """List the record types."""
    from cchc_connect.cli.schema_show import list_record_types

    return list_record_types(command_context(context))


@schema_app.command("show", help="help.schema_show")
def schema_show(
    context: typer.Context,
    record_type: Annotated[
        str, typer.Argument(metavar="RECORD_TYPE", help="help.history_record_type", autocompletion=record_types)
    ],
) -> int:
    """Show the fields of a record type."""
    from cchc_connect.cli.schema_show import show_record_type

    return show_record_type(command_context(context), record_type)


@schema_app.command("diff", help="help.schema_diff")
def schema_diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="help.schema_old")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="help.schema_new")],
) -> int:
    """Tell whether a new schema breaks who uses the old one."""
    from cchc_connect.cli.schema_diff import compare_schemas

    return compare_schemas(command_context(context), old, new)
