"""Backup of the shared database into one file while runs, readers and other programs go on.

A backup holds one committed state. It is written beside its target in a folder that only its owner may enter, checked,
and then gets its name; if it fails, a former backup of that name is unchanged.
"""

import errno
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cchc_connect.database.direct.layout import LOCK_TIMEOUT_S
from cchc_connect.database.direct.postgres_address import PostgresAddress
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.sqlite import SqliteBackend
from cchc_connect.errors import ConfigurationError, DatabaseUnusable
from cchc_connect.privacy.child_environment import child_environment
from cchc_connect.privacy.private_files import PRIVATE_MODE
from cchc_connect.privacy.secrets import mask_secrets

PG_DUMP, PG_RESTORE = "pg_dump", "pg_restore"
"""PostgreSQL's programs that write a backup and read one."""

DEFAULT_SCHEMA = "public"
"""Schema of PostgreSQL for databases that use no other; a backup holds the database then, else the schema alone."""

_VERSION = re.compile(r"\) (?P<major>[0-9]+)")

_SERVICE = "cchc"


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup that was written and checked."""

    path: Path
    kind: str
    """`sqlite`, a database file; or `postgresql`, an archive for pg_restore."""
    size_bytes: int


def back_up(database: SharedDatabase, path: Path | str, *, replace: bool = False) -> Backup:
    """Write a backup to `path`, readable by its owner only.

    Raises:
        FileExistsError: there is a file at `path`, and `replace` is false.
        OSError: the folder cannot be written.
        ConfigurationError: pg_dump is not installed, or older than the server.
        DatabaseUnusable: the database cannot be read, or the written backup is not intact.
    """
    path = Path(path)
    if path.exists() and not replace:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    with database.reading() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name[:100]}.") as folder:
        written = Path(folder, "backup")
        written.touch(PRIVATE_MODE)
        if is_sqlite:
            _copy_sqlite(Path(database.location), written)
        else:
            _dump_postgres(database, written)
        with written.open("rb+") as file:
            os.fsync(file.fileno())
        if replace:
            written.replace(path)
        else:
            path.hardlink_to(written)  # unlike a renaming, it fails where a file came to be meanwhile
    kind = "sqlite" if is_sqlite else "postgresql"
    return Backup(path=path, kind=kind, size_bytes=path.stat().st_size)


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy one committed state: writers are not delayed, and the copy has no free pages."""
    try:
        with closing(sqlite3.connect(source, timeout=LOCK_TIMEOUT_S)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
        with closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA journal_mode = WAL")  # the file stores it, and a copy does not take it over
            (result,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        reason: object = SqliteBackend(source).error_message(error)
        raise DatabaseUnusable("maintenance.backup_failed", path=source, reason=reason) from None
    if result != "ok":
        raise DatabaseUnusable("maintenance.backup_damaged", path=source)


def _dump_postgres(database: SharedDatabase, target: Path) -> None:
    program = shutil.which(PG_DUMP)
    if program is None:
        raise ConfigurationError("maintenance.pg_dump_missing")
    with database.reading() as connection:
        server_major = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
        schema: str = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    version = _VERSION.search(_run([program, "--version"], database, {}))
    if version is None or int(version["major"]) < server_major:
        major = version["major"] if version else "?"
        raise ConfigurationError("maintenance.pg_dump_older", version=major, server_version=server_major)
    only_schema = [] if schema == DEFAULT_SCHEMA else [f"--schema={_quoted(schema)}"]
    service = target.with_name("service.conf")
    service.touch(PRIVATE_MODE)
    service.write_text(_service(PostgresAddress.parse(database.url)), encoding="utf-8")
    connecting = {"PGSERVICEFILE": str(service)}
    options = ["--format=custom", f"--file={target}", "--no-password", *only_schema]
    _run([program, *options, f"--dbname=service={_SERVICE}"], database, connecting)
    reader = shutil.which(PG_RESTORE)
    if reader is not None:
        _run([reader, "--list", str(target)], database, {})


def _service(address: PostgresAddress) -> str:
    """Return a connection service file: a password on the command line would show in every list of processes."""
    keys = {"host": address.host, "port": address.port, "user": address.user, "password": address.password}
    keys |= {"dbname": address.name, **address.parameters}
    return "\n".join([f"[{_SERVICE}]", *(f"{key}={value}" for key, value in keys.items() if value is not None), ""])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _run(command: list[str], database: SharedDatabase, variables: dict[str, str]) -> str:
    """Run one of PostgreSQL's programs and return its output; it has the settings of libpq that this process has."""
    libpq = {name: value for name, value in os.environ.items() if name.startswith("PG")}
    environment = {**child_environment(), **libpq, **variables}
    done = subprocess.run(  # noqa: S603  # no shell, and the program is one of PostgreSQL's
        command,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        last_line = (done.stderr.strip().splitlines() or [""])[-1]
        reason = f"{Path(command[0]).name}: {mask_secrets(last_line)}"
        raise DatabaseUnusable("maintenance.backup_failed", path=database.location, reason=reason)
    return done.stdout
