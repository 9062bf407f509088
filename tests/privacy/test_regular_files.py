"""Secrets, keys and configuration come from regular files; anything else is refused at once and hangs nothing."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cchc_connect import Config
from cchc_connect.config.glance import ConfigGlance
from cchc_connect.config.secret_sources import file_secret
from cchc_connect.errors import ConfigurationError


@pytest.fixture(params=["pipe", "socket", "device", "folder"])
def irregular(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Give something that is no regular file."""
    path = tmp_path / "irregular"
    if request.param == "device":
        path = Path("/dev/zero")
    elif request.param == "folder":
        path.mkdir()
    elif request.param == "pipe":
        os.mkfifo(path, 0o600)
    with socket.socket(socket.AF_UNIX) as listener:
        if request.param == "socket":
            listener.bind(os.path.relpath(path))
        yield path


READERS: dict[str, Callable[[Path], object]] = {
    "secret": file_secret,
    "configuration": Config.load,
    "glance": ConfigGlance.read,
}


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_regular_file_is_refused_at_once(irregular: Path, reader: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        READERS[reader](irregular)

    assert refused.value.code in {"config.secret_file_irregular", "config.file_irregular"}
