"""`cchc.toml`: which systems are connected, what flows where and why.

The file holds no secret: a secret is named by where it lies, `{ env = "NAME" }` or `{ file = "PATH" }`.
Every fault of the file is reported at once, each with its table and key.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic_core import PydanticCustomError

from cchc_connect.adapter import Adapter, AdapterFactory
from cchc_connect.errors import ConfigurationError
from cchc_connect.http import Credentials
from cchc_connect.messages import Phrase, Phrases
from cchc_connect.registry import adapter_factory
from cchc_schemas import RECORD_TYPES, Record

READABLE_BY_OTHERS = 0o077
KNOWN_RULES = frozenset(
    {
        "missing",
        "extra_forbidden",
        "string_type",
        "string_pattern_mismatch",
        "string_too_short",
        "too_short",
        "greater_than",
        "greater_than_equal",
        "less_than_equal",
        "float_parsing",
        "int_parsing",
        "enum",
        "literal_error",
        "secret_literal",
        "database_url",
    }
)
"""Faults of a value that have a sentence of their own; the others are told in pydantic's words."""

SQLITE = "sqlite:///"
POSTGRES = "postgresql://"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""A connection's or route's name: lower case, digits, hyphens."""

Reason = Annotated[str, Field(min_length=3, max_length=500)]
"""A written reason: it goes into the journal."""


class Table(BaseModel):
    """A table of the file: no key may be there that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class EnvironmentSecret(Table):
    """A secret in an environment variable."""

    env: str

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: the variable is not set.
        """
        value = os.environ.get(self.env, "")
        if not value:
            raise ConfigurationError("config.secret_env_missing", variable=self.env)
        return value


class FileSecret(Table):
    """A secret in a file that only its owner may read; one trailing line end is no part of it."""

    file: Path

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: the file cannot be read, or others may read it.
        """
        try:
            if self.file.stat().st_mode & READABLE_BY_OTHERS:
                raise ConfigurationError("config.secret_file_open", path=self.file)
            return self.file.read_text(encoding="utf-8").removesuffix("\n")
        except OSError as error:
            raise ConfigurationError("config.secret_file_missing", path=self.file) from error


def _named(value: object) -> object:
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    raise PydanticCustomError("secret_literal", "a secret is named by where it lies")


Secret = Annotated[EnvironmentSecret | FileSecret, BeforeValidator(_named)]


class Account(Table):
    """The service account with which a system is entered."""

    kind: Literal["basic", "session"]
    """`basic`: HTTP Basic. `session`: the adapter's own login."""
    username: str
    password: Secret

    def credentials(self) -> Credentials:
        """Return name and password, the password taken from where it lies."""
        return Credentials(username=self.username, password=self.password.reveal())


class ConnectionTable(Table):
    """One agency's system: `[connections.NAME]`."""

    adapter: str
    agency: Annotated[str, Field(min_length=1, max_length=64)]
    """Code of the agency that answers for the system (mã định danh cơ quan); it goes with every record."""
    base_url: Annotated[str, Field(pattern=r"^https?://")]
    account: Account | None = None
    options: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    """What the adapter wants to know; its own model checks it."""


class RouteTable(Table):
    """What leaves, whereto and why: `[routes.NAME]`."""

    records: Annotated[tuple[str, ...], Field(alias="from", min_length=1)]
    to: str
    purpose: Reason
    """Why the other side gets these records (mục đích)."""
    legal_basis: Reason
    """The act that allows it (căn cứ pháp lý): number, clause."""
    withhold: tuple[str, ...] = ()
    """Fields, `record_type.field`, that stay here."""


def _database_url(url: str) -> str:
    if url.startswith(POSTGRES) and urlsplit(url).password:
        raise PydanticCustomError("secret_literal", "a secret is named by where it lies")
    if not url.startswith(POSTGRES) and not (url.startswith(SQLITE) and url != SQLITE):
        raise PydanticCustomError("database_url", "neither sqlite:///PATH nor postgresql://")
    return url


class DatabaseTable(Table):
    """The shared database: `[database]`."""

    url: Annotated[str, AfterValidator(_database_url)] = "sqlite:///shared.db"
    """`sqlite:///PATH`, relative to the file's folder, or `postgresql://USER@HOST:PORT/NAME`, without a password."""
    password: Secret | None = None
    """PostgreSQL's password, named by where it lies."""

    @property
    def is_file(self) -> bool:
        """Say whether the database is an SQLite file."""
        return self.url.startswith(SQLITE)

    @property
    def address(self) -> str:
        """Return the address with which the database is opened; never show it.

        Raises:
            ConfigurationError: the password cannot be read.
        """
        if self.password is None or self.is_file:
            return self.url
        user, at, place = self.url.removeprefix(POSTGRES).partition("@")
        return f"{POSTGRES}{user}:{quote(self.password.reveal(), safe='')}{at}{place}"


class RunTable(Table):
    """How a run works: `[run]`."""

    parallel: Annotated[int, Field(ge=1, le=64)] = 8
    """Connections pulled at the same time."""
    processes: Annotated[int, Field(ge=0, le=64)] = 1
    """Processes beside the main one that read the items of large listings while others are written; 0: none."""
    deadline_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Seconds one call to a system may take, over all its attempts."""
    lease_s: Annotated[float, Field(ge=10, le=3600)] = 120.0
    """Seconds after which a run that shows no life is held to be dead."""
    most_quarantined: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of a source's items that may be faulty in one run before the source counts as failed."""


class Config(Table):
    """The whole file."""

    database: DatabaseTable = DatabaseTable()
    run: RunTable = RunTable()
    connections: Mapping[Name, ConnectionTable] = Field(default_factory=dict[str, ConnectionTable])
    routes: Mapping[Name, RouteTable] = Field(default_factory=dict[str, RouteTable])
    ownership: Mapping[str, str] = Field(default_factory=dict[str, str])
    """Record type, or `record_type.field`, -> the connection that is its source of truth.

    Without a line for its record type a record is whose connection brought it first.
    """
    _factories: dict[str, AdapterFactory] = PrivateAttr(default_factory=dict[str, AdapterFactory])
    """Adapters by name, found once: looking through everything that is installed takes milliseconds."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check the file.

        Raises:
            ConfigurationError: the file cannot be read or has faults; all of them are named at once.
        """
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError("config.file_missing", file=path) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError("config.not_toml", file=path, problem=str(error)) from error
        return cls.from_tables(tables, path)

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], path: Path) -> Self:
        """Check tables that were read from `path`; see `load`."""
        try:
            config = cls.model_validate(_anchored(tables, path.parent))
        except ValidationError as error:
            raise ConfigurationError("config.faults", file=path, faults=Phrases(list(_faults(error, ())))) from None
        faults = [*_dangling(config), *_option_faults(config)] or list(_untaken(config))
        if faults:
            raise ConfigurationError("config.faults", file=path, faults=Phrases(faults))
        return config

    def adapter(self, name: str) -> Adapter:
        """Return the adapter of the connection `name`, made from its options."""
        connection = self.connections[name]
        factory = self._factories.get(connection.adapter) or adapter_factory(connection.adapter)
        self._factories[connection.adapter] = factory
        return factory(factory.Options.model_validate(connection.options))


def _option_faults(config: Config) -> Iterator[Phrase]:
    for name in config.connections:
        try:
            config.adapter(name)
        except ValidationError as error:
            yield from _faults(error, ("connections", name, "options"))
        except ConfigurationError as error:
            yield _fault(("connections", name, "adapter"), Phrase(error.code, error.context))


def _dangling(config: Config) -> Iterator[Phrase]:
    """Yield a fault for every name that stands for nothing."""
    for name, route in config.routes.items():
        if route.to not in config.connections:
            yield _fault(("routes", name, "to"), _unknown(route.to, config.connections))
        for record_type in route.records:
            if record_type not in RECORD_TYPES:
                yield _fault(("routes", name, "from"), _unknown(record_type, RECORD_TYPES))
        for field in route.withhold:
            if not _may_be_withheld(field):
                yield _fault(("routes", name, "withhold"), Phrase("config_rule.not_withholdable", {"value": field}))
    yield from _ownerless(config)


def _untaken(config: Config) -> Iterator[Phrase]:
    """Yield a fault for every record type that a route would send to a system that does not take it."""
    for name, route in config.routes.items():
        taken = {target.record_type.record_type: target for target in config.adapter(route.to).targets}
        for record_type in route.records:
            if record_type not in taken:
                yield _fault(("routes", name, "from"), _unknown(record_type, taken))


def _ownerless(config: Config) -> Iterator[Phrase]:
    for owned, owner in config.ownership.items():
        record_type, dot, name = owned.partition(".")
        record: type[Record] | None = RECORD_TYPES.get(record_type)
        if record is None:
            yield _fault(("ownership", owned), _unknown(record_type, RECORD_TYPES))
        elif dot and name not in record.model_fields:
            yield _fault(("ownership", owned), _unknown(name, record.model_fields))
        if owner not in config.connections:
            yield _fault(("ownership", owned), _unknown(owner, config.connections))


def _may_be_withheld(field: str) -> bool:
    record_type, _, name = field.partition(".")
    record: type[Record] | None = RECORD_TYPES.get(record_type)
    return record is not None and name in record.model_fields and not record.model_fields[name].is_required()


def _anchored(tables: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Return the tables with a relative database path made relative to the file's folder."""
    database: object = tables.get("database", {})
    if not isinstance(database, dict):
        return tables
    database = cast("dict[str, object]", database)
    url = database.get("url", DatabaseTable().url)
    if not isinstance(url, str) or not url.startswith(SQLITE) or Path(url.removeprefix(SQLITE)).is_absolute():
        return tables
    return {**tables, "database": {**database, "url": f"{SQLITE}{folder.resolve() / url.removeprefix(SQLITE)}"}}


def _faults(error: ValidationError, prefix: tuple[str, ...]) -> Iterator[Phrase]:
    for fault in error.errors(include_url=False, include_context=True, include_input=False):
        rule = fault["type"] if fault["type"] in KNOWN_RULES else "other"
        told = Phrase(f"config_rule.{rule}", {"problem": fault["msg"], **fault.get("ctx", {})})
        yield _fault((*prefix, *map(str, fault["loc"])), told)


def _fault(path: tuple[str, ...], problem: Phrase) -> Phrase:
    *table, key = path or ("",)
    return Phrase("config_rule.at", {"table": ".".join(table), "key": key, "problem": problem})


def _unknown(value: str, known: Mapping[str, object]) -> Phrase:
    return Phrase("config_rule.unknown_name", {"value": value, "known": ", ".join(known)})
