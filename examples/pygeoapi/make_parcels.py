"""Write the sample parcels that pygeoapi publishes: invented parcels with VBDLIS attribute names and no persons.

    python examples/pygeoapi/make_parcels.py FOLDER [COUNT]

The same parcels are written twice, because pygeoapi's two file providers differ:
`thua_dat.geojson` for the GeoJSON provider, which ignores `datetime`, and `thua_dat.tinydb.json` for the
TinyDB provider, which filters by it.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

COMMUNES = {25747: "Phường Thủ Dầu Một", 25750: "Phường Phú Lợi", 25771: "Phường Chánh Hiệp"}
"""GSO codes in force since 1 July 2025; VBDLIS writes them as numbers."""

USES = (("ODT", "Lâu dài"), ("CLN", "50 năm"))
FIRST_CHANGE = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
PARCELS_PER_SHEET = 40
WEST, SOUTH = 106.64, 10.96
STEP = 0.0004


def feature(number: int) -> dict[str, Any]:
    """Return the parcel `number`, counted from 0, as a GeoJSON feature."""
    commune, name = list(COMMUNES.items())[number % len(COMMUNES)]
    code, term = USES[number % len(USES)]
    area = 80 + number % 90 + 0.5
    sheet, position = divmod(number // len(COMMUNES), PARCELS_PER_SHEET)
    changed_at = FIRST_CHANGE + timedelta(hours=7 * number)
    return {
        "type": "Feature",
        "id": str(number + 1),
        "geometry": {"type": "Polygon", "coordinates": [_square(number)]},
        "properties": {
            "thuaDatId": number + 1,
            "xaId": commune,
            "soHieuToBanDo": str(sheet + 1),
            "soThuTuThua": str(position + 1),
            "dienTich": area,
            "dienTichPhapLy": area,
            "diaChi": f"Đường số {position + 1}, {name}",
            "laDoiTuongChiemDat": False,
            "dangTranhChap": False,
            "ListMucDichSuDung": [{"maMucDichSuDung": code, "dienTich": area, "soThuTu": 1, "thoiHanSuDung": term}],
            "ListGiayChungNhan": [],
            "ListChuSuDung": [],
            "ListHanChe": [],
            "CreatedDate": f"{FIRST_CHANGE:%Y-%m-%dT%H:%M:%SZ}",
            "ModifiedDate": f"{changed_at:%Y-%m-%dT%H:%M:%SZ}",
        },
    }


def write_parcels(folder: Path, count: int) -> None:
    """Write `count` parcels into `folder`, in the form of each provider."""
    features = [feature(number) for number in range(count)]
    collection = {"type": "FeatureCollection", "features": features}
    documents = {"_default": {str(number): document for number, document in enumerate(features, start=1)}}
    for name, content in (("thua_dat.geojson", collection), ("thua_dat.tinydb.json", documents)):
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _square(number: int) -> list[list[float]]:
    west, south = WEST + STEP * (number % 50), SOUTH + STEP * (number // 50)
    east, north = west + STEP / 4, south + STEP / 4
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return [[round(longitude, 7), round(latitude, 7)] for longitude, latitude in corners]


if __name__ == "__main__":
    write_parcels(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 500)
