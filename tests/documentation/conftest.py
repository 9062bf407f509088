"""The demonstration's database, made once, and a folder in which a reader works."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc_connect.cli.localization import LOCALE_VARIABLES
from tests.documentation.demo import demo_database
from tests.documentation.pages import Reader

__all__ = ["demo_database"]


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Give a reader in an empty folder, with English messages."""
    for variable in LOCALE_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path)
    yield reader
    reader.stop()
