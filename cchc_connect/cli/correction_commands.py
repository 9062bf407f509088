"""Commands about correction requests: open, list, show, answer, remind, close, and the files for an agency."""
# ruff: noqa: PLC0415  # as in `app`

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.completed_values import record_types
from cchc_connect.cli.context import MAX_ENTRY_NUMBER, DatabaseOption, command_context

correction_app = typer.Typer(help="help.corrections", no_args_is_help=True)

RequestNumber = Annotated[
    int, typer.Argument(metavar="ID", help="help.corrections_number", min=1, max=MAX_ENTRY_NUMBER)
]
DueOption = Annotated[str | None, typer.Option("--due", metavar="DATE", help="help.corrections_due")]
KindOption = Annotated[str | None, typer.Option("--kind", metavar="CODE", help="help.corrections_kind")]
OfOwner = Annotated[str | None, typer.Option("--for", metavar="AGENCY", help="help.corrections_for")]
Note = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="help.corrections_note")]


class Response(StrEnum):
    """What an agency answers."""

    CORRECTED = "corrected"
    REJECTED = "rejected"
    MORE_TIME = "more_time"


class End(StrEnum):
    """How a request ends."""

    CORRECTED = "corrected"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@correction_app.command("open", help="help.corrections_open")
def corrections_open(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    record_type: Annotated[
        str | None,
        typer.Argument(metavar="[RECORD_TYPE]", help="help.history_record_type", autocompletion=record_types),
    ] = None,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="help.corrections_key")] = None,
    *,
    field: Annotated[list[str] | None, typer.Option("--field", metavar="FIELD", help="help.corrections_field")] = None,
    discrepancy: Annotated[
        int | None,
        typer.Option("--discrepancy", metavar="ID", help="help.discrepancy", min=1, max=MAX_ENTRY_NUMBER),
    ] = None,
    quarantine: Annotated[
        int | None, typer.Option("--quarantine", metavar="ID", help="help.entry", min=1, max=MAX_ENTRY_NUMBER)
    ] = None,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="help.corrections_because")],
    value: Annotated[str | None, typer.Option("--value", metavar="VALUE", help="help.corrections_value")] = None,
    kind: KindOption = None,
    due: DueOption = None,
    official: Annotated[
        str | None, typer.Option("--official", metavar="OFFICIAL", help="help.corrections_official")
    ] = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="AGENCY", help="help.corrections_owner")] = None,
) -> int:
    """Ask the agency that provides a record to correct it."""
    from cchc_connect.cli.corrections import OpenOptions, open_one
    from cchc_connect.corrections.administration import CorrectionSubject

    subject = CorrectionSubject(
        discrepancy=discrepancy, quarantine=quarantine, record_type=record_type, record_key=key, fields=field or ()
    )
    options = OpenOptions(because=because, value=value, kind=kind, due=due, official=official, owner=owner)
    return open_one(command_context(context), subject, options)


@correction_app.command("list", help="help.corrections_list")
def corrections_list(
    context: typer.Context,
    *,
    owner: OfOwner = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="help.corrections_overdue")] = False,
    everything: Annotated[bool, typer.Option("--all", help="help.corrections_all")] = False,
    db: DatabaseOption = None,
) -> int:
    """List the correction requests."""
    from cchc_connect.cli.corrections import list_requests

    return list_requests(command_context(context), db, owner, overdue=overdue, everything=everything)


@correction_app.command("show", help="help.corrections_show")
def corrections_show(context: typer.Context, number: RequestNumber, *, db: DatabaseOption = None) -> int:
    """Show a correction request."""
    from cchc_connect.cli.corrections import show_request

    return show_request(command_context(context), db, number)


@correction_app.command("answer", help="help.corrections_answer")
def corrections_answer(
    context: typer.Context,
    number: RequestNumber,
    *,
    response: Annotated[
        Response, typer.Option("--as", metavar="corrected|rejected|more_time", help="help.corrections_as")
    ],
    note: Note = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="help.corrections_until")] = None,
) -> int:
    """Store what the agency answered."""
    from cchc_connect.cli.corrections import answer_one

    return answer_one(command_context(context), number, response.value, note, until)


@correction_app.command("remind", help="help.corrections_remind")
def corrections_remind(
    context: typer.Context,
    *,
    owner: OfOwner = None,
    within: Annotated[
        int, typer.Option("--within", metavar="DAYS", help="help.corrections_within", min=0, max=365)
    ] = 2,
) -> int:
    """Remind agencies of what is due."""
    from cchc_connect.cli.corrections import remind

    return remind(command_context(context), owner, within)


@correction_app.command("close", help="help.corrections_close")
def corrections_close(
    context: typer.Context,
    number: RequestNumber,
    *,
    end: Annotated[
        End | None, typer.Option("--as", metavar="corrected|rejected|withdrawn", help="help.corrections_end")
    ] = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="help.corrections_close_note")],
) -> int:
    """Close a correction request."""
    from cchc_connect.cli.corrections import close_one

    return close_one(command_context(context), number, None if end is None else end.value, note)


@correction_app.command("export", help="help.corrections_export")
def corrections_export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="help.export_file")],
    *,
    owner: Annotated[str, typer.Option("--for", metavar="AGENCY", help="help.corrections_for")],
    excel: Annotated[bool, typer.Option("--excel", help="help.excel")] = False,
    force: Annotated[bool, typer.Option("--force", help="help.init_force")] = False,
) -> int:
    """Write what an agency has to answer into a spreadsheet."""
    from cchc_connect.cli.correction_files import export_file

    return export_file(command_context(context), file, owner, excel=excel, force=force)


@correction_app.command("import", help="help.corrections_import")
def corrections_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="help.corrections_import_file")],
    *,
    owner: Annotated[str, typer.Option("--from", metavar="AGENCY", help="help.corrections_from")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="help.corrections_dry_run")] = False,
) -> int:
    """Store the answers in a file of an agency."""
    from cchc_connect.cli.correction_files import import_file

    return import_file(command_context(context), file, owner, dry_run=dry_run)


@correction_app.command("periods", help="help.corrections_periods")
def corrections_periods(context: typer.Context) -> int:
    """List the kinds of requests with their periods."""
    from cchc_connect.cli.corrections import list_periods

    return list_periods(command_context(context))
