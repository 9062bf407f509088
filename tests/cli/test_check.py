"""`check`: is everything in place for a run? It writes nothing."""

import pytest

from cchc_connect.cli.demo_config import ONE_STOP_PASSWORD, demo_tables
from cchc_connect.testing import Agencies
from tests.cli.conftest import CONFIG, DATABASE, Call, write_config


def test_a_province_in_order_is_told_so_line_by_line(call: Call, agencies: Agencies) -> None:
    """Each source's first page was read and sifted; nothing was written and nothing sent."""
    checked = call("check")

    assert checked.code == 0
    for place in ("database", "land-registry land_parcel", "one-stop dossier_step", "national-portal procedure"):
        assert f"OK  {place}: " in checked.out
    assert not DATABASE.exists()
    assert agencies.national_portal.messages_received == 0


def test_faulty_items_are_counted_and_are_no_hindrance(call: Call, agencies: Agencies) -> None:
    checked = call("check", "--json")

    findings = {finding["place"]: finding for finding in checked.document["findings"]}
    found = findings["one-stop dossier"]["context"]
    assert found["faulty"] == agencies.faulty()["dossier"] > 0
    assert found["good"] + found["faulty"] == agencies.holdings()["dossier"]
    assert checked.code == 0


def test_a_system_that_does_not_answer_as_it_should_is_told_from_the_others(call: Call, agencies: Agencies) -> None:
    """Exit code 3 while others are in order."""
    write_config(CONFIG, {**demo_tables(agencies, DATABASE), "run": {"deadline_s": 1.0}})
    agencies.construction_department.switches.error_in_200 = True

    checked = call("check")

    assert checked.code == 3
    assert "BAD construction construction_works" in checked.out
    assert "OK  one-stop dossier" in checked.out


def test_where_no_system_answers_nothing_can_be_done(call: Call, agencies: Agencies) -> None:
    """Exit code 69."""
    tables = demo_tables(agencies, DATABASE)
    write_config(
        CONFIG,
        {
            **tables,
            "connections": {"land-registry": tables["connections"]["land-registry"]},
            "routes": {},
            "ownership": {},
        },
    )
    agencies.land_registry.switches.html_maintenance = True

    assert call("check").code == 69


@pytest.mark.usefixtures("agencies")
def test_a_missing_secret_is_graver_than_anything_else(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 78; the other connections are checked all the same."""
    monkeypatch.delenv(ONE_STOP_PASSWORD)
    DATABASE.write_text("this is a letter", encoding="utf-8")

    checked = call("check")

    assert checked.code == 78
    assert ONE_STOP_PASSWORD in checked.out
    assert "BAD database" in checked.out
    assert "OK  land-registry land_parcel" in checked.out


@pytest.mark.usefixtures("agencies")
def test_a_database_that_is_none_is_found(call: Call) -> None:
    """Exit code 74, and the file is left as it is."""
    DATABASE.write_text("this is a letter", encoding="utf-8")

    checked = call("check")

    assert checked.code == 74
    assert DATABASE.read_text(encoding="utf-8") == "this is a letter"


def test_a_database_whose_folder_is_missing_is_found(call: Call, agencies: Agencies) -> None:
    write_config(CONFIG, demo_tables(agencies, DATABASE.resolve().parent / "nowhere" / "shared.db"))

    assert call("check").code == 74


@pytest.mark.usefixtures("agencies")
def test_an_existing_database_is_opened(call: Call) -> None:
    call("sync")

    assert "can be opened" in call("check").out


def test_a_file_that_connects_nothing_is_not_ready_for_a_run(call: Call) -> None:
    """Exit code 78, as a run would end."""
    call("init")

    assert call("check").code == 78


def test_faults_of_the_configuration_are_all_that_is_said(call: Call) -> None:
    CONFIG.write_text("[connection.one-stop]\n", encoding="utf-8")

    refused = call("check")

    assert (refused.code, refused.out) == (78, "")
