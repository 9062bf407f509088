"""`check`: is everything in place for a run? It writes nothing."""

import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from cchc_connect.cli.demo_config import ONE_STOP_PASSWORD, demo_tables
from cchc_connect.testing import Agencies
from tests.cli.conftest import CONFIG, DATABASE, Call, Connect, install_adapters, write_config
from tests.cli.district import PARCELS, District
from tests.diagnostics.test_network import secure_server
from tests.sync.memory_systems import parcel_item
from tests.transport.authority import Authority


def disk_with(free: int) -> Callable[[Path], SimpleNamespace]:
    """Return what the system would tell of a disk with so many bytes free."""

    def usage(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=free)

    return usage


def test_a_province_in_order_is_told_so_line_by_line(call: Call, agencies: Agencies) -> None:
    """Each source's first page was read and sifted; nothing was written and nothing sent."""
    before = DATABASE.read_bytes()
    checked = call("check")

    assert checked.code == 0
    for subject in ("database", "land-registry land_parcel", "one-stop dossier_step", "national-portal procedure"):
        assert f"OK  {subject}: " in checked.out
    assert DATABASE.read_bytes() == before
    assert agencies.national_portal.message_count == 0


@pytest.mark.usefixtures("agencies")
def test_a_database_that_is_not_there_is_created_by_the_first_run_and_not_by_the_check(call: Call) -> None:
    DATABASE.unlink()

    assert "will be created by the first run" in call("check").out
    assert not DATABASE.exists()


def test_each_finding_has_a_level_a_code_and_a_sentence_in_both_languages(
    call: Call, agencies: Agencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is seen from outside, the clocks, the accounts and the reasons of routes are told beside the pages."""
    monkeypatch.setattr(shutil, "disk_usage", disk_with(2**40))
    english, vietnamese = (call("check", "--json", "--lang", language).document for language in ("en", "vi"))

    codes = {finding["code"] for finding in english["findings"]}
    assert codes >= {
        "network.is_address",
        "network.plain_http_loopback",
        "network.clock_ok",
        "network.responses_understood",
    }
    assert codes >= {
        "network.account_accepted",
        "check.route_by_agreement",
        "database_state.disk_space",
        "check.database_opens",
    }
    warnings = {finding["code"] for finding in english["findings"] if finding["level"] != "good"}
    assert warnings == {"audit_check.not_sealed"}
    pairs = list(zip(english["findings"], vietnamese["findings"], strict=True))
    assert not [finding["code"] for finding, translated in pairs if finding["code"] != translated["code"]]
    assert not [finding["code"] for finding, translated in pairs if finding["message"] == translated["message"]]
    assert agencies.national_portal.message_count == 0


def test_what_is_missing_to_examine_geometries_is_told(
    call: Call, agencies: Agencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    del agencies
    monkeypatch.setitem(sys.modules, "shapely", None)

    findings = call("check", "--json").document["findings"]

    sentences = {
        finding["subject"]: finding["message"] for finding in findings if finding["code"] == "check.geometry_notes"
    }
    assert "shapely" in sentences["land-registry land_parcel"]
    assert "pyproj" not in sentences["land-registry land_parcel"]


def test_a_warning_is_no_failure(call: Call, agencies: Agencies, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 0: a run does its work. Here the disk is nearly full."""
    monkeypatch.setattr(shutil, "disk_usage", disk_with(5 * 1024 * 1024))

    checked = call("check")

    assert checked.code == 0
    assert "!!  database: only 5 MiB are free" in checked.out
    assert agencies.record_counts()


@pytest.mark.parametrize(
    ("ends_in_days", "code", "expected"),
    [
        (90, 0, "OK  land: TLSv1.3; the certificate is valid for"),
        (9, 0, "!!  land: TLSv1.3; the certificate expires in"),
        (-1, 69, "BAD land: The certificate of land (localhost) has expired."),
    ],
)
def test_a_certificate_of_the_agencys_own_authority_is_looked_at(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends_in_days: int, code: int, expected: str
) -> None:
    """With the very trust that a run has; where it is expired the system is not asked, and nothing else can be done."""
    install_adapters(tmp_path, monkeypatch, {"district": "tests.cli.district_adapter:DistrictAdapter"})
    authority, day = Authority(tmp_path), timedelta(days=1)
    context = authority.server_context(valid_from=-900 * day, valid_until=ends_in_days * day)
    with secure_server(context, format_datetime(datetime.now(UTC), usegmt=True)) as port:
        table = {"adapter": "district", "agency": "000.00.01.H09", "base_url": f"https://localhost:{port}"}
        write_config(CONFIG, {"connections": {"land": {**table, "tls": {"ca": str(authority.ca_file)}}}})

        checked = call("check")

    assert checked.code == code
    assert expected in checked.out
    assert ("items of the first page" in checked.out) == (code == 0)


@pytest.mark.usefixtures("agencies")
def test_a_database_in_order_tells_its_condition(call: Call) -> None:
    call("sync")

    codes = {finding["code"] for finding in call("check", "--json").document["findings"]}

    assert {
        "check.database_opens",
        "database_state.version",
        "database_state.durable",
        "database_state.disk_space",
    } <= codes


def test_faulty_items_are_counted_and_are_no_hindrance(call: Call, agencies: Agencies) -> None:
    checked = call("check", "--json")

    findings = {finding["subject"]: finding for finding in checked.document["findings"]}
    counts = findings["one-stop dossier"]["context"]
    assert counts["faulty"] == agencies.faulty_counts()["dossier"] > 0
    assert counts["good"] + counts["faulty"] == agencies.record_counts()["dossier"]
    assert checked.code == 0


def test_more_faulty_items_than_a_run_allows_are_told_with_figures_and_the_next_step(
    call: Call, connect: Connect, district: District
) -> None:
    """A run would count the source as failed: no line of the check may say that all is in order."""
    connect()
    district.page_size = 20
    district.items[PARCELS] = [parcel_item(number, area="?" if number > 14 else 100) for number in range(1, 21)]

    checked, ran = call("check"), call("sync")

    assert (checked.code, ran.code) == (3, 69)
    assert "BAD district" in checked.out
    assert "6 of 20 items are faulty (30 %), and at most 5 %" in checked.out
    assert "max_quarantined_share" in checked.out


def test_a_first_page_with_more_faulty_items_than_allowed_is_a_warning_where_others_follow(
    call: Call, connect: Connect, district: District
) -> None:
    """The others may be sound."""
    connect()
    district.page_size = 20
    district.items[PARCELS] = [parcel_item(number, area="?" if number < 7 else 100) for number in range(1, 41)]

    checked = call("check")

    assert checked.code == 0, checked.out
    assert "!!  district" in checked.out


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
