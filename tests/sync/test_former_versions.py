"""A listing that holds several versions of one parcel: the current one is the record, the others are counted."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cchc_adapters.ogc_features import OgcFeatures, OgcFeaturesOptions
from cchc_connect import Item
from cchc_connect.adapter import DeleteDetection, SourceProfile, VersionedSource
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.counters import Counters
from tests.quick import few
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield PulledDatabase(database)


@dataclass
class Versions(LandRegister):
    """A register that keeps former versions and marks the current ones."""

    page_size: int = 2

    def is_current(self, item: Item) -> bool | None:
        """Return the register's mark."""
        return item.get("latest")


def version(number: int, count: int, latest: bool | None, **changed: Any) -> dict[str, Any]:  # noqa: FBT001  # the mark
    """Return version `count` of a parcel under an id of its own, with an area that tells it."""
    own = {"id": f"p{number}v{count}", "area": f"{number}{count}", "latest": latest}
    return parcel_item(number, **{**own, **changed})


def pulls(books: PulledDatabase, register: LandRegister, number: int) -> list[Counters]:
    """Pull so often, each time in a run of its own."""
    done: list[Counters] = []
    for run in range(number):
        pull = books.prepared(register, books.stream("a", register), run_id=f"run-{random.random()}-{run}")
        pull.run()
        done.append(pull.counts)
    return done


@pytest.mark.parametrize("is_reversed", [False, True], ids=["oldest-first", "newest-first"])
@pytest.mark.parametrize("deletes", DeleteDetection)
@pytest.mark.parametrize("page_size", few([1, 10], 1))
def test_the_current_version_is_the_record_wherever_the_others_stand(
    books: PulledDatabase, deletes: DeleteDetection, page_size: int, *, is_reversed: bool
) -> None:
    """Nothing is in quarantine, and the former versions are counted."""
    items = [
        version(1, 1, latest=False),
        version(1, 2, latest=False),
        version(2, 1, latest=None),
        version(1, 3, latest=True),
    ]
    profile = SourceProfile(changed_since=False, deletes=deletes)
    register = Versions(items[::-1] if is_reversed else items, profile=profile, page_size=page_size)

    counts = pulls(books, register, 3)

    assert (books.row(parcel_key(1)).area_m2, books.row(parcel_key(1)).version) == (13, 1)
    assert (books.live_parcels(), books.quarantined()) == (["1", "2"], [])
    assert [(each.outdated, each.rows_written) for each in counts] == [(2, 2), (2, 0), (2, 0)]
    assert all(each.fetched == each.outdated + each.inserted + each.unchanged for each in counts)


@pytest.mark.parametrize("is_reversed", [False, True], ids=["oldest-first", "newest-first"])
@pytest.mark.parametrize("deletes", DeleteDetection)
def test_a_record_passes_to_the_version_that_becomes_the_current_one(
    books: PulledDatabase, deletes: DeleteDetection, *, is_reversed: bool
) -> None:
    """In the same run; the record is never gone between."""
    register = Versions([version(1, 1, latest=True)], SourceProfile(changed_since=False, deletes=deletes), page_size=1)
    pulls(books, register, 1)
    items = [version(1, 1, latest=False), version(7, 1, latest=True), version(1, 2, latest=True)]
    register.items = items[::-1] if is_reversed else items

    pulls(books, register, 1)

    row = books.row(parcel_key(1))
    assert (row.area_m2, row.source_key, row.deleted_at) == (12, "p1v2", None)
    assert "delete" not in [operation for _, operation, _ in books.versions()]
    assert books.quarantined() == []
    assert [each.rows_written for each in pulls(books, register, 2)] == [0, 0]


def test_versions_under_one_id_are_one_record(books: PulledDatabase) -> None:
    register = Versions([version(1, count, latest=count == 2, id="p1") for count in (3, 2, 1)], page_size=2)

    counts = pulls(books, register, 3)

    assert (books.row(parcel_key(1)).area_m2, books.quarantined()) == (12, [])
    assert [each.rows_written for each in counts] == [1, 0, 0]


@pytest.mark.parametrize("deletes", [DeleteDetection.ABSENCE, DeleteDetection.NEVER])
def test_a_parcel_with_former_versions_alone_is_gone(books: PulledDatabase, deletes: DeleteDetection) -> None:
    profile = SourceProfile(changed_since=False, deletes=deletes)
    register = Versions([version(1, 1, latest=True), version(2, 1, latest=True)], profile=profile)
    pulls(books, register, 1)
    register.items[0]["latest"] = False

    pulls(books, register, 2)

    assert books.live_parcels() == ["2"]


def test_two_current_versions_of_one_parcel_are_a_conflict_still(books: PulledDatabase) -> None:
    """Two parcels of one sheet bear one number: the first is the record, run after run."""
    register = Versions([version(1, 1, latest=True), version(1, 2, latest=True)])

    pulls(books, register, 3)

    assert (books.row(parcel_key(1)).area_m2, books.quarantined()) == (11, ["p1v2"])


def test_the_former_version_that_an_earlier_program_took_for_the_record_makes_room(books: PulledDatabase) -> None:
    items = [version(1, 1, latest=False), version(1, 2, latest=True)]
    pulls(books, LandRegister(items), 1)
    assert books.quarantined() == ["p1v2"]

    pulls(books, Versions(items, mapping_version=2), 1)

    assert (books.row(parcel_key(1)).area_m2, books.quarantined()) == (12, [])


def test_the_ready_map_of_vbdlis_knows_the_mark_of_the_current_version() -> None:
    """It is spelled `isLastest` there."""
    options = OgcFeaturesOptions.model_validate({"collection": "p", "scheme": "gso-2025-07"})
    (source,) = OgcFeatures(options).sources

    assert isinstance(source, VersionedSource)
    marks: list[object] = [True, False, 1, "0", None]
    assert [source.is_current({"properties": {"isLastest": mark}}) for mark in marks] == [
        True,
        False,
        True,
        False,
        None,
    ]
    assert source.is_current({"properties": {}}) is None
