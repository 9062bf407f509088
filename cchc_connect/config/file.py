"""Loads and validates `cchc.toml`: the connected systems, the routes between them and the ownership of records.

The file contains no secret, only references to secrets (`config.secrets`). All faults of one stage are reported at
once, each with its table and key.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, cast

from pydantic import AfterValidator, BaseModel, Field, PrivateAttr, ValidationError
from pydantic_core import PydanticCustomError

from cchc_connect.adapter import Adapter, AdapterFactory
from cchc_connect.config.adapter_contract import make_adapter
from cchc_connect.config.audit import AuditTable
from cchc_connect.config.checks import (
    connection_faults,
    name_faults,
    option_faults,
    pydantic_faults,
    target_faults,
)
from cchc_connect.config.connections import PROGRAM, ConnectionTable
from cchc_connect.config.durations import Period, RetentionTable
from cchc_connect.config.glance import DEFAULT_DATABASE_URL, holds_password, with_password
from cchc_connect.config.program import ProgramAdapter
from cchc_connect.config.quality import QualityScoreTable
from cchc_connect.config.secrets import Secret, secrets_in
from cchc_connect.config.sharing import (
    AgreementId,
    AgreementsTable,
    CorrectionsTable,
    OfficialId,
    OfficialTable,
    OnceOnlyTable,
    OperatorTable,
)
from cchc_connect.config.tables import FOLDER, ConfigTable, Name
from cchc_connect.config.toml_text import parse_toml, read_toml_text
from cchc_connect.database.direct.location import POSTGRES_PREFIX, SQLITE_PREFIX, parse_location
from cchc_connect.errors import ConfigurationError, UsageMistake
from cchc_connect.messages import Message, Messages
from cchc_connect.registry import adapter_factory

if TYPE_CHECKING:
    from cchc_connect.database.shared_database import SharedDatabase

Model = TypeVar("Model", bound=BaseModel)

PATH_KEYS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "secret": frozenset({"file"}),
        "run": frozenset({"session_folder"}),
        "audit": frozenset({"subject_keys"}),
        "response_signature": frozenset({"keys"}),
        "tls": frozenset({"ca", "certificate", "key"}),
        "agreements": frozenset({"acts", "purposes"}),
        "corrections": frozenset({"periods", "holidays"}),
        "once_only": frozenset({"table"}),
    }
)
"""Table -> its keys that are paths. `secret` stands for every reference to a secret file: a table with the key `file`
alone.
"""


class RouteTable(ConfigTable):
    """A route: which records leave, to which connection and by which agreement. Table `[routes.NAME]`."""

    records: Annotated[tuple[str, ...], Field(alias="from", min_length=1)]
    """Record types, in the order in which they are sent: a referenced record before the records that refer to it."""
    to: str
    """Name of the receiving connection."""
    agreement: AgreementId
    """Id of the agreement that says why, by which acts and what of the records leaves (thỏa thuận chia sẻ)."""
    withhold: tuple[str, ...] = ()
    """Optional fields that are not sent although they are granted, written `record_type.field`."""


def _database_url(url: str) -> str:
    if url.startswith(POSTGRES_PREFIX) and holds_password(url.removeprefix(POSTGRES_PREFIX)):
        raise PydanticCustomError("secret_literal", "a secret must be given by reference")
    if not url.startswith(POSTGRES_PREFIX) and not (url.startswith(SQLITE_PREFIX) and url != SQLITE_PREFIX):
        raise PydanticCustomError("database_url", "neither sqlite:///PATH nor postgresql://")
    try:
        parse_location(url)
    except UsageMistake as mistake:
        unreadable = mistake
    else:
        return url
    raise PydanticCustomError(
        "database_url_unreadable",
        "no database can be at {address}",
        {"reason": Message(unreadable.code, unreadable.context)},
    )


class DatabaseTable(ConfigTable):
    """The shared database. Table `[database]`."""

    url: Annotated[str, AfterValidator(_database_url)] = DEFAULT_DATABASE_URL
    """`sqlite:///PATH`, relative to the file's folder, or `postgresql://USER@HOST:PORT/NAME`, without a password."""
    password: Secret | None = None
    """Reference to the password of PostgreSQL."""

    @property
    def is_file(self) -> bool:
        """Whether the database is an SQLite file."""
        return self.url.startswith(SQLITE_PREFIX)

    @property
    def is_absent(self) -> bool:
        """Whether it is a file that is not there, as before the first run."""
        return self.is_file and not Path(self.url.removeprefix(SQLITE_PREFIX)).exists()

    @property
    def url_with_password(self) -> str:
        """Return the URL with the password, with which the database is opened. Never show or log it.

        Raises:
            ConfigurationError: the password cannot be read.
        """
        if self.password is None or self.is_file:
            return self.url
        return with_password(self.url, self.password.reveal())


class RunTable(ConfigTable):
    """Settings of a run. Table `[run]`."""

    max_parallel_connections: Annotated[int, Field(ge=1, le=64)] = 8
    """Maximum number of connections pulled at the same time."""
    worker_processes: Annotated[int, Field(ge=0, le=64)] = 1
    """Number of worker processes that translate the items of large listings beside the main process; 0: none."""
    deadline_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Seconds that one call to a system may take, over all its attempts."""
    lease_s: Annotated[float, Field(ge=10, le=3600)] = 120.0
    """Seconds after which a run that no longer renews its lease counts as dead."""
    max_pass_s: Annotated[float, Field(gt=0, le=86_400)] = 3600.0
    """Seconds after which a run leaves a listing whose end it has not reached; the next run continues there."""
    session_folder: Path | None = None
    """Folder of the token store that processes of this machine share; none: the system's runtime folder, if any."""
    max_quarantined_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of a source's items (0 to 1) that may be faulty in one run before the source counts as failed.

    Up to five faulty items are always tolerated. Valid items are kept in any case.
    """
    every: Period | None = None
    """Period of the resident schedule, `sync --every`; none: the command line names it."""
    on_failure: tuple[str, ...] = ()
    """Command, with its arguments, that is started after a run that is not done; empty: none."""


class Config(ConfigTable):
    """The complete file `cchc.toml`."""

    database: DatabaseTable = DatabaseTable()
    run: RunTable = RunTable()
    retention: RetentionTable | None = None
    """How long rows are kept that nothing needs any more; none: a run deletes nothing."""
    audit: AuditTable = AuditTable()
    connections: Mapping[Name, ConnectionTable] = Field(default_factory=dict[str, ConnectionTable])
    """Name -> connection to one agency's system."""
    routes: Mapping[Name, RouteTable] = Field(default_factory=dict[str, RouteTable])
    """Name -> route."""
    ownership: Mapping[str, str] = Field(default_factory=dict[str, str])
    """Record type, or `record_type.field` -> name of the connection that is its source of truth.

    A record whose type has no entry is owned by the connection that brought it first.
    """
    operator: OperatorTable | None = None
    """The agency for which the command line acts."""
    officials: Mapping[OfficialId, OfficialTable] = Field(default_factory=dict[str, OfficialTable])
    """Id -> official."""
    agreements: AgreementsTable = AgreementsTable()
    """Where the agreements are."""
    corrections: CorrectionsTable = CorrectionsTable()
    """Until when agencies answer requests to correct their data."""
    quality: QualityScoreTable = QualityScoreTable()
    """How the quality of agencies' records is scored."""
    once_only: OnceOnlyTable = OnceOnlyTable()
    """Papers that need not be submitted again."""
    _factories: dict[str, AdapterFactory] = PrivateAttr(default_factory=dict[str, AdapterFactory])
    """Adapter name -> factory, cached: a search through all installed packages takes milliseconds."""
    _folder: Path = PrivateAttr(default_factory=Path)
    """Folder of the file, from which relative paths in the options of adapters start."""

    @classmethod
    def load(cls, source: Path | str) -> Self:
        """Read and validate a configuration.

        Args:
            source: the path of the TOML file (UTF-8), whose relative paths are relative to its folder; or its text,
                whose relative paths are relative to the working directory. A `str` with a line break or `=` is text,
                unless a file has that name.

        Raises:
            ConfigurationError: the file cannot be read or has faults. Code `config.faults` lists all faults of one
                stage: first the form of every key, then names, adapters and their options, then what routes require
                of their receivers.
        """
        is_text = isinstance(source, str) and _is_text(source)
        return _require_valid(cls._parse(str(source)) if is_text else cls._read(Path(source)))

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], path: Path) -> Self:
        """Validate tables that were read from `path`. Raises as `load` does."""
        checked = cls._validate(tables, path.parent, path)
        del tables  # a secret in the wrong key must not show in a traceback with local variables
        return _require_valid(checked)

    @classmethod
    def _read(cls, path: Path) -> Self | ConfigurationError:
        text = read_toml_text(path)
        return text if isinstance(text, ConfigurationError) else cls._parse(text, path)

    @classmethod
    def _parse(cls, text: str, path: Path | None = None) -> Self | ConfigurationError:
        name = Message("config.text") if path is None else path
        tables = parse_toml(text, name)
        if isinstance(tables, ConfigurationError):
            return tables
        return cls._validate(tables, Path() if path is None else path.parent, name)

    @classmethod
    def _validate(cls, tables: Mapping[str, Any], folder: Path, name: Path | Message) -> Self | ConfigurationError:
        try:
            config = cls.model_validate(_with_absolute_paths(tables, folder))
        except ValidationError as error:
            written = Messages(list(pydantic_faults(error, cls, tables)))
            return ConfigurationError("config.faults", file=name, faults=written)
        config._folder = folder.resolve()  # noqa: SLF001  # of this class
        faults = [*connection_faults(config), *name_faults(config), *option_faults(config)] or list(
            target_faults(config)
        )
        return ConfigurationError("config.faults", file=name, faults=Messages(faults)) if faults else config

    @property
    def agreements_folder(self) -> Path:
        """Return the folder of the agreements; it need not exist."""
        return self._folder / self.agreements.folder

    def open_database(self, *, create_or_upgrade: bool = True) -> "SharedDatabase":
        """Open the shared database of `[database]`; it is created, or upgraded if it is older.

        Without `create_or_upgrade` it is opened as it is. Close it after use: it is a context manager.

        Raises:
            DatabaseUnusable: it cannot be opened; see `SharedDatabase`.
            ConfigurationError: its password cannot be read, or its driver is not installed.
        """
        from cchc_connect.database.shared_database import SharedDatabase  # noqa: PLC0415  # a configuration is read without it

        return SharedDatabase(self.database.url_with_password, create_or_upgrade=create_or_upgrade)

    def adapter(self, name: str) -> Adapter:
        """Return a new adapter for the connection `name`, made from its options; an empty one for a program.

        One without HTTP is a `LocalSystem`.

        Raises:
            ConfigurationError: the adapter is not installed or not importable, failed, or breaks its contract.
            KeyError: there is no such connection.
        """
        connection = self.connections[name]
        return make_adapter(connection.adapter, self._factory(name), connection.options, self._folder)

    def options_model(self, name: str) -> type[BaseModel]:
        """Return the model of the adapter's options of the connection `name`. Raises as `adapter` does."""
        return self._factory(name).Options

    def require_secrets(self, name: str) -> None:
        """Check that each secret that the options of the connection `name` refer to can be read.

        Raises:
            ConfigurationError: one of them cannot.
        """
        context = {FOLDER: self._folder}
        options = self.options_model(name).model_validate(self.connections[name].options, context=context)
        for secret in secrets_in(options):
            secret.reveal()

    def _factory(self, name: str) -> AdapterFactory:
        adapter_name = self.connections[name].adapter
        if adapter_name == PROGRAM:
            return ProgramAdapter
        factory = self._factories.get(adapter_name) or adapter_factory(adapter_name)
        self._factories[adapter_name] = factory
        return factory


def _is_text(source: str) -> bool:
    """True if `source` is the text of a configuration, not the path of one."""
    return "\n" in source or ("=" in source and not Path(source).exists())


def _require_valid(checked: Model | ConfigurationError) -> Model:
    """Return the valid model, or raise the error here, where no frame of the traceback holds values of the file."""
    if isinstance(checked, ConfigurationError):
        raise checked
    return checked


def _with_absolute_paths(tables: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Return the tables with every relative path made absolute, from the file's folder."""
    resolved = cast("dict[str, Any]", _resolve_paths(dict(tables), folder.resolve(), ""))
    database: object = resolved.get("database", {})
    if not isinstance(database, dict):
        return resolved
    database = cast("dict[str, object]", database)
    url = database.get("url", DatabaseTable().url)
    if (
        not isinstance(url, str)
        or not url.startswith(SQLITE_PREFIX)
        or Path(url.removeprefix(SQLITE_PREFIX)).is_absolute()
    ):
        return resolved
    return {
        **resolved,
        "database": {**database, "url": f"{SQLITE_PREFIX}{folder.resolve() / url.removeprefix(SQLITE_PREFIX)}"},
    }


def _resolve_paths(value: object, folder: Path, name: str) -> object:
    """Return the table `name` with its paths made absolute; an adapter's options stay unchanged."""
    if not isinstance(value, dict):
        return value
    table = cast("dict[str, object]", value)
    if name == "options":
        return table
    paths = PATH_KEYS.get("secret" if table.keys() == {"file"} else name, frozenset[str]())
    return {
        key: str(folder / entry) if key in paths and isinstance(entry, str) else _resolve_paths(entry, folder, key)
        for key, entry in table.items()
    }
