"""PostgreSQL connections are terminated at random moments: the run goes on, and no page is stored in part or twice."""

import os
import random
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from threading import Timer

import pytest
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.pool import NullPool

from cchc_connect.cli.exit_codes import ExitCode
from tests.crashes.losses import NO_LOSSES
from tests.crashes.small_province import SmallProvince
from tests.databases import postgres_server

LATE = 1.1
"""Moments are drawn up to this multiple of a run's usual duration, because some runs take longer."""

NEW_TABLES_EVERY = 10
"""Every tenth run has new tables."""


class Server:
    """A PostgreSQL server with a database for these tests."""

    def __init__(self, url: str) -> None:
        self._admin = make_url(url).set(drivername="postgresql+psycopg")
        self._name = f"cchc_crash_{os.getpid()}"
        self.url = make_url(url).set(database=self._name).render_as_string(hide_password=False)
        self._give("DROP DATABASE IF EXISTS {name} WITH (FORCE)", "CREATE DATABASE {name}")

    def make_anew(self) -> None:
        """Replace the database by one without tables."""
        self._give("DROP DATABASE {name} WITH (FORCE)", "CREATE DATABASE {name}")

    def empty(self) -> None:
        """Delete every row of every table."""
        with self._connected(self._name) as connection:
            names = connection.exec_driver_sql(
                "SELECT quote_ident(tablename) FROM pg_tables"
                " WHERE schemaname = 'public' AND tablename <> 'cchc_schema_version'"
            )
            connection.exec_driver_sql(f"TRUNCATE {', '.join(names.scalars())} RESTART IDENTITY")

    def terminate(self) -> int:
        """Terminate every connection to the database; return their number."""
        with self._connected() as connection:
            ended = connection.exec_driver_sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s", (self._name,)
            )
            return int(ended.scalar_one())

    def drop(self) -> None:
        """Drop the database."""
        self._give("DROP DATABASE {name} WITH (FORCE)")

    def _give(self, *commands: str) -> None:
        with self._connected() as connection:
            for command in commands:
                connection.exec_driver_sql(command.format(name=self._name))

    @contextmanager
    def _connected(self, database: str | None = None) -> Generator[Connection, None, None]:
        url = self._admin if database is None else self._admin.set(database=database)
        with create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as connection:
            yield connection


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give the server with a database for these tests."""
    serving = Server(postgres_server())
    yield serving
    serving.drop()


def terminate_and_finish(hamlet: SmallProvince, server: Server, moments: random.Random, connections: int) -> None:
    """Terminate connections at random moments; nearly every run must be done, and the next one finds no losses."""
    hamlet.new_trial()
    server.make_anew()
    due = hamlet.run_undisturbed(server.url)
    ended = list[int]()
    terminated: list[int] = []
    with hamlet.fork_server() as nursery:
        hamlet.new_trial()
        server.empty()
        hamlet.agree(server.url)
        started = time.monotonic()
        assert nursery.run(server.url) == ExitCode.DONE
        seconds = time.monotonic() - started
        for trial in range(4 * connections):
            if sum(terminated) >= connections:
                break
            hamlet.new_trial()
            (server.make_anew if trial % NEW_TABLES_EVERY == 0 else server.empty)()
            hamlet.agree(server.url)
            moment = moments.uniform(0, LATE * seconds)
            at_the_moment = Timer(moment, lambda: terminated.append(server.terminate()))

            at_the_moment.start()
            ended.append(nursery.run(server.url))
            at_the_moment.join()

            assert hamlet.finish(server.url, due) == NO_LOSSES, f"ended after {moment:.4f} s of {seconds:.4f} s"
    assert sum(terminated) >= connections
    assert set(ended) <= {ExitCode.DONE, ExitCode.DATABASE}
    assert ended.count(ExitCode.DATABASE) <= max(1, len(ended) // 5)  # the database is opened without many repetitions


def test_a_terminated_connection_leaves_no_partial_page_and_loses_nothing(
    hamlet: SmallProvince, server: Server
) -> None:
    """0 partial pages; after the next run the content equals that of an undisturbed run."""
    terminate_and_finish(hamlet, server, random.Random(0), 2)


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_a_hundred_terminated_connections_leave_no_partial_page_and_lose_nothing(
    hamlet: SmallProvince, server: Server, part: int
) -> None:
    """The same with four times 25 connections."""
    terminate_and_finish(hamlet, server, random.Random(part + 1), 25)
