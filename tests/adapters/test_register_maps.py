"""A province's lists of agencies, databases and ratings are read by their headings, from CSV and from a workbook."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from cchc_adapters.building_blocks.options import package_table
from cchc_adapters.folder.adapter import Folder
from cchc_adapters.folder.options import FolderOptions
from cchc_connect import PageRequest
from cchc_schemas import (
    RECORD_TYPES,
    Agency,
    AgencyKind,
    AgencySuccessor,
    CriterionPoints,
    DatabaseLevel,
    PartialDate,
    Record,
    RegisteredDatabase,
    Satisfaction,
    SatisfactionRating,
)

FIRST = PageRequest(since=None, page_token=None)
MAPS = {
    "agencies": "agency",
    "registered_databases": "registered_database",
    "satisfaction_ratings": "satisfaction_rating",
}
AGENCIES: list[dict[str, str]] = [
    {
        "Mã định danh": "000.00.05.H09",
        "Mã theo QĐ 20": "H09.5",
        "Tên cơ quan": "Sở Xây dựng",
        "Loại cơ quan": "Sở, ban, ngành",
        "Mã cơ quan cấp trên": "000.00.00.H09",
        "Ngày thành lập": "01/01/1997",
        "Ngày kết thúc hoạt động": "30/06/2025",
        "Mã cơ quan kế thừa": "000.00.05.H29",
        "Tỷ lệ tiếp nhận": "1",
    },
    {"Mã định danh": "000.00.00.H09", "Tên cơ quan": "UBND tỉnh Bình Dương", "Loại cơ quan": "Ubnd tỉnh"},
]
DATABASES: list[dict[str, str]] = [
    {
        "Mã cơ sở dữ liệu": "CSDL-01",
        "Tên cơ sở dữ liệu": "Cơ sở dữ liệu đất đai",
        "Mã cơ quan chủ quản": "000.00.07.H09",
        "Cấp": "Tỉnh",
        "Thời hạn kết nối": "31/12/2026",
    },
    {
        "Mã cơ sở dữ liệu": "CSDL-02",
        "Tên cơ sở dữ liệu": "Cơ sở dữ liệu lưu trữ",
        "Cấp": "cơ quan",
        "Miễn kết nối đến ngày": "2027",
        "Căn cứ miễn kết nối": "Công văn 12/UBND",
    },
]
RATINGS: list[dict[str, str]] = [
    {
        "Mã lượt đánh giá": "DG-1",
        "Mã hồ sơ": "000.00.05.H09-260302-0001",
        "Thời điểm đánh giá": "02/03/2026 10:00:00",
        "Mức độ hài lòng": "Rất Hài Lòng",
        "Tiêu chí 1": "2",
        "Tiêu chí 3": "0",
        "Có ý kiến": "Có",
    },
    {"Mã lượt đánh giá": "DG-2", "Thời điểm đánh giá": "03/03/2026", "Mức độ hài lòng": "1", "Thích": "không"},
]


def csv_file(rows: list[dict[str, str]]) -> bytes:
    headings = list(dict.fromkeys(name for row in rows for name in row))
    lines = [headings, *([row.get(name, "") for name in headings] for row in rows)]
    return "\n".join(";".join(line) for line in lines).encode()


def workbook(rows: list[dict[str, str]]) -> bytes:
    headings = sorted(dict.fromkeys(name for row in rows for name in row), reverse=True)
    book = Workbook()
    sheet: Any = book.active
    sheet.append(["DANH MỤC"])
    for line in (headings, *([row.get(name) for name in headings] for row in rows)):
        sheet.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(folder: Path, name: str, rows: list[dict[str, str]], ending: str, **own: object) -> list[Any]:
    """Return the records that a file makes, by the built-in map of its name."""
    content = csv_file(rows) if ending == "csv" else workbook(rows)
    (folder / f"list.{ending}").write_bytes(content)
    sources = {MAPS[name]: {"files": "list*", "map": name, **own}}
    adapter = Folder(FolderOptions.model_validate({"path": str(folder), "settle_s": 0, "sources": sources}))
    (source,) = adapter.sources
    record: type[Record] = RECORD_TYPES[MAPS[name]]
    records = [record.read(source.translate(item)).record for item in source.fetch(FIRST).items]
    adapter.close()
    return records


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_agencies_are_read_with_both_codes_their_tree_and_their_successors(tmp_path: Path, ending: str) -> None:
    department, province = read(tmp_path, "agencies", AGENCIES, ending)

    assert department == Agency(
        code="000.00.05.H09",
        code_qd_20="H09.5",
        name="Sở Xây dựng",
        kind=AgencyKind.DEPARTMENT,
        parent_code="000.00.00.H09",
        valid_from=PartialDate(1997, 1, 1),
        valid_to=PartialDate(2025, 6, 30),
        successors=(AgencySuccessor(code="000.00.05.H29", share=Decimal(1)),),
    )
    assert (province.kind, province.parent_code) == (AgencyKind.PROVINCE, None)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_registered_databases_are_read_with_what_is_due_and_what_is_exempt(tmp_path: Path, ending: str) -> None:
    land, archive = read(tmp_path, "registered_databases", DATABASES, ending)

    assert isinstance(land, RegisteredDatabase)
    assert (land.level, land.due_on, land.owner_code) == (
        DatabaseLevel.PROVINCE,
        PartialDate(2026, 12, 31),
        "000.00.07.H09",
    )
    assert (archive.level, archive.exempt_until, archive.due_on) == (DatabaseLevel.AGENCY, PartialDate(2027), None)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_ratings_are_read_with_their_criteria_and_without_their_words(tmp_path: Path, ending: str) -> None:
    first, second = read(tmp_path, "satisfaction_ratings", RATINGS, ending)

    assert first == SatisfactionRating(
        code="DG-1",
        dossier_code="000.00.05.H09-260302-0001",
        at=datetime(2026, 3, 2, 3, 0, tzinfo=UTC),
        overall=Satisfaction.VERY_SATISFIED,
        criteria=(CriterionPoints(criterion=1, points=2), CriterionPoints(criterion=3, points=0)),
        has_comment=True,
    )
    assert (second.overall, second.is_liked, second.has_comment) == (Satisfaction.DISSATISFIED, False, None)


def test_a_rule_of_the_connection_replaces_that_of_the_map(tmp_path: Path) -> None:
    rows = [{"Mã định danh": "000.00.05.H09", "Tên": "Sở Xây dựng"}]

    (department,) = read(tmp_path, "agencies", rows, "csv", fields={"name": "Tên"})

    assert department.name == "Sở Xây dựng"


@pytest.mark.parametrize("name", MAPS)
def test_a_map_fills_only_fields_that_its_record_has(name: str) -> None:
    heads = {str(rule).partition(".")[0] for rule in package_table(name)["fields"]}

    assert heads <= set(RECORD_TYPES[MAPS[name]].model_fields)
