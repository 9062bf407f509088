"""The command that writes records into a file."""
# ruff: noqa: PLC0415  # as in `app`

from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.completed_values import export_formats, record_types
from cchc_connect.cli.context import MAX_ENTRY_NUMBER, DatabaseOption, command_context

export_app = typer.Typer()

ExportedType = Annotated[
    str, typer.Argument(metavar="RECORD_TYPE", help="help.history_record_type", autocompletion=record_types)
]
FileFormat = Annotated[
    str | None, typer.Option("--format", help="help.export_format", metavar="NAME", autocompletion=export_formats)
]
RecordVersion = Annotated[
    int | None, typer.Option(help="help.export_record_version", metavar="N", min=1, max=MAX_ENTRY_NUMBER)
]
RowLimit = Annotated[int | None, typer.Option(help="help.export_limit", metavar="N", min=1, max=MAX_ENTRY_NUMBER)]


@export_app.command(help="help.export")
def export(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    record_type: ExportedType,
    *,
    to: Annotated[Path, typer.Option(help="help.export_to", metavar="FILE")],
    file_format: FileFormat = None,
    where: Annotated[list[str] | None, typer.Option(help="help.export_where", metavar="CONDITION")] = None,
    at: Annotated[str | None, typer.Option(help="help.export_at", metavar="INSTANT")] = None,
    limit: RowLimit = None,
    crs: Annotated[str | None, typer.Option(help="help.export_crs", metavar="NAME")] = None,
    provenance: Annotated[bool, typer.Option("--provenance", help="help.export_provenance")] = False,
    record_version: RecordVersion = None,
    excel: Annotated[bool, typer.Option("--excel", help="help.excel")] = False,
    force: Annotated[bool, typer.Option("--force", help="help.init_force")] = False,
    consumer: Annotated[str | None, typer.Option("--for", help="help.export_for", metavar="AGENCY")] = None,
    agreement: Annotated[str | None, typer.Option(help="help.export_agreement", metavar="ID")] = None,
    grant: Annotated[str | None, typer.Option(help="help.export_grant", metavar="NAME")] = None,
    dossier: Annotated[str | None, typer.Option(help="help.export_dossier", metavar="CODE")] = None,
    official: Annotated[str | None, typer.Option(help="help.export_official", metavar="ID")] = None,
    db: DatabaseOption = None,
) -> int:
    """Write records into a file."""
    from cchc_connect.cli.export import RecordExportOptions, export_records

    selection = (file_format, tuple(where or ()), at, limit, crs)
    options = RecordExportOptions(
        *selection, provenance=provenance, record_version=record_version, excel=excel, force=force
    )
    if not any((consumer, agreement, grant, dossier, official)):
        return export_records(command_context(context), db, record_type, to, options)
    from cchc_connect.cli.export_for import RecipientOptions, export_records_for

    recipient = RecipientOptions(consumer, agreement, grant, dossier, official)
    return export_records_for(command_context(context), db, record_type, to, options, recipient)
