"""Commands of the audit log. See `app` for their form."""
# ruff: noqa: PLC0415  # the engine is imported by the command that needs it, so that --help starts at once

from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.completed_values import run_ids
from cchc_connect.cli.context import MAX_ENTRY_NUMBER, DatabaseOption, command_context

audit_app = typer.Typer(help="help.audit", no_args_is_help=True)


@audit_app.command("verify", help="help.audit_verify")
def audit_verify(
    context: typer.Context,
    *,
    anchor: Annotated[list[Path] | None, typer.Option("--anchor", metavar="FILE", help="help.audit_anchor")] = None,
    public_key: Annotated[
        list[str] | None, typer.Option("--public-key", metavar="FILE", help="help.audit_public_key")
    ] = None,
    db: DatabaseOption = None,
) -> int:
    """Verify chains, seals and anchors."""
    from cchc_connect.cli.audit_verify import verify

    return verify(command_context(context), db, anchors=anchor or (), public_keys=public_key or ())


@audit_app.command("seal", help="help.audit_seal")
def audit_seal(context: typer.Context) -> int:
    """Seal every entry that is not sealed."""
    from cchc_connect.cli.audit_seal import seal

    return seal(command_context(context))


@audit_app.command("new-key", help="help.audit_new_key")
def audit_new_key(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="help.audit_new_key_file")],
    *,
    key_id: Annotated[str, typer.Option("--key-id", metavar="NAME", help="help.audit_key_id")],
) -> int:
    """Make a key for seals, and let the present one confirm it."""
    from cchc_connect.cli.audit_seal import new_key

    return new_key(command_context(context), file, key_id)


@audit_app.command("list", help="help.audit_list")
def audit_list(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    *,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="help.audit_kind")] = None,
    agency: Annotated[str | None, typer.Option(metavar="CODE", help="help.audit_agency")] = None,
    official: Annotated[str | None, typer.Option(metavar="ID", help="help.audit_official")] = None,
    dossier: Annotated[str | None, typer.Option(metavar="CODE", help="help.audit_dossier")] = None,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="help.audit_record_key")] = None,
    run: Annotated[str | None, typer.Option(metavar="ID", help="help.audit_run", autocompletion=run_ids)] = None,
    request: Annotated[str | None, typer.Option(metavar="ID", help="help.audit_request")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="INSTANT", help="help.audit_from")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="INSTANT", help="help.audit_to")] = None,
    refused: Annotated[bool, typer.Option("--refused", help="help.audit_refused")] = False,
    limit: Annotated[int, typer.Option(metavar="N", help="help.audit_limit", min=1, max=MAX_ENTRY_NUMBER)] = 50,
    db: DatabaseOption = None,
) -> int:
    """List entries, the newest first."""
    from cchc_connect.cli.audit_list import ListOptions, list_entries

    options = ListOptions(
        kind=kind,
        agency=agency,
        official=official,
        dossier=dossier,
        record_key=key,
        run_id=run,
        request_id=request,
        since=since,
        until=until,
        refused_only=refused,
        limit=limit,
    )
    return list_entries(command_context(context), db, options)


@audit_app.command("show", help="help.audit_show")
def audit_show(
    context: typer.Context,
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="help.audit_entry")],
    *,
    db: DatabaseOption = None,
) -> int:
    """Show one entry with everything in it."""
    from cchc_connect.cli.audit_show import show_entry

    return show_entry(command_context(context), db, entry)


@audit_app.command("subject", help="help.audit_subject")
def audit_subject(
    context: typer.Context,
    *,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="help.audit_subject_file")] = None,
) -> int:
    """Show who had a person's data."""
    from cchc_connect.cli.audit_subject import show_subject

    return show_subject(command_context(context), file)


@audit_app.command("erase-subjects", help="help.audit_erase")
def audit_erase_subjects(
    context: typer.Context,
    year: Annotated[int, typer.Argument(metavar="YEAR", help="help.audit_erase_year", min=2020, max=2999)],
) -> int:
    """Delete the key of a year's subject index and its rows."""
    from cchc_connect.cli.audit_subject import erase_subjects

    return erase_subjects(command_context(context), year)
