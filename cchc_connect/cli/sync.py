"""`sync` and `pull`: one run and its report."""

import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cchc_connect.cli.arguments import require_provided
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import parse_moment
from cchc_connect.cli.on_failure import tell_of_error, tell_of_report
from cchc_connect.cli.progress import progress_display
from cchc_connect.cli.report import EXIT_CODES, report_document, show_report
from cchc_connect.cli.resident import synchronise_every
from cchc_connect.cli.signals import stop_on_signals
from cchc_connect.config.file import Config
from cchc_connect.database.names import require_known
from cchc_connect.database.private_copy import empty_database
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.writing.claims import claimed_types
from cchc_connect.database.writing.quarantine import open_counts
from cchc_connect.errors import ConfigurationError, DatabaseUnusable, UsageMistake
from cchc_connect.quality.scores import store_quality_month
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.report import RunReport
from cchc_connect.sync.run_environment import RunEnvironment
from cchc_connect.sync.synchronizer import Synchronizer, require_names


@dataclass(frozen=True, kw_only=True)
class SyncOptions:
    """Options of `sync`: names of connections; `only` may also name routes."""

    only: Sequence[str] = ()
    accept_shrink: Sequence[str] = ()
    full: Sequence[str] = ()
    every: str | None = None
    """Period of a resident schedule; None: run once."""


def synchronise(command: CommandContext, options: SyncOptions, *, dry_run: bool) -> ExitCode:
    """Run once, or with a period until a stop is requested: pull, push, report.

    Raises:
        UsageMistake: a name is unknown.
        CchcError: the error that ended the run.
    """
    config = Config.load(command.config)
    if not config.connections:
        raise ConfigurationError("cli.no_connections", file=command.config)
    require_names(config, only=options.only, accept_shrink=options.accept_shrink, full=options.full)
    shrink, full = options.accept_shrink, options.full
    if options.every is not None:
        if dry_run or shrink or full:
            raise UsageMistake("schedule.option_for_one_run")
        return synchronise_every(command, options.only, options.every)

    def run(synchronizer: Synchronizer) -> RunReport:
        report = synchronizer.synchronise(options.only, dry_run=dry_run, accept_shrink=shrink, full=full)
        tell_of_report(config.run.on_failure, report, command.console)
        return report

    try:
        return _run(command, config, run, dry_run=dry_run)
    except (ConfigurationError, DatabaseUnusable) as error:
        if not dry_run:
            tell_of_error(config.run.on_failure, error, command.console)
        raise


@dataclass(frozen=True, kw_only=True)
class PullOptions:
    """Options of `pull` as typed: which part of the connection is pulled."""

    record_type: str | None = None
    since: str | None = None
    until: str | None = None
    key: str | None = None

    def pull_range(self) -> PullRange:
        """Return the range of the pull.

        Raises:
            UsageMistake: a value is not an instant, or the range ends before it begins.
        """
        since, until = parse_moment(self.since, "--since"), parse_moment(self.until, "--until")
        pull_range = PullRange(since=since, until=until, key=self.key, record_type=self.record_type)
        first, last = pull_range.first_instant, pull_range.last_instant
        if first is not None and last is not None and last < first:
            raise UsageMistake("cli.window_reversed", begin=self.since, end=self.until)
        return pull_range


def pull(command: CommandContext, name: str, options: PullOptions, *, dry_run: bool) -> ExitCode:
    """Pull one connection, or a part of it, and report; nothing is pushed.

    Raises:
        UsageMistake: there is no such connection, it does not provide the record type, or an option is not valid.
        CchcError: the error that ended the run.
    """
    pull_range = options.pull_range()
    config = Config.load(command.config)
    require_known("names.connection_unknown", name, config.connections)
    if config.connections[name].is_program:
        raise UsageMistake("program.no_system", connection=name)
    provided = [source.record_type.record_type for source in config.adapter(name).sources]
    require_provided(name, pull_range.record_type, provided)

    def run(synchronizer: Synchronizer) -> RunReport:
        return synchronizer.pull(name, pull_range, dry_run=dry_run)

    return _run(command, config, run, dry_run=dry_run)


def _run(
    command: CommandContext, config: Config, run: Callable[[Synchronizer], RunReport], *, dry_run: bool
) -> ExitCode:
    """Run and report; SIGTERM stops the run after the current page and messages."""
    console = command.console
    with (
        _opened_database(config, dry_run=dry_run) as database,
        stop_on_signals(signal.SIGTERM) as stop,
        progress_display(console, dry_run=dry_run) as progress,
    ):
        environment = RunEnvironment(progress=progress, is_stopping=stop.is_set)
        report = run(Synchronizer(config, database, environment))
        if not dry_run:
            store_quality_month(database, config)
        quarantined = count_open_entries(database)
        sent = {line.record_type for line in report.lines if line.kind == "pull"} - config.ownership.keys()
        with database.reading() as connection:
            undeclared = claimed_types(connection, sent)
    console.document(report_document(report, console))
    show_report(report, console)
    for record_type in undeclared:
        console.message("sync_view.undeclared_owner", record_type=console.term("record_name", record_type))
    if quarantined:
        console.message("sync_view.see_quarantine", number=quarantined)
    if refused := sum(line.counts.refused for line in report.lines):
        console.message("sync_view.see_dead_letters", number=refused)
    return EXIT_CODES[report.outcome]


@contextmanager
def _opened_database(config: Config, *, dry_run: bool) -> Generator[SharedDatabase, None, None]:
    """Open the configured database; a dry run neither creates nor upgrades it, and works without one if it is absent.

    Raises:
        DatabaseUnusable: it cannot be opened; in a dry run also if it has an older schema version.
    """
    try:
        database = config.open_database(create_or_upgrade=not dry_run)
    except DatabaseUnusable as error:
        if error.code != "database.absent":
            raise
        with empty_database() as database:
            yield database
        return
    with database:
        yield database


def count_open_entries(database: SharedDatabase) -> int:
    """Return the number of entries in quarantine, of this run and earlier ones."""
    with database.reading() as connection:
        return sum(open_counts(connection).values())
