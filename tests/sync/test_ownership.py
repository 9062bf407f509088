"""Each fact has an owner, field by field; and what left does not come back as news."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

import pytest

from cchc_connect import Exchange
from cchc_connect.adapter import Ask, Deletes, Page, SourceProfile
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.writing.discrepancies import State, discrepancies, settle
from cchc_connect.sync.push import Push
from cchc_connect.sync.route import Route
from cchc_schemas import Dossier
from tests.sync.books import Books, parcel_key
from tests.sync.village import (
    Counter,
    DossierRegister,
    LandRegister,
    LocalTransport,
    dossier_codes,
    dossier_fields,
    parcel_item,
)

BY_FIELD = {"land_parcel": "a", "land_parcel.address": "b"}
ORDERS = list(permutations("ab"))
KEY = parcel_key(1)


@pytest.fixture
def books(address: str) -> Iterator[Books]:
    with SharedDatabase(address) as database:
        yield Books(database, BY_FIELD)


@pytest.fixture
def registers() -> dict[str, LandRegister]:
    return {
        "a": LandRegister([parcel_item(1, area="250.5", address="Số 1, đường A")]),
        "b": LandRegister([parcel_item(1, id="b1", area="260", address="Số 1, đường B")]),
    }


def discrepancy_ids(books: Books) -> list[tuple[int, str]]:
    with books.database.reading() as connection:
        return [(one["id"], one["state"]) for one in discrepancies(connection)]


@pytest.mark.parametrize("order", ORDERS)
def test_a_field_stands_as_its_owner_says_whoever_comes_first(
    books: Books, registers: dict[str, LandRegister], order: tuple[str, ...]
) -> None:
    """The record is its owner's, one field of it is another's, and neither depends on who was pulled first."""
    for name in order:
        books.pull(name, registers[name])

    row = books.row(KEY)
    assert (row.connection, row.area_m2, row.address) == ("a", 250.5, "Số 1, đường B")


@pytest.mark.parametrize("order", ORDERS)
def test_what_either_says_of_the_others_field_is_a_discrepancy(
    books: Books, registers: dict[str, LandRegister], order: tuple[str, ...]
) -> None:
    """The record's owner differs on the field that is not its own, the field's owner on the rest."""
    for name in order:
        books.pull(name, registers[name])

    assert sorted(books.differences()) == [
        ("address", "a", '"Số 1, đường A"', '"Số 1, đường B"'),
        ("area_m2", "b", '"260"', '"250.5"'),
    ]


@pytest.mark.parametrize("order", ORDERS)
def test_a_second_pull_of_unchanged_sources_writes_nothing(
    books: Books, registers: dict[str, LandRegister], order: tuple[str, ...]
) -> None:
    """A record put together from two words is not put together again."""
    for name in order:
        books.pull(name, registers[name])
    before = books.versions()

    again = [books.pull(name, registers[name]).counts for name in order]

    assert [(counts.unchanged, counts.rows_written) for counts in again] == [(1, 0), (1, 0)]
    assert books.versions() == before


@pytest.mark.parametrize("order", ORDERS)
def test_a_part_of_the_key_is_never_overridden(books: Books, order: tuple[str, ...]) -> None:
    """Whoever is declared owner of a part of the key: a record is called as its own item says."""
    books.owners = {"land_parcel": "a", "land_parcel.parcel_number": "b"}
    registers = {"a": LandRegister([parcel_item(1)]), "b": LandRegister([parcel_item(1, id="b1")])}
    for name in order:
        books.pull(name, registers[name])
    registers["b"].items = [parcel_item(2, id="b1")]

    books.pull("b", registers["b"])
    books.pull("a", registers["a"])

    assert books.row(KEY).parcel_number == "1"


def test_the_field_owners_later_word_is_a_version_of_the_record(
    books: Books, registers: dict[str, LandRegister]
) -> None:
    """The change feed tells that the field's owner, not the record's, brought the new version."""
    for name in "ab":
        books.pull(name, registers[name])
    registers["b"].items[0]["address"] = "Số 9, đường B"

    books.pull("b", registers["b"])

    assert books.row(KEY).address == "Số 9, đường B"
    assert books.versions()[-1] == ("1", "update", "b")


def test_an_unchanged_item_of_a_non_owner_is_recognised_and_not_read(books: Books) -> None:
    """What was heard once is known by its hash: the second time nobody translates it."""
    books.owners = {"land_parcel": "a"}
    books.pull("a", LandRegister([parcel_item(1)]))
    other = CountingRegister([parcel_item(1, id="b1", area="260")])
    books.pull("b", other)

    again = books.pull("b", other)

    assert (other.translated, again.counts.unchanged, again.counts.foreign) == (1, 1, 0)
    assert books.differences() == [("area_m2", "b", '"260"', '"250.5"')]


class CountingRegister(LandRegister):
    """A register that counts how often an item of it was read."""

    translated = 0

    def translate(self, item: Any) -> Any:
        self.translated += 1
        return super().translate(item)


def test_discrepancies_end_when_the_other_side_says_no_more(books: Books, registers: dict[str, LandRegister]) -> None:
    """An item that is gone contradicts nobody."""
    for name in "ab":
        books.pull(name, registers[name])
    registers["b"].items = []

    books.pull("b", registers["b"])

    assert [one for one in books.differences() if one[1] == "b"] == []
    assert books.live() == ["1"]


def test_what_the_owner_deleted_and_others_still_list_is_theirs_where_nobody_is_declared(books: Books) -> None:
    """An undeclared owner that is gone leaves its record to whoever still says it: nothing real is missing."""
    books.owners = {}
    first, other = LandRegister([parcel_item(1)]), LandRegister([parcel_item(1, id="b1", area="260")])
    books.pull("a", first)
    books.pull("b", other)
    first.items = []
    books.pull("a", first)

    books.pull("b", other)

    row = books.row(KEY)
    assert (row.deleted_at, row.connection, row.area_m2) == (None, "b", 260)
    assert books.differences() == []


def test_a_field_stands_as_its_owner_says_also_in_a_record_that_another_inherits(
    books: Books, registers: dict[str, LandRegister]
) -> None:
    """The heir's word is put together with the others'; it is kept for when they say no more."""
    books.owners = {"land_parcel.address": "c"}
    registers["c"] = LandRegister([parcel_item(1, id="c1", area="300", address="Số 1, đường C")])
    for name in "abc":
        books.pull(name, registers[name])
    registers["a"].items = []

    books.pull("a", registers["a"])

    row = books.row(KEY)
    assert (row.connection, row.area_m2, row.address) == ("b", 260, "Số 1, đường C")
    registers["c"].items = []
    books.pull("c", registers["c"])
    assert books.row(KEY).address == "Số 1, đường B"


def test_a_dismissed_discrepancy_opens_again_when_a_value_changes(books: Books) -> None:
    """A person dismissed two values, not whatever may come."""
    other = LandRegister([parcel_item(1, id="b1", area="260")])
    books.pull("a", LandRegister([parcel_item(1)]))
    books.pull("b", other)
    ((number, _),) = discrepancy_ids(books)
    with books.database.writing() as connection:
        settle(connection, number, State.DISMISSED, "đã biết", "2026-03-02T09:00:00.000000Z")
    books.pull("b", other)
    assert discrepancy_ids(books) == [(number, State.DISMISSED)]
    other.items[0]["area"] = "270"

    books.pull("b", other)

    assert discrepancy_ids(books) == [(number, State.OPEN)]


@pytest.mark.parametrize("deletes", [Deletes.ABSENCE, Deletes.TOMBSTONES])
def test_a_field_whose_owner_says_no_more_goes_back_to_the_records_owner(
    books: Books, registers: dict[str, LandRegister], deletes: Deletes
) -> None:
    """What nobody says any more does not stand; the version is brought by who withdrew its word."""
    other = Withdrawing(registers["b"].items, profile=SourceProfile(changed_since=False, deletes=deletes))
    books.pull("a", registers["a"])
    books.pull("b", other)
    other.withdraw()

    done = books.pull("b", other)

    assert books.row(KEY).address == "Số 1, đường A"
    assert (books.versions()[-1], done.counts.updated) == (("1", "update", "b"), 1)
    assert books.differences() == []
    assert [books.pull(*one).counts.rows_written for one in (("a", registers["a"]), ("b", other))] == [0, 0]


@dataclass
class Withdrawing(LandRegister):
    """A register that takes back all it said, in the way its profile says."""

    gone: list[str] = field(default_factory=list[str])

    def withdraw(self) -> None:
        """List nothing any more."""
        self.gone, self.items = [item["id"] for item in self.items], []

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Return a page, with what is gone where it is told."""
        page = yield from super().fetch(ask)
        return replace(page, gone=self.gone) if self.profile.deletes is Deletes.TOMBSTONES else page


def test_a_field_goes_back_when_its_owners_item_speaks_of_another_record(
    books: Books, registers: dict[str, LandRegister]
) -> None:
    """Its word follows the item; the record it left is its owner's again."""
    registers["a"].items.append(parcel_item(2, address="Số 2, đường A"))
    for name in "ab":
        books.pull(name, registers[name])
    registers["b"].items = [parcel_item(2, id="b1", area="260", address="Số 2, đường B")]

    books.pull("b", registers["b"])

    assert [books.row(parcel_key(number)).address for number in (1, 2)] == ["Số 1, đường A", "Số 2, đường B"]


def test_only_the_field_that_was_withdrawn_goes_back(books: Books, registers: dict[str, LandRegister]) -> None:
    """Another's field stays as its owner still says."""
    books.owners = {**BY_FIELD, "land_parcel.area_m2": "c"}
    registers["c"] = LandRegister([parcel_item(1, id="c1", area="300", address="Số 1, đường C")])
    for name in "abc":
        books.pull(name, registers[name])
    registers["b"].items = []

    books.pull("b", registers["b"])

    row = books.row(KEY)
    assert (row.address, row.area_m2) == ("Số 1, đường A", 300)


@pytest.mark.parametrize("order", ORDERS)
def test_a_field_that_is_declared_no_more_goes_back_to_the_records_owner(
    books: Books, registers: dict[str, LandRegister], order: tuple[str, ...]
) -> None:
    """The next pass over the record's owner puts it right; what the other says is a discrepancy again."""
    for name in "ab":
        books.pull(name, registers[name])
    books.owners = {"land_parcel": "a"}

    for name in order:
        books.pull(name, registers[name])

    assert books.row(KEY).address == "Số 1, đường A"
    assert ("address", "b", '"Số 1, đường B"', '"Số 1, đường A"') in books.differences()


def test_another_declared_ownership_reads_unchanged_sources_anew_and_decides_again(
    books: Books, registers: dict[str, LandRegister]
) -> None:
    """Who owns what is a line of the configuration; after a change of it the next pulls put the records right."""
    books.owners = {"land_parcel": "a"}
    for name in "ab":
        books.pull(name, registers[name])
    assert books.row(KEY).address == "Số 1, đường A"
    books.owners = BY_FIELD

    for name in "ab":
        books.pull(name, registers[name])

    assert books.row(KEY).address == "Số 1, đường B"
    assert ("address", "a", '"Số 1, đường A"', '"Số 1, đường B"') in books.differences()


def test_a_record_goes_to_the_owner_that_is_declared_later(books: Books, registers: dict[str, LandRegister]) -> None:
    """The new owner's word replaces the former one's, which stays as a discrepancy."""
    books.owners = {}
    for name in "ab":
        books.pull(name, registers[name])
    books.owners = {"land_parcel": "b"}

    for name in "ab":
        books.pull(name, registers[name])

    row = books.row(KEY)
    assert (row.connection, row.area_m2, row.address) == ("b", 260, "Số 1, đường B")
    assert {one[1] for one in books.differences()} == {"a"}


(CODE,) = dossier_codes(1)


def push(books: Books, target: Counter) -> None:
    route = Route(
        name="to-portal",
        record_types=("dossier",),
        connection="portal",
        receiver="G22",
        account="sync",
        purpose="Công khai tiến độ",
        legal_basis="NĐ 61/2018/NĐ-CP",
        withhold=("dossier.applicant_phone",),
        targets={"dossier": target},
    )
    Push(route, LocalTransport(), books.scope).run()


def test_what_came_from_a_routes_receiver_is_not_sent_back(books: Books) -> None:
    """A route ends where a record began."""
    target = Counter(Dossier)
    books.pull("portal", DossierRegister([dossier_fields(CODE)]))

    push(books, target)

    assert target.keys == []


def test_a_pushed_record_that_comes_back_by_pull_is_no_news(books: Books) -> None:
    """Its echo, without what was withheld, makes no version, no discrepancy and no further message."""
    target = Counter(Dossier)
    sent = dossier_fields(CODE, applicant_phone="0900000001", applicant_name="Nguyễn Thị Mẫu")
    books.pull("desk", DossierRegister([sent]))
    push(books, target)
    echo = {name: value for name, value in sent.items() if name != "applicant_phone"}

    books.pull("portal", DossierRegister([echo]))
    push(books, target)

    assert [operation for _, operation, _ in books.versions("dossier")] == ["insert"]
    assert (target.keys, books.differences()) == ([CODE], [])


def test_the_receivers_word_on_its_own_field_is_not_sent_back(books: Books) -> None:
    """A field that the receiver owns changes the record here, and the receiver is not told what it said."""
    books.owners = {"dossier": "desk", "dossier.status": "portal"}
    target = Counter(Dossier)
    books.pull("desk", DossierRegister([dossier_fields(CODE)]))
    push(books, target)

    books.pull("portal", DossierRegister([dossier_fields(CODE, status=9)]))
    push(books, target)

    assert books.row(CODE, "dossier").status == 9
    assert target.keys == [CODE]
