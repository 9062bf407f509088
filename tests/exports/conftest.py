"""A pulled province on both kinds of database, and databases that hold the records of a test."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import Conversation, Item, Page, PageRequest, SharedDatabase, SourceProfile
from cchc_connect.cli import main
from cchc_connect.cli.demo_config import demo_tables, passwords_of_doubles
from cchc_connect.testing import Agencies, World
from cchc_schemas import Record
from tests.cli.conftest import write_config
from tests.databases import DATABASE_KINDS, prepared_address
from tests.sharing.in_force import agreed
from tests.sync.pulled_database import PulledDatabase

Store = Callable[..., SharedDatabase]


@dataclass
class FieldsSource:
    """A source whose items are the fields of records."""

    record_type: type[Record]
    items: Sequence[Mapping[str, Any]]
    profile: SourceProfile = field(default_factory=lambda: SourceProfile(changed_since=False))
    mapping_version: int = 1

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        del page_request
        yield from ()
        return Page(items=[dict(fields) for fields in self.items], next_page_token=None)

    def key(self, item: Item) -> str:
        return self.record_type.read(item).record.key

    def changed_at(self, item: Item) -> None:
        del item

    def translate(self, item: Item) -> Mapping[str, object]:
        return item


@pytest.fixture(scope="session", params=DATABASE_KINDS)
def province(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDatabase]:
    """Give the database of a province that was pulled once; tests must only read it."""
    folder = tmp_path_factory.mktemp("province")
    with (
        prepared_address(request.param, folder) as address,
        Agencies(World(seed=11, dossiers=24, parcels=40, works=20, defect_share=0.1)) as agencies,
        passwords_of_doubles(agencies),
    ):
        tables = demo_tables(agencies, folder / "unused.db") | {"database": {"url": address}}
        write_config(folder / "cchc.toml", agreed(tables))
        assert main(["--config", str(folder / "cchc.toml"), "--json", "sync"]) == 0
        with SharedDatabase(address) as database:
            yield database


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    """Give a function that stores records, given by their fields, a day after the last, and returns the database."""
    with SharedDatabase(address) as database:
        books = PulledDatabase(database)

        def storing(record_class: type[Record], *fields: Mapping[str, Any]) -> SharedDatabase:
            books.pull("register", FieldsSource(record_class, fields))
            books.clock.advance(timedelta(days=1))
            assert books.quarantined() == []
            return database

        yield storing


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """Create files as most systems do: readable by everybody."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
