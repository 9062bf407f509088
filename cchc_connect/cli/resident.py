"""`sync --every`: a resident schedule, with one report for each round."""

import logging
import random
import signal
from collections.abc import Sequence
from datetime import timedelta
from threading import Event, Thread

from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.on_failure import tell_of_error, tell_of_report
from cchc_connect.cli.progress import progress_display
from cchc_connect.cli.report import report_document, show_report
from cchc_connect.cli.signals import StopFlag, stop_on_signals
from cchc_connect.clock import SystemClock, to_timestamp_text
from cchc_connect.config.durations import parse_period
from cchc_connect.config.file import Config
from cchc_connect.database.audit.sealing import SEAL_INTERVAL
from cchc_connect.errors import CchcError, UsageMistake
from cchc_connect.sync.audit_sealing import seal_quietly
from cchc_connect.sync.report import RunReport
from cchc_connect.sync.run_environment import RunEnvironment
from cchc_connect.sync.schedule import Schedule
from cchc_connect.sync.synchronizer import Synchronizer

log = logging.getLogger("cchc_connect.cli")

FROM_CONFIGURATION = "config"
"""Value of --every: the periods are those of the configuration."""


class Rounds:
    """The rounds of one resident process: each reads the configuration and opens the database anew."""

    def __init__(self, command: CommandContext, stop: StopFlag) -> None:
        """Prepare; nothing is read before the first round."""
        self._command = command
        self._console = command.console
        self._stop = stop
        self._on_failure: Sequence[str] = ()
        self._config: Config | None = None
        self._has_ended = Event()

    def load(self) -> Config:
        """Read the configuration; the command that tells of a failure stays that of the last one without fault."""
        config = Config.load(self._command.config)
        self._on_failure = config.run.on_failure
        self._config = config
        return config

    def seal_every_minute(self) -> None:
        """Seal the audit log each minute, by the configuration of the last round, until the schedule ends."""
        while not self._has_ended.wait(SEAL_INTERVAL.total_seconds()):
            config = self._config
            if config is None or config.audit.key is None:
                continue
            try:
                with config.open_database(create_or_upgrade=False) as database:
                    seal_quietly(config, database, SystemClock())
            except CchcError as error:
                log.warning("the audit log was not sealed: %s", error.code)

    def end(self) -> None:
        """Let the sealing end, after the seal that it may be making."""
        self._has_ended.set()

    def run(self, config: Config, names: Sequence[str]) -> RunReport:
        """Run once for these connections and routes."""
        with config.open_database() as database, progress_display(self._console, dry_run=False) as progress:
            environment = RunEnvironment(progress=progress, is_stopping=self._stop.is_set)
            return Synchronizer(config, database, environment).synchronise(names)

    def show(self, report: RunReport, config: Config, next_in_s: float) -> None:
        """Write the report of a round, as one line of JSON if requested, and tell somebody if it is not done."""
        tell_of_report(config.run.on_failure, report, self._console)
        if self._console.as_json:
            self._console.stream_item(report_document(report, self._console), "")
            return
        show_report(report, self._console)
        if not self._stop.is_set():
            coming = to_timestamp_text(SystemClock().now() + timedelta(seconds=next_in_s))
            self._console.message("schedule.next_round", at=local_time(coming, self._console.language))

    def fail(self, error: CchcError, config: Config | None) -> None:
        """Write why a round failed, and tell somebody; the schedule goes on."""
        command = self._on_failure if config is None else config.run.on_failure
        tell_of_error(command, error, self._console)
        self._console.error(error)


def synchronise_every(command: CommandContext, only: Sequence[str], every: str) -> ExitCode:
    """Run at the period `every`, or at those of the configuration, until SIGTERM or Ctrl-C.

    Raises:
        UsageMistake: `every` is no period.
        CchcError: the error of the first round, where no further round could work.
    """
    period = _period(every)
    with stop_on_signals(signal.SIGTERM, signal.SIGINT) as stop:
        rounds = Rounds(command, stop)
        sealing = Thread(target=rounds.seal_every_minute, name="seal", daemon=True)
        sealing.start()
        try:
            Schedule(
                load=rounds.load,
                run=rounds.run,
                show=rounds.show,
                fail=rounds.fail,
                clock=SystemClock(),
                wait=stop.wait,
                random=random.random,
                period=period,
                only=only,
                is_stopping=stop.is_set,
            ).run_rounds()
        finally:
            rounds.end()
            sealing.join()
    return ExitCode.INTERRUPTED if stop.signal_number == signal.SIGINT else ExitCode.TERMINATED


def _period(every: str) -> timedelta | None:
    try:
        return None if every == FROM_CONFIGURATION else parse_period(every)
    except ValueError:
        pass
    raise UsageMistake("schedule.period_invalid", period=every)
