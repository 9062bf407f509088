"""Reads files that only their owner may read: private keys, certificates with keys, passwords."""

import os
from pathlib import Path

from cchc_connect.errors import ConfigurationError

_GROUP_OR_OTHERS = 0o077
_MAX_BYTES = 1024 * 1024
"""No key file is larger; a wrong path, such as a device, is not read to its end."""


def private_bytes(path: Path) -> bytes:
    """Return the content of a private file; the permissions are checked on the opened file.

    Raises:
        ConfigurationError: it cannot be read, or other users may read or write it.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _GROUP_OR_OTHERS:
                raise ConfigurationError("config.secret_file_open", path=path)
            return file.read(_MAX_BYTES)
    except OSError as error:
        raise ConfigurationError("config.secret_file_missing", path=path) from error
