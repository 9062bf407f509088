"""`sync` and `pull`: one run and its report."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import parse_moment
from cchc_connect.cli.progress import progress_display
from cchc_connect.cli.report import EXIT_CODES, report_document, show_report
from cchc_connect.cli.signals import stop_on_signals
from cchc_connect.config.file import Config
from cchc_connect.database.names import require_known
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.writing.quarantine import open_counts
from cchc_connect.errors import ConfigurationError, UsageMistake
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.report import RunReport
from cchc_connect.sync.synchronizer import RunEnvironment, Synchronizer, require_names


@dataclass(frozen=True, kw_only=True)
class SyncOptions:
    """Options of `sync`: names of connections; `only` may also name routes."""

    only: Sequence[str] = ()
    accept_shrink: Sequence[str] = ()
    full: Sequence[str] = ()


def synchronise(command: CommandContext, options: SyncOptions, *, dry_run: bool) -> ExitCode:
    """Run once: pull, push, report.

    Raises:
        UsageMistake: a name is unknown.
        CchcError: the error that ended the run.
    """
    config = Config.load(command.config)
    if not config.connections:
        raise ConfigurationError("cli.no_connections", file=command.config)
    require_names(config, only=options.only, accept_shrink=options.accept_shrink, full=options.full)
    shrink, full = options.accept_shrink, options.full

    def run(synchronizer: Synchronizer) -> RunReport:
        return synchronizer.synchronise(options.only, dry_run=dry_run, accept_shrink=shrink, full=full)

    return _run(command, config, run, dry_run=dry_run)


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
    provided = [source.record_type.record_type for source in config.adapter(name).sources]
    if pull_range.record_type not in {None, *provided}:
        context = {"connection": name, "name": pull_range.record_type, "known": ", ".join(provided)}
        raise UsageMistake("cli.record_type_not_provided", **context)

    def run(synchronizer: Synchronizer) -> RunReport:
        return synchronizer.pull(name, pull_range, dry_run=dry_run)

    return _run(command, config, run, dry_run=dry_run)


def _run(
    command: CommandContext, config: Config, run: Callable[[Synchronizer], RunReport], *, dry_run: bool
) -> ExitCode:
    """Run and report; SIGTERM stops the run after the current page and messages."""
    console = command.console
    with (
        config.open_database() as database,
        stop_on_signals(signal.SIGTERM) as stop,
        progress_display(console, dry_run=dry_run) as progress,
    ):
        environment = RunEnvironment(progress=progress, is_stopping=stop.is_set)
        report = run(Synchronizer(config, database, environment))
        quarantined = count_open_entries(database)
    console.document(report_document(report, console))
    show_report(report, console)
    if quarantined:
        console.message("sync_view.see_quarantine", number=quarantined)
    return EXIT_CODES[report.outcome]


def count_open_entries(database: SharedDatabase) -> int:
    """Return the number of entries in quarantine, of this run and earlier ones."""
    with database.reading() as connection:
        return sum(open_counts(connection).values())
