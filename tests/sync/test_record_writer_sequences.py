"""Any sequence of writes, deletions and commits leaves what a few lines of a model say, on every kind of database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from cchc_connect import RecordWriter, SharedDatabase, changes, records
from cchc_schemas import LandParcel
from tests.quick import scaled
from tests.sync.memory_systems import START
from tests.sync.pulled_database import parcel_key
from tests.sync.test_record_writer import parcel


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that a program does with a parcel; `area` None deletes it."""

    number: int
    area: int | None
    day: int | None
    """Day of the change; None: no change time."""
    commits: bool
    """Whether what is pending is committed after it."""

    @property
    def changed_at(self) -> datetime | None:
        """Return the change time."""
        return None if self.day is None else START + timedelta(days=self.day)


steps = st.builds(
    Step,
    number=st.integers(1, 3),
    area=st.none() | st.integers(1, 2),
    day=st.none() | st.integers(0, 2),
    commits=st.booleans(),
)


@dataclass
class Expected:
    """What the database must hold of one parcel."""

    area: int
    changed_at: datetime | None
    is_live: bool = True


@dataclass
class Model:
    """What the database must hold, and every change of each parcel, in order."""

    parcels: dict[int, Expected] = field(default_factory=dict[int, Expected])
    operations: dict[int, list[str]] = field(default_factory=dict[int, list[str]])

    def take(self, step: Step) -> None:
        """Do what the step says."""
        stored = self.parcels.get(step.number)
        if stored and step.changed_at and stored.changed_at and step.changed_at < stored.changed_at:
            return
        if step.area is not None:
            self._write(step.number, step.area, step.changed_at, stored)
        elif stored is not None:
            self._delete(step, stored)

    def _write(self, number: int, area: int, changed_at: datetime | None, stored: Expected | None) -> None:
        if stored is None or not stored.is_live:
            self.operations.setdefault(number, []).append("restore" if stored else "insert")
        elif stored.area != area:
            self.operations[number].append("update")
        self.parcels[number] = Expected(area, changed_at)

    def _delete(self, step: Step, stored: Expected) -> None:
        if stored.is_live:
            self.operations[step.number].append("delete")
        stored.is_live, stored.changed_at = False, step.changed_at or stored.changed_at


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address) as opened:
        yield opened


SHEETS = iter(range(1, 10_000))
"""Each example writes parcels of a map sheet of its own, so that all share one database."""


@settings(max_examples=scaled(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=st.lists(st.lists(steps, max_size=8), min_size=1, max_size=3))
def test_the_database_holds_what_the_model_holds(database: SharedDatabase, runs: Sequence[Sequence[Step]]) -> None:
    sheet, model = str(next(SHEETS)), Model()

    for run in runs:
        with RecordWriter.for_agency(database, connection="survey-office", agency="H09.1") as writer:
            for step in run:
                carry_out(writer, step, sheet)
                model.take(step)

    key_start = parcel_key(1).replace(":12:1", f":{sheet}:")
    held = {int(held.parcel_number): held.area_m2 for held in records(database, LandParcel, map_sheet=sheet)}
    operations = dict[int, list[str]]()
    for change in changes(database):
        if change.record_key.startswith(key_start):
            operations.setdefault(int(change.record_key.removeprefix(key_start)), []).append(change.operation)
    assert held == {number: expected.area for number, expected in model.parcels.items() if expected.is_live}
    assert operations == model.operations


def carry_out(writer: RecordWriter, step: Step, sheet: str) -> None:
    """Let the writer do what the step says."""
    record = parcel(step.number, str(step.area or 1), map_sheet=sheet)
    if step.area is None:
        writer.delete(LandParcel, record.key, changed_at=step.changed_at)
    else:
        writer.write(record, changed_at=step.changed_at)
    if step.commits:
        writer.commit()
