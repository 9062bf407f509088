"""Files that only their owner may read: private keys, certificates with their keys, passwords."""

import os
from pathlib import Path

from cchc_connect.errors import ConfigurationError

READABLE_BY_OTHERS = 0o077
MOST_BYTES = 1024 * 1024
"""No key, however wrapped, is larger; a path that leads somewhere else is not read to its end."""


def private_bytes(path: Path) -> bytes:
    """Return what a private file holds; its rights are those of the very file that is read.

    Raises:
        ConfigurationError: it cannot be read, or others may read it.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & READABLE_BY_OTHERS:
                raise ConfigurationError("config.secret_file_open", path=path)
            return file.read(MOST_BYTES)
    except OSError as error:
        raise ConfigurationError("config.secret_file_missing", path=path) from error
