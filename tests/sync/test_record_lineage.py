"""Record lineage: old parcel numbers lead to the present ones after a split, a merge or a renumbering."""

from typing import Any

import pytest

from cchc_connect.database.reading.lineage import predecessors, successors
from cchc_connect.database.writing.relations import LineageKind, write_lineage_events
from cchc_schemas import LandChange, LandParcel, Record
from tests.sync.memory_systems import START, DossierRegister, LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key


def successors_of(books: PulledDatabase, number: int) -> list[tuple[str, str]]:
    """Return kind and parcel number of each successor of a parcel."""
    with books.database.reading() as connection:
        rows = successors(connection, "land_parcel", parcel_key(number))
    return [(row.kind, row.new_key.rpartition(":")[2]) for row in rows]


class Changes(DossierRegister):
    """A register of changes of parcels (biến động)."""

    def key(self, item: Any) -> str:
        """Return the id of the change."""
        return str(item["change_id"])


def change(number: int, before: list[int], after: list[int]) -> dict[str, Any]:
    """Return the fields of a change."""

    def refs(numbers: list[int]) -> list[dict[str, str]]:
        sheet = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "12"}
        return [{**sheet, "parcel_number": str(parcel_number)} for parcel_number in numbers]

    head = {"change_id": f"b{number}", "kind": "TN", "happened_at": START.isoformat()}
    return {**head, "from_parcels": refs(before), "to_parcels": refs(after)}


def pull_changes(books: PulledDatabase, *changes: dict[str, Any]) -> None:
    kind: type[Record] = LandChange
    books.pull("a", Changes(list(changes), kind))


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ([1], [2, 3], LineageKind.SPLIT),
        ([1, 4], [2], LineageKind.MERGED),
        ([1], [2], LineageKind.RENUMBERED),
        ([1, 4], [2, 3], "reshaped"),
    ],
)
def test_a_registered_change_leads_from_old_numbers_to_new(
    books: PulledDatabase, before: list[int], after: list[int], kind: str
) -> None:
    """Tách, gộp thửa, đánh lại số: each old number leads to each new one."""
    pull_changes(books, change(1, before, after))

    assert successors_of(books, 1) == [(kind, str(number)) for number in after]


def test_a_change_that_keeps_the_parcels_number_has_no_successor(books: PulledDatabase) -> None:
    """A transfer names the same parcel before and after."""
    pull_changes(books, change(1, [1], [1]))

    assert successors_of(books, 1) == []


def test_a_parcel_that_gets_another_number_at_its_source_is_linked_to_it(books: PulledDatabase) -> None:
    """A renumbering is an operation of its own, not a delete and an insert."""
    register = LandRegister([parcel_item(1)])
    books.pull("a", register)
    register.items = [parcel_item(1, number="77")]

    books.pull("a", register)

    assert successors_of(books, 1) == [("renumbered", "77")]
    assert [operation for _, operation, _ in books.versions()] == ["insert", "insert", "renumber"]


def test_former_numbers_of_a_parcel_lead_to_it(books: PulledDatabase) -> None:
    """A parcel names its former keys, which certificates still print."""
    former = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "12", "parcel_number": "9"}

    class Parcels(DossierRegister):
        def key(self, item: Any) -> str:
            return str(item["parcel_number"])

    kind: type[Record] = LandParcel
    books.pull("a", Parcels([{**former, "previous_keys": [parcel_key(1)]}], kind))

    assert successors_of(books, 1) == [("renumbered", "9")]


def test_chains_are_followed_and_circular_ones_end(books: PulledDatabase) -> None:
    """Successors are followed to the last one, and wrong entries cannot make the search endless."""
    events = [
        ("land_parcel", parcel_key(a), parcel_key(b), "renumbered", None, "t") for a, b in ((1, 2), (2, 3), (3, 1))
    ]
    with books.database.writing() as connection:
        write_lineage_events(connection, events, "now")

    with books.database.reading() as connection:
        back = [row.old_key for row in predecessors(connection, "land_parcel", parcel_key(3))]
    assert successors_of(books, 1) == [("renumbered", "2"), ("renumbered", "3")]
    assert back == [parcel_key(2), parcel_key(1)]
