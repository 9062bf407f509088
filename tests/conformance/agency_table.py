"""The database of an agency as the conformance kit needs it: a table of parcels that changes as a day changes it."""

import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

ROWS = 9


class AgencyTable:
    """A file of SQLite with a table of parcels."""

    def __init__(self) -> None:
        """Make nothing yet."""
        self._folder = tempfile.TemporaryDirectory(prefix="cchc-agency-")
        self._days = 0

    def __enter__(self) -> Self:
        with self._connection() as connection:
            connection.execute(
                "CREATE TABLE thua_dat (id integer PRIMARY KEY, so_to text, so_thua text, dien_tich real, luc text)"
            )
            for number in range(1, ROWS + 1):
                self._add(connection, number, -number)
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """Return the address of the database."""
        return f"sqlite:///{Path(self._folder.name) / 'agency.db'}"

    def change(self) -> None:
        """Change a row and add another one, as of now."""
        self._days += 1
        with self._connection() as connection:
            now = f"{self._now():%Y-%m-%d %H:%M:%S}"
            connection.execute(
                "UPDATE thua_dat SET dien_tich = dien_tich + 1, luc = ? WHERE id = (SELECT min(id) FROM thua_dat)",
                (now,),
            )
            self._add(connection, 100 + self._days, 0)

    def remove(self, _record_type: str) -> None:
        """Remove the first row."""
        with self._connection() as connection:
            connection.execute("DELETE FROM thua_dat WHERE id = (SELECT min(id) FROM thua_dat)")

    def _add(self, connection: sqlite3.Connection, number: int, hours: int) -> None:
        at = self._now() + timedelta(hours=hours)
        row = (number, "12", str(number), 100.5, f"{at:%Y-%m-%d %H:%M:%S}")
        connection.execute("INSERT INTO thua_dat VALUES (?, ?, ?, ?, ?)", row)

    def _connection(self) -> sqlite3.Connection:
        return sqlite3.connect(Path(self._folder.name) / "agency.db")

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(hours=7, seconds=-1)
