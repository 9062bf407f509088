"""After any edits at the source and any broken pulls, a complete pull makes the database equal to the source."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import select

from cchc_connect.adapter import DeleteDetection, SourceProfile
from cchc_connect.database.reading.change_feed import change_rows
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.stream import Stream
from cchc_connect.errors import SourceHeld, Unreachable
from cchc_connect.sync.pull import Pull
from cchc_schemas import LandParcel
from tests.databases import DATABASE_KINDS, prepared_address
from tests.quick import scaled
from tests.sync.memory_systems import LandRegister, ManualClock, NoRequestTransport, UnfencedRunContext, parcel_item

STREAM = Stream(connection="village", record_type="land_parcel", agency="H09.1")

EDITS = st.one_of(
    st.tuples(st.just("put"), st.integers(1, 12), st.sampled_from(["250.5", "99", "1", "?"])),
    st.tuples(st.just("drop"), st.integers(1, 12), st.just("")),
    st.tuples(st.just("renumber"), st.integers(1, 12), st.sampled_from(["31", "32", "33"])),
)
ROUNDS = st.lists(st.tuples(st.lists(EDITS, max_size=6), st.integers(0, 5)), min_size=1, max_size=5)


class EditedSource:
    """A register that is edited, and the database that it is pulled into."""

    def __init__(self, database: SharedDatabase, page_size: int) -> None:
        self.database = database
        self.items: dict[str, dict[str, Any]] = {}
        profile = SourceProfile(changed_since=False, deletes=DeleteDetection.ABSENCE)
        self.register = LandRegister(page_size=page_size, profile=profile)

    def edit(self, kind: str, number: int, value: str) -> None:
        key = f"p{number}"
        match kind:
            case "put":
                self.items[key] = parcel_item(number, area=value)
            case "renumber" if key in self.items:
                self.items[key] = parcel_item(number, number=value)
            case _:
                self.items.pop(key, None)
        self.register.items = list(self.items.values())

    def pull(self, breaks_at: int = 0) -> bool:
        """Pull once, failing at page `breaks_at` (0: never); return whether the pass ended without an error."""
        failures = [None] * (breaks_at - 1) + [Unreachable("transport.unreachable")] if breaks_at else []
        run_context = UnfencedRunContext(run_id="run", database=self.database, clock=ManualClock(), token=None)
        try:
            Pull(self.register, STREAM, NoRequestTransport(failures), run_context).run()
        except (Unreachable, SourceHeld):
            return False
        return True

    def live(self) -> dict[str, tuple[str, float]]:
        table = record_table("land_parcel")
        with self.database.reading() as connection:
            rows = connection.execute(select(table).where(table.c.deleted_at.is_(None)))
            return {row.source_key: (row.parcel_number, row.area_m2) for row in rows}

    def quarantined(self) -> set[str]:
        with self.database.reading() as connection:
            return {entry.source_key for entry in entries(connection)}


@pytest.mark.repeats
@pytest.mark.parametrize("kind", DATABASE_KINDS)
@settings(max_examples=scaled(12))
@given(rounds=ROUNDS, page_size=st.integers(1, 5))
def test_the_database_converges_to_the_source(kind: str, rounds: list[Any], page_size: int) -> None:
    """The live records are the good items, but for items whose number is taken by another one."""
    with (
        tempfile.TemporaryDirectory() as folder,
        prepared_address(kind, Path(folder)) as address,
        SharedDatabase(address, create_or_upgrade=True) as database,
    ):
        edited = EditedSource(database, page_size)
        for edits, breaks_at in rounds:
            for edit in edits:
                edited.edit(*edit)
            edited.pull(breaks_at)

        settled = edited.pull() and edited.pull() and edited.pull()

        if settled:
            _equal_to_source(edited)
        _history_has_no_gaps(database)


def _equal_to_source(edited: EditedSource) -> None:
    live = edited.live()
    good = {key: wire_item for key, wire_item in edited.items.items() if wire_item["area"] != "?"}
    last_good = {key for key, wire_item in edited.items.items() if wire_item["area"] == "?"}
    numbers = {number for number, _ in live.values()}
    assert set(live) <= set(good) | last_good
    for key, wire_item in good.items():
        if key in edited.quarantined():  # its number is taken: an older version of it may stand, or none
            assert wire_item["number"] in numbers
        else:
            assert live[key] == (wire_item["number"], float(wire_item["area"]))


def _history_has_no_gaps(database: SharedDatabase) -> None:
    """Versions of a record follow each other without a gap, and the row is its last version."""
    table = record_table(LandParcel.record_type)
    seen: dict[str, int] = {}
    with database.reading() as connection:
        for row in change_rows(connection, limit=100_000):
            assert row["version"] == seen.get(row["record_key"], 0) + 1
            seen[row["record_key"]] = row["version"]
        stored = {row.record_key: row.version for row in connection.execute(select(table))}
    assert stored == seen
