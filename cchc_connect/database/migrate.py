"""Creates the schema of a new shared database and upgrades an older one in place."""

from pathlib import Path

from sqlalchemy import Connection, Table
from sqlalchemy.schema import SetColumnComment, SetTableComment

from cchc_connect.database.direct.layout import FORMER_VERSION_TABLE, SCHEMA_VERSION
from cchc_connect.database.record_tables import all_tables
from cchc_connect.database.tables import schema_version

MIGRATIONS = Path(__file__).parent / "migrations"

LAST_FORMER_VERSION = 3
"""Last schema version whose version table has its former name."""

FORMER_VERSION_VIEW = f"CREATE VIEW {FORMER_VERSION_TABLE} AS SELECT version_num FROM {schema_version.name}"  # noqa: S608  # names are our own
"""Lets an older program find the version, so that it reports a newer database and not another program's.

An SQLite file needs no view: its version is in the file's header.
"""


def create_schema(connection: Connection) -> None:
    """Create every table."""
    tables = all_tables()
    if connection.dialect.name != "sqlite":
        for table in tables.sorted_tables:
            _make_indexes_partial(table, connection.dialect.name)
    tables.create_all(connection)
    connection.execute(schema_version.insert().values(version_num=revision(SCHEMA_VERSION)))
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(FORMER_VERSION_VIEW)


def upgrade_schema(connection: Connection, version: int) -> None:
    """Upgrade a database of schema version `version`, in the transaction of `connection`; no row is lost."""
    from alembic import command  # noqa: PLC0415  # only an older database pays for it
    from alembic.config import Config  # noqa: PLC0415  # as above

    alembic_config = Config()
    alembic_config.set_main_option("script_location", str(MIGRATIONS))
    alembic_config.attributes["connection"] = connection
    if version == 1:  # this version is stored in the SQLite file's header only
        command.stamp(alembic_config, revision(version))
    elif version <= LAST_FORMER_VERSION:  # not in a migration: alembic reads the version table before it runs one
        connection.exec_driver_sql(f"ALTER TABLE {FORMER_VERSION_TABLE} RENAME TO {schema_version.name}")
    command.upgrade(alembic_config, "head")
    if connection.dialect.supports_comments:
        for table in all_tables().sorted_tables:
            _set_comments(connection, table)


def revision(version: int) -> str:
    """Return a schema version as the migrations write it.

    >>> revision(2)
    '0002'
    """
    return f"{version:04}"


def _make_indexes_partial(table: Table, dialect: str) -> None:
    """Make partial indexes partial on another database too; to name the dialect in the table would load it whole."""
    for index in table.indexes:
        index.dialect_options[dialect]["where"] = index.dialect_options["sqlite"]["where"]


def _set_comments(connection: Connection, table: Table) -> None:
    """Set the comments that a new database has; migrations set none."""
    connection.execute(SetTableComment(table))
    for column in table.columns:
        if column.comment:
            connection.execute(SetColumnComment(column))
