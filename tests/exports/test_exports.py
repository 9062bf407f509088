"""An export holds what the database holds, in every format, as its readers read it."""

import csv
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import SharedDatabase, UsageMistake, export, records
from cchc_connect.privacy.masking import masked_record
from cchc_schemas import RECORD_TYPES, ConstructionWorks, Dossier, LandParcel, Procedure, Record
from tests.exports.conftest import Store
from tests.exports.readers import (
    FORMATS,
    cells,
    csv_rows,
    features,
    from_wkb,
    geo_metadata,
    json_lines,
    parquet_rows,
    workbook_rows,
)
from tests.schemas.invented import DOSSIER, PARCEL
from tests.sync.memory_systems import START

DAY = timedelta(days=1)
LOCATED = ("land_parcel", "construction_permit", "construction_works")
PYTHON = re.compile(r"Decimal\(|datetime|\bNone\b|\bTrue\b|\bFalse\b|\[['{]|\{'|<\w+\.\w+")
"""What Python writes for values."""

DECIMAL_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")

every_record_type = pytest.mark.parametrize("record_class", RECORD_TYPES.values(), ids=RECORD_TYPES)


def masked_documents(database: SharedDatabase, record_class: type[Record]) -> dict[str, dict[str, Any]]:
    """Return the live records by key, JSON-ready and masked."""
    return {record.key: masked_record(record) for record in records(database, record_class)}


def agrees(value: Any, stored: Any) -> bool:
    """True if the value of a typed column is what the document of the database holds."""
    if hasattr(value, "keys"):
        return value.keys() == stored.keys() and all(agrees(value[name], stored[name]) for name in value)
    if hasattr(value, "append"):
        return len(value) == len(stored) and all(map(agrees, value, stored))
    match value:
        case Decimal():
            return value == Decimal(stored)
        case datetime():
            return value == datetime.fromisoformat(stored)
        case _:
            return bool(value == stored)


@every_record_type
def test_ndjson_has_every_record_as_the_database_holds_it(province: SharedDatabase, record_class: type[Record]) -> None:
    report = export(province, record_class, "a.ndjson")

    documents = masked_documents(province, record_class)
    lines = json_lines(Path("a.ndjson"))
    assert {line.pop("record_key"): line for line in lines} == documents
    assert report.rows == len(lines) == len(documents)


@pytest.mark.parametrize("record_type", LOCATED)
def test_geojson_has_a_feature_for_every_record(province: SharedDatabase, record_type: str) -> None:
    report = export(province, RECORD_TYPES[record_type], "a.geojson")

    documents = masked_documents(province, RECORD_TYPES[record_type])
    for document in documents.values():
        document.pop("geometry")
    assert {feature["id"]: feature["properties"] for feature in features(Path("a.geojson"))} == documents
    assert report.crs == "OGC:CRS84"


@every_record_type
def test_parquet_has_every_record_in_typed_columns(province: SharedDatabase, record_class: type[Record]) -> None:
    export(province, record_class, "a.parquet")

    documents = masked_documents(province, record_class)
    for row in parquet_rows(Path("a.parquet")):
        document = documents.pop(row.pop("record_key"))
        geometry, wkb = document.pop("geometry", None), row.pop("geometry", None)
        assert wkb is None or from_wkb(wkb) == {name: geometry[name] for name in ("type", "coordinates")}
        assert (wkb is None) == (geometry is None)
        assert agrees(row, document)
    assert documents == {}


@every_record_type
def test_csv_has_a_row_for_every_record(province: SharedDatabase, record_class: type[Record]) -> None:
    export(province, record_class, "a.csv")

    headings, *rows = csv_rows(Path("a.csv"))
    documents = masked_documents(province, record_class)
    assert [row[0] for row in rows] == list(documents)
    assert {len(row) for row in rows} <= {len(headings)}
    for row, document in zip(rows, documents.values(), strict=True):
        values = dict(zip(headings, row, strict=True))
        texts = {name: value for name, value in document.items() if isinstance(value, str) and name in headings}
        changed = {name for name, text in texts.items() if text not in values[name]}
        assert {name for name in changed if not name.endswith(("_at", "_on"))} <= {"at", "kind", "status", "grade"}


@every_record_type
def test_a_workbook_has_a_row_for_every_record_and_a_sheet_for_every_list(
    province: SharedDatabase, record_class: type[Record]
) -> None:
    export(province, record_class, "a.xlsx")

    sheets = workbook_rows(Path("a.xlsx"))
    documents = masked_documents(province, record_class)
    assert [row[0] for row in sheets.pop(record_class.record_type)[1:]] == list(documents)
    for name, (_, *rows) in sheets.items():
        positions = [
            (key, number) for key, document in documents.items() for number in range(1, len(document[name] or ()) + 1)
        ]
        assert [row[:2] for row in rows] == positions


@every_record_type
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["en", "vi"])
def test_tables_for_people_hold_nothing_as_python_writes_it(
    province: SharedDatabase, record_class: type[Record], ending: str, language: str
) -> None:
    path = Path(f"a.{ending}")

    export(province, record_class, path, language=language, provenance=True)

    texts = list(cells(path))
    assert texts
    assert [text for text in texts if PYTHON.search(text)] == []
    assert [text for text in texts if not unicodedata.is_normalized("NFC", text)] == []


@every_record_type
def test_headings_differ_from_each_other_in_vietnamese_too(
    province: SharedDatabase, record_class: type[Record]
) -> None:
    export(province, record_class, "a.xlsx", language="vi", provenance=True)

    for headings, *_ in workbook_rows(Path("a.xlsx")).values():
        assert len(set(headings)) == len(headings)
        assert [heading for heading in headings if re.search(r"[a-z]+_[a-z]+", heading)] == []


def test_vietnamese_tables_have_vietnamese_headings_codes_days_and_times(store: Store) -> None:
    database = store(LandParcel, PARCEL)
    export(database, LandParcel, "a.csv", language="vi")
    export(database, LandParcel, "a.xlsx", language="vi")

    headings, row = csv_rows(Path("a.csv"))
    values = dict(zip(headings, row, strict=True))
    sheets = workbook_rows(Path("a.xlsx"))
    assert headings[:3] == ["khóa bản ghi", "danh mục đơn vị hành chính", "mã xã, phường"]
    assert values["là đối tượng chiếm đất"] == "không"
    assert values["diện tích đo đạc (m²)"] == "228.4"
    assert "mã loại đất: Đất ở tại đô thị (ODT)" in values["mục đích sử dụng đất"]
    assert "ngày hết hạn sử dụng: 15/10/2063" in values["mục đích sử dụng đất"]
    assert list(sheets) == ["thửa đất", "mục đích sử dụng đất", "giấy chứng nhận", "người sử dụng đất", "hạn chế quyền"]
    assert sheets["mục đích sử dụng đất"][2][2:7] == (
        "Đất trồng cây lâu năm (CLN)",
        "TT 08/2024/TT-BTNMT",
        128.4,
        None,
        datetime(2063, 10, 15),  # noqa: DTZ001  # a spreadsheet knows no time zone
    )
    assert sheets["giấy chứng nhận"][1] == ("gso-2025-07:25747:45:123", 1, "BA123456", "CS01234", "2015", None)


def test_times_for_people_are_vietnamese(store: Store) -> None:
    export(store(Dossier, DOSSIER), Dossier, "a.csv")
    export(store(Dossier, DOSSIER), Dossier, "vi.csv", language="vi")
    export(store(Dossier, DOSSIER), Dossier, "a.xlsx")

    english, vietnamese = (dict(zip(*csv_rows(Path(name)), strict=True)) for name in ("a.csv", "vi.csv"))
    (headings, row) = workbook_rows(Path("a.xlsx"))["dossier"]
    assert (english["due_at"], vietnamese["ngày hẹn trả"]) == ("2021-10-18 17:00:00", "18/10/2021 17:00:00")
    assert (english["status"], vietnamese["trạng thái hồ sơ"]) == ("in process (4)", "Đang xử lý (4)")
    assert row[headings.index("due_at")] == datetime(2021, 10, 18, 17, 0)  # noqa: DTZ001  # as above


def test_programs_get_codes_and_the_same_file_in_every_language(province: SharedDatabase) -> None:
    for language in ("en", "vi"):
        for ending in ("ndjson", "parquet"):
            export(province, Dossier, f"{language}.{ending}", language=language)

    assert Path("en.ndjson").read_bytes() == Path("vi.ndjson").read_bytes()
    assert parquet_rows(Path("en.parquet")) == parquet_rows(Path("vi.parquet"))
    assert {type(row["status"]) for row in parquet_rows(Path("en.parquet"))} == {int}
    assert {type(row["due_at"]) for row in parquet_rows(Path("en.parquet"))} <= {datetime, type(None)}


def test_a_part_has_columns_of_its_own(province: SharedDatabase) -> None:
    export(province, RECORD_TYPES["construction_permit"], "a.csv")

    assert [heading for heading in csv_rows(Path("a.csv"))[0] if "." in heading] == [
        "land_document.kind",
        "land_document.number",
        "geometry.crs",
    ]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "ndjson", "geojson", "parquet"])
def test_provenance_is_written_on_request(province: SharedDatabase, ending: str) -> None:
    names = ("connection", "agency", "source_time", "version", "changed_at", "run_id")
    path = Path(f"a.{ending}")

    export(province, LandParcel, path, provenance=True, limit=1)

    match ending:
        case "csv":
            row: Mapping[str, object] = dict(zip(*csv_rows(path), strict=True))
        case "xlsx":
            row = dict(zip(*workbook_rows(path)["land_parcel"], strict=True))
        case "geojson":
            row = features(path)[0]["properties"]
        case _:
            row = (json_lines if ending == "ndjson" else parquet_rows)(path)[0]
    assert tuple(row)[-6:] == names
    assert (row["connection"], str(row["version"])) == ("land-registry", "1")
    assert not set(names) & LandParcel.model_fields.keys()


@pytest.mark.parametrize("record_class", RECORD_TYPES.values(), ids=RECORD_TYPES)
def test_no_field_is_called_as_a_column_of_the_export(record_class: type[Record]) -> None:
    columns = {"record_key", "connection", "agency", "source_time", "version", "changed_at", "run_id"}

    assert record_class.model_fields.keys() & columns == set()


def test_conditions_choose_records_as_the_reading_functions_do(province: SharedDatabase) -> None:
    communes = sorted({parcel.commune_code for parcel in records(province, LandParcel)})[:2]
    chosen = [parcel.key for parcel in records(province, LandParcel, commune_code=communes, is_encroached=False)]

    report = export(province, LandParcel, "a.ndjson", where={"commune_code": communes, "is_encroached": False}, limit=3)

    assert [line["record_key"] for line in json_lines(Path("a.ndjson"))] == chosen[:3]
    assert report.rows == 3


def test_an_export_as_of_an_instant_has_the_records_stored_by_then(store: Store) -> None:
    database = store(LandParcel, PARCEL)
    store(LandParcel, {**PARCEL, "area_m2": "99"}, {**PARCEL, "parcel_number": "124"})

    assert [line["area_m2"] for line in exported(database)] == ["99", "228.4"]
    assert [line["area_m2"] for line in exported(database, at=START)] == ["228.4"]
    assert [line["version"] for line in exported(database, at=START + DAY, provenance=True)] == [2, 1]
    assert exported(database, at=START - DAY) == []


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ({}, 1),
        ({"area_m2": Decimal("228.40")}, 1),
        ({"area_m2": 228}, 0),
        ({"is_encroached": False}, 1),
        ({"in_dispute": None}, 1),
        ({"in_dispute": False}, 0),
        ({"commune_code": ["25747", "25750"], "key": "gso-2025-07:25747:45:123"}, 1),
        ({"national_id": None}, 0),
    ],
)
def test_conditions_hold_for_the_values_of_that_instant(store: Store, where: Mapping[str, object], count: int) -> None:
    database = store(LandParcel, PARCEL)

    assert len(exported(database, where=where)) == count
    assert len(exported(database, where=where, at=date(2100, 1, 1))) == count


def exported(database: SharedDatabase, **options: Any) -> list[dict[str, Any]]:
    export(database, LandParcel, "a.ndjson", replace=True, **options)
    return json_lines(Path("a.ndjson"))


def test_progress_reaches_the_number_of_all_rows(province: SharedDatabase) -> None:
    seen = list[tuple[int, int]]()

    report = export(province, Dossier, "a.csv", progress=lambda written, total: seen.append((written, total)))

    assert seen[-1] == (report.rows, report.rows)


@pytest.mark.parametrize("ending", FORMATS)
def test_an_export_of_no_record_can_be_read(store: Store, ending: str) -> None:
    database = store(Dossier, DOSSIER)
    path = Path(f"a.{ending}")

    report = export(database, ConstructionWorks, path)

    read = {"csv": csv_rows, "xlsx": workbook_rows, "ndjson": json_lines, "geojson": features, "parquet": parquet_rows}
    rows = read[ending](path)
    assert report.rows == 0
    assert len(rows["construction_works"] if isinstance(rows, dict) else rows) == (
        1 if ending in {"csv", "xlsx"} else 0
    )
    assert ending != "parquet" or geo_metadata(path)["primary_column"] == "geometry"


def test_lists_in_lists_are_readable_and_structured(province: SharedDatabase) -> None:
    export(province, Procedure, "a.xlsx", language="vi")
    export(province, Procedure, "a.parquet")

    _, first, *_ = workbook_rows(Path("a.xlsx"))["cách thức thực hiện"]
    channels = next(row["channels"] for row in parquet_rows(Path("a.parquet")) if row["channels"])
    assert first[3].startswith("thời gian: ")
    assert channels[0]["terms"][0].keys() == {"duration", "unit", "raw", "description", "fees"}


def test_a_csv_for_excel_under_vietnamese_settings_has_the_values_of_any_other_csv(
    province: SharedDatabase, tmp_path: Path
) -> None:
    """Excel splits at semicolons there, takes a comma for the decimal sign, and a point for that of thousands."""
    usual, for_excel = tmp_path / "usual.csv", tmp_path / "excel.csv"
    export(province, LandParcel, usual, language="vi")
    export(province, LandParcel, for_excel, language="vi", excel=True)

    assert for_excel.read_bytes().startswith(b"\xef\xbb\xbf")
    rows, expected = (
        list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines(), delimiter=sign))
        for file, sign in ((for_excel, ";"), (usual, ","))
    )
    area = expected[0].index("diện tích đo đạc (m²)")
    assert {row[area] for row in rows[1:]} == {row[area].replace(".", ",") for row in expected[1:]}
    assert any("," in row[area] for row in rows[1:])
    texts = [[cell for cell in row if not DECIMAL_NUMBER.fullmatch(cell)] for row in (*rows, *expected)]
    assert texts[: len(rows)] == texts[len(rows) :]


def test_the_form_for_excel_is_refused_for_a_workbook(province: SharedDatabase, tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match="--excel is for CSV"):
        export(province, LandParcel, tmp_path / "parcels.xlsx", excel=True)
    assert list(tmp_path.iterdir()) == []
