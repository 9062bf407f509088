"""The commands about agreements: from a folder of files to an agreement in force, and why a request is refused."""

import json
import os
import pwd
import re
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cchc_connect import (
    AccessRequest,
    Action,
    Config,
    SharedDatabase,
    agreements,
    apply_agreements,
    approve_agreement,
    check_agreements,
    explain_access,
    suspend_agreement,
)
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, record_command
from cchc_connect.database.tables import audit_entry
from cchc_connect.sharing.agreement_files import read_folder
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import vietnamese_day
from tests.checkout import ROOT
from tests.cli.conftest import CONFIG, Call
from tests.sharing.invented_agreements import BUILDING, LAND, PROVINCE

EXAMPLES = ROOT / "examples" / "agreements"
PARCELS = "sxd-nnmt-2026-01"
USER = pwd.getpwuid(os.getuid()).pw_name
NOW = datetime.now(UTC)
STARTS, ENDS = (vietnamese_day(NOW + timedelta(days=days)).isoformat() for days in (-100, 200))
"""Days of the agreements: the commands go by the clock of this machine."""

OFFICIALS = f"""
[operator]
agency = "{BUILDING}"

[officials.{USER}]
agency = "{LAND}"
data_officer = true

[officials.minh]
agency = "{BUILDING}"
data_officer = true

[officials.province]
agency = "{PROVINCE}"

[officials.portal]
agency = "000.00.00.G22"
"""


@pytest.fixture(autouse=True)
def configured() -> None:
    """Write a configuration with officials and the folder of examples, and create the database."""
    CONFIG.write_text(f'[database]\nurl = "sqlite:///shared.db"\n{OFFICIALS}', encoding="utf-8")
    Path("agreements").mkdir()
    for example in EXAMPLES.iterdir():
        text = example.read_text(encoding="utf-8").replace("2026-08-01", STARTS).replace("2027-07-31", ENDS)
        Path("agreements", example.name).write_text(text, encoding="utf-8")
    Config.load(CONFIG).open_database().close()


def edit(change: Callable[[str], str]) -> None:
    path = Path("agreements/parcels_for_permits.toml")
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def test_the_examples_have_no_fault() -> None:
    folder = read_folder(EXAMPLES, SharingTerms(), date(2026, 11, 30))

    assert [str(finding.message) for finding in folder.faults] == []
    assert [finding.code for finding in folder.findings] == ["scope_all", "scope_all"]
    assert {entry.agreement.id for entry in folder.agreements} == {
        PARCELS,
        "nnmt-sxd-2026-01",
        "tinh-dvcqg-2026-01",
    }


def test_check_names_every_fault_with_file_and_place_and_ends_with_78(call: Call) -> None:
    edit(lambda text: text.replace('"holders.birth"', '"holder.birth"').replace(ENDS, "2020-07-31"))

    checked = call("agreements", "check")

    assert checked.code == 78
    assert f"parcels_for_permits.toml [agreement.{PARCELS}] ends: it ends (2020-07-31) before" in checked.out
    assert "land_parcel has no field 'holder.birth'. Did you mean 'holders.birth'?" in checked.out
    assert "3 agreements in" in checked.out
    assert "2 faults, 3 warnings" in checked.out
    document = call("agreements", "check", "--json").document
    assert [(finding["level"], finding["code"]) for finding in document["findings"]] == [
        ("fault", "ends_before_start"),
        ("fault", "field_unknown"),
        ("warning", "scope_all"),
        ("warning", "scope_all"),
        ("warning", "match_of_masked"),
    ]


@pytest.mark.parametrize(
    ("key", "agency", "mistyped"), [("provider", LAND, "000.00.70.H09"), ("consumer", BUILDING, "000.00.05.H90")]
)
def test_an_agency_that_nothing_names_is_told_with_those_that_look_alike(
    call: Call, key: str, agency: str, mistyped: str
) -> None:
    """By `check` and by `apply`, with and without a database; it is a warning, and the agreement is stored."""
    edit(lambda text: text.replace(f'{key} = "{agency}"', f'{key} = "{mistyped}"'))
    sentence = f"[agreement.{PARCELS}] {key}: no agency has the code {mistyped}: "

    checked = call("agreements", "check")
    applied = call("agreements", "apply")
    Path("shared.db").unlink()
    without_database = call("agreements", "check")
    vietnamese = call("agreements", "check", "--lang", "vi")

    for ended in (checked, applied, without_database):
        assert ended.code == 0
        assert sentence in ended.out
        assert f"codes that look alike: {agency}, " in ended.out
    assert "3 drafts stored." in applied.out
    assert f"không cơ quan nào có mã {mistyped}" in vietnamese.out
    assert f"các mã gần giống: {agency}, " in vietnamese.out


def test_apply_has_the_warnings_on_agencies_in_its_document(call: Call) -> None:
    edit(lambda text: text.replace(f'provider = "{LAND}"', 'provider = "000.00.70.H09"'))

    warnings = call("agreements", "apply", "--json").document["warnings"]

    assert [(each["code"], each["at"]) for each in warnings] == [("agency_named_nowhere", "provider")]


def test_check_needs_no_database(call: Call) -> None:
    Path("shared.db").unlink()

    assert call("agreements", "check").code == 0
    assert not Path("shared.db").exists()


def test_check_tells_of_stored_agreements_that_the_folder_lacks(call: Call) -> None:
    config = Config.load(CONFIG)
    with config.open_database() as database:
        apply_agreements(config, database, USER, at=NOW)
        shutil.rmtree("agreements")
        at_the_end = check_agreements(config, database, at=NOW + timedelta(days=199))

    assert [finding.code for finding in at_the_end.findings].count("ends_soon") == 3
    assert str(at_the_end.findings[0].message).startswith("in the database [agreement.")
    assert call("agreements", "check").code == 0


def test_check_compares_the_folder_with_what_is_stored(call: Call) -> None:
    """A number that a stored agreement compares and one of the folder shows masked."""
    edit(lambda text: text.replace('"holders.id_number" = "masked"\n', ""))
    config = Config.load(CONFIG)
    with config.open_database() as database:
        apply_agreements(config, database, USER, at=NOW)
    edit(
        lambda text: (
            text.replace(PARCELS, "masking").replace("match = [", "# match = [") + '"holders.id_number" = "masked"\n'
        )
    )

    findings = call("agreements", "check", "--json").document["findings"]

    (compared,) = [finding for finding in findings if finding["code"] == "match_of_masked"]
    assert (compared["agreement"], compared["at"]) == (PARCELS, "grant.1.match")
    assert "masking@1" in compared["message"]


def test_check_warns_of_a_version_that_closes_the_one_in_force_before_it_begins(call: Call) -> None:
    config = Config.load(CONFIG)
    with config.open_database() as database:
        apply_agreements(config, database, USER, at=NOW)
        for official in (USER, "minh"):
            approve_agreement(config, database, f"{PARCELS}@1", official, at=NOW)
    later = vietnamese_day(NOW + timedelta(days=9)).isoformat()
    edit(lambda text: text.replace("version = 1", "version = 2").replace(f"starts = {STARTS}", f"starts = {later}"))

    checked = call("agreements", "check")

    assert checked.code == 0
    assert (
        f"this version begins on {later} only; once both have approved it, version 1 is in force no longer"
        in checked.out
    )


def test_apply_shows_the_difference_and_stores_drafts(call: Call) -> None:
    shown = call("agreements", "apply", "--dry-run")
    assert shown.code == 0
    assert f"{PARCELS}@1: new" in shown.out
    assert "grant.1.fields.holders.id_number: masked" in shown.out
    assert "3 drafts would be stored; nothing was written." in shown.out
    assert call("agreements", "list", "--json").document == {"agreements": []}

    assert "3 drafts stored." in call("agreements", "apply").out
    edit(lambda text: text.replace('"holders.birth" = "year"', '"holders.birth" = "masked"'))

    again = call("agreements", "apply", "--json").document

    assert [(change["agreement"], change["kind"]) for change in again["changes"]] == [
        (PARCELS + "@1", "changed"),
        ("nnmt-sxd-2026-01@1", "unchanged"),
        ("tinh-dvcqg-2026-01@1", "unchanged"),
    ]
    assert again["changes"][0]["differences"] == [
        {"key": "grant.1.fields.holders.birth", "before": "year", "after": "masked"}
    ]


def test_a_folder_with_faults_is_not_applied(call: Call) -> None:
    edit(lambda text: text.replace("construction_permit", "construction"))

    refused = call("agreements", "apply")

    assert refused.code == 78
    assert "unknown purpose 'construction'" in refused.err
    assert call("agreements", "list", "--json").document == {"agreements": []}


def test_two_data_officers_approve_and_one_of_them_suspends(call: Call) -> None:
    call("agreements", "apply")

    first = call("agreements", "approve", f"{PARCELS}@1")
    assert first.code == 0
    assert f"The data officer of {BUILDING} approves it too" in first.out
    assert call("agreements", "approve", f"{PARCELS}@1").code == 64
    config = Config.load(CONFIG)
    with config.open_database() as database:
        assert approve_agreement(config, database, f"{PARCELS}@1", "minh", at=NOW).was_signed
        states = {stored.agreement.id: stored.state.value for stored in agreements(database)}
    assert states[PARCELS] == "in_force"
    row = next(line for line in call("agreements", "list").out.splitlines() if PARCELS in line)
    assert row.split()[-3:] == ["force", ENDS, "2/2"]

    assert call("agreements", "suspend", PARCELS).code == 0
    assert call("agreements", "resume", PARCELS).code == 0
    assert call("agreements", "end", PARCELS, "--yes", "--json").document["state"] == "ended"
    listed = call("audit", "list", "--kind", "agreement", "--limit", "3").out
    assert re.findall(rf"{PARCELS}@1: (\w+)", listed) == ["ended", "resumed", "suspended"]
    assert call("agreements", "resume", PARCELS).code == 64
    assert call("agreements", "approve", "sxd-nnmt@1").code == 66


def test_a_version_that_a_later_one_replaced_is_not_shown_as_in_force(call: Call) -> None:
    config = Config.load(CONFIG)
    with config.open_database() as database:
        for version in (1, 2):
            apply_agreements(config, database, USER, at=NOW)
            for official in (USER, "minh"):
                approve_agreement(config, database, f"{PARCELS}@{version}", official, at=NOW)
            edit(lambda text: text.replace("version = 1", "version = 2"))

    rows = [line for line in call("agreements", "list").out.splitlines() if PARCELS in line]
    states = re.findall(r"^state: (.*)$", call("agreements", "show", PARCELS).out, re.MULTILINE)

    assert ["replaced by version 2" in row for row in rows] == [True, False]
    assert states == ["replaced by version 2", "in force"]


def test_the_text_that_show_told_is_approved_and_no_other_one(call: Call) -> None:
    call("agreements", "apply")
    shown = call("agreements", "show", PARCELS, "--json").document["versions"][0]["sha256"]
    assert shown in call("agreements", "show", PARCELS).out
    edit(lambda text: text.replace('"holders.birth" = "year"', '"holders.birth" = "plain"'))
    call("agreements", "apply")

    refused = call("agreements", "approve", f"{PARCELS}@1", "--sha256", shown)

    assert refused.code == 64
    assert "is another text than the one you name" in refused.err
    read_again = call("agreements", "show", PARCELS, "--json").document["versions"][0]["sha256"]
    assert call("agreements", "approve", f"{PARCELS}@1", "--sha256", read_again).code == 0
    assert call("agreements", "approve", PARCELS).code == 64
    assert call("agreements", "withdraw", f"{PARCELS}@1", "--json").document["state"] == "ended"


def test_an_official_who_is_not_configured_changes_nothing(call: Call) -> None:
    call("agreements", "apply")
    text = CONFIG.read_text(encoding="utf-8")
    CONFIG.write_text(text.replace(f"officials.{USER}", "officials.other"), encoding="utf-8")

    refused = call("agreements", "approve", f"{PARCELS}@1")

    assert refused.code == 64
    assert f"[officials.{USER}]" in refused.err


def test_explain_says_step_by_step_why_a_request_is_refused(call: Call) -> None:
    call("agreements", "apply")
    command_line = ("agreements", "explain", "land_parcel", "--purpose", "construction_permit", "--official", "minh")

    refused = call(*command_line)

    assert refused.code == 77
    assert "yes: The purpose is that of the agreement (construction_permit)." in refused.out
    assert f"NO:  The agreement is not in force: draft version, {STARTS} to {ENDS}." in refused.out
    assert "NO:  The request needs a dossier." in refused.out
    assert (
        "Refused: the agreement is not in force (not_in_force); no dossier is named (dossier_missing)." in refused.out
    )
    document = call(*command_line, "--json").document
    assert (document["granted"], document["reasons"]) == (False, ["not_in_force", "dossier_missing"])
    assert [step["reason"] for step in document["steps"] if not step["holds"]] == document["reasons"]
    assert "Yêu cầu phải nêu hồ sơ." in call(*command_line, "--lang", "vi").out


def test_explain_shows_what_would_leave_and_records_nothing(call: Call) -> None:
    config = Config.load(CONFIG)
    edit(lambda text: text.replace('requires = ["official", "dossier"]', "").replace('"case"', '"all"'))
    edit(lambda text: text.replace("records_per_dossier = 20, ", ""))
    with config.open_database() as database:
        apply_agreements(config, database, USER, at=NOW)
        approve_agreement(config, database, f"{PARCELS}@1", USER, at=NOW)
        approve_agreement(config, database, f"{PARCELS}@1", "minh", at=NOW)
    before = recorded()

    command_line = ("agreements", "explain", "land_parcel", "--agreement", PARCELS)
    granted = call(*command_line, "--field", "holders.id_number")

    assert granted.code == 0
    assert f"Granted by {PARCELS}@1, grant parcels:" in granted.out
    assert granted.out.splitlines()[-1].split() == ["holders.id_number", "masked"]
    assert recorded() == before
    assert call(*command_line, "--field", "address", "--json").document["reasons"] == ["field"]
    assert call(*command_line, "--at", "2026-07-15", "--json").document["reasons"] == ["not_in_force"]


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("land_parcels",), "land_parcel"),
        (("land_parcel", "--action", "reed"), "Did you mean 'read'?"),
        (("land_parcel", "--at", "soon"), "soon"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused_with_64(call: Call, options: tuple[str, ...], part: str) -> None:
    refused = call("agreements", "explain", *options)

    assert refused.code == 64
    assert part in refused.err


def test_show_has_the_acts_with_their_state_and_each_field_with_its_treatment(call: Call) -> None:
    call("agreements", "apply")

    shown = call("agreements", "show", PARCELS)

    assert "217/2026/NĐ-CP Điều 7.3, 56.2 (in force)" in shown.out
    assert ["holders.id_number", "masked"] in [line.split() for line in shown.out.splitlines()]
    assert "scheme: in gso-2025-07" in shown.out
    vietnamese = call("agreements", "show", PARCELS, "--lang", "vi").out
    assert "số giấy tờ (holders.id_number)" in vietnamese
    body = call("agreements", "show", PARCELS, "--json").document["versions"][0]["body"]
    assert body["grant"][0]["fields"]["uses.code"] == "plain"
    assert call("agreements", "show", "none").code == 66


def test_an_agency_adds_acts_and_purposes_of_its_own(call: Call) -> None:
    text = CONFIG.read_text(encoding="utf-8")
    CONFIG.write_text(f'{text}\n[agreements]\nacts = "acts.csv"\npurposes = "purposes.csv"\n', encoding="utf-8")
    heading = "id,number,issued_on,in_force_from,in_force_to,replaced_by,title,source\n"
    Path("acts.csv").write_text(f"{heading}qd-1-ubnd,1/QĐ-UBND,,2026-01-01,,,Quy chế,tỉnh\n", encoding="utf-8")
    Path("purposes.csv").write_text("code,vi,en\nfire,Phòng cháy,fire safety\n", encoding="utf-8")
    edit(lambda lines: lines.replace("nd-217-2026", "qd-1-ubnd").replace("construction_permit", "fire"))

    assert call("agreements", "check").code == 0
    assert "1/QĐ-UBND" in call("agreements", "acts").out
    assert call("agreements", "purposes", "--lang", "vi").out.splitlines()[-1].split() == ["fire", "Phòng", "cháy"]

    Path("acts.csv").write_text(f"{heading}qd 1,1/QĐ-UBND,,2026-13-01,,,,\n", encoding="utf-8")
    refused = call("agreements", "check")
    assert refused.code == 78
    assert "line 2, in_force_from: '2026-13-01' is no day" in refused.err
    assert "'qd 1'" in refused.err


def test_the_audit_log_shows_a_purpose_of_an_agency_in_words(call: Call) -> None:
    text = CONFIG.read_text(encoding="utf-8")
    CONFIG.write_text(f'{text}\n[agreements]\npurposes = "purposes.csv"\n', encoding="utf-8")
    Path("purposes.csv").write_text("code,vi,en\nfire,Phòng cháy,fire safety\n", encoding="utf-8")
    with Config.load(CONFIG).open_database() as database:
        number = record_command(database, AuditEntry(at=NOW, kind=AuditKind.REVEAL, official=USER, purpose="fire"))

    assert "fire safety" in call("audit", "list").out
    assert "Phòng cháy" in call("audit", "show", str(number), "--lang", "vi").out


def test_the_library_explains_and_suspends(call: Call) -> None:
    call("agreements", "apply")
    config = Config.load(CONFIG)
    request = AccessRequest(
        consumer=BUILDING, action=Action.READ, record_type="land_parcel", purpose="construction_permit", at=NOW
    )
    with config.open_database() as database:
        approve_agreement(config, database, f"{PARCELS}@1", USER, at=NOW)
        approve_agreement(config, database, f"{PARCELS}@1", "minh", at=NOW)
        assert suspend_agreement(config, database, PARCELS, "minh", at=NOW).suspended_by == BUILDING
        explanation = explain_access(config, database, request)

    assert not explanation.is_granted
    assert explanation.considered == [f"{PARCELS}@1 parcels"]


def recorded() -> int:
    with SharedDatabase("shared.db") as database, database.reading() as connection:
        bodies = connection.execute(audit_entry.select()).all()
    return len([json.loads(row.body) for row in bodies])
