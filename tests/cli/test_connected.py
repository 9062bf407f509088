"""`connected`: the registered databases on the command line, and what `check` says of the list."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.clock import SystemClock
from cchc_connect.config.file import Config
from cchc_connect.sync.record_writer import RecordWriter
from cchc_schemas import RegisteredDatabase
from tests.cli.conftest import CONFIG, Call, write_config

LAND = "000.00.07.H09"


@pytest.fixture
def listed(agencies: object) -> None:
    """Put two databases on the list: one that the land registry is read from, and one without connection."""
    del agencies
    tables: dict[str, Any] = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    tables["connections"]["list"] = {"adapter": "program", "agency": "000.00.00.H09"}
    tables["connections"]["land-registry"]["registered_database"] = "CSDL-01"
    write_config(CONFIG, tables)
    config = Config.load(CONFIG)
    with config.open_database() as database, RecordWriter(config, database, "list") as writer:
        writer.write(RegisteredDatabase.model_validate({"code": "CSDL-01", "name": "Đất đai", "owner_code": LAND}))
        writer.write(RegisteredDatabase.model_validate({"code": "CSDL-02", "name": "Hộ tịch"}))


@pytest.mark.usefixtures("listed")
def test_a_pulled_database_is_read_and_one_without_connection_is_not(call: Call) -> None:
    call("sync")

    document = call("--json", "connected").document

    assert [(each["code"], each["state"]) for each in document["databases"]] == [
        ("CSDL-01", "read"),
        ("CSDL-02", "unread"),
    ]
    assert (document["total"]["connected"], document["total"]["due"], document["total"]["shared"]) == (1, 2, 0)


@pytest.mark.usefixtures("listed")
def test_the_percentages_are_told_in_both_languages(call: Call) -> None:
    call("sync")

    english, vietnamese = call("connected"), call("--lang", "vi", "connected")

    assert "Read: 1 of 2 (50.0 %)." in english.out
    assert "CSDL-02: No connection reads it." in english.out
    assert "Đã kết nối: 1 trên 2 (50,0 %)." in vietnamese.out


@pytest.mark.usefixtures("listed")
def test_a_period_before_the_first_run_is_not_known(call: Call) -> None:
    call("sync")

    document = call("--json", "connected", "--from", "2020-01-01", "--to", "2020-01-31").document

    assert [each["state"] for each in document["databases"]] == ["unknown", "unread"]


@pytest.mark.usefixtures("agencies")
def test_a_database_without_list_says_how_to_get_one(call: Call) -> None:
    call("sync")

    ended = call("connected")

    assert (ended.code, "registered_database" in ended.out) == (0, True)


@pytest.mark.usefixtures("listed")
def test_check_warns_of_a_code_that_is_not_on_the_list(call: Call) -> None:
    Path(CONFIG).write_text(CONFIG.read_text(encoding="utf-8").replace("CSDL-01", "CSDL-11"), encoding="utf-8")

    findings = call("--json", "check").document["findings"]

    (finding,) = [each for each in findings if each["code"] == "registered_databases.unknown"]
    assert (finding["subject"], finding["level"], finding["context"]["code"]) == ("land-registry", "warning", "CSDL-11")
    assert "CSDL-01" in finding["message"]


@pytest.mark.usefixtures("listed")
def test_the_report_on_indicators_has_the_same_numbers(call: Call) -> None:
    """Of the same period; a database of which nobody knows the owner counts for the province alone."""
    call("sync")
    year = SystemClock().now().year
    period = ("--from", f"{year}-01-01", "--to")

    total = call("--json", "connected", *period, f"{year}-12-31").document["total"]
    report = call("--json", "kpi", "report", "--set", "cchc-2021-2030", *period, f"{year + 1}-01-01").document

    figures = {each["indicator"]: each for each in report["figures"]}
    connected, shared = figures["connected"], figures["shared"]
    assert (connected["numerator"], connected["denominator"]) == (total["connected"], total["due"])
    assert (shared["numerator"], shared["denominator"], shared["unknown"]) == (
        total["shared"],
        total["shareable"],
        total["shared_unknown"],
    )
    assert connected["denominator"] == 2


@pytest.mark.usefixtures("listed")
def test_the_report_says_when_the_configuration_is_missing_for_it(call: Call) -> None:
    call("sync")

    ended = call(
        "kpi", "report", "--set", "cchc-2021-2030", "--from", "2026-01-01", "--to", "2027-01-01", "--db", "shared.db"
    )

    assert "which --db leaves out: cchc-connect connected" in ended.out
