"""Fixture: a shared database to pull into."""

from collections.abc import Iterator

import pytest

from cchc_connect.database.shared_database import SharedDatabase
from tests.sync.pulled_database import PulledDatabase


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield PulledDatabase(database)
