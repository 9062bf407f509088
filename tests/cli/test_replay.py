"""`quarantine replay`: items are read anew through the code that pulled them."""

from datetime import timedelta

import pytest

from cchc_connect.cli.demo_config import demo_tables
from cchc_connect.clock import SystemClock
from cchc_connect.database.reading import quarantine_entries
from cchc_connect.database.reading.quarantine_entries import QuarantineEntry
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.quarantine import FaultyItem
from cchc_connect.testing import Agencies
from cchc_schemas import Fault
from tests.cli.conftest import CONFIG, DATABASE, Call, write_config


def opened() -> SharedDatabase:
    return SharedDatabase(f"sqlite:///{DATABASE.resolve()}", create_or_upgrade=True)


def entries(record_type: str) -> list[QuarantineEntry]:
    with opened() as database, database.reading() as connection:
        return [entry for entry in quarantine_entries.entries(connection) if entry.record_type == record_type]


@pytest.fixture
def cured(call: Call, agencies: Agencies) -> int:
    """Pull, then put an item into quarantine that an older adapter could not read; return its number."""
    call("sync")
    item = {"id": 900001, "type": "Feature", "geometry": None, "properties": _parcel(agencies)}
    faulty = FaultyItem(source_key="900001", item_hash=b"0", item=item, faults=(Fault(path="area_m2", rule="missing"),))
    stream = Stream(connection="land-registry", record_type="land_parcel", agency="000.00.07.H09")
    with opened() as database, database.writing() as connection:
        quarantine.store(connection, stream, [faulty], "earlier", "2026-07-01T00:00:00.000000Z")
    return entries("land_parcel")[-1].id


def _parcel(agencies: Agencies) -> dict[str, object]:
    parcel = agencies.world.parcels.facts[0]
    return {
        "xaId": parcel.numbering.commune,
        "soHieuToBanDo": "99",
        "soThuTuThua": "9001",
        "dienTich": 250.5,
        "ModifiedDate": "2026-07-01T00:00:00Z",
    }


def test_an_entry_that_can_be_read_now_becomes_a_record(call: Call, cured: int) -> None:
    """Exit code 0; the entry is closed."""
    replayed = call("quarantine", "replay", cured, "--json")

    assert replayed.code == 0
    assert (replayed.document["entries"], replayed.document["resolved"]) == (1, 1)
    assert cured not in [entry.id for entry in entries("land_parcel")]


def test_all_entries_are_read_anew_and_some_stay(call: Call, cured: int) -> None:
    """Exit code 3."""
    replayed = call("quarantine", "replay", "--all")

    assert replayed.code == 3
    assert "1 resolved" in replayed.out
    assert cured not in [entry.id for entry in entries("land_parcel")]


def test_an_entry_that_is_still_faulty_stays(call: Call, agencies: Agencies) -> None:
    """Exit code 69: nothing came of it."""
    call("sync")
    number = entries("dossier")[0].id

    assert call("quarantine", "replay", number).code == 69
    assert number in [entry.id for entry in entries("dossier")]
    assert agencies.faulty_counts()["dossier"]


def test_an_entry_that_is_in_order_is_not_read_again(call: Call, cured: int) -> None:
    """Exit code 66: its item was removed."""
    call("quarantine", "replay", cured)

    refused = call("quarantine", "replay", cured)

    assert refused.code == 66


def test_entries_of_a_connection_that_is_gone_leave_the_others_running(
    call: Call, cured: int, agencies: Agencies
) -> None:
    """The reason is told, the rest is read."""
    tables = demo_tables(agencies, DATABASE)
    del tables["connections"]["one-stop"], tables["ownership"]["dossier"]
    write_config(CONFIG, tables)

    replayed = call("quarantine", "replay", "--all")

    assert "one-stop" in replayed.out
    assert cured not in [entry.id for entry in entries("land_parcel")]


def test_replay_never_runs_beside_a_run(call: Call, cured: int) -> None:
    """Exit code 75."""
    with opened() as database, Lease(database, SystemClock(), timedelta(minutes=2)):
        assert call("quarantine", "replay", cured).code == 75


def test_an_empty_quarantine_has_nothing_to_replay(call: Call, agencies: Agencies) -> None:
    call("sync", "--only", "national-portal")
    remaining = entries("procedure")
    replayed = call("quarantine", "replay", "--all")

    assert replayed.code == (69 if remaining else 0)
    assert agencies.one_stop.request_counts == {}


def test_numbers_and_all_exclude_each_other(call: Call) -> None:
    assert call("quarantine", "replay", "1", "--all").code == 64
