"""A glance at `cchc.toml`: where the database is, and which protections connections do without; no adapter is loaded.

Commands that only look at the database read the file so, because the rest of it does not concern them: they work while
an adapter is missing or an option is wrong. What they do need is validated as `Config` validates it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import quote

from cchc_connect.config.secret_sources import environment_secret, file_secret, keyring_secret
from cchc_connect.config.toml_text import parse_toml, read_toml_text
from cchc_connect.database.direct.location import POSTGRES_PREFIX, SQLITE_PREFIX, parse_location
from cchc_connect.errors import ConfigurationError, UsageMistake
from cchc_connect.privacy.redaction import is_secret_name
from cchc_connect.privacy.secrets import SecretText

DEFAULT_DATABASE_URL = "sqlite:///shared.db"
"""Address of the database where the file names none; relative to the file's folder."""

_SECRET_KINDS = frozenset({"env", "file", "keyring"})


@dataclass(frozen=True, kw_only=True)
class SecurityException:
    """A protection that a connection does without, for a stated reason."""

    connection: str
    without: str
    """`plain_http` or `unverified`."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class ConfigGlance:
    """What the commands that only look at the database need of `cchc.toml`."""

    database_url: SecretText
    """Address of the database with its password. Never show or log it."""
    exceptions: tuple[SecurityException, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file at `path`.

        Raises:
            ConfigurationError: the file cannot be read, or what is needed of it has faults: then all faults of the file
                are listed, as `Config.load` lists them. Or the database's password cannot be read.
        """
        tables = _tables(path)
        database = _table(tables, "database")
        if database is not None and _is_plain(database) and (exceptions := _exceptions(tables)) is not None:
            return cls(database_url=SecretText(_url_with_password(database, path.parent)), exceptions=exceptions)
        return cls._of_validated(path)

    @classmethod
    def _of_validated(cls, path: Path) -> Self:
        from cchc_connect.config.file import Config  # noqa: PLC0415  # only a file that may have faults needs it

        config = Config.load(path)
        exceptions = tuple(
            SecurityException(connection=name, without=protection, reason=reason)
            for name, table in config.connections.items()
            for protection, reason in table.security_exceptions.items()
        )
        return cls(database_url=SecretText(config.database.url_with_password), exceptions=exceptions)


def names_in(path: Path, kind: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the tables `[kind.NAME]` of the file at `path` by their names; empty if the file cannot be read."""
    named = _table(_tables(path), kind) or {}
    return {name: _table(named, name) or {} for name in named}


def holds_password(location: str) -> bool:
    """True if USER@HOST:PORT/NAME?PARAMETERS contains a password, in the user part or as a parameter.

    It also recognises a password with unescaped special characters.
    """
    before_query, _, query = location.partition("?")
    is_parameter = any(is_secret_name(parameter.partition("=")[0]) for parameter in query.split("&"))
    user, longer_user = before_query.rpartition("@")[0], location.rpartition("@")[0]
    user_parts = (user, longer_user if "/" not in longer_user else "")
    return is_parameter or any(user_part.partition(":")[2] for user_part in user_parts)


def with_password(postgres_url: str, password: str) -> SecretText:
    """Return the address of a PostgreSQL database with its password."""
    user, at, location = postgres_url.removeprefix(POSTGRES_PREFIX).partition("@")
    return SecretText(f"{POSTGRES_PREFIX}{user}:{quote(password, safe='')}{at}{location}")


def _tables(path: Path) -> Mapping[str, Any]:
    """Return the tables of the file; empty if it cannot be read, so that it is validated and the fault is said."""
    text = read_toml_text(path)
    tables = text if isinstance(text, ConfigurationError) else parse_toml(text, path)
    return {"database": None} if isinstance(tables, ConfigurationError) else tables


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Return a table, empty if it is missing; None if it is no table."""
    table: object = tables.get(name, {})
    return cast("Mapping[str, Any]", table) if isinstance(table, dict) else None


def _is_plain(database: Mapping[str, Any]) -> bool:
    """True if the table `[database]` has no fault that `Config` would find."""
    url: object = database.get("url", DEFAULT_DATABASE_URL)
    if not isinstance(url, str) or not database.keys() <= {"url", "password"}:
        return False
    if "password" in database and not _is_reference(database["password"]):
        return False
    if not url.startswith((POSTGRES_PREFIX, SQLITE_PREFIX)):
        return False
    try:
        parse_location(url)
    except UsageMistake:
        return False
    return url.startswith(SQLITE_PREFIX) or not holds_password(url.removeprefix(POSTGRES_PREFIX))


def _is_reference(value: object) -> bool:
    """True if a value is a reference to a secret."""
    if not isinstance(value, dict):
        return False
    reference = cast("dict[str, object]", value)
    return len(reference) == 1 and all(
        kind in _SECRET_KINDS and isinstance(source, str) for kind, source in reference.items()
    )


def _url_with_password(database: Mapping[str, Any], folder: Path) -> str:
    url: str = database.get("url", DEFAULT_DATABASE_URL)
    if url.startswith(SQLITE_PREFIX):
        return f"{SQLITE_PREFIX}{folder.resolve() / url.removeprefix(SQLITE_PREFIX)}"
    reference: Mapping[str, str] | None = database.get("password")
    if reference is None:
        return url
    ((kind, source),) = reference.items()
    match kind:
        case "env":
            return with_password(url, environment_secret(source))
        case "file":
            return with_password(url, file_secret(folder.resolve() / source))
        case _:
            return with_password(url, keyring_secret(source))


def _exceptions(tables: Mapping[str, Any]) -> tuple[SecurityException, ...] | None:
    """Return the protections that connections do without; None if a table has a fault that concerns them."""
    connections = _table(tables, "connections")
    if connections is None:
        return None
    exceptions = list[SecurityException]()
    for name in connections:
        connection = _table(connections, name)
        reasons = None if connection is None else _reasons(connection)
        if reasons is None:
            return None
        exceptions += [
            SecurityException(connection=name, without=without, reason=reason) for without, reason in reasons.items()
        ]
    return tuple(exceptions)


def _reasons(connection: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return the protections that one connection does without, with the reasons; None if its table has a fault."""
    account, tls = _table(connection, "account"), _table(connection, "tls")
    if account is None or tls is None:
        return None
    plain, unverified = connection.get("plain_http_because"), tls.get("unverified_because")
    addresses = list(_addresses(connection, account))
    if not all(isinstance(text, str) for text in (*addresses, plain or "", unverified or "")):
        return None
    is_plain = any(map(_is_plain_http, addresses))
    if is_plain and plain is None:
        return None
    reasons = {"plain_http": plain if is_plain else None, "unverified": unverified}
    return {without: reason for without, reason in reasons.items() if reason is not None}


def _addresses(connection: Mapping[str, Any], account: Mapping[str, Any]) -> Iterator[object]:
    yield connection.get("base_url", "")
    other_origins: object = connection.get("other_origins", [])
    yield from cast("list[object]", other_origins) if isinstance(other_origins, list) else [None]
    if account.get("kind") == "oauth2":
        yield account.get("token_url", "")


def _is_plain_http(address: object) -> bool:
    if not isinstance(address, str) or not address.startswith("http:"):
        return False
    from cchc_connect.transport.network.url_guard import is_plain_http  # noqa: PLC0415  # few addresses are plain HTTP

    return is_plain_http(address)
