"""The form PL3 by its headings: columns in any order, one row for each holder of a parcel."""

import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from cchc_adapters.folder.adapter import Folder
from cchc_adapters.folder.options import FolderOptions
from cchc_connect import PageRequest
from cchc_schemas import LandParcel

FIRST = PageRequest(since=None, page_token=None)
COLUMNS = {
    "madvhc": ("25747", "25747", "25747"),
    "soto": (12, 12, 7),
    "sothua": (45, 45, 3),
    "sophathanhgcn": ("CS 012345", "CS 012345", None),
    "ngaycapgcn": ("02/04/2019", "02/04/2019", None),
    "sovaosogcn": ("CS00012", "CS00012", None),
    "hovatenchusudung": ("Nguyễn Văn Thử", "Trần Thị Mẫu", None),
    "tentochuc": (None, None, "Công ty Thử Nghiệm"),
    "ngaythangnamsinh": ("1980", "05/06/1982", None),
    "sodinhdanhcanhan": ("074080000011", "074182000029", None),
    "madinhdanhtochuc": (None, None, None),
    "diachithuongtru": ("Phú Lợi", "Phú Lợi", None),
    "vaitrophapnhan": ("Chồng", "Vợ", None),
    "diachi_thuadat": ("Khu phố 1", "Khu phố 1", "Khu phố 2"),
    "dientichthuadat": ("228,4", "228,4", "1.000"),
    "loaidat1": ("ODT", "ODT", "SKC"),
    "dientich1": ("100", "100", "1.000"),
    "loaidat2": ("CLN", "CLN", None),
    "dientich2": ("128,4", "128,4", None),
}


def form(order: list[str]) -> bytes:
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet.append(["PHỤ LỤC 3"])
    sheet.append(order)
    for row in range(3):
        sheet.append([COLUMNS[name][row] for name in order])
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


@pytest.mark.parametrize("order", [list(COLUMNS), sorted(COLUMNS)], ids=["as documented", "in another order"])
def test_the_form_is_read_by_heading_and_a_parcel_has_all_its_holders(tmp_path: Path, order: list[str]) -> None:
    (tmp_path / "PL3_Phu_Loi.xlsx").write_bytes(form(order))
    source = {"files": "PL3*", "map": "pl3", "fields": {"scheme": {"constant": "gso-2025-07"}}}
    options = {"path": str(tmp_path), "settle_s": 0, "sources": {"land_parcel": source}}
    adapter = Folder(FolderOptions.model_validate(options))
    (parcels,) = adapter.sources

    items = parcels.fetch(FIRST).items
    records = [LandParcel.model_validate(dict(parcels.translate(item))) for item in items]
    adapter.close()

    first, second = records
    assert [parcels.key(item) for item in items] == ["25747@12@45", "25747@7@3"]
    assert [(holder.kind, holder.id_number) for holder in first.holders] == [
        ("individual", "074080000011"),
        ("individual", "074182000029"),
    ]
    assert [(use.code, str(use.area_m2)) for use in first.uses] == [("ODT", "100"), ("CLN", "128.4")]
    assert (first.certificates[0].serial, str(first.certificates[0].issued_on)) == ("CS012345", "2019-04-02")
    assert [holder.kind for holder in second.holders] == ["organization"]
    assert (len(second.uses), second.certificates) == (1, ())


def test_own_rules_replace_those_of_the_form(tmp_path: Path) -> None:
    (tmp_path / "PL3.xlsx").write_bytes(form(list(COLUMNS)))
    fields = {"scheme": {"constant": "gso-2025-07"}, "address": "diachithuongtru"}
    source = {"files": "PL3*", "map": "pl3", "fields": fields}
    options = {"path": str(tmp_path), "settle_s": 0, "sources": {"land_parcel": source}}
    adapter = Folder(FolderOptions.model_validate(options))

    items = adapter.sources[0].fetch(FIRST).items

    assert adapter.sources[0].translate(items[0])["address"] == "Phú Lợi"
    adapter.close()
