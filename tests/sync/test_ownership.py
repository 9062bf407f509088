"""Ownership by record type and by field, discrepancies of other sources, and no echo of pushed records."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

import pytest

from cchc_connect import Conversation
from cchc_connect.adapter import DeleteDetection, Page, PageRequest, SourceProfile
from cchc_connect.database.reading.discrepancies import DiscrepancyState, discrepancy_rows
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.writing.discrepancies import set_discrepancy_state
from cchc_connect.sync.outgoing import Route
from cchc_connect.sync.push import Push
from cchc_schemas import Dossier
from tests.sync.agreement import agreement_of
from tests.sync.memory_systems import (
    DossierRegister,
    LandRegister,
    MemoryTarget,
    NoRequestTransport,
    dossier_codes,
    dossier_fields,
    parcel_item,
)
from tests.sync.pulled_database import PulledDatabase, parcel_key

BY_FIELD = {"land_parcel": "a", "land_parcel.address": "b"}
ORDERS = list(permutations("ab"))
KEY = parcel_key(1)


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield PulledDatabase(database, BY_FIELD)


@pytest.fixture
def registers() -> dict[str, LandRegister]:
    return {
        "a": LandRegister([parcel_item(1, area="250.5", address="Số 1, đường A")]),
        "b": LandRegister([parcel_item(1, id="b1", area="260", address="Số 1, đường B")]),
    }


def discrepancy_ids(books: PulledDatabase) -> list[tuple[int, str]]:
    with books.database.reading() as connection:
        return [(row["id"], row["state"]) for row in discrepancy_rows(connection)]


@pytest.mark.parametrize("order", ORDERS)
def test_a_field_has_its_owners_value_whoever_is_pulled_first(
    books: PulledDatabase, registers: dict[str, LandRegister], order: tuple[str, ...]
) -> None:
    """The record has one owner, one of its fields another; the order of the pulls does not matter."""
    for name in order:
        books.pull(name, registers[name])

    row = books.row(KEY)
    assert (row.connection, row.area_m2, row.address) == ("a", 250.5, "Số 1, đường B")


@pytest.mark.parametrize("order", ORDERS)
def test_a_differing_claim_on_a_field_of_another_owner_is_a_discrepancy(
    books: PulledDatabase, registers: dict[str, LandRegister], order: tuple[str, ...]
) -> None:
    """The record's owner differs in the field it does not own, the field's owner in another one."""
    for name in order:
        books.pull(name, registers[name])

    assert sorted(books.differences()) == [
        ("address", "a", '"Số 1, đường A"', '"Số 1, đường B"'),
        ("area_m2", "b", '"260"', '"250.5"'),
    ]


@pytest.mark.parametrize("order", ORDERS)
def test_a_second_pull_of_unchanged_sources_writes_nothing(
    books: PulledDatabase, registers: dict[str, LandRegister], order: tuple[str, ...]
) -> None:
    """A record merged from two sources is not merged again."""
    for name in order:
        books.pull(name, registers[name])
    before = books.versions()

    again = [books.pull(name, registers[name]).counts for name in order]

    assert [(counts.unchanged, counts.rows_written) for counts in again] == [(1, 0), (1, 0)]
    assert books.versions() == before


@pytest.mark.parametrize("order", ORDERS)
def test_a_part_of_the_key_is_never_overridden(books: PulledDatabase, order: tuple[str, ...]) -> None:
    """Even if a part of the key has another declared owner, it has the value of the record's own item."""
    books.owners = {"land_parcel": "a", "land_parcel.parcel_number": "b"}
    registers = {"a": LandRegister([parcel_item(1)]), "b": LandRegister([parcel_item(1, id="b1")])}
    for name in order:
        books.pull(name, registers[name])
    registers["b"].items = [parcel_item(2, id="b1")]

    books.pull("b", registers["b"])
    books.pull("a", registers["a"])

    assert books.row(KEY).parcel_number == "1"


def test_a_later_value_of_the_field_owner_is_a_new_version(
    books: PulledDatabase, registers: dict[str, LandRegister]
) -> None:
    """In the change feed the new version comes from the field's owner, not from the record's."""
    for name in "ab":
        books.pull(name, registers[name])
    registers["b"].items[0]["address"] = "Số 9, đường B"

    books.pull("b", registers["b"])

    assert books.row(KEY).address == "Số 9, đường B"
    assert books.versions()[-1] == ("1", "update", "b")


def test_an_unchanged_item_of_a_non_owner_is_recognised_by_its_hash(books: PulledDatabase) -> None:
    """The second time it is not translated."""
    books.owners = {"land_parcel": "a"}
    books.pull("a", LandRegister([parcel_item(1)]))
    second = CountingRegister([parcel_item(1, id="b1", area="260")])
    books.pull("b", second)

    again = books.pull("b", second)

    assert (second.translated, again.counts.unchanged, again.counts.foreign) == (1, 1, 0)
    assert books.differences() == [("area_m2", "b", '"260"', '"250.5"')]


class CountingRegister(LandRegister):
    """A register that counts translations."""

    translated = 0

    def translate(self, item: Any) -> Any:
        self.translated += 1
        return super().translate(item)


def test_discrepancies_end_when_the_differing_item_is_gone(
    books: PulledDatabase, registers: dict[str, LandRegister]
) -> None:
    """An item that is no longer listed is no claim."""
    for name in "ab":
        books.pull(name, registers[name])
    registers["b"].items = []

    books.pull_twice("b", registers["b"])

    assert [row for row in books.differences() if row[1] == "b"] == []
    assert books.live_parcels() == ["1"]


def test_a_record_without_a_declared_owner_passes_to_another_source_that_lists_it(books: PulledDatabase) -> None:
    """When its first source deletes it, the record stays as long as any source lists it."""
    books.owners = {}
    first, second = LandRegister([parcel_item(1)]), LandRegister([parcel_item(1, id="b1", area="260")])
    books.pull("a", first)
    books.pull("b", second)
    first.items = []
    books.pull_twice("a", first)

    books.pull("b", second)

    row = books.row(KEY)
    assert (row.deleted_at, row.connection, row.area_m2) == (None, "b", 260)
    assert books.differences() == []


def test_a_field_keeps_its_owners_value_when_the_record_passes_to_another_source(
    books: PulledDatabase, registers: dict[str, LandRegister]
) -> None:
    """The new source's own value is stored as well, for when the field's owner withdraws its value."""
    books.owners = {"land_parcel.address": "c"}
    registers["c"] = LandRegister([parcel_item(1, id="c1", area="300", address="Số 1, đường C")])
    for name in "abc":
        books.pull(name, registers[name])
    registers["a"].items = []

    books.pull_twice("a", registers["a"])

    row = books.row(KEY)
    assert (row.connection, row.area_m2, row.address) == ("b", 260, "Số 1, đường C")
    registers["c"].items = []
    books.pull_twice("c", registers["c"])
    assert books.row(KEY).address == "Số 1, đường B"


def test_a_dismissed_discrepancy_opens_again_when_a_value_changes(books: PulledDatabase) -> None:
    """The dismissal covers the two values it was made for."""
    second = LandRegister([parcel_item(1, id="b1", area="260")])
    books.pull("a", LandRegister([parcel_item(1)]))
    books.pull("b", second)
    ((number, _),) = discrepancy_ids(books)
    with books.database.writing() as connection:
        set_discrepancy_state(connection, number, DiscrepancyState.DISMISSED, "đã biết", "2026-03-02T09:00:00.000000Z")
    books.pull("b", second)
    assert discrepancy_ids(books) == [(number, DiscrepancyState.DISMISSED)]
    second.items[0]["area"] = "270"

    books.pull("b", second)

    assert discrepancy_ids(books) == [(number, DiscrepancyState.OPEN)]


@pytest.mark.parametrize("deletes", [DeleteDetection.ABSENCE, DeleteDetection.TOMBSTONES])
def test_a_field_whose_owner_withdraws_its_item_returns_to_the_records_owner(
    books: PulledDatabase, registers: dict[str, LandRegister], deletes: DeleteDetection
) -> None:
    """The new version comes from the source that withdrew its item."""
    second = Withdrawing(registers["b"].items, profile=SourceProfile(changed_since=False, deletes=deletes))
    books.pull("a", registers["a"])
    books.pull("b", second)
    second.withdraw()

    first = books.pull("b", second)
    done = first if deletes is DeleteDetection.TOMBSTONES else books.pull("b", second)

    assert books.row(KEY).address == "Số 1, đường A"
    assert (books.versions()[-1], done.counts.updated) == (("1", "update", "b"), 1)
    assert books.differences() == []
    assert [books.pull(*arguments).counts.rows_written for arguments in (("a", registers["a"]), ("b", second))] == [
        0,
        0,
    ]


@dataclass
class Withdrawing(LandRegister):
    """A register that deletes all its items, by absence or by tombstones as its profile says."""

    gone: list[str] = field(default_factory=list[str])

    def withdraw(self) -> None:
        """Delete every item."""
        self.gone, self.items = [wire_item["id"] for wire_item in self.items], []

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return a page, with tombstones if the profile has them."""
        page = yield from super().fetch(page_request)
        return replace(page, deleted_keys=self.gone) if self.profile.deletes is DeleteDetection.TOMBSTONES else page


def test_a_field_returns_when_its_owners_item_moves_to_another_record(
    books: PulledDatabase, registers: dict[str, LandRegister]
) -> None:
    """The value follows the item; the record it left has its owner's value again."""
    registers["a"].items.append(parcel_item(2, address="Số 2, đường A"))
    for name in "ab":
        books.pull(name, registers[name])
    registers["b"].items = [parcel_item(2, id="b1", area="260", address="Số 2, đường B")]

    books.pull("b", registers["b"])

    assert [books.row(parcel_key(number)).address for number in (1, 2)] == ["Số 1, đường A", "Số 2, đường B"]


def test_only_the_withdrawn_field_returns_to_the_records_owner(
    books: PulledDatabase, registers: dict[str, LandRegister]
) -> None:
    """A field of a third source keeps that source's value."""
    books.owners = {**BY_FIELD, "land_parcel.area_m2": "c"}
    registers["c"] = LandRegister([parcel_item(1, id="c1", area="300", address="Số 1, đường C")])
    for name in "abc":
        books.pull(name, registers[name])
    registers["b"].items = []

    books.pull_twice("b", registers["b"])

    row = books.row(KEY)
    assert (row.address, row.area_m2) == ("Số 1, đường A", 300)


@pytest.mark.parametrize("order", ORDERS)
def test_a_field_without_a_declared_owner_any_more_returns_to_the_records_owner(
    books: PulledDatabase, registers: dict[str, LandRegister], order: tuple[str, ...]
) -> None:
    """The next pass over the record's owner corrects it; the other value is a discrepancy again."""
    for name in "ab":
        books.pull(name, registers[name])
    books.owners = {"land_parcel": "a"}

    for name in order:
        books.pull(name, registers[name])

    assert books.row(KEY).address == "Số 1, đường A"
    assert ("address", "b", '"Số 1, đường B"', '"Số 1, đường A"') in books.differences()


def test_a_change_of_declared_owners_is_applied_to_unchanged_sources(
    books: PulledDatabase, registers: dict[str, LandRegister]
) -> None:
    """After a change in the configuration the next pulls read unchanged items again and correct the records."""
    books.owners = {"land_parcel": "a"}
    for name in "ab":
        books.pull(name, registers[name])
    assert books.row(KEY).address == "Số 1, đường A"
    books.owners = BY_FIELD

    for name in "ab":
        books.pull(name, registers[name])

    assert books.row(KEY).address == "Số 1, đường B"
    assert ("address", "a", '"Số 1, đường A"', '"Số 1, đường B"') in books.differences()


def test_a_record_passes_to_an_owner_that_is_declared_later(
    books: PulledDatabase, registers: dict[str, LandRegister]
) -> None:
    """The new owner's values replace the former ones, which stay as a discrepancy."""
    books.owners = {}
    for name in "ab":
        books.pull(name, registers[name])
    books.owners = {"land_parcel": "b"}

    for name in "ab":
        books.pull(name, registers[name])

    row = books.row(KEY)
    assert (row.connection, row.area_m2, row.address) == ("b", 260, "Số 1, đường B")
    assert {row[1] for row in books.differences()} == {"a"}


(CODE,) = dossier_codes(1)


def push(books: PulledDatabase, target: MemoryTarget) -> None:
    route = Route(
        name="to-portal",
        record_types=("dossier",),
        connection="portal",
        receiver="G22",
        account="sync",
        agreement=agreement_of(books.database, "dossier", at=books.clock.moment, withhold=("dossier.applicant_phone",)),
        targets={"dossier": target},
    )
    Push(route, NoRequestTransport(), books.run_context).run()


def test_a_record_from_a_routes_receiver_is_not_sent_back(books: PulledDatabase) -> None:
    """A record is not sent to the system it was pulled from."""
    target = MemoryTarget(Dossier)
    books.pull("portal", DossierRegister([dossier_fields(CODE)]))

    push(books, target)

    assert target.keys == []


def test_a_pushed_record_that_comes_back_by_pull_changes_nothing(books: PulledDatabase) -> None:
    """Its echo, without the withheld fields, makes no version, no discrepancy and no further message."""
    target = MemoryTarget(Dossier)
    sent = dossier_fields(CODE, applicant_phone="0900000001", applicant_name="Nguyễn Thị Mẫu")
    books.pull("desk", DossierRegister([sent]))
    push(books, target)
    echo = {name: value for name, value in sent.items() if name != "applicant_phone"}

    books.pull("portal", DossierRegister([echo]))
    push(books, target)

    assert [operation for _, operation, _ in books.versions("dossier")] == ["insert"]
    assert (target.keys, books.differences()) == ([CODE], [])


def test_a_change_of_a_field_that_the_receiver_owns_is_not_sent_back(books: PulledDatabase) -> None:
    """The receiver's value changes the record and is not sent to the receiver."""
    books.owners = {"dossier": "desk", "dossier.status": "portal"}
    target = MemoryTarget(Dossier)
    books.pull("desk", DossierRegister([dossier_fields(CODE)]))
    push(books, target)

    books.pull("portal", DossierRegister([dossier_fields(CODE, status=9)]))
    push(books, target)

    assert books.row(CODE, "dossier").status == 9
    assert target.keys == [CODE]
