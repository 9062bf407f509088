"""PostgreSQL over psycopg."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, Engine, Text, cast, collate, text

from cchc_adapters.sql.servers import Kind, Server
from cchc_connect.extras import require_extra

NUMBERS = (20, 21, 23, 26, 700, 701, 1700)
TEXTS = (18, 19, 25, 1042, 1043)
MONEY = 790

AS_TEXT = ("date", "time", "timetz", "timestamp", "timestamptz", "interval")
"""Types whose values come as the server writes them."""


class Postgres(Server):
    """PostgreSQL: one read-only transaction with one snapshot, and a cursor of the server."""

    drivername = "postgresql+psycopg"
    times_are_texts = True
    kinds: ClassVar[Mapping[object, Kind]] = {
        **dict.fromkeys(NUMBERS, Kind.NUMBER),
        **dict.fromkeys(TEXTS, Kind.TEXT),
        17: Kind.BYTES,
        1082: Kind.DAY,
        1114: Kind.LOCAL_TIME,
        1184: Kind.INSTANT,
    }
    money_types: ClassVar[frozenset[object]] = frozenset({MONEY})

    def engine(self, password: str | None) -> Engine:
        """Return an engine; raises as `Server.engine` does."""
        with require_extra("postgres", "psycopg"):
            return super().engine(password)

    def connect_arguments(self) -> dict[str, Any]:
        """Return how long connecting may take."""
        return {"connect_timeout": max(2, min(30, int(self.timeout.total_seconds()))), "client_encoding": "utf8"}

    def prepare(self, connection: Any) -> None:
        """Pin time zone and form of times, bound each statement, allow reading only."""
        from psycopg.types.string import TextLoader  # noqa: PLC0415  # the extra may be missing

        connection.autocommit = True
        settings = {
            "TimeZone": self.zone.key,
            "DateStyle": "ISO, YMD",
            "IntervalStyle": "iso_8601",
            "statement_timeout": str(int(self.timeout.total_seconds() * 1000)),
            "lock_timeout": str(int(self.timeout.total_seconds() * 1000)),
            "idle_in_transaction_session_timeout": "0",
            "default_transaction_read_only": "on",
            "default_transaction_isolation": "repeatable read",
        }
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.autocommit = False
        for type_name in AS_TEXT:
            connection.adapters.register_loader(type_name, TextLoader)

    def stream(self, connection: Any) -> Any:
        """Return a cursor of the server."""
        return connection.cursor(name="cchc_reading")

    def type_name(self, type_code: object, connection: Connection) -> str:
        """Return the name that the server has for a type."""
        name = connection.execute(text("SELECT CAST(CAST(:type AS oid) AS regtype)"), {"type": type_code}).scalar()
        return str(name or "")

    def in_bytes(self, value: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
        """Return a text in the collation "C"; numbers and bytes as they are."""
        return collate(cast(value, Text), "C") if kind in {Kind.TEXT, Kind.OTHER} else value
