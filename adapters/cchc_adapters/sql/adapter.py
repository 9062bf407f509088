"""Tables, views and queries of an agency's database (PostgreSQL, MariaDB, MySQL, SQLite), declared in cchc.toml.

Agency: any whose system has no interface but its database. Documentation: docs/sql.md. Account: one of the database
that may only read; its password is the option `password`.

Caveats:
    - Other databases are reached by the URL of their SQLAlchemy driver and are untested.
    - A reading is one transaction with one snapshot; a long one keeps the server from cleaning up behind it.
    - Without `changed_at` every run reads all rows. A row whose time of change is null is read in every run.
    - Where times of change are texts, whole days are read again; texts that do not begin with year, month and day
      are read in every run.
    - MySQL and MariaDB: `statement_timeout_s` bounds the wait for each part of an answer, not a statement as a whole.
    - Columns that no rule reads are not read; `check` names them with their types.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

from cchc_adapters.sql.database import Database
from cchc_adapters.sql.examine import examine_source
from cchc_adapters.sql.options import SqlOptions
from cchc_adapters.sql.refusals import boundary
from cchc_adapters.sql.source import SqlSource
from cchc_connect import Message, Observation, SourceHeld, Target
from cchc_schemas import RECORD_TYPES


class SqlDatabase:
    """One database, read by its tables, views and queries."""

    Options: ClassVar = SqlOptions
    purpose_vi = "Cơ sở dữ liệu của cơ quan: bảng, khung nhìn hoặc truy vấn, khai báo bằng TOML, không cần lập trình"
    uses_http: ClassVar[Literal[False]] = False
    left_out_rules: ClassVar[Mapping[str, str]] = {
        "pages_are_repeatable": "another process reads another state of the database; it begins a little before the "
        "page and so repeats rows",
    }

    def __init__(self, options: SqlOptions) -> None:
        """Prepare; nothing is opened."""
        self._database = Database(options)
        self.sources = tuple(
            SqlSource(RECORD_TYPES[record_type], table, self._database)
            for record_type, table in options.sources.items()
        )
        self.targets: Sequence[Target] = ()

    def examine(self) -> Iterator[Observation]:
        """Tell which database answers, and of each source what its columns are and whether its key is one.

        Raises:
            AuthenticationFailed: the database refuses the account.
            Unreachable: it does not answer.
        """
        server = self._database.server
        with self._database.connect() as connection, boundary(server.place, server.url.database or ""):
            version = ".".join(map(str, connection.dialect.server_version_info or ()))
            name = connection.dialect.name
            yield Observation(Message("sql.connected", {"database": server.place, "kind": name, "version": version}))
        for source in self.sources:
            record_type = source.record_type.record_type
            try:
                observations = list(examine_source(source, self._database))
            except SourceHeld as held:
                observations = [Observation(Message(held.code, held.context), "bad", record_type)]
            yield from observations

    def close(self) -> None:
        """Close what the sources hold open."""
        for source in self.sources:
            source.close()
