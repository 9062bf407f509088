"""Options of a connection to a database, and the table of each of its sources."""

from pathlib import Path
from typing import Annotated, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from cchc_adapters.building_blocks.options import AdapterOptions
from cchc_adapters.declared.checks import Sources
from cchc_adapters.declared.tables import SourceTable
from cchc_connect.config.secrets import Secret
from cchc_connect.config.tables import FOLDER

SQLITE = "sqlite"

SAMPLE_SOURCES = {
    "dossier": {
        "table": "ho_so",
        "key": "id",
        "changed_at": "ngay_cap_nhat",
        "fields": {
            "code": "so_ho_so",
            "procedure_code": "ma_tthc",
            "status": {"property": "trang_thai", "codes": {"Đang xử lý": "in_process", "Đã trả": "returned"}},
        },
    }
}

PASSWORD_PARAMETERS = frozenset({"password", "passwd", "pwd", "sslpassword", "sslkey_password"})
"""Parameters of a URL that would hold a password."""


def _url(text: str, validation: ValidationInfo) -> str:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None:
        raise PydanticCustomError("sql_url", "not the address of a database")
    if url.password or not PASSWORD_PARAMETERS.isdisjoint(name.lower() for name in url.query):
        raise PydanticCustomError("secret_literal", "a secret must be given by reference")
    if url.get_backend_name() != SQLITE:
        return text
    if not url.database or url.database == ":memory:":
        raise PydanticCustomError("sql_url", "not the address of a database")
    context: dict[str, Path] = validation.context or {}
    return url.set(database=str(context.get(FOLDER, Path()) / url.database)).render_as_string()


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass
    else:
        return name
    raise PydanticCustomError("sql_time_zone", "not a time zone")


def _name(written: object) -> object:
    return written.split(".") if isinstance(written, str) else written


RelationName: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_name), Field(max_length=3)]
"""Name of a table or view; `SCHEMA.NAME` may be a list, where a name itself has a dot."""


class SqlSourceTable(SourceTable):
    """One table, view or query; its columns are the properties of the items."""

    table: RelationName = ()
    """Table: "ho_so", "public.ho_so", ["public", "ho.so"]; as the database spells it, also with capital letters."""
    view: RelationName = ()
    """The same for a view."""
    query: str = ""
    """A query (SELECT) instead of a table or view; it is read as it is."""
    also_fetch: tuple[str, ...] = ()
    """Columns that no rule reads and that are kept with the item. Other columns are not read at all."""
    page_size: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Rows of one page, which are committed together."""
    incremental: bool = True
    """Whether only rows with a later `changed_at` are read; without `changed_at` every run reads all rows."""

    @model_validator(mode="after")
    def _reads_one_relation(self) -> Self:
        relations = (self.table, self.view, self.query)
        names = (*self.table, *self.view)
        if sum(map(bool, relations)) != 1 or not all(names):
            raise PydanticCustomError("sql_relation", "one of table, view and query")
        return self

    @property
    def relation(self) -> tuple[str, ...]:
        """Name of the table or view, with its schema; empty for a query."""
        return self.table or self.view

    @property
    def is_incremental(self) -> bool:
        """Whether the database is asked for changes only."""
        return self.incremental and self.changed_at is not None


class SqlOptions(AdapterOptions):
    """Options of a connection to a database."""

    url: Annotated[
        str,
        AfterValidator(_url),
        Field(validate_default=True, examples=["postgresql://reader@database.example:5432/land"]),
    ]
    """Address without password: "postgresql://USER@HOST:PORT/NAME", "mariadb://USER@HOST:PORT/NAME", "sqlite:///FILE".
    Parameters of the driver follow as in SQLAlchemy. Other drivers work by the same form and are untested."""
    password: Secret | None = None
    """Reference to the password of the account; the account needs no right but to read."""
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "Asia/Ho_Chi_Minh"
    """Zone of times that are stored without one; the session's zone too."""
    statement_timeout_s: Annotated[float, Field(ge=1, le=86_400)] = 300.0
    """Seconds that the database may take for one answer."""
    sources: Annotated[Sources[SqlSourceTable], Field(min_length=1, examples=[SAMPLE_SOURCES])]
    """What is read, by record type; docs/sql.md shows all keys."""

    @property
    def address(self) -> URL:
        """Return the address without password."""
        return make_url(self.url)
