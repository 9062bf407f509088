"""PostgreSQL connections that an administrator ends at any moment: no half page, and the next run completes."""

import os
import random
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from threading import Timer

import pytest
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.pool import NullPool

from cchc_connect.cli.exits import ExitCode
from tests.crashes.hamlet import Hamlet
from tests.crashes.losses import NOTHING
from tests.databases import postgres_server

LATE = 1.1
"""Some moments lie after the end of a run that takes as long as usual, since not each does."""

ANEW = 10
"""Each tenth run makes its tables too."""


class Server:
    """A PostgreSQL server with a database of the tests' own."""

    def __init__(self, url: str) -> None:
        self._admin = make_url(url).set(drivername="postgresql+psycopg")
        self._name = f"cchc_crash_{os.getpid()}"
        self.url = make_url(url).set(database=self._name).render_as_string(hide_password=False)
        self._give("DROP DATABASE IF EXISTS {name} WITH (FORCE)", "CREATE DATABASE {name}")

    def make_anew(self) -> None:
        """Have a database without a table."""
        self._give("DROP DATABASE {name} WITH (FORCE)", "CREATE DATABASE {name}")

    def empty(self) -> None:
        """Have a database with its tables and no row in them."""
        with self._connected(self._name) as connection:
            names = connection.exec_driver_sql(
                "SELECT quote_ident(tablename) FROM pg_tables"
                " WHERE schemaname = 'public' AND tablename <> 'cchc_structure'"
            )
            connection.exec_driver_sql(f"TRUNCATE {', '.join(names.scalars())} RESTART IDENTITY")

    def terminate(self) -> int:
        """End every connection to the database; return how many there were."""
        with self._connected() as connection:
            ended = connection.exec_driver_sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s", (self._name,)
            )
            return int(ended.scalar_one())

    def drop(self) -> None:
        """Leave the server as it was."""
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
    """Give the tests' server with a database of its own."""
    serving = Server(postgres_server())
    yield serving
    serving.drop()


def terminate_and_finish(hamlet: Hamlet, server: Server, moments: random.Random, connections: int) -> None:
    """End connections at random moments of runs; after each let the next run finish, and count the losses."""
    hamlet.begin_trial()
    server.make_anew()
    due = hamlet.run_undisturbed(server.url)
    ended: set[int] = set()
    terminated: list[int] = []
    with hamlet.nursery() as nursery:
        hamlet.begin_trial()
        server.empty()
        started = time.monotonic()
        assert nursery.run(server.url) == ExitCode.DONE
        seconds = time.monotonic() - started
        for trial in range(4 * connections):
            if sum(terminated) >= connections:
                break
            hamlet.begin_trial()
            (server.make_anew if trial % ANEW == 0 else server.empty)()
            moment = moments.uniform(0, LATE * seconds)
            at_the_moment = Timer(moment, lambda: terminated.append(server.terminate()))

            at_the_moment.start()
            ended.add(nursery.run(server.url))
            at_the_moment.join()

            assert hamlet.finish(server.url, due) == NOTHING, f"ended after {moment:.4f} s of {seconds:.4f} s"
    assert sum(terminated) >= connections
    assert ended <= {ExitCode.DONE, ExitCode.PARTIAL, ExitCode.DATABASE}


def test_a_terminated_connection_leaves_no_half_page_and_loses_nothing(hamlet: Hamlet, server: Server) -> None:
    """0 partial pages; the next run completes, and what is there equals an undisturbed run."""
    terminate_and_finish(hamlet, server, random.Random(0), 2)


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_a_hundred_terminated_connections_leave_no_half_page_and_lose_nothing(
    hamlet: Hamlet, server: Server, part: int
) -> None:
    """The same at length: four times 25."""
    terminate_and_finish(hamlet, server, random.Random(part + 1), 25)
