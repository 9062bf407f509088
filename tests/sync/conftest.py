"""Fixture: a shared database to pull into."""

from collections.abc import Iterator

import pytest

from cchc_connect.database.shared_database import SharedDatabase
from tests.sync.pulled_database import Books


@pytest.fixture
def books(address: str) -> Iterator[Books]:
    with SharedDatabase(address) as database:
        yield Books(database)
