"""The shared database is readable by its owner only, whatever the umask: it holds personal data."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.diagnostics.database import database_findings
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase


@pytest.fixture
def open_umask() -> Iterator[None]:
    previous = os.umask(0o022)
    yield
    os.umask(previous)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


@pytest.mark.usefixtures("open_umask")
def test_the_file_and_its_log_are_private_while_it_is_written(tmp_path: Path) -> None:
    with SharedDatabase(tmp_path / "shared.db", create_or_upgrade=True) as database:
        PulledDatabase(database).pull("village", LandRegister([parcel_item(1)]))

        assert modes(tmp_path) == dict.fromkeys(("shared.db", "shared.db-wal", "shared.db-shm"), 0o600)
    assert modes(tmp_path) == {"shared.db": 0o600}


@pytest.mark.usefixtures("open_umask")
def test_check_warns_of_a_file_that_others_may_read_and_leaves_it_as_it_is(tmp_path: Path) -> None:
    """Its owner may have opened it to a group on purpose."""
    path = tmp_path / "shared.db"
    SharedDatabase(path, create_or_upgrade=True).close()
    path.chmod(0o640)

    with SharedDatabase(path) as database:
        warnings = [finding.message for finding in database_findings(database) if finding.is_warning]

    assert [(message.code, message.context["mode"]) for message in warnings] == [
        ("database_state.open_to_others", "640")
    ]
    assert modes(tmp_path)["shared.db"] == 0o640
