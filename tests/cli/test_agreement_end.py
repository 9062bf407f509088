"""An agreement is ended for good, so the command asks before, and what is ended is told as ended."""

import io
import os
import pwd
from pathlib import Path

import pytest

from cchc_connect import Config, SharedDatabase, agreements, approve_agreement
from cchc_connect.clock import SystemClock
from tests.cli.conftest import CONFIG, Call
from tests.sharing.invented_agreements import BUILDING, LAND

USER = pwd.getpwuid(os.getuid()).pw_name
NOW = SystemClock().now()
FILE = Path("agreements/parcels.toml")
TEXT = f"""
[agreement.parcels]
title = "Chia sẻ thửa đất"
provider = "{LAND}"
consumer = "{BUILDING}"
purpose = "construction_permit"
legal_basis = [{{ act = "nd-278-2025" }}]
starts = {NOW.date()}
ends = {NOW.date().replace(year=NOW.year + 1)}
actions = ["read"]

[[agreement.parcels.grant]]
record = "land_parcel"
scope = "all"
fields = {{ scheme = "plain", commune_code = "plain", map_sheet = "plain", parcel_number = "plain" }}
"""


class Keyboard(io.StringIO):
    """Standard input of somebody who types."""

    def isatty(self) -> bool:
        """Say that it is a terminal."""
        return True


@pytest.fixture(autouse=True)
def agreed(call: Call) -> None:
    """Put an agreement in force, of whose provider the user of this machine is a data officer."""
    CONFIG.write_text(
        '[database]\nurl = "sqlite:///shared.db"\n'
        f'[officials.{USER}]\nagency = "{LAND}"\ndata_officer = true\n'
        f'[officials.minh]\nagency = "{BUILDING}"\ndata_officer = true\n',
        encoding="utf-8",
    )
    FILE.parent.mkdir()
    FILE.write_text(TEXT, encoding="utf-8")
    config = Config.load(CONFIG)
    with config.open_database() as database:
        assert call("agreements", "apply").code == 0
        for official in (USER, "minh"):
            approve_agreement(config, database, "parcels@1", official)


def state() -> str:
    with SharedDatabase("shared.db") as database:
        return agreements(database)[0].state.value


def test_without_a_terminal_an_agreement_ends_only_if_that_is_confirmed_ahead(call: Call) -> None:
    refused, vietnamese = call("agreements", "end", "parcels"), call("agreements", "end", "parcels", "--lang", "vi")
    assert (refused.code, vietnamese.code, state()) == (64, 64, "in_force")
    assert refused.err.endswith("To confirm it: cchc-connect agreements end parcels --yes\n")
    assert "sẽ bị chấm dứt vĩnh viễn" in vietnamese.err
    assert vietnamese.err.endswith("cchc-connect agreements end parcels --yes --lang vi\n")

    assert call("agreements", "end", "parcels", "--yes").code == 0
    assert state() == "ended"


@pytest.mark.parametrize(
    ("typed", "code", "becomes"),
    [("parcels\n", 0, "ended"), ("yes\n", 64, "in_force"), ("\n", 64, "in_force"), ("", 64, "in_force")],
)
def test_on_a_terminal_the_id_is_typed(
    call: Call, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, becomes: str
) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard(typed))

    ended = call("agreements", "end", "parcels")

    assert (ended.code, state()) == (code, becomes)
    assert f"parcels (Chia sẻ thửa đất; {LAND} shares, {BUILDING} receives) is about to be ended for good" in ended.err
    assert ("nothing was ended" in ended.err) == (code != 0)


def test_the_question_is_in_the_language_of_the_reader(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("không\n"))

    refused = call("agreements", "end", "parcels", "--lang", "vi")

    assert "Nhập mã thỏa thuận để xác nhận: " in refused.err
    assert "chưa thỏa thuận nào bị chấm dứt" in refused.err


def test_nobody_is_asked_about_what_is_ended_or_does_not_exist(call: Call) -> None:
    call("agreements", "end", "parcels", "--yes")

    again, unknown = call("agreements", "end", "parcels"), call("agreements", "end", "parcel")

    assert (again.code, "parcels@1 is ended" in again.err) == (64, True)
    assert (unknown.code, "Did you mean 'parcels'?" in unknown.err) == (66, True)


def test_check_and_apply_say_of_what_is_ended_that_a_new_version_or_id_is_needed(call: Call) -> None:
    call("agreements", "end", "parcels", "--yes")

    applied, checked = call("agreements", "apply"), call("agreements", "check", "--json").document
    vietnamese = call("agreements", "apply", "--lang", "vi")

    needed = "ended or withdrawn, and permits nothing any more; to share again raise version, or write an agreement"
    assert f"parcels@1: {needed}" in applied.out
    assert "parcels@1: đã chấm dứt hoặc đã rút" in vietnamese.out
    (warned,) = [each for each in checked["findings"] if each["code"] == "ended_for_good"]
    assert (warned["level"], warned["at"], needed in warned["message"]) == ("warning", "version", True)
    assert call("agreements", "apply", "--json").document["changes"][0]["kind"] == "ended"


def test_a_higher_version_takes_the_place_of_what_is_ended(call: Call) -> None:
    call("agreements", "end", "parcels", "--yes")
    FILE.with_name("later.toml").write_text(TEXT.replace("title", "version = 2\ntitle"), encoding="utf-8")

    checked, applied = call("agreements", "check", "--json").document, call("agreements", "apply", "--json").document

    assert "ended_for_good" not in {each["code"] for each in checked["findings"]}
    assert [(each["agreement"], each["kind"]) for each in applied["changes"]] == [
        ("parcels@2", "new"),
        ("parcels@1", "ended"),
    ]
