"""Commands about a connection's name in the shared database: `connection rename`, `connection remove`.

See `app` for their form.
"""
# ruff: noqa: PLC0415  # the engine is imported by the command that needs it, so that --help starts at once

from typing import Annotated

import typer

from cchc_connect.cli.context import command_context

connection_app = typer.Typer(help="help.connection", no_args_is_help=True)


@connection_app.command("rename", help="help.connection_rename")
def rename(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="help.connection_old")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="help.connection_new")],
) -> int:
    """Give everything of a renamed connection to its new name."""
    from cchc_connect.cli.connections import rename_stored_connection

    return rename_stored_connection(command_context(context), old, new)


@connection_app.command("remove", help="help.connection_remove")
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="help.connection_old")],
    *,
    keep_records: Annotated[bool, typer.Option("--keep-records", help="help.connection_keep")] = False,
    delete_records: Annotated[bool, typer.Option("--delete-records", help="help.connection_delete")] = False,
) -> int:
    """Take a connection that will not come back out of the database."""
    from cchc_connect.cli.connections import remove_stored_connection

    return remove_stored_connection(command_context(context), name, keep=keep_records, delete=delete_records)
