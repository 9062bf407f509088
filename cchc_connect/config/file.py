"""`cchc.toml`: which systems are connected, what flows where and why.

The file holds no secret: a secret is named by where it lies, see `secret`.
Every fault of the file is reported at once, each with its table and key.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self, TypeVar, cast
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, Field, PrivateAttr, ValidationError
from pydantic_core import PydanticCustomError

from cchc_connect.adapter import Adapter, AdapterFactory
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.config.secrets import Secret
from cchc_connect.config.tables import Name, Reason, Table
from cchc_connect.errors import ConfigurationError
from cchc_connect.messages import Phrase, Phrases
from cchc_connect.privacy.page_tokens import holds_secret
from cchc_connect.privacy.redaction import tells_secret
from cchc_connect.privacy.secrets import SecretText
from cchc_connect.registry import adapter_factory
from cchc_schemas import RECORD_TYPES, Record

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
        "address",
        "bool_parsing",
        "bool_type",
        "dict_type",
        "frozen_set_type",
        "model_attributes_type",
        "model_type",
        "path_type",
        "tuple_type",
        "database_url",
        "hours",
        "hmac_parts",
        "oauth2_owner",
        "oauth2_two_keys",
        "tls_ca_unread",
        "tls_certificate_missing",
        "oauth2_parameters",
        "union_tag_invalid",
        "union_tag_not_found",
    }
)
"""Faults of a value that have a sentence of their own; the others are told in pydantic's words."""

Read = TypeVar("Read", bound=BaseModel)

PATHS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "secret": frozenset({"file"}),
        "run": frozenset({"sessions"}),
        "signed_by": frozenset({"keys"}),
        "tls": frozenset({"ca", "certificate", "key"}),
    }
)
"""Tables with keys that are paths; a secret in a file is a table of that one key."""

SQLITE = "sqlite:///"
POSTGRES = "postgresql://"


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
    if url.startswith(POSTGRES) and _holds_password(url.removeprefix(POSTGRES)):
        raise PydanticCustomError("secret_literal", "a secret is named by where it lies")
    if not url.startswith(POSTGRES) and not (url.startswith(SQLITE) and url != SQLITE):
        raise PydanticCustomError("database_url", "neither sqlite:///PATH nor postgresql://")
    return url


def _holds_password(place: str) -> bool:
    """Say whether a password stands in USER@HOST:PORT/NAME?PARAMETERS, well written or not, or among the parameters."""
    before, _, query = place.partition("?")
    named = any(tells_secret(parameter.partition("=")[0]) for parameter in query.split("&"))
    user, longer = before.rpartition("@")[0], place.rpartition("@")[0]
    return named or any(one.partition(":")[2] for one in (user, longer if "/" not in longer else ""))


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
        return SecretText(f"{POSTGRES}{user}:{quote(self.password.reveal(), safe='')}{at}{place}")


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
    sessions: Path | None = None
    """Folder in which processes leave sessions for each other; none: in the system's runtime folder, if it has one."""
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
        return _good(cls._read(path))

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], path: Path) -> Self:
        """Check tables that were read from `path`; see `load`."""
        checked = cls._checked(tables, path)
        del tables  # a secret that stands where none belongs shows in no traceback with locals
        return _good(checked)

    @classmethod
    def _read(cls, path: Path) -> Self | ConfigurationError:
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError:
            return ConfigurationError("config.file_missing", file=path)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            return ConfigurationError("config.not_toml", file=path, problem=str(error))
        return cls._checked(tables, path)

    @classmethod
    def _checked(cls, tables: Mapping[str, Any], path: Path) -> Self | ConfigurationError:
        try:
            config = cls.model_validate(_anchored(tables, path.parent))
        except ValidationError as error:
            return ConfigurationError("config.faults", file=path, faults=Phrases(list(_faults(error, ()))))
        alone = [*_outspoken(config), *_unprotected(config), *_slow(config)]
        faults = [*alone, *_dangling(config), *_option_faults(config)] or list(_untaken(config))
        return ConfigurationError("config.faults", file=path, faults=Phrases(faults)) if faults else config

    def adapter(self, name: str) -> Adapter:
        """Return the adapter of the connection `name`, made from its options."""
        connection = self.connections[name]
        factory = self._factories.get(connection.adapter) or adapter_factory(connection.adapter)
        self._factories[connection.adapter] = factory
        return factory(factory.Options.model_validate(connection.options))


def _good(checked: Read | ConfigurationError) -> Read:
    """Return what was read without a fault; nothing of the file stands in the frames of what is raised."""
    if isinstance(checked, ConfigurationError):
        raise checked
    return checked


def _option_faults(config: Config) -> Iterator[Phrase]:
    for name in config.connections:
        try:
            config.adapter(name)
        except ValidationError as error:
            yield from _faults(error, ("connections", name, "options"))
        except ConfigurationError as error:
            yield _fault(("connections", name, "adapter"), Phrase(error.code, error.context))


def _outspoken(config: Config) -> Iterator[Phrase]:
    """Yield a fault for every address with a user or a secret in it."""
    for name, connection in config.connections.items():
        addresses = {"base_url": connection.base_url, "account.token_url": getattr(connection.account, "token_url", "")}
        addresses |= {f"origins.{place}": one for place, one in enumerate(connection.origins)}
        for key, address in addresses.items():
            if holds_secret(address):
                yield _fault(("connections", name, *key.split(".")), Phrase("config_rule.address_secret", {}))


def _unprotected(config: Config) -> Iterator[Phrase]:
    """Yield a fault for every address without TLS for which nobody wrote down why."""
    for name, connection in config.connections.items():
        if connection.plain_http_because is None:
            for key in connection.plain_places:
                yield _fault(("connections", name, *key.split(".")), Phrase("config_rule.plain_http", {}))


def _slow(config: Config) -> Iterator[Phrase]:
    """Yield a fault for every quota that leaves no time for a login and a request within a call's deadline."""
    for name, connection in config.connections.items():
        if connection.rate is not None and 2 * connection.rate.rate.interval_s > config.run.deadline_s:
            told = Phrase("config_rule.rate_too_slow", {"deadline_s": config.run.deadline_s})
            yield _fault(("connections", name, "rate"), told)


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
    """Return the tables with every relative path made relative to the file's folder."""
    anchored = cast("dict[str, Any]", _with_paths(dict(tables), folder.resolve(), ""))
    database: object = anchored.get("database", {})
    if not isinstance(database, dict):
        return anchored
    database = cast("dict[str, object]", database)
    url = database.get("url", DatabaseTable().url)
    if not isinstance(url, str) or not url.startswith(SQLITE) or Path(url.removeprefix(SQLITE)).is_absolute():
        return anchored
    return {**anchored, "database": {**database, "url": f"{SQLITE}{folder.resolve() / url.removeprefix(SQLITE)}"}}


def _with_paths(value: object, folder: Path, name: str) -> object:
    """Return a table with its paths made absolute; an adapter's options are its own."""
    if not isinstance(value, dict):
        return value
    table = cast("dict[str, object]", value)
    if name == "options":
        return table
    paths = PATHS.get("secret" if table.keys() == {"file"} else name, frozenset[str]())
    return {
        key: str(folder / one) if key in paths and isinstance(one, str) else _with_paths(one, folder, key)
        for key, one in table.items()
    }


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
