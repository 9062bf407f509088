"""A database that is lost for good, or not ours to write: one line, exit code 74, and no traceback."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from cchc_connect.database.shared_database import SharedDatabase
from tests.cli.conftest import Call, Connect, Ended
from tests.cli.district import PARCELS, District
from tests.databases import postgres_server
from tests.sync.memory_systems import parcel_item


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])  # that one waits for its server
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database that can be destroyed."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'shared.db'}"
        return
    address = elsewhere(f"cchc_{uuid.uuid4().hex}")
    with psycopg.connect(postgres_server(), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(str(make_url(address).database))))
    yield address
    destroy(address)


def elsewhere(database: str) -> str:
    """Return the address of another database of the tests' PostgreSQL server."""
    return make_url(postgres_server()).set(database=database).render_as_string(hide_password=False)


def destroy(address: str) -> None:
    """Make the database unreadable for good, whoever has it open."""
    url = make_url(address)
    if url.drivername == "sqlite":
        path = Path(str(url.database))
        for file in (path, path.with_name(f"{path.name}-wal")):
            file.write_bytes(b"this is a letter to the office" * 999)
        return
    with psycopg.connect(postgres_server(), autocommit=True) as server:
        name = sql.Identifier(str(url.database))
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def is_told_in_one_line(ended: Ended) -> bool:
    """True if the command writes one line of error beside its progress."""
    errors = [line for line in ended.err.splitlines() if not line.startswith(("district land_parcel: ", "Waiting "))]
    return len(errors) == 1 and "Traceback" not in ended.out + ended.err


@pytest.mark.parametrize("command", [("sync",), ("reconcile", "district", "--repair")])
def test_a_database_that_is_lost_in_the_middle_of_a_run_ends_it(
    call: Call, connect: Connect, district: District, address: str, command: tuple[str, ...]
) -> None:
    """Exit code 74; the next page is not asked for as if nothing was."""
    district.items[PARCELS] = [parcel_item(number) for number in range(1, 60)]
    connect()
    SharedDatabase(address, create_or_upgrade=True).close()
    district.questions.clear()
    district.meanwhile = lambda: destroy(address)

    ended = call(*command)

    assert ended.code == 74
    assert is_told_in_one_line(ended), ended.err
    assert len(district.questions) < 20


def test_a_server_that_lets_nobody_in_is_told_from_one_that_is_not_there(call: Call) -> None:
    """Exit code 74; whoever mistyped the database's name need not look for a fault of the network."""
    turned_away = call("status", "--db", elsewhere("nowhere"))
    not_there = call("status", "--db", "postgresql://127.0.0.1:9/shared")

    assert (turned_away.code, not_there.code) == (74, 74)
    assert "refused the connection" in turned_away.err
    assert "cannot be reached" in not_there.err
