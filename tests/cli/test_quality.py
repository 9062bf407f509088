"""What is left out of records is told by `sync`, `check` and `runs`; a connection says how good its items must be."""

import json

import pytest

from cchc_connect.cli.exit_codes import ExitCode
from tests.cli.conftest import Call, Connect
from tests.cli.district import PARCELS, District
from tests.sync.memory_systems import parcel_item
from tests.sync.pulled_database import PulledDatabase


def listing(district: District, poor: int, good: int) -> None:
    """Let the district list parcels of which some have an area that is no number."""
    areas = ["5 sào"] * poor + ["250.5"] * good
    district.items[PARCELS] = [parcel_item(number, area=area) for number, area in enumerate(areas, start=1)]


def words(text: str) -> str:
    return " ".join(text.split())


def test_what_was_left_out_is_counted_by_rule_and_is_no_failure(
    call: Call, connect: Connect, district: District
) -> None:
    connect()
    listing(district, 2, 60)

    shown, unchanged = call("sync"), call("--json", "sync").document["lines"]
    listing(district, 3, 60)
    changed = call("--json", "sync").document["lines"]

    assert shown.code == ExitCode.DONE
    assert "2 × area_m2: is not a number (decimal_parsing)" in words(shown.out)
    assert [line["noted"] for line in (*unchanged, *changed)] == [{}, {"decimal_parsing": 1}]
    assert changed[0]["expected"] == {}
    assert changed[0]["noted_fields"] == {"area_m2: decimal_parsing": 1}
    key = changed[0]["noted_records"]["area_m2: decimal_parsing"]
    assert "area_m2" in call("history", "land_parcel", key).out
    assert "cchc-connect history land_parcel" in shown.out


@pytest.mark.parametrize(
    ("language", "named"),
    [
        ("en", "area_m2: is not a number (decimal_parsing)"),
        ("vi", "diện tích đo đạc (area_m2): không phải số (decimal_parsing)"),
    ],
)
def test_check_names_the_fields_that_cannot_be_read_and_the_rules(
    call: Call, connect: Connect, district: District, language: str, named: str
) -> None:
    connect()
    listing(district, 2, 3)

    shown = call("--lang", language, "check")

    assert shown.code == ExitCode.DONE
    assert named in words(shown.out)
    assert "sào" not in shown.out


def test_a_field_that_cannot_be_read_is_a_hold_with_its_way_out(
    call: Call, connect: Connect, district: District, books: PulledDatabase
) -> None:
    connect()
    listing(district, 30, 30)

    first, second = call("sync"), call("sync")

    assert (first.code, second.code) == (69, 69)
    assert "area_m2: is not a number (decimal_parsing)" in words(first.out + first.err)
    assert 'rules = { decimal_parsing = "info" }' in words(second.out + second.err)
    assert len(books.live_parcels()) == 60

    connect(keys={"quality": {"rules": {"decimal_parsing": "info"}}})

    assert call("sync").code == ExitCode.DONE


def test_a_strict_connection_and_a_rejected_rule_quarantine(call: Call, connect: Connect, district: District) -> None:
    listing(district, 2, 60)
    for quality in ({"strict": True}, {"rules": {"decimal_parsing": "reject"}}):
        connect(keys={"quality": quality})
        (line,) = call("--json", "sync").document["lines"]
        assert (line["quarantined"], line["noted"]) == (2, {})
        entries = call("--json", "quarantine", "list").document["entries"]
        assert [fault["rule"] for entry in entries for fault in entry["faults"]] == ["decimal_parsing"] * 2

    connect()
    call("sync")

    assert json.dumps(call("--json", "quarantine", "list").document["entries"]) == "[]"
