"""`sync` and `pull`: one run, and what came of it."""

import signal
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from cchc_connect.cli.exit_codes import ExitCode, Misused
from cchc_connect.cli.formatting import instant_given
from cchc_connect.cli.progress import shown_progress
from cchc_connect.cli.report import EXITS, report_document, show_report
from cchc_connect.cli.session import Session
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
    """What of the configuration a run is about; the names stand for connections, those of `only` also for routes."""

    only: Sequence[str] = ()
    accept_shrink: Sequence[str] = ()
    full: Sequence[str] = ()


def synchronise(session: Session, wish: Wish, *, rehearse: bool) -> ExitCode:
    """Run once: pull, push, report.

    Raises:
        Misused: a name stands for nothing.
        CchcError: what ended the run as a whole.
    """
    config = Config.load(session.config)
    if not config.connections:
        raise ConfigurationError("cli.no_connections", file=session.config)
    _check_names(wish.only, [*config.connections, *config.routes])
    _check_names([*wish.accept_shrink, *wish.full], config.connections)
    shrink, full = wish.accept_shrink, wish.full

    def run(synchronizer: Synchronizer) -> RunReport:
        return synchronizer.synchronise(wish.only, rehearse=rehearse, accept_shrink=shrink, full=full)

    return _run(session, config, run, rehearse=rehearse)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which part of a connection is to be pulled, as it was typed."""

    record_type: str | None = None
    since: str | None = None
    until: str | None = None
    key: str | None = None

    def extent(self) -> Extent:
        """Return it as the engine takes it.

        Raises:
            Misused: an instant is none, or the window ends before it begins.
        """
        since, until = instant_given(self.since, "--since"), instant_given(self.until, "--until")
        if since is not None and until is not None and until < since:
            raise Misused("cli.window", since=self.since, until=self.until)
        return Extent(since=since, until=until, key=self.key, record_type=self.record_type)


def pull(session: Session, name: str, part: Part, *, rehearse: bool) -> ExitCode:
    """Pull one connection, or a part of it, and report; nothing is pushed.

    Raises:
        Misused: there is no such connection, it brings no such record type, or the part is none.
        CchcError: what ended the run as a whole.
    """
    extent = part.extent()
    config = Config.load(session.config)
    if name not in config.connections:
        raise Misused("cli.connection_unknown", name=name, known=", ".join(config.connections))
    brings = [source.record_type.record_type for source in config.adapter(name).sources]
    if extent.record_type not in {None, *brings}:
        raise Misused("cli.not_brought", connection=name, name=extent.record_type, known=", ".join(brings))
    return _run(session, config, lambda one: one.pull(name, extent, rehearse=rehearse), rehearse=rehearse)


def _check_names(names: Sequence[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise Misused("cli.only_unknown", name=name, known=", ".join(known))


def _run(session: Session, config: Config, run: Callable[[Synchronizer], RunReport], *, rehearse: bool) -> ExitCode:
    """Run; SIGTERM ends the run after the page and messages at hand."""
    screen = session.screen
    with (
        SharedDatabase(config.database.address) as database,
        stop_asked(signal.SIGTERM) as asked,
        shown_progress(screen, rehearse=rehearse) as progress,
    ):
        surroundings = Surroundings(progress=progress, is_stopping=asked.is_made)
        report = run(Synchronizer(config, database, surroundings))
        quarantined = open_entries(database)
    screen.document(report_document(report, screen))
    show_report(report, screen)
    if quarantined:
        screen.say("sync_view.see_quarantine", number=quarantined)
    return EXITS[report.outcome]


def open_entries(database: SharedDatabase) -> int:
    """Return how many entries are in quarantine, of this run and of earlier ones."""
    with database.reading() as connection:
        return sum(open_counts(connection).values())
