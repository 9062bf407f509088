"""A configuration file that is there and may not be read: a fault of the configuration, said as what it is."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Call

NOBODY = 65534
"""User id of an account without rights."""


@contextmanager
def without_rights() -> Generator[None, None, None]:
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_a_file_that_may_not_be_read_is_a_fault_of_the_configuration(tmp_path: Path, call: Call, closed: str) -> None:
    """Exit code 78; it is there, so the advice is not to create it."""
    file = tmp_path / "folder" / "cchc.toml"
    file.parent.mkdir()
    file.write_text("[run]\n", encoding="utf-8")
    assert call("--config", tmp_path / "none.toml", "sync").code == 78  # loads the modules, while they may be read
    {"file": file, "folder": file.parent}[closed].chmod(0)

    with without_rights():
        refused = call("--config", file, "sync")
    file.parent.chmod(0o755)

    assert refused.code == 78
    assert "permission denied" in refused.err
    assert "init" not in refused.err
