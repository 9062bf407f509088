"""Opening files that must be regular ones: a pipe would hang until somebody writes, a device may never end.

The file is checked after it was opened, so that no other can take its place between.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


class NotRegularFile(OSError):
    """At a path is a pipe, a socket, a device or a folder."""


def open_regular_file(path: Path) -> BinaryIO:
    """Open the regular file at `path` for reading.

    Raises:
        NotRegularFile: there is something else.
        OSError: there is nothing, or it cannot be read.
    """
    try:
        # Opening a pipe without O_NONBLOCK blocks until something writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError:  # a name with a NUL
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from None
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that is not there
            raise _not_regular(path) from None
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise _not_regular(path)


def _not_regular(path: Path) -> NotRegularFile:
    return NotRegularFile(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
