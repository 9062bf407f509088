"""A year of hourly runs in one process: size of the database month by month, without a purge and with one.

`make year` prints the table. Nothing sleeps: a resident schedule runs over a
clock that it sets forward itself. An office lists twenty parcels and ten dossiers; in the working hours of working days
dossiers move on and parcels are corrected, and each version of a dossier is sent to another office.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from pydantic import BaseModel
from sqlalchemy import func, select

from cchc_connect import Adapter, Config, RunEnvironment, SharedDatabase, Synchronizer
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.database.tables import audit_entry, change, delivery, run
from cchc_connect.sync.report import RunReport, RunStatus
from cchc_connect.sync.schedule import Schedule
from cchc_schemas import VIETNAM, Dossier
from tests.sharing.in_force import in_force
from tests.sync.memory_systems import (
    DossierRegister,
    LandRegister,
    ManualClock,
    MemoryAdapter,
    MemoryTarget,
    NoRequestTransport,
    dossier_codes,
    dossier_fields,
    parcel_item,
)

NEW_YEAR = datetime(2026, 1, 1, tzinfo=VIETNAM).astimezone(UTC)
RUNS_A_YEAR = 365 * 24
RETENTION = {"runs": "30d", "deliveries": "30d", "quarantine": "30d", "discrepancies": "30d", "history": "30d"}
"""Short ages, so that a year shows that the size stays."""

MIB = 1024 * 1024
PARCELS, DOSSIERS = 20, 10
WORKING_HOURS = range(8, 17)
WORKING_DAYS = range(5)


@dataclass(frozen=True, kw_only=True)
class Month:
    """State at the end of a month."""

    number: int
    runs: int
    size_bytes: int
    """Of the file and its write-ahead log."""
    rows: Mapping[str, int]
    """Number of rows by table."""
    memory_mib: int
    """Resident memory of the process."""


@dataclass
class Year:
    """One office, one receiver and the clock of a resident schedule."""

    path: Path
    retention: Mapping[str, str] | None
    runs: int = RUNS_A_YEAR
    clock: ManualClock = field(default_factory=lambda: ManualClock(NEW_YEAR))
    months: list[Month] = field(default_factory=list[Month])
    outcomes: set[RunStatus] = field(default_factory=set[RunStatus])
    _dice: Random = field(default_factory=lambda: Random(2026))
    _done: int = 0

    def __post_init__(self) -> None:
        """Fill the registers."""
        self.parcels = LandRegister([parcel_item(number) for number in range(PARCELS)], page_size=100)
        self.dossiers = DossierRegister([dossier_fields(code, status=1) for code in dossier_codes(DOSSIERS)])
        self.desk = MemoryTarget(Dossier, batch_limit=10)
        tables: dict[str, Any] = {
            "database": {"url": f"sqlite:///{self.path}"},
            "connections": {name: {"adapter": name, "agency": AGENCIES[name], **ADDRESS} for name in ADAPTERS},
            "routes": {"to-desk": {"from": ["dossier"], "to": "desk", "agreement": AGREEMENT}},
        }
        if self.retention is not None:
            tables["retention"] = self.retention
        _OFFICES.update(office=MemoryAdapter((self.parcels, self.dossiers)), desk=MemoryAdapter(targets=(self.desk,)))
        self.config = Config.from_tables(tables, self.path.with_name("cchc.toml"))
        with self.config.open_database() as database:
            in_force(database, *AGENCIES.values(), "dossier", id=AGREEMENT, at=self.clock.moment)

    def pass_by(self) -> None:
        """Run every hour until the end."""
        Schedule(
            load=lambda: self.config,
            run=self._run,
            show=self._show,
            fail=_fail,
            clock=self.clock,
            wait=self._wait,
            random=self._dice.random,
            period=timedelta(hours=1),
            is_stopping=lambda: self._done >= self.runs,
        ).run_rounds()

    def _run(self, config: Config, names: Sequence[str]) -> RunReport:
        self._work()
        environment = RunEnvironment(clock=self.clock, open_transport=_transport, prefetch=0)
        with config.open_database() as database:
            report = Synchronizer(config, database, environment).synchronise(names)
        self._done += 1
        if self._done % max(self.runs // 12, 1) == 0:
            self._measure()
        self.desk.received.clear()
        self.parcels.requests.clear()
        return report

    def _show(self, report: RunReport, config: Config, next_in_s: float) -> None:
        del config, next_in_s
        self.outcomes.add(report.outcome)

    def _wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds, microseconds=1))  # a clock that is set has no smaller step

    def _work(self) -> None:
        """Let an hour's work happen in the office."""
        at = self.clock.now().astimezone(VIETNAM)
        if at.hour not in WORKING_HOURS or at.weekday() not in WORKING_DAYS:
            return
        for dossier in self._dice.sample(self.dossiers.items, 3):
            dossier["status"] = dossier["status"] % 9 + 1
        parcel = self._dice.choice(self.parcels.items)
        parcel["area"] = str(self._dice.randint(100, 900))

    def _measure(self) -> None:
        files = [self.path, self.path.with_name(f"{self.path.name}-wal")]
        with SharedDatabase(self.path) as database, database.reading() as connection:
            tables = (run, change, delivery, audit_entry)
            counted = {table.name: select(func.count()).select_from(table) for table in tables}
            rows = {name: connection.execute(query).scalar_one() for name, query in counted.items()}
        self.months.append(
            Month(
                number=len(self.months) + 1,
                runs=self._done,
                size_bytes=sum(file.stat().st_size for file in files if file.exists()),
                rows=rows,
                memory_mib=_resident_bytes() // MIB,
            )
        )


ADDRESS = {"base_url": "http://127.0.0.1:1"}
AGENCIES = {"office": "000.00.01.H09", "desk": "000.00.00.G22"}
AGREEMENT = "dossiers-for-desk"

_OFFICES: dict[str, Adapter] = {}
"""Adapters of the year in progress, by name."""


class NoOptions(BaseModel):
    """The offices have no options."""


class YearOffice:
    """The adapter of the office whose year it is, as its entry point names it."""

    Options: ClassVar = NoOptions
    name = "office"

    def __init__(self, options: NoOptions) -> None:
        """Take over the registers of the year in progress."""
        del options
        self.dialect = _OFFICES[self.name].dialect
        self.sources = _OFFICES[self.name].sources
        self.targets = _OFFICES[self.name].targets


class YearDesk(YearOffice):
    """The adapter of the receiver."""

    name = "desk"


ADAPTERS = {kind.name: f"{__name__}:{kind.__name__}" for kind in (YearOffice, YearDesk)}
"""Name of each adapter and where it is."""


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _transport(name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float) -> NoRequestTransport:
    del name, table, adapter, deadline_s
    return NoRequestTransport()


def _fail(error: Exception, _: Config | None) -> None:
    raise error
