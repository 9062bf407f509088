"""Commands that tell how well agencies connect, and how fresh and how good their data is."""
# ruff: noqa: PLC0415  # as in `app`

from typing import Annotated

import typer

from cchc_connect.cli.context import command_context

quality_app = typer.Typer()

FromOption = Annotated[str | None, typer.Option("--from", metavar="DATE", help="help.period_from")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="DATE", help="help.period_to")]


@quality_app.command(help="help.freshness")
def freshness(context: typer.Context, *, first: FromOption = None, last: ToOption = None) -> int:
    """Show how fresh the data of each connection is."""
    from cchc_connect.cli.freshness import show_freshness

    return show_freshness(command_context(context), first, last)


@quality_app.command(help="help.connected")
def connected(context: typer.Context, *, first: FromOption = None, last: ToOption = None) -> int:
    """Show which registered databases are connected and shared."""
    from cchc_connect.cli.connected import show_connected

    return show_connected(command_context(context), first, last)


@quality_app.command(help="help.quality")
def quality(
    context: typer.Context,
    *,
    agency: Annotated[str | None, typer.Option("--agency", metavar="CODE", help="help.quality_agency")] = None,
    trend: Annotated[bool, typer.Option("--trend", help="help.quality_trend")] = False,
) -> int:
    """Score the quality of the agencies' records."""
    from cchc_connect.cli.quality import show_quality

    return show_quality(command_context(context), agency, with_trend=trend)


@quality_app.command(help="help.metrics")
def metrics(context: typer.Context) -> int:
    """Write the metrics for Prometheus."""
    from cchc_connect.cli.metrics import show_metrics

    return show_metrics(command_context(context))
