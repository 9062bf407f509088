"""MariaDB and MySQL over PyMySQL."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, Engine, LargeBinary, cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from cchc_adapters.sql.servers import Kind, Server
from cchc_connect.extras import require_extra

NUMBERS = (0, 1, 2, 3, 4, 5, 8, 9, 13, 246)
TEXTS = (15, 249, 250, 251, 252, 253, 254)
BIT, DATE, TIME, DATETIME, TIMESTAMP, NEWDATE = 16, 10, 11, 12, 7, 14

OFFSETS = {"Asia/Ho_Chi_Minh": "+07:00", "Asia/Bangkok": "+07:00", "UTC": "+00:00"}
"""Offsets of zones that have one for all times; the server may not know their names."""

WAIT_S = 86_400
"""Seconds that the server waits for us between two pages."""


class in_utf8(GenericFunction[str]):  # noqa: N801  # named as a function of SQL
    """A text in UTF-8, whatever its column's character set."""

    inherit_cache = True


@compiles(in_utf8)
def _in_utf8(element: Any, compiler: Any, **arguments: Any) -> str:
    return f"CONVERT({compiler.process(element.clauses, **arguments)} USING utf8mb4)"


def _bits(content: bytes) -> int:
    return int.from_bytes(content, "big")


class MariaDb(Server):
    """MariaDB: one read-only transaction with one snapshot, and a result that is sent as it is read."""

    times_are_texts = True
    kinds: ClassVar[Mapping[object, Kind]] = {
        **dict.fromkeys(NUMBERS, Kind.NUMBER),
        DATE: Kind.DAY,
        NEWDATE: Kind.DAY,
        DATETIME: Kind.LOCAL_TIME,
        TIMESTAMP: Kind.LOCAL_TIME,
    }

    def engine(self, password: str | None) -> Engine:
        """Return an engine; raises as `Server.engine` does."""
        if "+" not in self.url.drivername:
            self.url = self.url.set(drivername=f"{self.url.drivername}+pymysql")
        with require_extra("mariadb", "pymysql"):
            return super().engine(password)

    def connect_arguments(self) -> dict[str, Any]:
        """Return the time limits of the connection, and how values are read: times as texts, bits as a number."""
        from pymysql.converters import conversions  # noqa: PLC0415  # the extra may be missing

        readers = {name: read for name, read in conversions.items() if name not in {DATE, TIME, DATETIME, TIMESTAMP}}
        seconds = max(1, int(self.timeout.total_seconds()))
        limits = {"connect_timeout": min(30, seconds), "read_timeout": seconds, "write_timeout": seconds}
        return {**limits, "charset": "utf8mb4", "conv": {**readers, BIT: _bits}}

    def prepare(self, connection: Any) -> None:
        """Pin time zone and character set, allow reading only, and let the server wait while a page is written."""
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION time_zone = %s", (OFFSETS.get(self.zone.key, self.zone.key),))
            cursor.execute("SET SESSION net_write_timeout = %s", (WAIT_S,))
            cursor.execute("SET SESSION wait_timeout = %s", (WAIT_S,))
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.commit()

    def stream(self, connection: Any) -> Any:
        """Return a cursor whose rows stay with the server until they are read."""
        from pymysql.cursors import SSCursor  # noqa: PLC0415  # the extra may be missing

        return connection.cursor(SSCursor)

    def kind(self, type_code: object, sample: object) -> Kind:
        """Return the kind of a column; texts and bytes have one type and differ by their values."""
        if type_code in TEXTS:
            return Kind.BYTES if isinstance(sample, bytes) else Kind.TEXT
        return super().kind(type_code, sample)

    def type_name(self, type_code: object, connection: Connection) -> str:
        """Return the driver's name of a type; texts and bytes have the same names."""
        del connection
        from pymysql.constants import FIELD_TYPE  # noqa: PLC0415  # the extra may be missing

        return next((name.lower() for name, code in vars(FIELD_TYPE).items() if code == type_code), "")

    def in_bytes(self, value: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
        """Return the bytes of a text in UTF-8, spaces at its end included."""
        return cast(in_utf8(value), LargeBinary) if kind is Kind.TEXT else value
