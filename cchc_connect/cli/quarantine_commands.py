"""Commands that show the quarantine, export it and process its entries again."""
# ruff: noqa: PLC0415  # as in `app`

from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.completed_values import connections, record_types
from cchc_connect.cli.context import (
    MAX_ENTRY_NUMBER,
    DatabaseOption,
    ForDossierOption,
    PurposeOption,
    UnmaskedOptions,
    command_context,
)

quarantine = typer.Typer(help="help.quarantine", no_args_is_help=True)

OfConnection = Annotated[
    str | None, typer.Option("--connection", help="help.by_connection", metavar="NAME", autocompletion=connections)
]
OfRecordType = Annotated[
    str | None, typer.Option("--record-type", help="help.by_record_type", metavar="TYPE", autocompletion=record_types)
]
OfRule = Annotated[str | None, typer.Option("--rule", help="help.by_rule", metavar="RULE")]
OfSourceKey = Annotated[str | None, typer.Option("--key", help="help.by_source_key", metavar="SOURCE_KEY")]
Since = Annotated[str | None, typer.Option("--since", help="help.since", metavar="INSTANT")]
Until = Annotated[str | None, typer.Option("--until", help="help.until", metavar="INSTANT")]


@quarantine.command("list", help="help.quarantine_list")
def quarantine_list(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    *,
    connection: OfConnection = None,
    record_type: OfRecordType = None,
    rule: OfRule = None,
    key: OfSourceKey = None,
    since: Since = None,
    until: Until = None,
    db: DatabaseOption = None,
) -> int:
    """List the open entries."""
    from cchc_connect.cli.quarantine import list_entries, typed_filter

    selected = typed_filter(connection=connection, record_type=record_type, rule=rule, key=key, period=(since, until))
    return list_entries(command_context(context), db, selected)


@quarantine.command("export", help="help.quarantine_export")
def quarantine_export(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="help.export_file")],
    *,
    connection: OfConnection = None,
    record_type: OfRecordType = None,
    rule: OfRule = None,
    key: OfSourceKey = None,
    since: Since = None,
    until: Until = None,
    excel: Annotated[bool, typer.Option("--excel", help="help.excel")] = False,
    force: Annotated[bool, typer.Option("--force", help="help.init_force")] = False,
    db: DatabaseOption = None,
) -> int:
    """Write the open entries into a spreadsheet."""
    from cchc_connect.cli.quarantine import SpreadsheetOptions, export_entries, typed_filter

    selected = typed_filter(connection=connection, record_type=record_type, rule=rule, key=key, period=(since, until))
    return export_entries(command_context(context), db, file, selected, SpreadsheetOptions(excel=excel, replace=force))


@quarantine.command("show", help="help.quarantine_show")
def quarantine_show(  # a command has as many parameters as options
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", help="help.entry", min=1, max=MAX_ENTRY_NUMBER)],
    *,
    raw: Annotated[bool, typer.Option("--raw", help="help.raw")] = False,
    purpose: PurposeOption = None,
    for_dossier: ForDossierOption = None,
    db: DatabaseOption = None,
) -> int:
    """Show one entry with every fault."""
    from cchc_connect.cli.quarantine import show_entry

    looking = UnmaskedOptions(unmasked=raw, purpose=purpose, dossier=for_dossier)
    return show_entry(command_context(context), db, number, looking)


@quarantine.command("replay", help="help.quarantine_replay")
def quarantine_replay(
    context: typer.Context,
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="help.entries", min=1, max=MAX_ENTRY_NUMBER)
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="help.replay_all")] = False,
) -> int:
    """Process entries again."""
    from cchc_connect.cli.quarantine import replay_entries

    return replay_entries(command_context(context), numbers or (), everything=everything)
