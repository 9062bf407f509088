"""The structure of a shared database: made where it is new, brought up to date in place where it is older."""

from pathlib import Path

from sqlalchemy import Connection, Table

from cchc_connect.database.record_tables import all_tables
from cchc_connect.database.tables import STRUCTURE_VERSION, structure

MIGRATIONS = Path(__file__).parent / "migrations"


def make(connection: Connection) -> None:
    """Make every table."""
    tables = all_tables()
    if connection.dialect.name != "sqlite":
        for table in tables.sorted_tables:
            _limit_indexes(table, connection.dialect.name)
    tables.create_all(connection)
    connection.execute(structure.insert().values(version_num=revision(STRUCTURE_VERSION)))


def _limit_indexes(table: Table, dialect: str) -> None:
    """Let indexes of some rows be such on another database too; named in the table it would load its whole dialect."""
    for index in table.indexes:
        index.dialect_options[dialect]["where"] = index.dialect_options["sqlite"]["where"]


def upgrade(connection: Connection, found: int) -> None:
    """Bring a database of structure `found` up to date, in the transaction of `connection`; no record is lost."""
    from alembic import command  # noqa: PLC0415  # only an older database pays for it
    from alembic.config import Config  # noqa: PLC0415  # as above

    plan = Config()
    plan.set_main_option("script_location", str(MIGRATIONS))
    plan.attributes["connection"] = connection
    if found == 1:  # the first structure wrote its version into the SQLite file only
        command.stamp(plan, revision(found))
    command.upgrade(plan, "head")


def revision(version: int) -> str:
    """Return a structure's version as the migrations write it.

    >>> revision(2)
    '0002'
    """
    return f"{version:04}"
