"""`discrepancies`: what a person did about a contradiction holds for the two values that were looked at."""

from datetime import timedelta
from typing import Any

import pytest

from cchc_connect.cli.discrepancies import MAX_VALUE_LENGTH, differing_excerpts
from tests.cli.conftest import Call
from tests.databases import on_every_kind
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase


@pytest.fixture
def second_register(books: PulledDatabase) -> LandRegister:
    """Give the register of a connection that says 260 of a parcel whose owner says 250.5."""
    register = LandRegister([parcel_item(1, id="b1", area="260")])
    books.pull("a", LandRegister([parcel_item(1)]))
    books.pull("b", register)
    return register


def listed(call: Call, address: str, *options: str) -> dict[str, Any]:
    (discrepancy,) = call("discrepancies", "list", *options, "--json", "--db", address).document["discrepancies"]
    return dict(discrepancy)


def resolve(call: Call, address: str, state: str) -> int:
    number = listed(call, address)["number"]
    return call("discrepancies", "resolve", number, "--as", state, "--note", "đã báo", "--db", address).code


@on_every_kind
@pytest.mark.parametrize("state", ["reported", "dismissed"])
def test_a_resolved_discrepancy_opens_again_when_a_value_changes(
    call: Call, books: PulledDatabase, second_register: LandRegister, address: str, state: str
) -> None:
    """It is the same one with the values of now and without the note of then; the same values open nothing."""
    assert resolve(call, address, state) == 0
    books.pull("b", second_register)
    before = listed(call, address)
    second_register.items = [parcel_item(1, id="b1", area="270")]

    books.pull("b", second_register)

    after = listed(call, address)
    assert (before["state"], before["note"]) == (state, "đã báo")
    assert (after["state"], after["note"], after["resolved_at"]) == ("open", None, None)
    assert (after["number"], after["detected_at"], after["value"]) == (before["number"], before["detected_at"], "270")


def test_a_discrepancy_that_ended_is_shown_by_wish_and_cannot_be_resolved(
    call: Call, books: PulledDatabase, second_register: LandRegister, address: str
) -> None:
    """Exit code 66; when both sides differ again it is open again, and its age begins anew."""
    began = listed(call, address)
    second_register.items = [parcel_item(1, id="b1")]
    books.pull("b", second_register)
    assert call("discrepancies", "list", "--json", "--db", address).document["discrepancies"] == []
    ended = listed(call, address, "--all")
    late = call("discrepancies", "resolve", began["number"], "--as", "reported", "--note", "x", "--db", address)
    books.clock.advance(timedelta(minutes=1))
    second_register.items = [parcel_item(1, id="b1", area="260")]

    books.pull("b", second_register)

    assert (ended["state"], late.code) == ("ended", 66)
    assert listed(call, address)["state"] == "open"
    assert listed(call, address)["detected_at"] > began["detected_at"]


@pytest.mark.usefixtures("second_register")
def test_a_discrepancy_is_not_resolved_without_a_word(call: Call, address: str) -> None:
    """Exit code 64: a note that says nothing helps nobody."""
    number = listed(call, address)["number"]

    assert call("discrepancies", "resolve", number, "--as", "reported", "--note", " ", "--db", address).code == 64
    assert listed(call, address)["state"] == "open"


def test_a_handled_discrepancy_is_not_suggested_again(call: Call, address: str, second_register: LandRegister) -> None:
    del second_register
    suggestion = "cchc-connect discrepancies resolve"
    before = call("discrepancies", "list", "--db", address).out

    resolve(call, address, "reported")

    assert suggestion in before
    assert suggestion not in call("discrepancies", "list", "--db", address).out


def test_long_values_are_shown_where_they_differ() -> None:
    """Their beginnings are equal: cut there, the two could not be told apart."""
    use = "code: ODT; catalogue: TT 08/2024/TT-BTNMT; term: permanent; "

    value, owner_value = differing_excerpts(f"{use}area: 1000; origin: granted", f"{use}area: 643")

    assert value != owner_value
    assert (value[0], "area: 1000" in value, "area: 643" in owner_value) == ("…", True, True)
    assert max(len(value), len(owner_value)) <= MAX_VALUE_LENGTH
    assert differing_excerpts("250.5", "260") == ("250.5", "260")
