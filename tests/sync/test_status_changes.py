"""A dossier's unusual change of status is noted on the record; a pending request keeps the last national status."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cchc_adapters.opencps import OpenCps, OpenCpsOptions
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.writing.incoming import IncomingRecord, serialize
from cchc_connect.database.writing.status_changes import settle_status
from cchc_connect.sync.pull import Pull
from cchc_connect.wire.json import Item
from cchc_schemas import Dossier, DossierStatus, is_usual_transition
from tests.quick import scaled
from tests.sync.memory_systems import DossierRegister, dossier_fields
from tests.sync.pulled_database import PulledDatabase

CODE = "000.00.05.H09-260302-0001"
UNUSUAL = ["status", "transition_unusual"]
KEPT = ["status", "status_kept"]


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield PulledDatabase(database)


def state(books: PulledDatabase) -> tuple[int, list[list[str]], int]:
    """Return status, notes and version of the dossier."""
    row = books.row(CODE, "dossier")
    return row.status, json.loads(row.notes or "[]"), row.version


def pull(books: PulledDatabase, status: int, connection: str = "desk", **changed: object) -> Pull:
    return books.pull(connection, DossierRegister([dossier_fields(CODE, status=status, **changed)]))


@pytest.mark.parametrize(("before", "after"), [(2, 10), (10, 1), (4, 1), (3, 4), (7, 9)])
def test_an_unusual_change_of_status_is_written_with_a_note(books: PulledDatabase, before: int, after: int) -> None:
    pull(books, before)
    counts = pull(books, after).counts

    assert state(books) == (after, [UNUSUAL], 2)
    assert counts.noted == {"transition_unusual": 1}


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 9), (9, 10), (10, 4)])
def test_a_usual_change_of_status_has_no_note(books: PulledDatabase, before: int, after: int) -> None:
    pull(books, before)
    pull(books, after)

    assert state(books) == (after, [], 2)


@pytest.mark.parametrize("status", list(DossierStatus))
def test_a_dossier_that_is_seen_for_the_first_time_has_no_note(books: PulledDatabase, status: int) -> None:
    pull(books, status)

    assert state(books) == (status, [], 1)


def test_the_note_stays_until_the_status_changes_again(books: PulledDatabase) -> None:
    pull(books, 2)
    pull(books, 10)
    pull(books, 10)
    unchanged = state(books)
    pull(books, 10, summary="Xin cấp phép")
    changed = state(books)
    pull(books, 4, summary="Xin cấp phép")

    assert (unchanged, changed) == ((10, [UNUSUAL], 2), (10, [UNUSUAL], 3))
    assert state(books) == (4, [], 4)


def test_a_page_that_is_read_again_changes_nothing(books: PulledDatabase) -> None:
    pull(books, 2)
    pull(books, 10)
    register = DossierRegister([dossier_fields(CODE, status=10)], mapping_version=2)

    again = books.pull("desk", register)

    assert (again.counts.updated, again.counts.unchanged) == (0, 1)
    assert state(books) == (10, [UNUSUAL], 2)


class Desk(DossierRegister):
    """Items of OpenCPS, translated by its adapter."""

    def key(self, item: Item) -> str:
        return str(item["dossierId"])

    def translate(self, item: Item) -> Mapping[str, object]:
        return OpenCps(OpenCpsOptions(group_id="1")).sources[0].translate(item)


def desk_item(status: str, **changed: object) -> dict[str, Any]:
    item = {"dossierId": "7", "dossierNo": CODE, "serviceCode": "1.013225", "receiveDate": "02/03/2026 08:00:00"}
    return {**item, "dossierStatus": status, **changed}


@pytest.mark.parametrize("pending", ["correcting", "cancelling"])
@pytest.mark.parametrize(("last", "national"), [("waiting", 5), ("releasing", 9), ("done", 10), ("processing", 4)])
def test_a_pending_request_keeps_the_last_national_status(
    books: PulledDatabase, pending: str, last: str, national: int
) -> None:
    for status in (last, pending):
        books.pull("desk", Desk([desk_item(status)]))

    assert state(books) == (national, [KEPT], 2)
    assert books.row(CODE, "dossier").source_status == pending


def test_a_pending_request_keeps_the_status_over_many_runs_and_lets_it_go_afterwards(books: PulledDatabase) -> None:
    for item in (
        desk_item("releasing"),
        desk_item("correcting"),
        desk_item("correcting", briefNote="a"),
        desk_item("cancelling", briefNote="a"),
    ):
        books.pull("desk", Desk([item]))
    pending = state(books)
    books.pull("desk", Desk([desk_item("cancelled", briefNote="a")]))

    assert pending == (9, [KEPT], 4)
    assert state(books) == (7, [UNUSUAL], 5)


@pytest.mark.parametrize(("received", "national"), [("", 1), ("02/03/2026 08:00:00", 4)])
def test_a_pending_dossier_without_a_last_status_is_registered_or_in_process(
    books: PulledDatabase, received: str, national: int
) -> None:
    books.pull("desk", Desk([desk_item("correcting", receiveDate=received)]))

    assert state(books) == (national, [KEPT], 1)


def test_a_site_may_say_what_a_pending_request_means() -> None:
    site = OpenCps(OpenCpsOptions(group_id="1", statuses={"cancelling": DossierStatus.WITHDRAWN}))

    reading = Dossier.read(site.sources[0].translate(desk_item("cancelling")))

    assert (reading.record.status, reading.notes) == (DossierStatus.WITHDRAWN, ())


statuses = st.sampled_from(list(DossierStatus))


@settings(max_examples=scaled(50))
@given(statuses, statuses, st.sampled_from([None, json.dumps([UNUSUAL])]))
def test_settling_twice_is_settling_once(before: DossierStatus, after: DossierStatus, notes: str | None) -> None:
    stored, sent = (
        serialize(Dossier.model_validate(dossier_fields(CODE, status=status))) for status in (before, after)
    )
    incoming = IncomingRecord(source_key="7", source_time=None, item={}, item_hash=b"", record=sent, notes=None)

    for _ in range(2):
        settle_status(incoming, stored.document, notes)

    is_noted = not is_usual_transition(before, after) or (before == after and notes is not None)
    assert incoming.notes == (json.dumps([UNUSUAL]) if is_noted else None)
    assert incoming.record.document == sent.document
