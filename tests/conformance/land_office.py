"""The database of a land office as a system under test: a file of SQLite that changes."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

FIRST_CHANGE = datetime(2026, 3, 1, 8, 15, 7)  # noqa: DTZ001  # as the office writes it: Vietnamese time without an offset


class LandOffice:
    """A table of parcels, and a mark on those that were deleted."""

    def __init__(self, parcels: int = 8) -> None:
        self._parcels = parcels
        self._now = FIRST_CHANGE
        self._folder = TemporaryDirectory(prefix="land-office-")

    @property
    def file(self) -> Path:
        """Path of the database."""
        return Path(self._folder.name) / "land.db"

    def __enter__(self) -> Self:
        self._write("PRAGMA journal_mode = WAL")  # it writes while it is read
        self._write("CREATE TABLE thua_dat (id INTEGER PRIMARY KEY, xa, to_bd, so_thua, dien_tich, cap_nhat, da_xoa)")
        for number in range(1, self._parcels + 1):
            self._enter(number)
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def change(self) -> None:
        """Change the parcel whose change is the oldest, and enter a new one."""
        with closing(sqlite3.connect(self.file)) as database:
            oldest, number = database.execute("SELECT min(id), max(id) FROM thua_dat WHERE da_xoa = 0").fetchone()
        self._enter(oldest)
        self._enter(number + 1)

    def remove(self, record_type: str) -> None:
        """Mark the first parcel as deleted."""
        del record_type
        self._now += timedelta(minutes=1)
        first = "id = (SELECT min(id) FROM thua_dat WHERE da_xoa = 0)"
        self._write(f"UPDATE thua_dat SET da_xoa = 1, cap_nhat = ? WHERE {first}", str(self._now))  # noqa: S608  # our own text

    def _enter(self, number: int) -> None:
        self._now += timedelta(minutes=61, seconds=13)
        row = (number, "25747", "12", str(number), 250.5 + self._now.day, str(self._now), 0)
        self._write("REPLACE INTO thua_dat VALUES (?, ?, ?, ?, ?, ?, ?)", *row)

    def _write(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute(statement, values)


TABLE = {
    "table": "thua_dat",
    "key": "id",
    "changed_at": "cap_nhat",
    "page_size": 3,
    "deletes": {"property": "da_xoa", "values": [1]},
    "fields": {
        "scheme": {"constant": "gso-2025-07"},
        "commune_code": "xa",
        "map_sheet": "to_bd",
        "parcel_number": "so_thua",
        "area_m2": {"property": "dien_tich", "codec": "area"},
    },
}
"""The table, described for the adapter `sql`."""


def options(office: LandOffice) -> dict[str, Any]:
    """Return the options of a connection to the office."""
    return {"url": f"sqlite:///{office.file}", "sources": {"land_parcel": TABLE}}
