"""A program writes shared records: the same rules of ownership, history and quarantine as for what is pulled."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select

from cchc_connect import (
    Config,
    ConfigurationError,
    LeaseHeld,
    LeaseLost,
    PullRange,
    RecordWriter,
    Rejected,
    RunEnvironment,
    SharedDatabase,
    Stopped,
    Synchronizer,
    history,
    quarantine,
    records,
)
from cchc_connect.config.file import RunTable
from cchc_connect.database.direct.queries import run_counters
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.tables import lease
from cchc_connect.errors import UsageMistake
from cchc_connect.monitoring.runs import runs
from cchc_connect.sync import record_writer
from cchc_schemas import Dossier, DossierStatus, LandParcel, RecordInvalid
from tests.databases import on_sqlite_only
from tests.sync.memory_systems import START, LandRegister, ManualClock, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

OFFICE = "survey-office"
EARLIER, LATER = START - timedelta(days=1), START + timedelta(days=1)


def parcel(number: int, area: str = "100", **changed: Any) -> LandParcel:
    fields = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "12", "parcel_number": str(number)}
    return LandParcel.model_validate({**fields, "area_m2": area, **changed})


class Office:
    """A survey office whose program writes records, and the database that it writes into."""

    def __init__(self, database: SharedDatabase) -> None:
        self.database = database
        self.clock = ManualClock()
        self.ownership: dict[str, str] = {}
        self.stop = Event()

    @property
    def config(self) -> Config:
        registry = {"adapter": "ogc_features", "agency": "H09.1", "base_url": "https://land.example"}
        tables = {
            "connections": {
                "a": {**registry, "options": {"collection": "thua_dat", "scheme": "gso-2025-07"}},
                OFFICE: {"adapter": "program", "agency": "H09.2"},
            },
            "ownership": self.ownership,
        }
        return Config.from_tables(tables, Path("cchc.toml"))

    @property
    def books(self) -> PulledDatabase:
        return PulledDatabase(self.database, self.ownership)

    def writer(self) -> RecordWriter:
        environment = RunEnvironment(clock=self.clock, is_stopping=self.stop.is_set)
        return RecordWriter(self.config, self.database, OFFICE, environment)

    def write(self, *parcels: LandParcel, **options: Any) -> Counters:
        """Write parcels in a run of their own; return its counters."""
        with self.writer() as writer:
            for record in parcels:
                writer.write(record, **options)
        return counts_of(writer)

    def delete(self, key: str, **options: Any) -> Counters:
        """Delete a parcel in a run of its own; return its counters."""
        with self.writer() as writer:
            writer.delete(LandParcel, key, **options)
        return counts_of(writer)

    def operations(self, number: int = 1) -> list[str]:
        return [version.operation for version in history(self.database, LandParcel, parcel_key(number))]

    def rows(self) -> Mapping[str, Any]:
        return self.books.everything("run", "run_counter", "lease")


def counts_of(writer: RecordWriter) -> Counters:
    (line,) = writer.report.lines
    return line.counts


@pytest.fixture
def office(address: str) -> Iterator[Office]:
    with SharedDatabase(address) as database:
        yield Office(database)


def test_a_new_record_is_inserted_with_its_connection_and_agency(office: Office) -> None:
    counts = office.write(parcel(1))

    row = office.books.row(parcel_key(1))
    assert (row.connection, row.agency, row.source_key, row.source_time) == (OFFICE, "H09.2", parcel_key(1), None)
    assert (counts.fetched, counts.inserted, counts.pages) == (1, 1, 1)


def test_a_changed_record_is_its_next_version(office: Office) -> None:
    office.write(parcel(1))

    counts = office.write(parcel(1, "120"))

    assert (counts.updated, office.books.row(parcel_key(1)).version) == (1, 2)
    assert office.operations() == ["insert", "update"]


def test_an_unchanged_record_writes_no_row(office: Office) -> None:
    office.write(parcel(1), source_key="p1", changed_at=START)
    before = office.rows()

    counts = office.write(parcel(1), source_key="p1", changed_at=START)

    assert (counts.fetched, counts.unchanged, counts.rows_written) == (1, 1, 0)
    assert office.rows() == before


def test_an_unchanged_claim_writes_no_row(office: Office) -> None:
    office.books.pull("a", LandRegister([parcel_item(1)]))
    office.write(parcel(1))
    before = office.rows()

    counts = office.write(parcel(1))

    assert (counts.unchanged, counts.foreign) == (1, 0)
    assert office.rows() == before


def test_a_deleted_record_keeps_its_last_values_and_may_be_restored(office: Office) -> None:
    office.write(parcel(1))

    counts = office.delete(parcel_key(1))

    row = office.books.row(parcel_key(1))
    assert (counts.deleted, row.area_m2, row.deleted_at is not None) == (1, 100, True)
    office.write(parcel(1))
    assert office.operations() == ["insert", "delete", "restore"]


def test_a_key_that_was_never_written_or_is_deleted_already_is_deleted_without_effect(office: Office) -> None:
    office.write(parcel(1))
    office.delete(parcel_key(1))
    before = office.rows()

    assert office.delete(parcel_key(1)).rows_written == 0
    assert office.delete(parcel_key(2)).rows_written == 0
    assert office.rows() == before


def test_several_versions_of_one_record_in_one_run_are_written_in_their_order(office: Office) -> None:
    with office.writer() as writer:
        writer.write(parcel(1))
        writer.write(parcel(1, "120"))
        writer.delete(LandParcel, parcel_key(1))
        writer.write(parcel(1, "130"))

    assert office.operations() == ["insert", "update", "delete", "restore"]
    assert counts_of(writer).rows_written == 4


def test_a_record_key_is_free_for_another_source_key_once_its_record_is_deleted(office: Office) -> None:
    office.write(parcel(1), source_key="p1")

    with office.writer() as writer:
        writer.delete(LandParcel, "p1")
        writer.write(parcel(1), source_key="p2")

    assert office.books.quarantined() == []
    assert office.books.row(parcel_key(1)).source_key == "p2"
    assert counts_of(writer).pages == 1


def test_an_older_version_does_not_overwrite_a_newer_one(office: Office) -> None:
    office.write(parcel(1, "120"), changed_at=LATER)

    counts = office.write(parcel(1, "100"), changed_at=START)

    assert (counts.outdated, counts.rows_written) == (1, 0)
    assert office.books.row(parcel_key(1)).area_m2 == 120


def test_an_older_version_does_not_restore_a_record_that_was_deleted_later(office: Office) -> None:
    office.write(parcel(1), changed_at=EARLIER)
    office.delete(parcel_key(1), changed_at=LATER)

    assert office.write(parcel(1, "120"), changed_at=START).outdated == 1
    assert office.operations() == ["insert", "delete"]
    assert office.write(parcel(1, "120"), changed_at=LATER).updated == 1


def test_a_deletion_that_is_older_than_the_record_does_nothing(office: Office) -> None:
    office.write(parcel(1), changed_at=LATER)

    assert office.delete(parcel_key(1), changed_at=START).outdated == 1
    assert office.operations() == ["insert"]


def test_an_older_claim_does_not_replace_a_newer_one(office: Office) -> None:
    office.books.pull("a", LandRegister([parcel_item(1)]))
    office.write(parcel(1, "120"), changed_at=LATER)

    assert office.write(parcel(1, "100"), changed_at=START).outdated == 1
    assert office.books.differences() == [("area_m2", OFFICE, '"120"', '"250.5"')]


def test_a_naive_change_time_is_vietnamese_time(office: Office) -> None:
    office.write(parcel(1), changed_at=datetime(2026, 3, 2, 15, 0))  # noqa: DTZ001  # that is the rule

    assert office.books.row(parcel_key(1)).source_time == "2026-03-02T08:00:00.000000Z"


def test_a_record_of_another_connection_gets_a_discrepancy_and_no_new_version(office: Office) -> None:
    office.books.pull("a", LandRegister([parcel_item(1)]))

    counts = office.write(parcel(1, "120"))

    assert (counts.foreign, counts.rows_written) == (1, 0)
    assert office.books.differences() == [("area_m2", OFFICE, '"120"', '"250.5"')]
    assert office.books.row(parcel_key(1)).area_m2 == 250.5


def test_a_program_that_is_the_declared_owner_takes_a_record_over(office: Office) -> None:
    office.ownership = {"land_parcel": OFFICE}
    office.books.pull("a", LandRegister([parcel_item(1)]))

    counts = office.write(parcel(1, "120"))

    row = office.books.row(parcel_key(1))
    assert (counts.updated, row.connection, row.area_m2) == (1, OFFICE, 120)


def test_a_program_may_own_a_single_field(office: Office) -> None:
    office.ownership = {"land_parcel": "a", "land_parcel.address": OFFICE}
    office.books.pull("a", LandRegister([parcel_item(1, address="Số 1, đường A")]))

    office.write(parcel(1, "250.5", address="Số 1, đường B"))

    row = office.books.row(parcel_key(1))
    assert (row.connection, row.address) == ("a", "Số 1, đường B")


def test_a_record_with_a_new_key_replaces_the_one_with_its_source_key(office: Office) -> None:
    office.write(parcel(1), source_key="p1")

    office.write(parcel(2), source_key="p1")

    assert office.operations(1) == ["insert", "renumber"]
    assert office.books.live_parcels() == ["2"]


def test_a_second_source_key_of_one_record_is_quarantined_and_can_be_replayed(office: Office) -> None:
    office.write(parcel(1), source_key="p1")

    counts = office.write(parcel(1, "120"), source_key="p2", changed_at=START)

    assert (counts.quarantined, office.books.quarantined()) == (1, ["p2"])
    office.delete("p1")
    replayed = Synchronizer(office.config, office.database).replay(quarantine(office.database))
    row = office.books.row(parcel_key(1))
    assert (replayed.resolved, row.source_key, row.area_m2, row.source_time) == (
        *(1, "p2", 120),
        "2026-03-02T08:00:00.000000Z",
    )
    assert office.write(parcel(1, "120"), source_key="p2", changed_at=START).unchanged == 1


def test_a_quarantined_record_that_is_valid_again_leaves_the_quarantine(office: Office) -> None:
    office.write(parcel(1), source_key="p1")
    office.write(parcel(2), source_key="p2")
    office.write(parcel(1), source_key="p2")
    assert office.books.quarantined() == ["p2"]

    counts = office.write(parcel(2), source_key="p2")

    assert (counts.resolved, office.books.quarantined()) == (1, [])


@on_sqlite_only
def test_a_copy_that_was_changed_past_the_rules_is_refused_with_all_faults_and_no_value(
    office: Office, recwarn: pytest.WarningsRecorder
) -> None:
    secret = "Nguyễn Thị Mẫu"
    broken = parcel(1).model_copy(update={"area_m2": secret, "map_sheet": ""})

    with office.writer() as writer:
        writer.write(parcel(2))
        with pytest.raises(RecordInvalid) as refused:
            writer.write(broken)
        writer.write(parcel(3))

    assert {fault.path for fault in refused.value.faults} == {"area_m2", "map_sheet"}
    assert secret not in str(refused.value)
    assert not recwarn.list
    assert office.books.live_parcels() == ["2", "3"]


@on_sqlite_only
@pytest.mark.parametrize("source_key", ["", "k" * 1001, "a\0b"])
def test_a_source_key_that_no_database_stores_is_refused(office: Office, source_key: str) -> None:
    with office.writer() as writer:
        with pytest.raises(Rejected, match=OFFICE):
            writer.write(parcel(1), source_key=source_key)
        with pytest.raises(Rejected, match=OFFICE):
            writer.delete(LandParcel, source_key)

    assert office.books.live_parcels() == []


def test_the_run_and_its_report_are_stored_as_those_of_a_synchronisation(office: Office) -> None:
    with office.writer() as writer:
        writer.write_all([parcel(1), parcel(2)])
        writer.write(
            Dossier(code="000.00.05.H09-260302-0001", procedure_code="1.013225", status=DossierStatus.IN_PROCESS)
        )

    (stored,) = runs(office.database, limit=10)
    with office.database.reading_directly() as connection:
        counters = run_counters(connection, stored.run_id)
    report = writer.report
    assert (stored.run_id, stored.status) == (report.run_id, "done")
    assert stored.report is not None
    assert stored.report.as_document() == report.as_document()
    assert [(line.kind, line.name, line.record_type) for line in report.lines] == [
        ("write", OFFICE, "dossier"),
        ("write", OFFICE, "land_parcel"),
    ]
    assert [json.loads(row["counts"]) for row in counters] == [line.counts.as_document() for line in report.lines]
    assert report.rows_written == 3
    assert office.books.row(parcel_key(1)).run_id == report.run_id


def test_a_full_page_is_committed_before_the_block_ends(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_writer, "MAX_PENDING", 2)
    committed = list[int]()

    def parcels() -> Iterator[LandParcel]:
        for number in range(1, 6):
            committed.append(len(office.books.live_parcels()))
            yield parcel(number)

    with office.writer() as writer:
        writer.write_all(parcels())

    assert committed == [0, 0, 2, 2, 4]
    assert counts_of(writer).pages == 3


@on_sqlite_only
def test_a_page_is_committed_when_its_records_are_large(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_writer, "MAX_PENDING_BYTES", 1)

    with office.writer() as writer:
        writer.write_all([parcel(1), parcel(2)])

    assert counts_of(writer).pages == 2


def test_commit_writes_what_is_pending(office: Office) -> None:
    with office.writer() as writer:
        writer.write(parcel(1))
        writer.commit()
        assert office.books.live_parcels() == ["1"]


def test_an_exception_in_the_block_keeps_what_was_committed_and_fails_the_run(office: Office) -> None:
    with pytest.raises(ValueError, match="the program"), office.writer() as writer:
        writer.write(parcel(1))
        writer.commit()
        writer.write(parcel(2))
        raise ValueError("the program's fault, with a value of Nguyễn Thị Mẫu")

    (stored,) = runs(office.database, limit=10)
    (line,) = writer.report.lines
    assert (office.books.live_parcels(), stored.status, line.counts.inserted) == (["1"], "failed", 1)
    assert line.reason is not None
    assert (line.reason.code, line.reason.context["error"]) == ("program.failed", "ValueError")
    assert office.write(parcel(2)).inserted == 1


@on_sqlite_only
def test_a_program_that_fails_before_it_writes_has_a_failed_run(office: Office) -> None:
    with pytest.raises(KeyError), office.writer() as writer:
        raise KeyError("x")

    assert writer.report.outcome == "failed"


@on_sqlite_only
def test_a_program_that_is_interrupted_has_a_stopped_run(office: Office) -> None:
    with pytest.raises(KeyboardInterrupt), office.writer() as writer:
        raise KeyboardInterrupt

    assert writer.report.outcome == "stopped"


@on_sqlite_only
def test_a_run_that_is_asked_to_stop_ends_after_the_present_page(office: Office) -> None:
    with pytest.raises(Stopped), office.writer() as writer:
        writer.write(parcel(1))
        office.stop.set()
        writer.commit()
        writer.write(parcel(2))

    assert (office.books.live_parcels(), writer.report.outcome) == (["1"], "stopped")


@on_sqlite_only
def test_a_run_that_is_asked_to_stop_when_everything_is_written_is_done(office: Office) -> None:
    with office.writer() as writer:
        writer.write(parcel(1))
        office.stop.set()

    assert (office.books.live_parcels(), writer.report.outcome) == (["1"], "done")


def test_no_second_run_begins_while_a_program_writes(office: Office) -> None:
    with office.writer() as writer:
        with pytest.raises(LeaseHeld), office.writer():
            pass
        writer.write(parcel(1))

    with (
        Lease(office.database, office.clock, timedelta(minutes=2)),
        pytest.raises(LeaseHeld),
        office.writer(),
    ):
        pass
    assert office.books.live_parcels() == ["1"]


def test_a_program_that_lost_its_lease_writes_nothing_more(office: Office) -> None:
    with pytest.raises(LeaseLost), office.writer() as writer:
        writer.write(parcel(1))
        with office.database.writing() as connection:
            connection.execute(lease.update().values(token=lease.c.token + 1))

    assert office.books.live_parcels() == []
    (stored,) = runs(office.database, limit=10)
    assert stored.finished_at is None
    assert writer.report.outcome == "failed"


def test_what_could_not_be_committed_is_pending_still(office: Office) -> None:
    """A program that goes on after an error loses nothing unseen: here its lease was taken away for a moment."""
    with office.writer() as writer:
        writer.write(parcel(1))
        with office.database.writing() as connection:
            connection.execute(lease.update().values(token=lease.c.token + 1))
        with pytest.raises(LeaseLost):
            writer.commit()
        with office.database.writing() as connection:
            connection.execute(lease.update().values(token=lease.c.token - 1))
        writer.write(parcel(2))

    assert office.books.live_parcels() == ["1", "2"]
    assert counts_of(writer).inserted == 2


@on_sqlite_only
def test_a_mistake_of_the_program_that_this_library_refuses_is_stored_with_its_reason(office: Office) -> None:
    with pytest.raises(UsageMistake), office.writer() as writer:
        writer.write(parcel(1))
        list(records(office.database, LandParcel, no_such_field=1))

    (stored,) = runs(office.database, limit=10)
    (line,) = writer.report.lines
    assert stored.status == "failed"
    assert line.reason is not None
    assert line.reason.code == "filter.field_unknown"


def test_the_lease_is_renewed_while_the_program_prepares_its_next_record(address: str) -> None:
    with SharedDatabase(address) as database:
        office = Office(database)
        config = office.config.model_copy(update={"run": RunTable.model_construct(lease_s=0.2)})
        with RecordWriter(config, database, OFFICE) as writer:
            expiries = {_expiry(database)}
            while len(expiries) < 4:
                expiries.add(_expiry(database))
            writer.write(parcel(1))

    assert counts_of(writer).inserted == 1


def _expiry(database: SharedDatabase) -> str:
    with database.reading() as connection:
        return str(connection.execute(select(lease.c.expires_at)).scalar_one())


@on_sqlite_only
def test_a_writer_is_one_run(office: Office) -> None:
    writer = office.writer()
    with pytest.raises(RuntimeError, match="with block"):
        writer.write(parcel(1))
    with writer, pytest.raises(RuntimeError, match="once its with block has ended"):
        print(writer.report)
    with pytest.raises(RuntimeError, match="one run"), writer:
        pass
    with pytest.raises(RuntimeError, match="with block"):
        writer.delete(LandParcel, parcel_key(1))


@on_sqlite_only
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a", "are pulled from a system"),
        ("survey-ofice", "Did you mean 'survey-office'"),
        ("tax", "Add it to cchc.toml"),
    ],
)
def test_only_the_connection_of_a_program_is_written(office: Office, name: str, sentence: str) -> None:
    with pytest.raises(UsageMistake, match=sentence) as refused:
        RecordWriter(office.config, office.database, name)

    assert name in str(refused.value)


def test_a_small_program_needs_no_configuration(office: Office) -> None:
    with RecordWriter.for_agency(office.database, connection="tax-office", agency="H09.3") as writer:
        writer.write(parcel(1))

    row = office.books.row(parcel_key(1))
    assert (row.connection, row.agency, counts_of(writer).inserted) == ("tax-office", "H09.3", 1)
    assert office.write(parcel(1, "120")).foreign == 1


@on_sqlite_only
def test_without_a_configuration_the_name_of_a_pulled_connection_is_refused(office: Office) -> None:
    office.books.pull("a", LandRegister([parcel_item(1)]))

    with pytest.raises(UsageMistake, match="pulled"):
        RecordWriter.for_agency(office.database, connection="a", agency="H09.3")


@on_sqlite_only
def test_without_a_configuration_a_name_that_is_not_valid_is_refused(office: Office) -> None:
    with pytest.raises(ConfigurationError) as refused:
        RecordWriter.for_agency(office.database, connection="Tax Office", agency="")

    assert "Tax Office" in str(refused.value)
    assert "agency" in str(refused.value)


@on_sqlite_only
def test_a_program_has_no_source_to_pull_or_to_compare(office: Office) -> None:
    synchronizer = Synchronizer(office.config, office.database)

    assert synchronizer.synchronise([OFFICE]).lines == []
    with pytest.raises(UsageMistake, match="program writes"):
        synchronizer.reconcile(OFFICE)
    with pytest.raises(UsageMistake, match="program writes"):
        synchronizer.pull(OFFICE, PullRange())
