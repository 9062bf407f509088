"""The file for an agency has what is asked of it and no value of another one; with its answers it is read back."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text, update

from cchc_connect import SharedDatabase
from cchc_connect.corrections.administration import answer_correction, close_correction
from cchc_connect.corrections.answer_files import import_corrections
from cchc_connect.corrections.owner_files import COLUMNS, OwnerFileOptions, export_corrections, heading
from cchc_connect.corrections.requests import CorrectionState, CorrectionStep
from cchc_connect.database.tables import correction_request
from cchc_connect.errors import DatabaseUnusable, Rejected, UsageMistake
from cchc_connect.messages import Language, Wording
from cchc_connect.privacy.private_files import PRIVATE_MODE
from tests.corrections.asked import CONFIG, HOLDER, NOW, NUMBER, ask, audit_bodies, contradict, history, read
from tests.exports.readers import csv_rows, workbook_rows
from tests.sharing.invented_agreements import BUILDING, LAND, PROVINCE

LATER = date(2026, 12, 28)
VIETNAMESE = OwnerFileOptions(language=Language.VIETNAMESE)


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address) as opened:
        contradict(opened, area="260.75", owner_area="250.25")
        yield opened


def exported(database: SharedDatabase, path: Path, options: OwnerFileOptions | None = None) -> Path:
    export_corrections(CONFIG, database, LAND, path, options, at=NOW)
    return path


def fill_in(path: Path, **cells: object) -> None:
    """Write the agency's answer into the first row of its workbook."""
    workbook: Any = openpyxl.load_workbook(path)
    for name, value in cells.items():
        workbook.active.cell(row=2, column=list(COLUMNS).index(name) + 1, value=value)
    workbook.save(path)


def fill_in_csv(path: Path, separator: str = ",", **cells: str) -> None:
    """Write the agency's answer into the first row, and save the file as a spreadsheet program does."""
    rows = csv_rows(path)
    for name, value in cells.items():
        rows[1][list(COLUMNS).index(name)] = value
    written = io.StringIO()
    csv.writer(written, delimiter=separator).writerows(rows)
    path.write_text(written.getvalue(), encoding="utf-8-sig")


def test_a_file_has_the_agencys_own_value_and_no_other_agencys(database: SharedDatabase, tmp_path: Path) -> None:
    """It is private, and that it was written is on record with the agency that gets it."""
    number = ask(database, at=NOW).number

    path = exported(database, tmp_path / "yeu_cau.xlsx")

    (rows,) = workbook_rows(path).values()
    cells = dict(zip(COLUMNS, rows[1], strict=True))
    assert (cells["number"], cells["present_value"], cells["response"]) == (number, "area_m2: 250.25", None)
    assert "260.75" not in str(rows)
    assert path.stat().st_mode & 0o777 == PRIVATE_MODE
    assert [event.step for event in history(database, number)] == [CorrectionStep.OPENED, CorrectionStep.SENT]
    assert [body.get("consumer") for body in audit_bodies(database)] == [None, LAND]


def test_personal_values_are_masked_in_a_file(database: SharedDatabase, tmp_path: Path) -> None:
    """A proposed name was stored by an earlier version of the program."""
    number = ask(database, "holders.name").number
    ask(database, "holders.id_number")
    with database.writing() as connection:
        stored = update(correction_request).where(correction_request.c.id == number)
        connection.execute(stored.values(proposed_value="Trần Văn Giả"))

    written = exported(database, tmp_path / "a.csv").read_text(encoding="utf-8-sig")

    assert [value for value in (HOLDER, NUMBER, "Trần Văn Giả", "***") if value in written] == []
    assert "see the paper sent to you" in written
    assert "holders.id_number: personal, ends in" in written


def test_a_file_has_requests_to_its_agency_alone_and_only_those_that_wait(
    database: SharedDatabase, tmp_path: Path
) -> None:
    ask(database, at=NOW)
    ask(database, "address", owner=PROVINCE, at=NOW)
    waiting = export_corrections(CONFIG, database, PROVINCE, tmp_path / "province.csv", at=NOW)
    none = export_corrections(CONFIG, database, BUILDING, tmp_path / "building.csv", at=NOW)

    assert [request.fields for request in waiting.requests] == [("address",)]
    assert csv_rows(waiting.path)[1][list(COLUMNS).index("present_value")] == ""
    assert none.requests == []


def test_what_cannot_be_put_on_record_is_not_written(database: SharedDatabase, tmp_path: Path) -> None:
    ask(database, at=NOW)
    with database.writing() as connection:
        connection.execute(text("DROP TABLE correction_event"))

    with pytest.raises(DatabaseUnusable):
        exported(database, tmp_path / "a.csv")
    assert list(tmp_path.glob("*.csv")) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [(OwnerFileOptions(), "More time"), (VIETNAMESE, "gia hạn"), (VIETNAMESE, "more_time")],
)
def test_a_filled_in_workbook_is_read_back_in_either_language(
    database: SharedDatabase, tmp_path: Path, options: OwnerFileOptions, words: str
) -> None:
    number = ask(database, at=NOW).number
    path = exported(database, tmp_path / "a.xlsx", options)
    fill_in(path, response=words, until=LATER, explanation="Đang đo đạc lại")

    report = import_corrections(CONFIG, database, LAND, path, at=NOW)

    (request,) = report.answered
    assert (request.number, request.state, request.due_on) == (number, CorrectionState.MORE_TIME, LATER)
    assert request.explanation == "Đang đo đạc lại"


def test_a_csv_that_excel_saved_under_vietnamese_settings_is_read_back(
    database: SharedDatabase, tmp_path: Path
) -> None:
    """Its separator is a semicolon, and its days are written as officials write them."""
    number = ask(database, at=NOW).number
    path = exported(database, tmp_path / "a.csv", VIETNAMESE)
    fill_in_csv(path, separator=";", response="Gia hạn", until="28/12/2026", explanation="Chờ bản vẽ")

    import_corrections(CONFIG, database, LAND, path, at=NOW)

    assert (read(database, number).state, read(database, number).due_on) == (CorrectionState.MORE_TIME, LATER)


def test_a_file_that_is_read_twice_answers_once(database: SharedDatabase, tmp_path: Path) -> None:
    number = ask(database, at=NOW).number
    ask(database, "address", at=NOW)
    path = exported(database, tmp_path / "a.csv")
    fill_in_csv(path, response="rejected", explanation="Đúng theo hồ sơ gốc")

    first = import_corrections(CONFIG, database, LAND, path, at=NOW)
    second = import_corrections(CONFIG, database, LAND, path, at=NOW + timedelta(days=1))

    assert (len(first.answered), first.unchanged, first.unanswered) == (1, 0, 1)
    assert (len(second.answered), second.unchanged, second.unanswered) == (0, 1, 1)
    assert len(history(database, number)) == len(["opened", "sent", "answered"])


def test_the_same_answer_is_recognised_whatever_came_between(database: SharedDatabase, tmp_path: Path) -> None:
    """A spreadsheet program wrote the line break of the explanation otherwise; the agency has answered anew since."""
    number = ask(database, at=NOW).number
    path = exported(database, tmp_path / "a.csv")
    fill_in_csv(path, response="rejected", explanation="Đúng\r\ntheo hồ sơ")
    import_corrections(CONFIG, database, LAND, path, at=NOW)
    answer_correction(CONFIG, database, number, CorrectionState.CORRECTED, at=NOW)

    again = import_corrections(CONFIG, database, LAND, path, at=NOW)

    assert (len(again.answered), again.unchanged) == (0, 1)
    assert read(database, number).state is CorrectionState.CORRECTED


def test_an_answer_that_comes_after_the_end_is_in_the_history_and_the_outcome_stays(
    database: SharedDatabase, tmp_path: Path
) -> None:
    number = ask(database, at=NOW).number
    path = exported(database, tmp_path / "a.csv")
    close_correction(CONFIG, database, number, "Đã trao đổi", at=NOW)
    before = read(database, number)
    fill_in_csv(path, response="rejected", explanation="Đúng theo hồ sơ gốc")

    first, second = (import_corrections(CONFIG, database, LAND, path, at=NOW) for _ in range(2))

    assert [len(first.answered), [request.number for request in first.late]] == [0, [number]]
    assert (len(second.late), second.unchanged) == (0, 1)
    assert read(database, number) == before
    last = history(database, number)[-1]
    assert (last.step, last.state, last.note) == (
        CorrectionStep.ANSWERED,
        CorrectionState.REJECTED,
        "Đúng theo hồ sơ gốc",
    )


FAULTS: Mapping[str, tuple[Callable[[Path], None], str, str]] = {
    "word": (lambda path: fill_in_csv(path, response="maybe"), "response", "none of: corrected"),
    "reason": (lambda path: fill_in_csv(path, response="rejected"), "explanation", "needs an explanation"),
    "long": (
        lambda path: fill_in_csv(path, response="rejected", explanation="x" * 2001),
        "explanation",
        "longer than 2000",
    ),
    "day": (lambda path: fill_in_csv(path, response="more time", until="soon", explanation="x"), "until", "is no day"),
    "no day": (lambda path: fill_in_csv(path, response="more time", explanation="x"), "until", "needs the new due day"),
    "a day": (
        lambda path: fill_in_csv(path, response="corrected", until="2027-01-01"),
        "until",
        "leave the cell empty",
    ),
    "early": (
        lambda path: fill_in_csv(path, response="more time", until="2026-12-01", explanation="x"),
        "until",
        "is not after the one that holds",
    ),
    "over": (
        lambda path: fill_in_csv(path, response="more time", until="2026-11-01", explanation="x"),
        "until",
        "is over",
    ),
    "key": (
        lambda path: fill_in_csv(path, response="corrected", record_key="other"),
        "record_key",
        "the key is not that of",
    ),
    "number": (
        lambda path: fill_in_csv(path, response="corrected", number="999"),
        "number",
        "no correction request number 999",
    ),
    "agency": (lambda path: fill_in_csv(path, response="corrected"), "number", "went to another agency"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_row_is_named_with_its_line_and_column_and_nothing_is_stored(
    database: SharedDatabase, tmp_path: Path, fault: str
) -> None:
    """Nobody who fills in a file knows the options of a command line."""
    number = ask(database, at=NOW).number
    path = exported(database, tmp_path / "a.csv")
    spoil, column, words = FAULTS[fault]
    spoil(path)

    with pytest.raises(Rejected) as refused:
        import_corrections(CONFIG, database, PROVINCE if fault == "agency" else LAND, path, at=NOW)

    assert words in str(refused.value)
    assert f"row 2, column '{heading(column, Wording(Language.ENGLISH))}': " in str(refused.value)
    assert "--" not in str(refused.value)
    assert "cchc-connect" not in str(refused.value)
    assert read(database, number).state is CorrectionState.OPEN


def test_two_rows_for_one_request_are_told_with_both_lines(database: SharedDatabase, tmp_path: Path) -> None:
    number = ask(database, at=NOW).number
    path = exported(database, tmp_path / "a.csv")
    fill_in_csv(path, response="corrected")
    header, row = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text(f"{header}\n{row}\n{row}", encoding="utf-8")

    with pytest.raises(Rejected) as refused:
        import_corrections(CONFIG, database, LAND, path, at=NOW)

    assert f"row 3, column 'no.': row 2 answers request {number} already" in str(refused.value)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("a,b\n1,2\n", "has the headings of the exported file"),
        ("no.,key\n1,2\n", "use the headings as they were exported"),
        ("no.,key\n1,\xe1\n", "is not UTF-8; save the file as XLSX, or as CSV UTF-8"),
    ],
)
def test_a_file_that_is_not_ours_is_told_without_words_of_a_configuration(
    database: SharedDatabase, tmp_path: Path, written: str, words: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(written.encode("latin-1"))

    with pytest.raises(Rejected) as refused:
        import_corrections(CONFIG, database, LAND, path)

    assert words in str(refused.value)
    assert [word for word in ("cchc.toml", "field map", "eclare") if word in str(refused.value)] == []


def test_an_agency_with_nothing_to_answer_gets_no_file_and_one_that_nobody_knows_is_refused(
    database: SharedDatabase, tmp_path: Path
) -> None:
    ask(database, at=NOW)

    none = export_corrections(CONFIG, database, BUILDING, tmp_path / "none.csv", at=NOW)
    with pytest.raises(UsageMistake) as refused:
        export_corrections(CONFIG, database, "000.00.99.H09", tmp_path / "unknown.csv", at=NOW)

    assert none.requests == []
    assert refused.value.code == "corrections.agency_unknown"
    assert list(tmp_path.glob("*.csv")) == []


def test_a_dry_run_stores_nothing(database: SharedDatabase, tmp_path: Path) -> None:
    number = ask(database, at=NOW).number
    path = exported(database, tmp_path / "a.csv")
    fill_in_csv(path, response="corrected")

    report = import_corrections(CONFIG, database, LAND, path, dry_run=True, at=NOW)

    assert len(report.answered) == 1
    assert read(database, number).state is CorrectionState.OPEN


def test_a_file_is_csv_or_a_workbook(database: SharedDatabase, tmp_path: Path) -> None:
    with pytest.raises(UsageMistake):
        export_corrections(CONFIG, database, LAND, tmp_path / "a.pdf")
    with pytest.raises(UsageMistake):
        export_corrections(CONFIG, database, LAND, tmp_path / "a.xlsx", OwnerFileOptions(excel=True))


def test_the_headings_of_a_file_are_distinct_in_each_language() -> None:
    for language in Language:
        headings = [heading(name, Wording(language)) for name in COLUMNS]
        assert len(set(headings)) == len(headings)
