"""`corrections` and `discrepancies assign`: from a finding to its answer, and no personal value is shown."""

import json
import logging
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cchc_connect import SharedDatabase
from cchc_connect.database.tables import audit_entry
from tests.cli.conftest import CONFIG, DATABASE, Call, write_config
from tests.corrections.asked import HOLDER, NUMBER, PARCEL, TABLES, contradict, discrepancy_number, of_area
from tests.corrections.test_files import fill_in_csv
from tests.sharing.invented_agreements import BUILDING, LAND
from tests.sharing.shared_records import write

PROPOSED, PROPOSED_NUMBER = "Trần Văn Giả", "074000000999"
OPEN = ("corrections", "open", "land_parcel", PARCEL.key, "--because", "Sai diện tích", "--field", "area_m2")
FAR = (date.today() + timedelta(days=300)).isoformat()  # noqa: DTZ011  # the program's own clock decides


@pytest.fixture
def database() -> Iterator[SharedDatabase]:
    write_config(CONFIG, {"database": {"url": f"sqlite:///{DATABASE}"}, **TABLES})
    with SharedDatabase(DATABASE, create_or_upgrade=True) as opened:
        contradict(opened)
        yield opened


def test_a_discrepancy_is_shown_with_agency_official_and_last_day(call: Call, database: SharedDatabase) -> None:
    number = discrepancy_number(database)

    assigned = call("discrepancies", "assign", number, "--official", "lan", "--due", FAR)

    assert assigned.code == 0
    (shown,) = call("discrepancies", "list", "--json").document["discrepancies"]
    assert (shown["owner_agency"], shown["agency"]) == (LAND, BUILDING)
    assert (shown["official"], shown["due_on"], shown["overdue"]) == ("lan", FAR, False)
    assert f"{LAND} (land)" in call("discrepancies", "list").out


@pytest.mark.usefixtures("database")
def test_a_discrepancy_that_is_assigned_without_a_day_has_that_of_its_period(
    call: Call, database: SharedDatabase
) -> None:
    """As a correction request has; where no number of days is known, the day has to be named (exit code 64)."""
    number = discrepancy_number(database)
    assign = ("discrepancies", "assign", number, "--official", "lan")
    due_on = call(*OPEN[:4], "--because", "x", "--field", "address", "--json").document["due_on"]

    by_period = call(*assign, "--lang", "vi")
    (shown,) = call("discrepancies", "list", "--json").document["discrepancies"]
    unknown = call(*assign, "--kind", "construction_data")

    assert shown["due_on"] == due_on
    assert "“correction”: 10 ngày làm việc, chưa đối chiếu" in by_period.out
    assert (unknown.code, "--due" in unknown.err) == (64, True)


def test_the_reason_of_a_discrepancy_is_shown_without_persons(call: Call, database: SharedDatabase) -> None:
    number = discrepancy_number(database)
    note = f"Theo giấy của {PROPOSED}, {PROPOSED_NUMBER}"
    call("discrepancies", "resolve", number, "--as", "reported", "--note", note)

    listed = [call("discrepancies", "list", *options).out for options in ((), ("--json",))]

    assert [out for out in listed if "Theo giấy của ***" not in out] == []
    assert [out for out in listed if PROPOSED in out or PROPOSED_NUMBER in out] == []


@pytest.mark.usefixtures("database")
def test_from_a_finding_to_its_answer(call: Call) -> None:
    """The commands of docs/corrections.md in their order."""
    opened = call(*OPEN, "--json")
    number = opened.document["number"]
    assert (opened.code, opened.document["owner"]) == (0, LAND)
    assert call("corrections", "export", "a.csv", "--for", LAND).code == 0
    fill_in_csv(Path("a.csv"), response="rejected", explanation="Đúng theo hồ sơ gốc")

    imported = call("corrections", "import", "a.csv", "--from", LAND)

    assert imported.code == 0
    shown = call("corrections", "show", number, "--json").document
    assert [event["step"] for event in shown["events"]] == ["opened", "sent", "answered"]
    assert call("corrections", "close", number, "--note", "Chấp nhận").code == 0
    assert call("corrections", "list", "--json").document["requests"] == []
    (closed,) = call("corrections", "list", "--all", "--json").document["requests"]
    assert closed["state"] == "rejected"
    assert call("corrections", "show", number).code == 0


@pytest.mark.usefixtures("database")
def test_more_time_and_a_reminder(call: Call) -> None:
    number = call(*OPEN, "--json").document["number"]

    answered = call("corrections", "answer", number, "--as", "more_time", "--note", "Đo lại", "--until", FAR)
    reminded = [call("corrections", "remind", "--within", "365", "--json") for _ in range(2)]

    assert answered.code == 0
    assert [len(each.document["requests"]) for each in reminded] == [1, 0]
    assert call("corrections", "remind").code == 0


@pytest.mark.usefixtures("database")
def test_status_counts_requests_and_stays_done(call: Call) -> None:
    """Exit code 0, as `status` reports and judges nothing."""
    call(*OPEN)

    shown = call("status", "--json")

    assert shown.code == 0
    assert shown.document["corrections"] == {"waiting": 1, "overdue": 0, "answered": 0}
    assert "1 wait for an answer" in call("status").out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", "99"), 66),
        (("close", "99", "--note", "x"), 66),
        (("answer", "99", "--as", "corrected"), 66),
        (("import", "none.csv", "--from", LAND), 66),
        (("export", "a.txt", "--for", LAND), 64),
        (("open", "land_parcel", PARCEL.key, "--because", "x"), 64),
        (("open", "land_parcel", "unknown", "--field", "area_m2", "--because", "x"), 66),
        (("open", "--discrepancy", "99", "--because", "x"), 66),
        (("open", "--quarantine", "99", "--because", "x"), 66),
        ((*OPEN[1:], "--kind", "construction_data"), 64),
        ((*OPEN[1:], "--due", "1/7/2026"), 64),
        ((*OPEN[1:], "--due", "2020-01-01"), 64),
    ],
)
@pytest.mark.usefixtures("database")
def test_what_does_not_exist_or_fit_has_its_exit_code(call: Call, words: tuple[str, ...], code: int) -> None:
    assert call("corrections", *words).code == code


@pytest.mark.usefixtures("database")
def test_nobody_asks_without_an_operator(call: Call) -> None:
    """Exit code 78: it is the operator's agency that asks."""
    tables = {name: table for name, table in TABLES.items() if name != "operator"}
    write_config(CONFIG, {"database": {"url": f"sqlite:///{DATABASE}"}, **tables})

    assert call(*OPEN).code == 78


@pytest.mark.usefixtures("database")
def test_a_file_that_is_there_is_not_replaced(call: Call) -> None:
    """Exit code 73, and nothing is told to be sent."""
    number = call(*OPEN, "--json").document["number"]
    Path("a.csv").write_text("mine", encoding="utf-8")

    assert call("corrections", "export", "a.csv", "--for", LAND).code == 73
    assert call("corrections", "show", number, "--json").document["sent_at"] is None
    assert call("corrections", "export", "a.csv", "--for", LAND, "--force").code == 0


@pytest.mark.usefixtures("database")
def test_the_periods_are_listed_with_their_acts(call: Call) -> None:
    periods = {period["kind"]: period for period in call("corrections", "periods", "--json").document["periods"]}

    assert (periods["personal_data_answer"]["days"], periods["construction_data"]["days"]) == (2, None)
    assert {period["verified"] for period in periods.values()} == {False}
    assert "2 working days" in call("corrections", "periods").out
    assert "2 ngày làm việc" in call("--lang", "vi", "corrections", "periods").out


def test_no_personal_value_is_shown_logged_or_put_on_record(
    call: Call, database: SharedDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    """Proposed values, and what officials wrote by mistake into reasons and notes, in both languages."""
    caplog.set_level(logging.DEBUG)
    canaries = (HOLDER, NUMBER, PROPOSED, PROPOSED_NUMBER)
    land_parcel = ("corrections", "open", "land_parcel", PARCEL.key)
    because = f"Tên đúng là {PROPOSED}, số {PROPOSED_NUMBER}"
    outputs = list[str]()
    for words in (
        (*land_parcel, "--field", "holders.name", "--value", PROPOSED, "--because", "x"),
        (*land_parcel, "--field", "holders.name", "--because", because),
        (*land_parcel, "--field", "holders.name", "--because", "x"),
        (*land_parcel, "--field", "holders.id_number", "--because", "x"),
        ("corrections", "answer", "1", "--as", "rejected", "--note", because),
        ("corrections", "list"),
        ("corrections", "show", "1"),
        ("corrections", "remind", "--within", "365"),
        ("corrections", "export", "a.csv", "--for", LAND, "--force"),
        ("corrections", "close", "1", "--note", because),
        ("corrections", "show", "1"),
        ("corrections", "show", "2"),
        ("audit", "list"),
        ("audit", "show", "commands/1"),
        (*land_parcel, "--field", "holders.id_number", "--value", PROPOSED_NUMBER, "--because", because),
    ):
        for options in ((), ("--json",), ("--lang", "vi")):
            ended = call(*words, *options)
            outputs += [ended.out, ended.err]
    outputs.append(Path("a.csv").read_text(encoding="utf-8-sig"))
    write(database, "land", [of_area("111")])
    with database.reading() as connection:
        bodies = list(connection.execute(select(audit_entry.c.body)).scalars())

    assert {(canary, output) for canary in canaries for output in (*outputs, caplog.text) if canary in output} == set()
    assert [canary for canary in canaries if canary in "".join(map(str, map(json.loads, bodies)))] == []
    assert sum(json.loads(body)["kind"] == "correction" for body in bodies) > len(canaries)


@pytest.mark.usefixtures("database")
def test_an_entry_of_the_audit_log_says_in_words_what_happened(call: Call) -> None:
    call(*OPEN, "--due", FAR)

    shown = call("--lang", "vi", "audit", "show", "commands/1").out

    assert "lập yêu cầu" in shown
    assert "chờ trả lời" in shown
    assert "cán bộ phát hiện" in shown


def test_a_request_that_changed_since_says_how_to_close_it(call: Call, database: SharedDatabase) -> None:
    number = call(*OPEN, "--json").document["number"]
    write(database, "land", [of_area("111")])

    assert f"corrections close {number}" in call("corrections", "show", number).out
    assert "changed since" in call("corrections", "list").out
    call("corrections", "close", number, "--note", "Đạt")
    assert "corrections close" not in call("corrections", "show", number).out


@pytest.mark.usefixtures("database")
def test_it_is_said_that_an_answer_was_stored_before_or_came_late(call: Call) -> None:
    number = call(*OPEN, "--json").document["number"]
    rejected = ("corrections", "answer", number, "--as", "rejected", "--note", "Đúng theo hồ sơ")
    call("corrections", "export", "a.csv", "--for", LAND)
    fill_in_csv(Path("a.csv"), response="rejected", explanation="Đúng")
    call(*rejected)

    again, imports = call(*rejected), [call("corrections", "import", "a.csv", "--from", LAND) for _ in range(2)]
    call("corrections", "close", number, "--note", "Xong")
    late = call("corrections", "answer", number, "--as", "corrected")

    assert "the same was answered before" in again.out
    assert ["Every answer in the file was stored before" in each.out for each in imports] == [False, True]
    assert "(rejected, closed). The answer is kept in its history" in late.out
    assert call("corrections", "show", number, "--json").document["state"] == "rejected"


@pytest.mark.usefixtures("database")
def test_an_agency_that_nobody_names_is_told_with_those_there_are(call: Call) -> None:
    """Exit code 64; of an agency that has nothing to answer it is said that there is no file."""
    unknown = "000.00.99.H09"
    ended = [
        call("corrections", *words, "--lang", "vi")
        for words in (
            ("export", "a.csv", "--for", unknown),
            ("list", "--for", unknown),
            ("list", "--for", unknown, "--db", DATABASE),
            ("remind", "--for", unknown),
            (*OPEN[1:], "--owner", unknown),
        )
    ]
    nothing = call("corrections", "export", "a.csv", "--for", LAND)

    assert [(each.code, f"Không có cơ quan “{unknown}”" in each.err) for each in ended] == [(64, True)] * 5
    assert (nothing.code, "has nothing to answer, so no file was written" in nothing.out) == (0, True)
    assert not Path("a.csv").exists()
