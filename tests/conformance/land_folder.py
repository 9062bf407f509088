"""A folder into which a land office drops a table each day, as a system under test."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self


class LandFolder:
    """Files `thua_dat_YYYYMMDD.csv`; each lists all parcels below a title."""

    def __init__(self, parcels: int = 8) -> None:
        self._areas = {number: 250 + number for number in range(1, parcels + 1)}
        self._day = date(2026, 3, 1)
        self._folder = TemporaryDirectory(prefix="land-folder-")

    @property
    def path(self) -> Path:
        """Path of the folder."""
        return Path(self._folder.name)

    def __enter__(self) -> Self:
        self._deliver()
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def change(self) -> None:
        """Deliver the table of the next day: the first parcel has another area, and there is a new one."""
        self._areas[min(self._areas)] += 1
        self._areas[max(self._areas) + 1] = 300
        self._deliver()

    def remove(self, record_type: str) -> None:
        """Deliver a table that lacks the first parcel."""
        del record_type
        del self._areas[min(self._areas)]
        self._deliver()

    def _deliver(self) -> None:
        self._day += timedelta(days=1)
        rows = [f"{number};25747;12;{number};{area}" for number, area in self._areas.items()]
        lines = [f"DANH SÁCH THỬA ĐẤT NGÀY {self._day:%d/%m/%Y};;;;", "Mã;Xã;Tờ bản đồ;Số thửa;Diện tích (m2)", *rows]
        self.path.joinpath(f"thua_dat_{self._day:%Y%m%d}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


TABLE: dict[str, Any] = {
    "files": "thua_dat_*",
    "key": "Mã",
    "deletes": "absence",
    "page_size": 3,
    "fields": {
        "scheme": {"constant": "gso-2025-07"},
        "commune_code": "Xã",
        "map_sheet": "Tờ bản đồ",
        "parcel_number": "Số thửa",
        "area_m2": {"property": "Diện tích (m2)", "codec": "area"},
    },
}
"""The table, described for the adapter `folder`."""


def options(folder: LandFolder) -> dict[str, Any]:
    """Return the options of a connection to the folder."""
    return {"path": str(folder.path), "settle_s": 0, "sources": {"land_parcel": TABLE}}
