"""`demo`: what it says is so."""

import os
import re
import shutil
import signal
import sqlite3
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from cchc_connect import AuditFilter, AuditKind, SharedDatabase, audit_entries, audit_entry, verify_audit_log
from cchc_connect.cli import main
from cchc_connect.database.audit.chain import EntryNumber
from cchc_connect.database.audit.entries import Decision
from cchc_connect.database.audit.verification import VerificationOutcome
from cchc_connect.messages import Language
from tests.cli.conftest import Call, Ended
from tests.forks import ForkedProgram
from tests.quick import few

KILL, BREAK = signal.SIGKILL, signal.SIGINT


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Show the small demonstration as a document, once for all tests that only read it."""
    before, written = set(os.environ.items()), StringIO()
    with redirect_stdout(written):
        code = main(["demo", "--small", "--json", "--db", str(tmp_path_factory.mktemp("demo") / "shared.db")])
    assert {name for name, _ in before ^ set(os.environ.items())} <= {"PYTEST_CURRENT_TEST"}
    return Ended(code=code, out=written.getvalue(), err="")


def entry_number(text: str) -> EntryNumber:
    chain, _, entry = text.partition("/")
    return EntryNumber(chain, int(entry))


def count(shown: Ended, statement: str) -> int:
    with closing(sqlite3.connect(shown.document["database"])) as connection:
        number: int = connection.execute(statement).fetchone()[0]
        return number


def test_rows_and_quarantine_equal_what_the_sources_hold_and_nothing_moves_twice(shown: Ended) -> None:
    """Nothing is lost, nothing is done twice: the demonstration's own promise, counted in its database."""
    assert shown.code == 0
    for census in shown.document["census"]:
        kind = census["record_type"]
        rows = count(shown, f"SELECT count(*) FROM {kind}")  # noqa: S608  # a table of ours
        waiting = count(shown, f"SELECT count(*) FROM quarantine WHERE record_type = '{kind}' AND resolved_at IS NULL")  # noqa: S608  # a name of ours
        assert (census["rows"], census["quarantined"]) == (rows, waiting)
        assert rows + waiting == census["at_sources"]
    assert sum(census["quarantined"] for census in shown.document["census"]) > 0
    third = shown.document["third"]
    assert (third["rows_written"], third["messages_delivered"]) == (0, 0)
    second, edited = shown.document["second"], shown.document["edited"]
    assert 0 < second["rows_written"] <= sum(edited.values())
    assert shown.document["portal"]["dossiers"] > 0


def test_the_case_it_shows_has_permit_and_parcel_and_no_personal_value(shown: Ended) -> None:
    case = shown.document["case"]

    assert case["masked"]
    assert case["permits"]
    assert case["parcels"]
    assert case["dossier"]["applicant_name"] == "***"


def test_its_three_agreements_are_in_force_each_approved_by_two_data_officers(shown: Ended) -> None:
    """Among four agencies; a year from the month in which it is shown."""
    agreements = {each["agreement"]: each for each in shown.document["agreements"]}

    assert set(agreements) == {"sxd-nnmt-2026-01@1", "nnmt-sxd-2026-01@1", "tinh-dvcqg-2026-01@1"}
    assert {each["state"] for each in agreements.values()} == {"in_force"}
    approvals = [(each["approved_by_provider"], each["approved_by_consumer"]) for each in agreements.values()]
    assert sorted(approvals) == [("cb-nnmt", "cb-sxd"), ("cb-sxd", "cb-nnmt"), ("cb-tinh", "cb-dvcqg")]
    assert count(shown, "SELECT count(*) FROM agreement") == 3


def test_an_official_gets_what_the_agreement_grants_for_a_dossier_and_is_refused_the_rest_with_reasons(
    shown: Ended,
) -> None:
    """Every answer names its entry in the audit log; a refusal released nothing."""
    access = shown.document["access"]
    with SharedDatabase(shown.document["database"]) as database:
        read = audit_entry(database, entry_number(access["released"]["entry"])).entry
        compared = audit_entry(database, entry_number(access["match"]["entry"])).entry
        refused = [audit_entry(database, entry_number(each["entry"])).entry for each in access["refused"]]

    assert (read.kind, read.agreement, read.dossier) == (AuditKind.READ, "sxd-nnmt-2026-01@1", access["dossier"])
    assert list(read.keys) == access["released"]["keys"]
    assert len(read.keys) > 0
    assert access["released"]["fields"]["holders.id_number"] == "masked"
    assert "holders.address" not in access["released"]["fields"]
    assert access["match"]["answer"] is True
    assert compared.kind is AuditKind.MATCH
    assert [(each["asked"], each["reasons"]) for each in access["refused"]] == [
        ("withheld", ["field"]),
        ("foreign", ["dossier_foreign"]),
    ]
    assert [list(entry.reasons) for entry in refused] == [["field"], ["dossier_foreign"]]
    assert {(entry.kind, entry.decision, entry.keys) for entry in refused} == {
        (AuditKind.REFUSED, Decision.REFUSED, ()),
    }


def test_the_route_sends_every_dossier_by_its_agreement_and_without_numbers_of_persons(shown: Ended) -> None:
    with SharedDatabase(shown.document["database"]) as database:
        sent = [each.entry for each in audit_entries(database, AuditFilter(kind=AuditKind.PUSH), limit=1000)]

    assert shown.document["portal"]["dossiers"] == count(shown, "SELECT count(*) FROM dossier")
    assert {(entry.agreement, entry.acts) for entry in sent} == {
        ("tinh-dvcqg-2026-01@1", ("qd-766-2022", "nd-278-2025")),
    }
    assert all(not {"applicant_id", "applicant_phone"} & entry.fields.keys() for entry in sent)


def test_the_applicant_learns_of_every_agency_that_had_the_data_and_of_no_refusal(shown: Ended) -> None:
    uses = shown.document["who_looked"]

    assert [(use["agency"], use["action"]) for use in uses] == [
        ("000.00.05.H09", "match"),
        ("000.00.05.H09", "read"),
        ("000.00.00.G22", "push"),
    ]
    assert [use["purpose"] for use in uses] == ["construction_permit", "construction_permit", "progress_publication"]
    assert all(use["acts"] for use in uses)
    assert all(use["is_certain"] for use in uses)
    assert "holders.name" in uses[1]["fields"]


def test_the_audit_log_is_sealed_and_every_change_of_it_is_found_with_what_lies_beside(
    shown: Ended, tmp_path: Path
) -> None:
    """As the demonstration says to verify it."""
    audit = shown.document["audit"]
    assert (audit["outcome"], audit["seals"] > 0) == ("intact", True)
    database = tmp_path / "copy.db"
    shutil.copy(shown.document["database"], database)
    folder = Path(f"{shown.document['database']}.sharing")
    public_keys, anchors = {"demo": folder / "seal.key.pub"}, [folder / "anchor.seals"]
    with SharedDatabase(database) as opened:
        assert verify_audit_log(opened, public_keys, anchors).unsealed == 0

    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE audit_entry SET body = replace(body, 'cb-sxd', 'cb-nnmt') WHERE chain = 'commands'")

    with SharedDatabase(database) as opened:
        assert verify_audit_log(opened, public_keys, anchors).outcome is VerificationOutcome.BROKEN


def test_a_province_without_a_fit_dossier_is_shown_without_an_access(call: Call) -> None:
    """Seed 176 has no open dossier of a person with sound records."""
    shown = call("demo", "--small", "--seed", "176", "--json")

    assert shown.code == 0
    assert "access" not in shown.document
    assert shown.document["audit"]["outcome"] == "intact"


def test_what_it_says_to_type_next_works_as_typed(shown: Ended, call: Call) -> None:
    """Every command is carried out, in the folder where the demonstration was shown."""
    for command in shown.document["next"]:
        program, *arguments = command.split()

        assert program == "cchc-connect"
        assert call(*arguments).code == 0


@pytest.mark.long
@pytest.mark.parametrize("language", Language)
def test_it_is_told_in_both_languages(call: Call, language: Language) -> None:
    shown = call("demo", "--small", "--lang", language)

    assert shown.code == 0
    assert len(re.findall(r"^\d+\. ", shown.out, re.MULTILINE)) == 13
    assert not re.search(
        r"\b(?:demo(?!\.db)|demo_sharing|agreement_view|audit_view|who_looked|access_refusal|case_view|quarantine_view|sync_view|count|fault)\.[a-z_]+",
        shown.out,
    )
    assert "\x1b" not in shown.out + shown.err


def test_an_existing_file_is_left_as_it_is(call: Call) -> None:
    """Exit code 73."""
    Path("demo.db").write_text("mine", encoding="utf-8")

    refused = call("demo")

    assert refused.code == 73
    assert Path("demo.db").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_may_have_keys_is_left_as_it_is(call: Call) -> None:
    """Exit code 73: with the keys of another log nobody could verify that one any more."""
    Path("demo.db.sharing").mkdir()

    refused = call("demo", "--small")

    assert refused.code == 73
    assert "demo.db.sharing" in refused.err
    assert list(Path().iterdir()) == [Path("demo.db.sharing")]


@pytest.mark.parametrize("path", ["nowhere/demo.db", "."])
def test_a_place_that_cannot_hold_the_database_is_refused(call: Call, path: str) -> None:
    """Exit code 73; the sentence names the option that the demonstration has."""
    refused = call("demo", "--db", path)

    assert refused.code == 73
    assert "--db" in refused.err
    assert "[database]" not in refused.err
    assert "emove" not in refused.err


@pytest.mark.parametrize(
    ("section", "signalled"),
    few([("8.", BREAK), ("3.", KILL), ("3.", BREAK), ("5.", KILL), ("5.", BREAK), ("8.", KILL)], 1),
)
def test_an_interrupted_demonstration_can_be_run_again(call: Call, section: str, signalled: signal.Signals) -> None:
    """What the interrupted one left is no obstacle; a demonstration that has ended is not overwritten."""
    with ForkedProgram("demo", "--small") as running:
        while not running.stdout.readline().startswith(section):
            assert running.poll() is None
        running.send_signal(signalled)
        _, last = running.communicate(30)
    assert running.returncode != 0
    assert signalled == signal.SIGKILL or last.endswith("cchc-connect: Interrupted. The command can be typed again.\n")
    assert not Path("demo.db").exists()

    assert call("demo", "--small").code == 0
    assert sorted(path.name for path in Path().iterdir()) == ["demo.db", "demo.db.sharing"]
    assert call("demo", "--small").code == 73
