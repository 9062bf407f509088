"""One seeded simulation: offices are edited while the engine meets faults, is killed and is frozen.

All randomness comes from the seed; faults depend on path and number of a request. Nothing sleeps: the world
advances its own clock.
"""

from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from cchc_connect import Adapter, Config, LeaseHeld, LeaseLost, RunEnvironment, SharedDatabase, Synchronizer
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.database.reading.change_feed import last_sequence
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.state.cursors import stream_states
from cchc_connect.database.state.source_properties import DriftState, accept_drifts
from cchc_connect.database.tables import drift
from cchc_connect.sharing.agreements import AgreementState
from cchc_connect.sharing.facts import Official
from cchc_connect.sharing.life_cycle import ChangedBy, resume
from cchc_connect.sharing.stored_agreements import stored_agreements
from cchc_connect.sharing.terms import SharingTerms
from cchc_connect.sync.concurrency import Job
from cchc_connect.sync.connection_changes import rename_connection
from cchc_connect.testing.kit.agreement import PROVIDER_OFFICER
from tests.sharing.in_force import in_force
from tests.simulation.adversities import Adversity, drawn_adversity
from tests.simulation.contents import contents
from tests.simulation.edits import RegisterEditor
from tests.simulation.fault_plan import FaultPlan
from tests.simulation.layout import AGREEMENT, CONSUMER, LEASE_S, PROVIDER, draw_layout, misdating, under_adversity
from tests.simulation.process_kills import Killed, ProcessKills
from tests.simulation.receiver import Receiver
from tests.simulation.register import Register
from tests.simulation.transport import SimulatedTransport
from tests.simulation.trials import FORMER_SUFFIX, Trial, with_less_to_send

DATABASE = "shared.db"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
UNTIL_ANY_LEASE_IS_OVER = timedelta(seconds=3 * LEASE_S + 60)
"""The lease, and two hours for a clock that goes from one hour ahead to one hour behind."""
UNTIL_NOBODY_RESTS = timedelta(hours=3) + UNTIL_ANY_LEASE_IS_OVER
"""A circuit breaker is open for at most an hour, by a clock that may be off by two."""
MAX_CALM_RUNS = 10
"""Within this many runs without faults the world must come to rest."""


class Unrest(AssertionError):
    """Runs still write or send although nothing happens any more."""


class Simulation:
    """Offices, engine and database of one seed."""

    def __init__(self, seed: int, folder: Path, adversity: Adversity | None = None) -> None:
        """Draw the world of a seed; `adversity` is done to it instead of the seed's own."""
        self.seed = seed
        self.dice = Random(f"world {seed}")
        self.adversity = adversity or drawn_adversity(seed)
        self.trial = Trial(self)
        self.geography = under_adversity(draw_layout(self.dice), self.adversity)
        self.weather = FaultPlan(seed, self.dice.choice([0.0, 0.05, 0.15]))
        self.mortality = ProcessKills()
        self.time = START
        self.jumped = timedelta(0)
        """Difference of the engine's clock from the world's time."""
        self.registers = {traits.name: Register(traits, self.dice) for _, traits in self.geography.sources}
        self.clerks = {
            name: RegisterEditor(register, district, self.dice)
            for district, (name, register) in enumerate(self.registers.items(), start=1)
        }
        self.desks: dict[str, Receiver] = {}
        for office in self.geography.offices.values():
            holdings: dict[str, dict[str, Any]] = {}
            self.desks.update({desk.name: Receiver(desk, holdings) for desk in office.desks})
        self.database_file = folder / DATABASE
        self.url = f"sqlite:///{self.database_file}"
        self.config = self._config(with_less_to_send(self.geography.tables, self.adversity))
        self.former_names: dict[str, str] = {}
        """Present name of a renamed connection by its former one."""
        self.lost_holdings: dict[str, dict[str, Any]] = {}
        """What the desks held when a former database took the place of the present one, which alone knew of some."""
        self.marked_sequence: int | None = None
        """Sequence from which on every deletion must be one that a register made; None: faults may look like them."""
        for register in self.registers.values():
            register.misdated, register.ahead = misdating(self.adversity)
        self.event_log: list[str] = []
        self.violations: list[str] = []
        self._open: SharedDatabase | None = None
        self._requests: dict[str, int] = {}
        self._runs = 0
        self._steps = 150
        self._taken_over = False
        self._is_alone = True

    def log(self, event: str) -> None:
        """Add an event to the event log."""
        self.event_log.append(f"{self.time:%d %H:%M:%S} {event}")

    def run_all(self) -> None:
        """Make some runs with faults, then come to rest.

        Raises:
            Unrest: the world does not come to rest.
        """
        kinds = ("land_parcel", "dossier", "dossier_step")
        with SharedDatabase(self.url, create_or_upgrade=True) as database:
            in_force(database, PROVIDER, CONSUMER, *kinds, id=AGREEMENT, at=self.time)
        with closing(self), self.mortality.over_databases():
            for _ in range(self.dice.randint(2, 3)):
                self.edit(self.dice.randint(2, 8))
                self.pass_time(timedelta(minutes=self.dice.randint(5, 120)))
                self._jump(0.2)
                self._run_in_storm()
            self.edit(self.dice.randint(0, 4))
            self.weather.is_off = True
            self.trial.undergo()
            self.come_to_rest()

    def edit(self, edits: int) -> None:
        """Make random edits in the registers."""
        for _ in range(edits):
            name = self.dice.choice(list(self.clerks))
            self.log(f"{name}: {self.clerks[name].edit(self.time)}")
            self.pass_time(timedelta(seconds=self.dice.randint(1, 90)))

    def come_to_rest(self) -> None:
        """Run without faults until a run writes nothing and sends nothing.

        Raises:
            Unrest: the world does not come to rest.
        """
        self.weather.is_off = True
        before: object = None
        for _ in range(MAX_CALM_RUNS):
            self.calm_run()
            self._resume()
            after = (self._contents(), [desk.messages for desk in self.desks.values()])
            if after == before:
                return
            before = after
        raise Unrest

    def calm_run(self, after: timedelta = UNTIL_NOBODY_RESTS) -> None:
        """Run without faults, after a time in which everybody has rested."""
        self.pass_time(after)
        if self.adversity is Adversity.RENAMED_PROPERTY:
            self.accept_drift()
        self._run(accept_shrink=self._shrunk())

    def mark_feed(self) -> None:
        """From now on every deletion in the feed must be one that a register made."""
        with self.database() as database, database.reading() as connection:
            self.marked_sequence = last_sequence(connection)

    def complete_routes(self) -> None:
        """Let the routes send everything, to the systems that receive from now on."""
        self.config = self._config(self.geography.tables)
        self.desks = {name: desk for name, desk in self.desks.items() if not name.endswith(FORMER_SUFFIX)}

    def correct(self, source: str, property_names: Mapping[str, str]) -> None:
        """Correct the field map of a source."""
        self.geography = self.geography.corrected(source, property_names)
        self.change_tables(self.geography.tables)

    def accept_drift(self) -> int:
        """Accept drift on hold, as a person does, except of an open renaming; return the last sequence."""
        renaming = self.trial.renaming
        with self.database() as database, database.writing() as connection:
            for row in connection.execute(select(drift).where(drift.c.state == DriftState.HELD)).all():
                source = row.connection, row.record_type
                if renaming is None or not renaming.is_open or source != (renaming.connection, renaming.record_type):
                    now = to_timestamp_text(self.time + self.jumped)
                    accept_drifts(connection, row.connection, (row.record_type,), row.property, "so it is", now)
                    self.log(f"accepted: {row.property} of {row.connection} {row.kind}")
            return last_sequence(connection)

    def holds(self) -> dict[tuple[str, str], str | None]:
        """Return why each source is on hold, by connection and record type; None if it is not."""
        with self.database() as database, database.reading() as connection:
            return {(state.connection, state.record_type): state.held_code for state in stream_states(connection)}

    def quarantined(self, name: str, record_type: str) -> set[str]:
        """Return the source keys of a source in quarantine."""
        with self.database() as database, database.reading() as connection:
            listed = entries(connection)
        return {entry.source_key for entry in listed if (entry.connection, entry.record_type) == (name, record_type)}

    def rename(self, old: str, new: str) -> None:
        """Rename a connection, in the configuration and in the database."""
        self.geography = self.geography.renamed(old, new)
        self.former_names[old] = new
        self.config = self._config(self.geography.tables)
        rename_connection(self.config, self._own_database(), old, new, RunEnvironment(clock=self))

    def start_frozen_over(self) -> None:
        """Let another scheduler run while the present run is frozen past its lease."""
        self._start_another(frozen=True)

    def start_skewed(self, ahead: timedelta) -> None:
        """Start another scheduler whose clock is ahead.

        Raises:
            LeaseHeld: a run is active.
        """
        self.jumped += ahead
        try:
            with self.database() as database:
                self._synchronise(database)
        finally:
            self.jumped -= ahead

    def _resume(self) -> None:
        """Resume the agreement where a run suspended it because the database is a former one, as its officer does."""
        officer = Official(agency=PROVIDER, is_data_officer=True)
        terms, by = (
            SharingTerms(officials={PROVIDER_OFFICER: officer}),
            ChangedBy(official=PROVIDER_OFFICER, at=self.time),
        )
        with self.database() as database, database.writing() as connection:
            for stored in stored_agreements(connection):
                if stored.state is AgreementState.SUSPENDED:
                    resume(connection, stored.agreement.id, terms, by)

    def change_tables(self, tables: Mapping[str, Any]) -> None:
        """Change the tables of the configuration."""
        self.config = self._config(tables)

    def _config(self, tables: Mapping[str, Any]) -> Config:
        folder = self.database_file.parent
        run = {**tables["run"], "session_folder": str(folder)}
        return Config.from_tables({**tables, "run": run, "database": {"url": self.url}}, folder / "cchc.toml")

    @contextmanager
    def database(self) -> Generator[SharedDatabase, None, None]:
        """Open the database as another process does."""
        with self.mortality.another_process(), SharedDatabase(self.url, create_or_upgrade=True) as database:
            yield database

    def count(self, path: str) -> int:
        """Return the number of the next request with this path."""
        self._requests[path] = self._requests.get(path, 0) + 1
        return self._requests[path]

    def happen_during(self, path: str, number: int) -> None:
        """Let events happen while a request is in progress."""
        self.pass_time(timedelta(seconds=5))
        if self.weather.is_off or not self._is_alone:
            return
        dice = self.weather.chance(f"events at {path}", number)
        if dice.random() < 0.2:
            self.edit(1)
        if dice.random() < 0.03:
            self._jump(1.0)
        if dice.random() < 0.04:
            self._start_another(frozen=dice.random() < 0.4)

    def _run_in_storm(self) -> None:
        last = self.dice.randint(1, self._steps) if self.dice.random() < 0.4 else 0
        self.mortality.begin(last)
        try:
            self._run()
            self._steps = max(self._steps, self.mortality.steps)
        except Killed:
            self.log(f"killed at step {last}")
            self.pass_time(UNTIL_ANY_LEASE_IS_OVER)
            self.close()
        finally:
            self.mortality.begin(0)

    def _run(self, accept_shrink: Collection[str] = ()) -> None:
        self._taken_over = False
        try:
            report = self._synchronise(self._own_database(), accept_shrink)
        except LeaseLost:
            self.log("lease lost")
            if not self._taken_over:
                self.violations.append("a run lost its lease though nobody took it")
        except LeaseHeld:
            self.violations.append("a lease was held by nobody that lives")
        else:
            self.log(f"run: {[(line['name'], line['outcome']) for line in report['lines']]}")
            if self._taken_over:
                self.violations.append("a run went on to its end after another took its lease")

    def _own_database(self) -> SharedDatabase:
        """Return the database as opened by the engine's process; a new process opens it again."""
        if self._open is None:
            self._open = SharedDatabase(self.url, create_or_upgrade=True)
        return self._open

    def close(self) -> None:
        """End the engine's process."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _synchronise(self, database: SharedDatabase, accept_shrink: Collection[str] = ()) -> Any:
        environment = RunEnvironment(
            clock=self,
            open_transport=self._connect,
            executor=self,
            new_run_id=self._new_id,
            sleep=lambda seconds: self.pass_time(timedelta(seconds=seconds)),
            prefetch=0,
        )
        return Synchronizer(self.config, database, environment).synchronise(accept_shrink=accept_shrink).as_document()

    def _connect(self, name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float) -> SimulatedTransport:
        del name, table, adapter, deadline_s
        return SimulatedTransport(self)

    def _start_another(self, *, frozen: bool) -> None:
        """Start a second scheduler while the first one waits for a response or is frozen past its lease."""
        self.log("another scheduler starts, the first is frozen" if frozen else "another scheduler starts")
        before = self.now()
        if frozen:
            self.pass_time(UNTIL_ANY_LEASE_IS_OVER)
        self._is_alone = False
        try:
            with self.database() as database:
                self._synchronise(database)
            self._taken_over = True
        except LeaseHeld:
            if frozen:
                self.violations.append(f"a lease of {before} was still held at {self.now()}")
        finally:
            self._is_alone = True

    def now(self) -> datetime:
        """Return the time of the engine's clock (UTC)."""
        self.mortality.step()
        return self.time + self.jumped

    def monotonic(self) -> float:
        """Return the seconds since the world began."""
        return (self.time - START).total_seconds()

    def run(self, jobs: Sequence[Job]) -> None:
        """Run all jobs one by one in a random order, then raise the first error, if any."""
        failed: list[Exception] = []
        for job in self.dice.sample(jobs, len(jobs)):
            try:
                job()
            except Exception as error:  # noqa: BLE001  # it is raised below, as every executor does
                failed.append(error)
        if failed:
            raise failed[0]

    def pass_time(self, span: timedelta) -> None:
        """Let time pass."""
        self.time += span

    def _jump(self, likelihood: float) -> None:
        if self.dice.random() < likelihood:
            self.jumped = timedelta(hours=self.dice.choice([-1, 0, 1]))
            self.log(f"the engine's clock is off by {self.jumped}")

    def _new_id(self) -> str:
        self._runs += 1
        return f"run-{self._runs}"

    def _shrunk(self) -> list[str]:
        """Return the connections held for shrinking, for which a person confirms the loss of records."""
        with self.database() as database, database.reading() as connection:
            return [state.connection for state in stream_states(connection) if state.held_code == "source.shrunk"]

    def _contents(self) -> object:
        with self.database() as database:
            return contents(database)
