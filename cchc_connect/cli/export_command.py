"""The command that writes records into a file."""
# ruff: noqa: PLC0415  # as in `app`

from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.completed_values import export_formats, record_types
from cchc_connect.cli.context import MAX_ENTRY_NUMBER, DatabaseOption, command_context

export_app = typer.Typer()


@export_app.command(help="help.export")
def export(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    record_type: Annotated[
        str, typer.Argument(metavar="RECORD_TYPE", help="help.history_record_type", autocompletion=record_types)
    ],
    *,
    to: Annotated[Path, typer.Option(help="help.export_to", metavar="FILE")],
    file_format: Annotated[
        str | None, typer.Option("--format", help="help.export_format", metavar="NAME", autocompletion=export_formats)
    ] = None,
    where: Annotated[list[str] | None, typer.Option(help="help.export_where", metavar="CONDITION")] = None,
    at: Annotated[str | None, typer.Option(help="help.export_at", metavar="INSTANT")] = None,
    limit: Annotated[
        int | None, typer.Option(help="help.export_limit", metavar="N", min=1, max=MAX_ENTRY_NUMBER)
    ] = None,
    crs: Annotated[str | None, typer.Option(help="help.export_crs", metavar="NAME")] = None,
    provenance: Annotated[bool, typer.Option("--provenance", help="help.export_provenance")] = False,
    record_version: Annotated[
        int | None, typer.Option(help="help.export_record_version", metavar="N", min=1, max=MAX_ENTRY_NUMBER)
    ] = None,
    excel: Annotated[bool, typer.Option("--excel", help="help.excel")] = False,
    force: Annotated[bool, typer.Option("--force", help="help.init_force")] = False,
    db: DatabaseOption = None,
) -> int:
    """Write records into a file."""
    from cchc_connect.cli.export import RecordExportOptions, export_records

    options = RecordExportOptions(
        file_format=file_format,
        where=tuple(where or ()),
        at=at,
        limit=limit,
        crs=crs,
        provenance=provenance,
        record_version=record_version,
        excel=excel,
        force=force,
    )
    return export_records(command_context(context), db, record_type, to, options)
