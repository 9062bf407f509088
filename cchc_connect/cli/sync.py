"""`sync` and `pull`: one run and its report."""

import signal
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from cchc_connect.cli.context import Session
from cchc_connect.cli.exit_codes import ExitCode, Misused
from cchc_connect.cli.formatting import instant_given
from cchc_connect.cli.progress import shown_progress
from cchc_connect.cli.report import EXITS, report_document, show_report
from cchc_connect.cli.signals import stop_asked
from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.writing.quarantine import open_counts
from cchc_connect.errors import ConfigurationError
from cchc_connect.sync.pull import Extent
from cchc_connect.sync.report import RunReport
from cchc_connect.sync.synchronizer import Surroundings, Synchronizer


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Options of `sync`: names of connections; `only` may also name routes."""

    only: Sequence[str] = ()
    accept_shrink: Sequence[str] = ()
    full: Sequence[str] = ()


def synchronise(session: Session, options: Wish, *, rehearse: bool) -> ExitCode:
    """Run once: pull, push, report.

    Raises:
        Misused: a name is unknown.
        CchcError: the error that ended the run.
    """
    config = Config.load(session.config)
    if not config.connections:
        raise ConfigurationError("cli.no_connections", file=session.config)
    _check_names(options.only, [*config.connections, *config.routes])
    _check_names([*options.accept_shrink, *options.full], config.connections)
    shrink, full = options.accept_shrink, options.full

    def run(synchronizer: Synchronizer) -> RunReport:
        return synchronizer.synchronise(options.only, rehearse=rehearse, accept_shrink=shrink, full=full)

    return _run(session, config, run, rehearse=rehearse)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Options of `pull` as typed: which part of the connection is pulled."""

    record_type: str | None = None
    since: str | None = None
    until: str | None = None
    key: str | None = None

    def extent(self) -> Extent:
        """Return the range of the pull.

        Raises:
            Misused: a value is not an instant, or the range ends before it begins.
        """
        since, until = instant_given(self.since, "--since"), instant_given(self.until, "--until")
        if since is not None and until is not None and until < since:
            raise Misused("cli.window_reversed", begin=self.since, end=self.until)
        return Extent(since=since, until=until, key=self.key, record_type=self.record_type)


def pull(session: Session, name: str, options: Part, *, rehearse: bool) -> ExitCode:
    """Pull one connection, or a part of it, and report; nothing is pushed.

    Raises:
        Misused: there is no such connection, it does not provide the record type, or an option is not valid.
        CchcError: the error that ended the run.
    """
    extent = options.extent()
    config = Config.load(session.config)
    if name not in config.connections:
        raise Misused("cli.connection_unknown", name=name, known=", ".join(config.connections))
    provided = [source.record_type.record_type for source in config.adapter(name).sources]
    if extent.record_type not in {None, *provided}:
        context = {"connection": name, "name": extent.record_type, "known": ", ".join(provided)}
        raise Misused("cli.record_type_not_provided", **context)

    def run(synchronizer: Synchronizer) -> RunReport:
        return synchronizer.pull(name, extent, rehearse=rehearse)

    return _run(session, config, run, rehearse=rehearse)


def _check_names(names: Sequence[str], configured: Collection[str]) -> None:
    for name in names:
        if name not in configured:
            raise Misused("cli.name_unknown", name=name, known=", ".join(configured))


def _run(session: Session, config: Config, run: Callable[[Synchronizer], RunReport], *, rehearse: bool) -> ExitCode:
    """Run and report; SIGTERM stops the run after the current page and messages."""
    screen = session.screen
    with (
        SharedDatabase(config.database.address) as database,
        stop_asked(signal.SIGTERM) as stop,
        shown_progress(screen, rehearse=rehearse) as progress,
    ):
        surroundings = Surroundings(progress=progress, is_stopping=stop.is_made)
        report = run(Synchronizer(config, database, surroundings))
        quarantined = open_entries(database)
    screen.document(report_document(report, screen))
    show_report(report, screen)
    if quarantined:
        screen.say("sync_view.see_quarantine", number=quarantined)
    return EXITS[report.outcome]


def open_entries(database: SharedDatabase) -> int:
    """Return the number of entries in quarantine, of this run and earlier ones."""
    with database.reading() as connection:
        return sum(open_counts(connection).values())
