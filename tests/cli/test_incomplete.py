"""What a person and a scheduler see of a source that did not show that it listed everything."""

from typing import Any

import pytest

from tests.cli.conftest import Call, Connect
from tests.cli.district import PARCELS, District
from tests.databases import on_every_kind
from tests.sync.memory_systems import parcel_item
from tests.sync.pulled_database import PulledDatabase


@pytest.fixture
def short(call: Call, connect: Connect, district: District) -> District:
    """Give a district of four parcels, pulled once, that counts one more than it lists."""
    del connect
    district.items[PARCELS] = [parcel_item(number) for number in range(1, 5)]
    assert call("sync").code == 0
    district.hidden = 1
    del district.parcels[0]
    return district


def streams(call: Call) -> dict[str, dict[str, Any]]:
    return {stream["record_type"]: stream for stream in call("status", "--json").document["streams"]}


@on_every_kind
def test_an_incomplete_source_is_exit_code_3_and_named_everywhere(
    call: Call, short: District, books: PulledDatabase
) -> None:
    """In the report, in `status` and in JSON; nothing is deleted; the next complete listing ends it."""
    ran = call("sync", "--json")
    shown, in_vietnamese = call("sync"), call("--lang", "vi", "sync")
    state = call("status")

    (line,) = [line for line in ran.document["lines"] if line["record_type"] == "land_parcel"]
    assert (ran.code, ran.document["outcome"], line["outcome"]) == (3, "incomplete", "incomplete")
    assert line["reason"]["code"] == "source.fewer_than_counted"
    assert "Incomplete: district land_parcel." in shown.out
    assert "Result: incomplete" in shown.out
    assert "Chưa đầy đủ: district land_parcel" in " ".join(in_vietnamese.out.split())
    assert "Incomplete since" in state.out
    assert streams(call)["land_parcel"]["incomplete_code"] == "source.fewer_than_counted"
    assert books.live_parcels() == ["1", "2", "3", "4"]
    short.hidden = 0

    assert call("sync").code == 0
    assert streams(call)["land_parcel"]["incomplete_code"] is None


@pytest.mark.usefixtures("short")
def test_a_held_source_beside_an_incomplete_one_is_partly_done(call: Call, connect: Connect) -> None:
    """Exit code 3 as well: 69 is for a run in which nothing came. The listing of dossiers is empty though counted."""
    connect(lists=["land_parcel", "dossier"])

    ran = call("sync", "--json")

    assert (ran.code, ran.document["outcome"]) == (3, "partial")


def test_missing_records_are_reported_until_the_next_listing_decides(
    call: Call, short: District, books: PulledDatabase
) -> None:
    """Exit code 0: a record that is gone is nothing wrong."""
    short.hidden = 0

    first, state = call("sync"), call("status")
    assert (first.code, streams(call)["land_parcel"]["absent"]) == (0, 1)
    assert "Missing from a complete listing: district land_parcel, 1 record;" in first.out
    assert "Missing from a complete listing: district land_parcel, 1 record;" in state.out

    assert call("sync").code == 0
    assert (books.live_parcels(), streams(call)["land_parcel"]["absent"]) == (["2", "3", "4"], 0)
