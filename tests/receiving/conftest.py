"""Fixtures of the tests over receiving offices."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receiving.agreed import with_route
from tests.receiving.setting import ReceivingSetting, receiving


@pytest.fixture
def setting(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReceivingSetting]:
    """Give a database with two receiving offices, and a runtime folder of its own."""
    (tmp_path / "runtime").mkdir(mode=0o700)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.chdir(tmp_path)
    with receiving(address) as offices:
        yield offices


@pytest.fixture
def agreed(setting: ReceivingSetting) -> ReceivingSetting:
    """Give the setting with dossiers, and a route by an agreement that is not stored yet."""
    return with_route(setting)
