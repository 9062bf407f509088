"""`adapter test` examines a configured system by the rules of the conformance kit, and only reads."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.cli.conftest import CONFIG, Call, write_config
from tests.conformance.flawed_adapter import ENTRY_POINT, LOCATION
from tests.conformance.register import Register
from tests.simulation.adapter import installed

READABLE = 15
"""Rules that can be checked by reading from the register."""


@pytest.fixture
def register(tmp_path: Path) -> Generator[Register, None, None]:
    """Give a running register whose adapter is installed."""
    tmp_path.joinpath("key").touch(mode=0o600)
    tmp_path.joinpath("key").write_text("mat-khau-mau", encoding="utf-8")
    with installed({ENTRY_POINT: LOCATION}), Register() as running:
        yield running


def connect(register: Register, flaw: str = "") -> None:
    connection = {
        "adapter": ENTRY_POINT,
        "agency": "000.00.00.H09",
        "base_url": register.base_url,
        "account": {"kind": "api_key", "key": {"file": "key"}},
        "options": {"flaw": flaw},
    }
    write_config(CONFIG, {"connections": {"register": connection}})


def test_a_sound_system_keeps_every_rule_and_is_only_read(call: Call, register: Register, tmp_path: Path) -> None:
    connect(register)
    before = sorted(path.name for path in tmp_path.iterdir())

    tested = call("adapter", "test", "register")

    assert tested.code == 0, tested.out + tested.err
    assert "Every item has a key." in tested.out
    assert f"register: {READABLE} rules checked, 0 broken." in tested.out
    assert {request.method for request in register.requests} == {"GET"}
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_broken_rule_is_named_with_what_was_found(call: Call, register: Register) -> None:
    connect(register, "no since")

    tested = call("adapter", "test", "register", "--rule", "since_is_obeyed", "--json")

    assert tested.code == 3
    assert [(rule["rule"], rule["outcome"]) for rule in tested.document["rules"]] == [("since_is_obeyed", "broken")]
    assert "the filter is ignored" in tested.document["rules"][0]["reason"]


def test_a_faulty_item_is_a_finding_of_the_agencys_data_and_breaks_no_rule(call: Call, register: Register) -> None:
    """It is told apart, and the exit code is that of a run, which tolerates it."""
    connect(register, "loses sheets")

    tested, shown = call("adapter", "test", "register", "--json"), call("adapter", "test", "register")

    outcomes = {rule["rule"]: rule["outcome"] for rule in tested.document["rules"]}
    assert tested.code == 0
    assert outcomes["everything_is_shared"] == "faulty_items"
    assert set(outcomes.values()) == {"kept", "faulty_items"}
    assert "!!  land_parcel: " in shown.out
    assert "1 of 8 items became no records: map_sheet: is missing (missing)" in shown.out
    assert "findings of the agency's data" in shown.out
    vietnamese = call("adapter", "test", "register", "--rule", "everything_is_shared", "--lang", "vi").out
    assert "số hiệu tờ bản đồ (map_sheet): bị thiếu (missing)" in vietnamese


def test_more_faulty_items_than_a_run_tolerates_break_a_rule(call: Call, register: Register) -> None:
    """A map that is wrong for most items is no matter of the agency's data."""
    connect(register, "unreadable times")

    assert call("adapter", "test", "register", "--rule", "times_are_readable").code == 3


def test_the_rules_are_stated_in_vietnamese(call: Call, register: Register) -> None:
    connect(register, "no keys")

    tested = call("adapter", "test", "register", "--rule", "keys_are_there", "--lang", "vi")

    assert tested.code == 3
    assert "Mọi mục đều có mã." in tested.out
    assert "không có mã hoặc mã dài quá" in tested.out


def test_a_long_listing_is_asked_for_a_few_times_only(call: Call, register: Register) -> None:
    connect(register)

    call("adapter", "test", "register")

    first_pages = [request for request in register.requests if request.first("offset") == "0"]
    assert len([request for request in first_pages if not request.query.keys() & {"since", "key"}]) <= 6


@pytest.mark.parametrize(
    ("flaw", "sentence"),
    [
        ("one page", "shows the items of an earlier page again"),
        ("served at", "in a row show nothing new"),
    ],
)
def test_a_listing_that_goes_nowhere_is_told_once_and_asked_for_no_more(
    call: Call, register: Register, flaw: str, sentence: str
) -> None:
    """A system that ignores the page parameter must not be asked for the same page thousands of times."""
    connect(register, flaw)

    tested = call("adapter", "test", "register")

    assert tested.code == 3, tested.out + tested.err
    assert tested.out.count(sentence) == 1
    assert tested.out.count("As above.") == READABLE - 1
    assert len(register.requests) <= 25


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("registr",), "register"),
        (("register", "--rule", "keys_are_ther"), "keys_are_there"),
        (("register", "--rule", "receipts_fit"), "keys_are_there"),
    ],
)
def test_what_does_not_exist_is_refused(
    call: Call, register: Register, arguments: tuple[str, ...], sentence: str
) -> None:
    connect(register)

    refused = call("adapter", "test", *arguments)

    assert refused.code == 64
    assert sentence in refused.err


def test_a_system_that_cannot_be_reached_ends_the_test(call: Call, register: Register) -> None:
    connect(register)
    register.stop()

    refused = call("adapter", "test", "register", "--rule", "keys_are_there")

    assert refused.code == 69
    assert "register" in refused.err


def test_a_reason_that_breaks_every_rule_is_told_once(call: Call, tmp_path: Path) -> None:
    tmp_path.joinpath("received").mkdir()
    constant = {"scheme": {"constant": "gso-2025-07"}, "commune_code": {"constant": "25747"}}
    source = {"files": "thua_*", "key": "so", "fields": {**constant, "map_sheet": "to", "parcel_number": "so"}}
    options = {"path": "received", "sources": {"land_parcel": source}, "settle_s": 0}
    connection = {"adapter": "folder", "agency": "000.00.04.H09", "options": options}
    write_config(CONFIG, {"connections": {"cadastre": connection}})

    tested = call("adapter", "test", "cadastre", "--rule", "keys_are_there", "--rule", "keys_are_unique")

    assert tested.out.count("there is no file thua_* yet") == 1
    assert tested.out.count("As above.") == 1
