"""The database that `cchc-connect demo` leaves behind."""

import contextlib
import io
from pathlib import Path

import pytest

from cchc_connect.cli import main


@pytest.fixture(scope="session")
def demo_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the demonstration's database; a test that changes it works on a copy."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        code = main(["demo", "--small", "--db", str(path)])
    assert code == 0, shown.getvalue()
    return path
