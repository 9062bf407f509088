"""Commands about indicators: report, cases, explain, targets, rebuild."""
# ruff: noqa: PLC0415  # as in `app`

from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.context import MAX_ENTRY_NUMBER, DatabaseOption, command_context

kpi_app = typer.Typer(help="help.kpi", no_args_is_help=True)

SetOption = Annotated[str, typer.Option("--set", metavar="ID", help="help.kpi_set")]
AgencyOption = Annotated[str | None, typer.Option("--agency", metavar="AGENCY", help="help.kpi_agency")]
FromOption = Annotated[str, typer.Option("--from", metavar="DATE", help="help.kpi_from")]
ToOption = Annotated[str, typer.Option("--to", metavar="DATE", help="help.kpi_to")]
AsOfOption = Annotated[
    int | None, typer.Option("--as-of", metavar="SEQUENCE", help="help.kpi_as_of", min=0, max=MAX_ENTRY_NUMBER)
]
IndicatorArgument = Annotated[str, typer.Argument(metavar="INDICATOR", help="help.kpi_indicator")]


@kpi_app.command("report", help="help.kpi_report")
def kpi_report(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    *,
    set_id: SetOption,
    start: FromOption,
    end: ToOption,
    agency: AgencyOption = None,
    each: Annotated[bool, typer.Option("--each", help="help.kpi_each")] = False,
    as_of: AsOfOption = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="help.kpi_csv")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="help.kpi_html")] = None,
    db: DatabaseOption = None,
) -> int:
    """Show the figures of a set of indicators for a period."""
    from cchc_connect.cli.kpi_report import PeriodOptions, ReportFiles, report

    period = PeriodOptions(set_id=set_id, start=start, end=end, agency=agency, as_of=as_of)
    return report(command_context(context), db, period, ReportFiles(csv=csv, html=html), each=each)


@kpi_app.command("cases", help="help.kpi_cases")
def kpi_cases(  # noqa: PLR0913  # as above
    context: typer.Context,
    indicator: IndicatorArgument,
    *,
    set_id: SetOption,
    start: FromOption,
    end: ToOption,
    agency: AgencyOption = None,
    as_of: AsOfOption = None,
    db: DatabaseOption = None,
) -> int:
    """List the cases that a figure counts."""
    from cchc_connect.cli.kpi import list_cases
    from cchc_connect.cli.kpi_report import PeriodOptions

    period = PeriodOptions(set_id=set_id, start=start, end=end, agency=agency, as_of=as_of)
    return list_cases(command_context(context), db, indicator, period)


@kpi_app.command("explain", help="help.kpi_explain")
def kpi_explain(context: typer.Context, indicator: IndicatorArgument, *, set_id: SetOption) -> int:
    """Say how an indicator is computed."""
    from cchc_connect.cli.kpi import explain

    return explain(command_context(context), set_id, indicator)


@kpi_app.command("targets", help="help.kpi_targets")
def kpi_targets(
    context: typer.Context,
    *,
    load: Annotated[Path | None, typer.Option("--load", metavar="FILE", help="help.kpi_load")] = None,
    db: DatabaseOption = None,
) -> int:
    """List the targets, or store those of a file."""
    from cchc_connect.cli.kpi import show_targets

    return show_targets(command_context(context), db, load)


@kpi_app.command("rebuild", help="help.kpi_rebuild")
def kpi_rebuild(context: typer.Context, *, db: DatabaseOption = None) -> int:
    """Make the rows of indicators anew from the change feed."""
    from cchc_connect.cli.kpi import rebuild_rows

    return rebuild_rows(command_context(context), db)
