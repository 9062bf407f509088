"""Sources that hang delay the other sources by a limited time."""

import socket
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import Config, RunEnvironment, SharedDatabase, Synchronizer
from cchc_connect.database.state.counters import Counters
from cchc_connect.testing import World
from cchc_connect.testing.doubles.ogc_features import OgcFeaturesDouble

HONEST, HANGING = 45, 5
LATENCY_S = 0.05
DEADLINE_S = 2.0
"""Long compared with a pull of a good source, as a minute is in production."""

PARALLEL = 4
MAX_RATIO = 1.2
SLACK_S = 1.0


def table(address: str, number: int) -> dict[str, Any]:
    """Return the table of a connection to one of many small land registries."""
    options = {"collection": "thua_dat", "scheme": "gso-2025-07", "page_size": 1}
    return {"adapter": "ogc_features", "agency": f"000.00.{number:02}.H09", "base_url": address, "options": options}


@contextmanager
def hanging_server() -> Generator[str, None, None]:
    """Run a server that accepts every connection and never responds."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(scope="module")
def honest() -> Iterator[Sequence[str]]:
    """Give the URLs of good sources, each with a latency."""
    with ExitStack() as running:
        worlds = [World(number, dossiers=0, parcels=3, works=0, defect_share=0.0) for number in range(HONEST)]
        doubles = [running.enter_context(OgcFeaturesDouble(world)) for world in worlds]
        for double in doubles:
            double.switches.latency_s = LATENCY_S
        yield [double.base_url for double in doubles]


class Finished:
    """Records when each connection made its last step."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    def __call__(self, name: str, record_type: str, counts: Counters, total: int | None) -> None:
        """Record the time, unless nothing came."""
        del record_type, total
        if counts.fetched:
            self.at[name] = time.monotonic()


def seconds_of_the_honest(connections: dict[str, Any], path: Path) -> float:
    """Run once; return the seconds until the last good source had finished."""
    tables = {
        "database": {"url": f"sqlite:///{path}"},
        "run": {"deadline_s": DEADLINE_S, "max_parallel_connections": PARALLEL},
        "connections": connections,
    }
    config, finished = Config.from_tables(tables, Path("cchc.toml")), Finished()
    with SharedDatabase(config.database.url, create_or_upgrade=True) as database:
        started = time.monotonic()
        Synchronizer(config, database, RunEnvironment(progress=finished)).synchronise()
    assert len(finished.at) == HONEST
    return max(finished.at.values()) - started


@pytest.mark.long
def test_five_hanging_sources_of_fifty_slow_the_others_by_a_fifth_at_most(
    honest: Sequence[str], tmp_path: Path
) -> None:
    """From the second run on they are pulled last, and the other 45 finish in at most 1.2 times their time alone.

    In the first run they cannot be distinguished: each occupies one of the run's threads until a call's deadline.
    """
    good = {f"honest-{number}": table(address, number) for number, address in enumerate(honest)}
    alone = seconds_of_the_honest(good, tmp_path / "alone.db")
    with hanging_server() as address:
        bad = {f"hanging-{number}": table(address, 90 + number) for number in range(HANGING)}
        first, second = (seconds_of_the_honest({**bad, **good}, tmp_path / "together.db") for _ in range(2))

    assert second <= MAX_RATIO * alone
    assert first <= alone + HANGING * DEADLINE_S / PARALLEL + SLACK_S
