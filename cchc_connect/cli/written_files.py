"""Files that a command writes at the path it is given: what went wrong, as errors with sentences."""

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from cchc_connect.cli.exit_codes import CannotCreate

STANDARD_OUTPUT = "-"
"""Name by which other programs mean standard output; a file of this name would surprise whoever types it."""


def require_writable_name(path: Path) -> None:
    """Check that a file may have the name `path`.

    Raises:
        CannotCreate: the name is too long, its folder may not be entered, or there is a pipe, a socket or a device.
    """
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise CannotCreate("cli.not_a_file", path=path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=path, reason=error.strerror) from error


@contextmanager
def writing_file(path: Path) -> Generator[None, None, None]:
    """Translate the errors of writing a file in the block.

    Raises:
        CannotCreate: `path` means standard output, there is something at `path` that is not to be replaced, or the file
            cannot be written.
    """
    if str(path) == STANDARD_OUTPUT:
        raise CannotCreate("cli.not_standard_output", path=path)
    try:
        yield
    except OSError as error:
        if os.path.islink(path):  # noqa: PTH114  # unlike that of Path it does not fail for a name that is too long
            raise CannotCreate("cli.is_link", path=path) from None
        if os.path.exists(path) and not path.is_file():  # noqa: PTH110  # as above
            raise CannotCreate("cli.not_a_file", path=path) from None
        if isinstance(error, FileExistsError):
            raise CannotCreate("cli.file_exists", path=path) from None
        raise CannotCreate("cli.cannot_write", path=path, reason=error.strerror) from error
