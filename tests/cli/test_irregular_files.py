"""A pipe in the place of a configuration hangs no command."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Call


@pytest.mark.parametrize("command", [("status",), ("sync",), ("init", "--force"), ("demo", "--serve", "--small")])
def test_a_command_with_a_pipe_for_its_configuration_ends(call: Call, tmp_path: Path, command: tuple[str, ...]) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)

    ended = call("--config", tmp_path / "pipe", *command)

    assert ended.code in {73, 78}
    assert "pipe" in ended.err
