"""Commands that show and accept what sources send otherwise than before."""
# ruff: noqa: PLC0415  # as in `app`

from typing import Annotated

import typer

from cchc_connect.cli.completed_values import connections, record_types
from cchc_connect.cli.context import DatabaseOption, command_context

drift_app = typer.Typer(help="help.drift", no_args_is_help=True)


@drift_app.command("show", help="help.drift_show")
def show(
    context: typer.Context,
    connection: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="help.drift_connection", autocompletion=connections),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="help.drift_all")] = False,
    db: DatabaseOption = None,
) -> int:
    """List what sources send otherwise than before."""
    from cchc_connect.cli.drift import show_drift

    return show_drift(command_context(context), db, connection, include_accepted=everything)


@drift_app.command("accept", help="help.drift_accept")
def accept(  # a command has as many parameters as options
    context: typer.Context,
    connection: Annotated[str, typer.Argument(metavar="NAME", help="help.drift_of", autocompletion=connections)],
    name: Annotated[str, typer.Argument(metavar="PROPERTY", help="help.drift_property")],
    *,
    because: Annotated[str, typer.Option(help="help.drift_because", metavar="TEXT")],
    record_type: Annotated[
        str | None, typer.Option(help="help.drift_record_type", metavar="TYPE", autocompletion=record_types)
    ] = None,
    db: DatabaseOption = None,
) -> int:
    """Accept what a source sends otherwise of a property."""
    from cchc_connect.cli.drift import accept_property

    return accept_property(command_context(context), db, (connection, name, record_type), because)
