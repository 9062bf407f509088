"""`export`: records as a file, with what was written in words or JSON."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from cchc_connect.cli.console import Console
from cchc_connect.cli.export import PlainExportProgress
from cchc_connect.messages import Language
from tests.cli.conftest import Call
from tests.cli.test_progress import Stopwatch
from tests.cli.test_terminal import on_a_terminal
from tests.exports.readers import csv_rows, features, json_lines


def test_it_says_what_was_written_and_what_is_masked(call: Call, pulled: Path) -> None:
    english = call("export", "land_parcel", "--to", "a.csv", "--db", pulled)
    vietnamese = call("export", "land_parcel", "--to", "b.csv", "--db", pulled, "--lang", "vi")

    count = len(csv_rows(Path("a.csv"))) - 1
    assert english.code == vietnamese.code == 0
    assert english.out.splitlines() == [
        f"Wrote {count} records of type land_parcel to a.csv.",
        "Personal values are masked: holders.name; holders.id_number; holders.birth; holders.address.",
        "Coordinates are in OGC:CRS84.",
    ]
    assert vietnamese.out.startswith(f"Đã xuất {count} bản ghi land_parcel (thửa đất) ra b.csv.\n")
    assert "người sử dụng đất – ngày sinh" in vietnamese.out
    assert csv_rows(Path("b.csv"))[0][0] == "khóa bản ghi"


def test_it_gives_a_document(call: Call, pulled: Path) -> None:
    ended = call("export", "construction_works", "--to", "a.geojson", "--db", pulled, "--json")

    document = ended.document
    assert document.pop("seconds") >= 0
    assert document == {
        "path": "a.geojson",
        "format": "geojson",
        "record_type": "construction_works",
        "rows": len(features(Path("a.geojson"))),
        "crs": "OGC:CRS84",
        "masked_fields": [],
        "replaced_texts": 0,
    }
    assert ended.err == ""


def test_the_format_can_be_named(call: Call, pulled: Path) -> None:
    call("export", "dossier", "--to", "dossiers.txt", "--format", "ndjson", "--db", pulled)

    assert json_lines(Path("dossiers.txt"))


CONDITIONS: Sequence[tuple[Sequence[str], str]] = [
    (["commune_code=25747,25750"], "line['commune_code'] in {'25747', '25750'}"),
    (["area_m2>=300", "area_m2<1000.5"], "300 <= float(line['area_m2']) < 1000.5"),
    (["commune_code=25747", "is_encroached=không"], "line['commune_code'] == '25747' and not line['is_encroached']"),
    (["national_id="], "line['national_id'] is None"),
]


@pytest.mark.parametrize(("conditions", "rule"), CONDITIONS, ids=["list", "range", "two fields", "no value"])
def test_conditions_choose_the_records(call: Call, pulled: Path, conditions: Sequence[str], rule: str) -> None:
    options = [option for condition in conditions for option in ("--where", condition)]
    call("export", "land_parcel", "--to", "all.ndjson", "--db", pulled)

    ended = call("export", "land_parcel", "--to", "some.ndjson", "--db", pulled, *options)

    chosen = [line for line in json_lines(Path("all.ndjson")) if eval(rule, {"line": line})]  # noqa: S307  # a rule above
    assert ended.code == 0
    assert json_lines(Path("some.ndjson")) == chosen


def test_conditions_on_instants_and_listed_values(call: Call, pulled: Path) -> None:
    call("export", "dossier", "--to", "all.ndjson", "--db", pulled)
    conditions = ["--where", "due_at>=2025-06-01", "--where", "due_at<2026-02-01T08:00", "--where", "status=10,4"]

    call("export", "dossier", "--to", "some.ndjson", "--db", pulled, *conditions)

    assert json_lines(Path("some.ndjson")) == [
        line
        for line in json_lines(Path("all.ndjson"))
        if line["due_at"] and "2025-05-31T17" <= line["due_at"] < "2026-02-01T01" and line["status"] in {10, 4}
    ]


def test_at_and_limit(call: Call, pulled: Path) -> None:
    call("export", "dossier", "--to", "none.ndjson", "--at", "2020-01-01", "--db", pulled)
    call("export", "dossier", "--to", "two.ndjson", "--at", "2100-01-01", "--limit", 2, "--db", pulled)

    assert json_lines(Path("none.ndjson")) == []
    assert len(json_lines(Path("two.ndjson"))) == 2


def test_a_log_gets_a_line_of_progress_every_second(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Stopwatch()
    progress = PlainExportProgress(Console(Language.VIETNAMESE, as_json=False), "land_parcel", clock)

    for written in range(500, 20_500, 500):
        clock.seconds += 0.25
        progress(written, 20_000)

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "land_parcel (thửa đất): 2.000/20.000 bản ghi"
    assert len(lines) == 10


def test_a_terminal_gets_a_line_that_lives(pulled: Path) -> None:
    written = on_a_terminal("export", "land_parcel", "--to", "a.csv", "--db", str(pulled))

    assert "\x1b[?25l" in written  # the cursor is hidden while progress lives
    assert "land_parcel: " in written
    assert "to a.csv" in written


REFUSALS = [
    (["land_parcle", "--to", "a.csv"], 64, "names.record_type_unknown"),
    (["land_parcel", "--to", "a.ods"], 64, "exports.ending_unknown"),
    (["land_parcel", "--to", "a.csv", "--format", "ods"], 64, "exports.format_unknown"),
    (["dossier", "--to", "a.geojson"], 64, "exports.no_geometry"),
    (["land_parcel", "--to", "a.csv", "--crs", "VN2000"], 64, "exports.crs_unknown"),
    (["land_parcel", "--to", "a.csv", "--where", "communes=1"], 64, "filter.field_unknown"),
    (["land_parcel", "--to", "a.csv", "--where", "holders=1"], 64, "filter.field_nested"),
    (["land_parcel", "--to", "a.csv", "--where", "holders.name=An"], 64, "filter.field_unknown"),
    (["land_parcel", "--to", "-", "--format", "csv"], 73, "cli.not_standard_output"),
    (["land_parcel", "--to", "a.csv", "--where", "area_m2<=1"], 64, "cli.where_unreadable"),
    (["land_parcel", "--to", "a.csv", "--where", "area"], 64, "cli.where_unreadable"),
    (["land_parcel", "--to", "a.csv", "--where", "area_m2=1", "--where", "area_m2<2"], 64, "cli.where_twice"),
    (["land_parcel", "--to", "a.csv", "--where", "area_m2>=x"], 64, "filter.value_unreadable"),
    (["land_parcel", "--to", "a.csv", "--where", "in_dispute=maybe"], 64, "filter.value_unreadable"),
    (["dossier", "--to", "a.csv", "--where", "due_at<soon"], 64, "filter.value_unreadable"),
    (["dossier", "--to", "a.csv", "--where", "status=99"], 64, "filter.value_not_listed"),
    (["dossier", "--to", "a.csv", "--at", "soon"], 64, "cli.instant_unreadable"),
    (["dossier", "--to", "none/a.csv"], 73, "cli.cannot_write"),
    (["dossier", "--to", "folder.csv"], 73, "cli.not_a_file"),
    (["dossier", "--to", "link.csv", "--force"], 73, "cli.is_link"),
    (["dossier", "--to", "mine.csv"], 73, "cli.file_exists"),
]


def test_the_values_of_a_list_are_named_in_the_language_of_the_reader(call: Call, pulled: Path) -> None:
    status = ("dossier", "--to", "a.csv", "--where", "status=done", "--db", pulled)

    assert "4 (IN_PROCESS)" not in call("export", *status).err
    assert "Đang xử lý (4)" in call("export", *status, "--lang", "vi").err


@pytest.mark.parametrize(("arguments", "exit_code", "code"), REFUSALS)
def test_what_cannot_be_written_is_refused(
    call: Call, pulled: Path, arguments: Sequence[str], exit_code: int, code: str
) -> None:
    Path("folder.csv").mkdir()
    Path("mine.csv").write_text("mine", encoding="utf-8")
    Path("link.csv").symlink_to("mine.csv")

    refused = call("export", *arguments, "--db", pulled, "--json")

    assert (refused.code, refused.document["error"]["code"]) == (exit_code, code)
    assert Path("mine.csv").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in Path().iterdir()) == ["folder.csv", "link.csv", "mine.csv"]


def test_a_condition_is_not_repeated_in_a_message(call: Call, pulled: Path) -> None:
    """It may hold a person's name or number."""
    refused = call("export", "dossier", "--to", "a.csv", "--where", "applicant_name<Nguyễn Thị Mẫu", "--db", pulled)

    assert refused.code == 64
    assert "Nguyễn" not in refused.err


def test_a_database_that_does_not_exist_is_not_created(call: Call) -> None:
    assert call("export", "dossier", "--to", "a.csv", "--db", "none.db").code == 66
    assert list(Path().iterdir()) == []


def test_a_point_that_may_separate_thousands_is_refused_in_a_condition(call: Call, pulled: Path) -> None:
    """Vietnamese writes 1.250 for what English writes 1,250: one of the two readings would choose other records."""
    ambiguous = call("export", "land_parcel", "--to", "a.csv", "--where", "area_m2>=1.250", "--db", pulled)

    assert ambiguous.code == 64
    assert "Write 1250 if it separates thousands, 1.2500 if it is a decimal point." in ambiguous.err
    for clear in ("area_m2>=1250", "area_m2>=1.2500", "area_m2>=0.125", "area_m2>=1000.5"):
        assert call("export", "land_parcel", "--to", "b.csv", "--force", "--where", clear, "--db", pulled).code == 0


@pytest.mark.parametrize("written", ["4", "Đang xử lý", "đang xử lý (4)", unicodedata.normalize("NFD", "Đang xử lý")])
def test_a_value_of_a_list_is_chosen_by_its_code_or_its_name(call: Call, pulled: Path, written: str) -> None:
    call("export", "dossier", "--to", "all.ndjson", "--db", pulled)
    where = ("--where", f"status={written}", "--lang", "vi", "--db", pulled)

    ended = call("export", "dossier", "--to", "some.ndjson", *where)

    assert ended.code == 0
    assert json_lines(Path("some.ndjson")) == [line for line in json_lines(Path("all.ndjson")) if line["status"] == 4]


def test_a_name_of_a_list_is_shown_with_the_code_that_is_stored(call: Call, pulled: Path) -> None:
    where = ("construction_permit", "--to", "a.csv", "--where", "status=no", "--lang", "vi", "--db", pulled)

    assert "đã cấp (permit_issued)" in call("export", *where).err


def test_fields_and_record_types_that_are_known_have_their_vietnamese_terms(call: Call, pulled: Path) -> None:
    where = ("dossier", "--to", "a.csv", "--where", "trang_thai=2", "--db", pulled)

    assert "received_at (ngày tiếp nhận); " in call("export", *where, "--lang", "vi").err
    assert "submitted_at, received_at, due_at" in call("export", *where).err
    assert "land_parcel (thửa đất), " in call("export", "thua_dat", "--to", "a.csv", "--lang", "vi", "--db", pulled).err


@pytest.mark.parametrize("where", ["received_at>=01/05/2026", "received_at>=1.5.2026", "--since 01/05/2026"])
def test_a_day_in_the_order_of_offices_is_asked_back_in_the_order_of_options(
    call: Call, pulled: Path, where: str
) -> None:
    export = ("export", "dossier", "--to", "a.csv", "--where", where, "--db", pulled)
    since = ("quarantine", "list", *where.split(), "--db", pulled)

    refused = call(*(since if where.startswith("--") else export), "--lang", "vi")

    assert refused.code == 64
    assert "Có phải là “2026-05-01” không?" in refused.err


def test_a_day_of_a_record_is_expected_in_words(call: Call, pulled: Path) -> None:
    where = ("construction_permit", "--to", "a.csv", "--where", "issued_on>=hôm qua", "--lang", "vi", "--db", pulled)

    assert "được lọc theo ngày theo ISO 8601: 2026-07-01" in call("export", *where).err
