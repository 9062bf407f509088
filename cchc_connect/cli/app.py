"""Commands and their options. Each command imports the module that implements it when it is called.

Help texts are codes of the message catalogue; `localization` translates them.
"""
# ruff: noqa: PLC0415  # the engine is imported by the command that needs it, so that --help starts at once

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cchc_connect.cli.adapter_commands import adapter_app
from cchc_connect.cli.agreement_commands import agreement_app
from cchc_connect.cli.audit_commands import audit_app
from cchc_connect.cli.completed_values import connections, record_types
from cchc_connect.cli.completion import Shell, install_script, show_script
from cchc_connect.cli.connection_commands import connection_app
from cchc_connect.cli.context import (
    CONFIG_FILE,
    DAY_S,
    DEFAULT_SEED,
    PROGRAM,
    CommandContext,
    DatabaseOption,
    command_context,
)
from cchc_connect.cli.correction_commands import correction_app
from cchc_connect.cli.drift_commands import drift_app
from cchc_connect.cli.export_command import export_app
from cchc_connect.cli.kpi_commands import kpi_app
from cchc_connect.cli.maintenance_commands import maintenance_app
from cchc_connect.cli.quality_commands import quality_app
from cchc_connect.cli.quarantine_commands import quarantine
from cchc_connect.cli.query_commands import query_app
from cchc_connect.cli.schema_commands import schema_app
from cchc_connect.errors import ConfigurationError
from cchc_connect.messages import Language

if TYPE_CHECKING:
    from cchc_connect.cli.console import Console

SHELLS = "|".join(Shell)
"""The shells, as the help shows them."""

app = typer.Typer(
    name=PROGRAM,
    help="help.program",
    no_args_is_help=True,
    add_completion=False,  # its own options detect the shell, and speak English only
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(quarantine, name="quarantine")
app.add_typer(schema_app, name="schema")
app.add_typer(adapter_app, name="adapter")
app.add_typer(query_app)
app.add_typer(quality_app)
app.add_typer(maintenance_app)
app.add_typer(export_app)
app.add_typer(connection_app, name="connection")
app.add_typer(drift_app, name="drift")
app.add_typer(audit_app, name="audit")
app.add_typer(agreement_app, name="agreements")
app.add_typer(correction_app, name="corrections")
app.add_typer(kpi_app, name="kpi")


def show_version(context: typer.Context, *, requested: bool) -> None:
    """Write the version of the program, and end."""
    if requested and not context.resilient_parsing:
        from cchc_connect.version import __version__

        console: Console = context.obj
        console.document({"program": PROGRAM, "version": __version__})
        console.verbatim(f"{PROGRAM} {__version__}")
        raise typer.Exit


def install_completion(context: typer.Context, shell: Shell | None) -> None:
    """Install the completion of a shell, and end."""
    if shell is not None and not context.resilient_parsing:
        install_script(context.obj, shell)
        raise typer.Exit


def show_completion(context: typer.Context, shell: Shell | None) -> None:
    """Write the script of a shell's completion, and end."""
    if shell is not None and not context.resilient_parsing:
        show_script(context.obj, shell)
        raise typer.Exit


@app.callback()
def global_options(  # noqa: PLR0913  # a program has as many parameters as global options
    context: typer.Context,
    *,
    config: Annotated[Path, typer.Option(help="help.config", metavar="FILE", readable=False)] = CONFIG_FILE,
    lang: Annotated[Language | None, typer.Option(help="help.lang", metavar="en|vi")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="help.json")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="help.debug")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="help.version", is_eager=True, callback=show_version)
    ] = False,
    install: Annotated[
        Shell | None,
        typer.Option(
            "--install-completion",
            help="help.install_completion",
            metavar=SHELLS,
            is_eager=True,
            callback=install_completion,
        ),
    ] = None,
    show: Annotated[
        Shell | None,
        typer.Option(
            "--show-completion", help="help.show_completion", metavar=SHELLS, is_eager=True, callback=show_completion
        ),
    ] = None,
) -> None:
    """Store the global options; --lang, --json and --debug were read before, because error messages need them."""
    del lang, as_json, debug, version, install, show
    if os.path.isdir(config):  # noqa: PTH112  # a folder that may not be entered is reported when the file is read
        raise ConfigurationError("cli.config_is_folder", path=config)
    context.obj = CommandContext(console=context.obj, config=config)


@app.command(help="help.init")
def init(
    context: typer.Context, *, force: Annotated[bool, typer.Option("--force", help="help.init_force")] = False
) -> int:
    """Write a commented configuration file."""
    from cchc_connect.cli.setup_commands import write_configuration

    return write_configuration(command_context(context), force=force)


@app.command(help="help.docs")
def docs(context: typer.Context) -> int:
    """Say where the documentation is on this machine."""
    from cchc_connect.cli.documentation import show_documentation

    return show_documentation(command_context(context))


@app.command(help="help.check")
def check(context: typer.Context) -> int:
    """Check that a run can work."""
    from cchc_connect.cli.check import show_check

    return show_check(command_context(context))


@app.command(help="help.sync")
def sync(
    context: typer.Context,
    *,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="help.sync_only", metavar="NAME", autocompletion=connections)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="help.sync_dry_run")] = False,
    accept_shrink: Annotated[
        list[str] | None,
        typer.Option("--accept-shrink", help="help.sync_accept_shrink", metavar="NAME", autocompletion=connections),
    ] = None,
    full: Annotated[
        list[str] | None, typer.Option("--full", help="help.sync_full", metavar="NAME", autocompletion=connections)
    ] = None,
    every: Annotated[str | None, typer.Option(help="help.sync_every", metavar="PERIOD")] = None,
) -> int:
    """Pull every source, push every route, report."""
    from cchc_connect.cli.sync import SyncOptions, synchronise

    options = SyncOptions(only=only or (), accept_shrink=accept_shrink or (), full=full or (), every=every)
    return synchronise(command_context(context), options, dry_run=dry_run)


@app.command(help="help.pull")
def pull(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="help.pull_name", autocompletion=connections)],
    *,
    record_type: Annotated[
        str | None, typer.Option(help="help.pull_record_type", metavar="TYPE", autocompletion=record_types)
    ] = None,
    since: Annotated[str | None, typer.Option(help="help.pull_since", metavar="INSTANT")] = None,
    until: Annotated[str | None, typer.Option(help="help.pull_until", metavar="INSTANT")] = None,
    key: Annotated[str | None, typer.Option(help="help.pull_key", metavar="SOURCE_KEY")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="help.sync_dry_run")] = False,
) -> int:
    """Pull one connection, or a part of it."""
    from cchc_connect.cli.sync import PullOptions, pull as pull_part

    options = PullOptions(record_type=record_type, since=since, until=until, key=key)
    return pull_part(command_context(context), name, options, dry_run=dry_run)


@app.command(help="help.reconcile")
def reconcile(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="help.reconcile_name", autocompletion=connections)],
    *,
    record_type: Annotated[
        str | None, typer.Option(help="help.reconcile_record_type", metavar="TYPE", autocompletion=record_types)
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="help.reconcile_repair")] = False,
    accept_shrink: Annotated[bool, typer.Option("--accept-shrink", help="help.reconcile_accept_shrink")] = False,
) -> int:
    """Compare sources and shared database, and correct the differences."""
    from cchc_connect.cli.reconcile import ReconcileOptions, reconcile_connection

    options = ReconcileOptions(record_type=record_type, repair=repair, accept_shrink=accept_shrink)
    return reconcile_connection(command_context(context), name, options)


@app.command(help="help.status")
def status(context: typer.Context, *, db: DatabaseOption = None) -> int:
    """Show the state of the shared database."""
    from cchc_connect.cli.status import show_status

    return show_status(command_context(context), db)


@app.command(help="help.demo")
def demo(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    *,
    db: Annotated[Path | None, typer.Option(help="help.demo_db", metavar="PATH")] = None,
    seed: Annotated[int, typer.Option(help="help.seed", metavar="N")] = DEFAULT_SEED,
    small: Annotated[bool, typer.Option("--small", help="help.small")] = False,
    serve: Annotated[bool, typer.Option("--serve", help="help.demo_serve")] = False,
    force: Annotated[bool, typer.Option("--force", help="help.demo_force")] = False,
    change_every: Annotated[int | None, typer.Option(help="help.change_every", metavar="N", min=1, max=DAY_S)] = None,
) -> int:
    """Demonstrate all functions with test doubles of four systems, or leave these running."""
    if serve:
        from cchc_connect.cli.demo_serve import DEFAULT_DATABASE, ServeOptions, serve_demo

        options = ServeOptions(
            database=db or DEFAULT_DATABASE, seed=seed, small=small, force=force, change_every_s=change_every
        )
        return serve_demo(command_context(context), options)
    from cchc_connect.cli.demo import DEFAULT_LOCATION, show_demo

    return show_demo(command_context(context), db or DEFAULT_LOCATION, seed=seed, small=small)
