"""What differs between databases: the session, the form in which values come, and the order of texts.

Times come as the text that the database writes, so that none of them (`infinity`, 0000-00-00, a year before 1) is lost
in the driver. Texts are ordered by their bytes: a walk by key in a collation that takes two keys for one loses rows.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import URL, ColumnElement, Connection, Engine, Select, bindparam, create_engine, event
from sqlalchemy.pool import NullPool
from sqlalchemy.types import NullType


class Kind(StrEnum):
    """Kind of a column, as far as comparing its values depends on it."""

    NUMBER = "number"
    TEXT = "text"
    DAY = "day"
    LOCAL_TIME = "time without zone"
    INSTANT = "time with zone"
    BYTES = "bytes"
    OTHER = "other"


class Server:
    """A database of a kind that is not known: its driver's own settings, and its own order of texts."""

    drivername: ClassVar[str] = ""
    """Driver that the short name of the database stands for."""
    kinds: ClassVar[Mapping[object, Kind]] = {}
    """Kind of a column by the type that the driver tells."""
    times_are_texts: ClassVar[bool] = False
    """Whether times are read and compared as the database writes them."""
    money_types: ClassVar[frozenset[object]] = frozenset()
    """Types that are read as a number only after a cast."""

    def __init__(self, url: URL, zone: ZoneInfo, timeout: timedelta) -> None:
        """Store how it is reached; nothing is opened."""
        self.url = url.set(drivername=self.drivername) if "+" not in url.drivername and self.drivername else url
        self.zone = zone
        self.timeout = timeout

    @property
    def place(self) -> str:
        """Return host and name of the database, for messages."""
        host = self.url.host or "localhost"
        port = "" if self.url.port is None else f":{self.url.port}"
        return f"{host}{port}/{self.url.database or ''}"

    def engine(self, password: str | None) -> Engine:
        """Return an engine without a pool; nothing is opened.

        Raises:
            ConfigurationError: the driver is not installed.
        """
        url = self.url if password is None else self.url.set(password=password)
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=self.connect_arguments())
        event.listen(engine, "connect", self._prepare)
        return engine

    def _prepare(self, connection: Any, _record: object) -> None:
        self.prepare(connection)

    def connect_arguments(self) -> dict[str, Any]:
        """Return arguments of the driver's `connect`."""
        return {}

    def prepare(self, connection: Any) -> None:
        """Prepare the session of a new connection of the driver."""

    def blocks_writers(self, connection: Connection) -> bool:
        """Return whether the agency cannot write while a reading is open: then it is closed every few pages."""
        del connection
        return False

    def begin(self, connection: Connection) -> None:
        """Begin the transaction of a reading, where the driver does not do so by itself."""

    def execute(self, connection: Connection, statement: Select[Any]) -> Any:
        """Execute a statement and return the driver's own cursor, whose rows are read as they are asked for."""
        compiled = statement.compile(dialect=connection.dialect)
        values = compiled.params
        names = compiled.positiontup
        cursor = self.stream(connection.connection.dbapi_connection)
        cursor.execute(str(compiled), values if names is None else [values[name] for name in names])
        return cursor

    def stream(self, connection: Any) -> Any:
        """Return a cursor of a connection of the driver that does not fetch all rows at once."""
        return connection.cursor()

    def type_name(self, type_code: object, connection: Connection) -> str:
        """Return the name of a type that the driver tells; "" where it is not known."""
        del connection
        return str(self.kinds.get(type_code, ""))

    def watch(self, connection: Any) -> Callable[[], None]:
        """Return what is called before each answer that a connection of the driver is asked for."""
        del connection
        return _nothing

    def reads_leniently_after(self, error: BaseException) -> bool:
        """Return whether a reading that failed with this error goes on when it is opened anew."""
        del error
        return False

    def kind(self, type_code: object, sample: object) -> Kind:
        """Return the kind of a column by what the driver says of it, else by one of its values."""
        return self.kinds.get(type_code) or kind_of(sample)

    def in_bytes(self, value: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
        """Return a column or a parameter so that it is compared and ordered by its bytes, if it is a text."""
        del kind
        return value

    def parameter(self, value: object) -> ColumnElement[Any]:
        """Return a value of a row as a parameter of a statement."""
        return bindparam(None, value, type_=NullType(), unique=True)


def _nothing() -> None:
    """Do nothing."""


def kind_of(sample: object) -> Kind:
    """Return the kind of a value."""
    kinds: Mapping[str, Kind] = {
        "int": Kind.NUMBER,
        "float": Kind.NUMBER,
        "Decimal": Kind.NUMBER,
        "str": Kind.TEXT,
        "bytes": Kind.BYTES,
        "date": Kind.DAY,
    }
    name = type(sample).__name__
    if name == "datetime":
        return Kind.LOCAL_TIME if getattr(sample, "tzinfo", None) is None else Kind.INSTANT
    return kinds.get(name, Kind.OTHER)
