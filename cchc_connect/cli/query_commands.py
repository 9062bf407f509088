"""Commands that show the shared database, and commands that handle discrepancies and dead letters."""
# ruff: noqa: PLC0415  # as in `app`

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.completed_values import connections, record_types, routes, run_ids
from cchc_connect.cli.context import (
    MAX_ENTRY_NUMBER,
    DatabaseOption,
    ForDossierOption,
    PurposeOption,
    UnmaskedOption,
    UnmaskedOptions,
    command_context,
)
from cchc_connect.errors import UsageMistake

query_app = typer.Typer()
discrepancies = typer.Typer(help="help.discrepancies", no_args_is_help=True)
dead_letters = typer.Typer(help="help.dead_letters", no_args_is_help=True)
query_app.add_typer(discrepancies, name="discrepancies")
query_app.add_typer(dead_letters, name="dead-letters")

DiscrepancyArgument = Annotated[int, typer.Argument(metavar="ID", help="help.discrepancy", min=1, max=MAX_ENTRY_NUMBER)]


class Resolution(StrEnum):
    """How a person handled a discrepancy."""

    REPORTED = "reported"
    DISMISSED = "dismissed"


@query_app.command(help="help.case")
def case(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    dossier: Annotated[str | None, typer.Argument(metavar="[DOSSIER]", help="help.dossier")] = None,
    *,
    parcel: Annotated[str | None, typer.Option(metavar="TEXT", help="help.case_parcel")] = None,
    applicant: Annotated[bool, typer.Option("--applicant", help="help.case_applicant")] = False,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="help.case_file")] = None,
    unmasked: UnmaskedOption = False,
    purpose: PurposeOption = None,
    for_dossier: ForDossierOption = None,
    db: DatabaseOption = None,
) -> int:
    """Show a dossier with its steps, permits, works and parcels, or find the dossiers of a parcel or an applicant."""
    from cchc_connect.cli.case import show_case
    from cchc_connect.cli.case_search import CaseSearch, show_applicant_dossiers, show_parcel_dossiers
    from cchc_connect.cli.unmasked import require_reason

    command = command_context(context)
    CaseSearch(dossier=dossier, parcel=parcel, is_by_applicant=applicant, file=file).require_one()
    looking = UnmaskedOptions(
        unmasked=unmasked, purpose=purpose, dossier=for_dossier or (dossier if unmasked else None)
    )
    if dossier is not None:
        return show_case(command, db, dossier, looking)
    if unmasked:
        raise UsageMistake("case.search_is_masked")
    if applicant:
        return show_applicant_dossiers(command, db, file, looking)
    require_reason(looking)
    return show_parcel_dossiers(command, db, parcel or "")


@query_app.command(help="help.papers")
def papers(
    context: typer.Context,
    procedure: Annotated[str | None, typer.Argument(metavar="[PROCEDURE]", help="help.papers_procedure")] = None,
    *,
    db: DatabaseOption = None,
) -> int:
    """Show which papers of a procedure a database could prove."""
    from cchc_connect.cli.papers import show_papers

    return show_papers(command_context(context), db, procedure)


@query_app.command(help="help.history")
def history(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    record_type: Annotated[
        str, typer.Argument(metavar="RECORD_TYPE", help="help.history_record_type", autocompletion=record_types)
    ],
    key: Annotated[str, typer.Argument(metavar="KEY", help="help.history_key")],
    *,
    at: Annotated[str | None, typer.Option(help="help.history_at", metavar="INSTANT")] = None,
    unmasked: UnmaskedOption = False,
    purpose: PurposeOption = None,
    for_dossier: ForDossierOption = None,
    db: DatabaseOption = None,
) -> int:
    """Show every version of a record."""
    from cchc_connect.cli.history import show_history

    looking = UnmaskedOptions(unmasked=unmasked, purpose=purpose, dossier=for_dossier)
    return show_history(command_context(context), db, (record_type, key), looking, at=at)


@query_app.command(help="help.changes")
def changes(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    *,
    since: Annotated[int, typer.Option(help="help.changes_since", metavar="N", min=0, max=MAX_ENTRY_NUMBER)] = 0,
    follow: Annotated[bool, typer.Option("--follow", help="help.changes_follow")] = False,
    record_type: Annotated[
        list[str] | None, typer.Option(help="help.changes_record_type", metavar="TYPE", autocompletion=record_types)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="help.changes_limit", metavar="N", min=1, max=MAX_ENTRY_NUMBER)
    ] = None,
    accept_purged: Annotated[bool, typer.Option("--accept-purged", help="help.changes_accept_purged")] = False,
    unmasked: UnmaskedOption = False,
    purpose: PurposeOption = None,
    for_dossier: ForDossierOption = None,
    db: DatabaseOption = None,
) -> int:
    """Write the change feed."""
    from cchc_connect.cli.changes import ChangesOptions, show_changes

    options = ChangesOptions(
        since=since,
        follow=follow,
        record_types=tuple(record_type or ()),
        limit=limit,
        accept_purged=accept_purged,
    )
    looking = UnmaskedOptions(unmasked=unmasked, purpose=purpose, dossier=for_dossier)
    return show_changes(command_context(context), db, options, looking)


@discrepancies.command("list", help="help.discrepancies_list")
def discrepancies_list(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    *,
    connection: Annotated[
        str | None, typer.Option(help="help.discrepancies_connection", metavar="NAME", autocompletion=connections)
    ] = None,
    record_type: Annotated[
        str | None, typer.Option(help="help.discrepancies_record_type", metavar="TYPE", autocompletion=record_types)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="help.discrepancies_all")] = False,
    unmasked: UnmaskedOption = False,
    purpose: PurposeOption = None,
    for_dossier: ForDossierOption = None,
    db: DatabaseOption = None,
) -> int:
    """List the discrepancies."""
    from cchc_connect.cli.discrepancies import list_discrepancies

    names = (connection, record_type)
    looking = UnmaskedOptions(unmasked=unmasked, purpose=purpose, dossier=for_dossier)
    return list_discrepancies(command_context(context), db, names, looking, include_ended=everything)


@discrepancies.command("resolve", help="help.discrepancies_resolve")
def discrepancies_resolve(
    context: typer.Context,
    number: DiscrepancyArgument,
    *,
    resolution: Annotated[Resolution, typer.Option("--as", help="help.discrepancies_as", metavar="reported|dismissed")],
    note: Annotated[str, typer.Option(help="help.discrepancies_note", metavar="TEXT")],
    db: DatabaseOption = None,
) -> int:
    """Record how a discrepancy was handled."""
    from cchc_connect.cli.discrepancies import resolve_discrepancy

    return resolve_discrepancy(command_context(context), db, number, resolution.value, note)


@discrepancies.command("assign", help="help.discrepancies_assign")
def discrepancies_assign(
    context: typer.Context,
    number: DiscrepancyArgument,
    *,
    official: Annotated[str, typer.Option(help="help.corrections_official", metavar="OFFICIAL")],
    due: Annotated[str | None, typer.Option(help="help.corrections_due", metavar="DATE")] = None,
    kind: Annotated[str | None, typer.Option(help="help.corrections_kind", metavar="CODE")] = None,
) -> int:
    """Give a discrepancy an official in charge and a last day."""
    from cchc_connect.cli.discrepancies import assign_discrepancy

    return assign_discrepancy(command_context(context), number, official, due, kind)


@dead_letters.command("list", help="help.dead_letters_list")
def dead_letters_list(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    *,
    route: Annotated[
        str | None, typer.Option(help="help.dead_letters_route", metavar="NAME", autocompletion=routes)
    ] = None,
    record_type: Annotated[
        str | None, typer.Option(help="help.dead_letters_record_type", metavar="TYPE", autocompletion=record_types)
    ] = None,
    reason: Annotated[str | None, typer.Option(help="help.dead_letters_reason", metavar="CODE")] = None,
    key: Annotated[str | None, typer.Option(help="help.dead_letters_key", metavar="KEY")] = None,
    since: Annotated[str | None, typer.Option(help="help.since", metavar="INSTANT")] = None,
    until: Annotated[str | None, typer.Option(help="help.until", metavar="INSTANT")] = None,
    db: DatabaseOption = None,
) -> int:
    """List the dead letters."""
    from cchc_connect.cli.dead_letters import list_dead_letters, typed_filter

    selected = typed_filter(route=route, record_type=record_type, reason=reason, key=key, period=(since, until))
    return list_dead_letters(command_context(context), db, selected)


@dead_letters.command("replay", help="help.dead_letters_replay")
def dead_letters_requeue(
    context: typer.Context,
    route: Annotated[
        str, typer.Argument(metavar="ROUTE", help="help.dead_letters_replay_route", autocompletion=routes)
    ],
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="[SEQUENCE]...", help="help.dead_letters_numbers", min=1, max=MAX_ENTRY_NUMBER),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="help.dead_letters_all")] = False,
) -> int:
    """Queue dead letters again."""
    from cchc_connect.cli.dead_letters import requeue_dead_letters

    return requeue_dead_letters(command_context(context), route, numbers or (), everything=everything)


@query_app.command(help="help.runs")
def runs(
    context: typer.Context,
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN_ID]", help="help.runs_id", autocompletion=run_ids)
    ] = None,
    *,
    limit: Annotated[int, typer.Option(help="help.runs_limit", metavar="N", min=1, max=MAX_ENTRY_NUMBER)] = 20,
    db: DatabaseOption = None,
) -> int:
    """List the runs, or show one run."""
    from cchc_connect.cli.runs import list_runs, show_run

    return (
        list_runs(command_context(context), db, limit)
        if run_id is None
        else show_run(command_context(context), db, run_id)
    )
