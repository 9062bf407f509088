"""Files that only their owner may read, written completely or not at all.

A file has its permissions (0600) from its creation on. It gets its name when it is complete: on Linux it has none
before, so that a killed program leaves nothing; elsewhere it is written beside its target, as `.XXXXXXXXXXXXXXXX.part`.
"""

import errno
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PRIVATE_MODE = 0o600
"""Permissions of a file that only its owner may read: records are personal data."""

GROUP_OR_OTHERS = 0o077
"""Permissions of the owner's group and of others; a private file has none of them."""

_DESCRIPTORS = Path("/proc/self/fd")
"""Where Linux shows the open files of this process as links."""

_NO_UNNAMED_FILES = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT})
"""What systems report that know no files without a name."""


@contextmanager
def new_private_file(path: Path, *, replace: bool = False) -> Generator[BinaryIO, None, None]:
    """Yield a new file for reading and writing; it stands at `path` when the block ends, and only then.

    If the block fails, nothing is left and a file that was at `path` is unchanged. A symbolic link is never followed
    and never replaced.

    Raises:
        FileExistsError: there is a file at `path` and `replace` is false.
        OSError: the file cannot be written, or there is something at `path` that is no regular file (`EISDIR`,
            `ELOOP` for a symbolic link, `EINVAL` for a device or a pipe).
    """
    _require_free(path, replace=replace)
    descriptor, temporary = _open(path)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # a full disk is reported here at the latest, not after the renaming
            _require_free(path, replace=replace)
            if temporary is None and replace:  # only a file with a name can replace another
                _name(descriptor, temporary := _temporary(path))
            if temporary is None:
                _name(descriptor, path)
            elif replace:
                temporary.replace(path)
            else:
                os.link(temporary, path)  # unlike a renaming, it fails where a file came to be meanwhile
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


def _require_free(path: Path, *, replace: bool) -> None:
    if path.is_symlink():
        raise _refusal(errno.ELOOP, path)
    if path.exists() and not path.is_file():
        raise _refusal(errno.EISDIR if path.is_dir() else errno.EINVAL, path)
    if path.exists() and not replace:
        raise _refusal(errno.EEXIST, path)


def _refusal(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))  # it becomes the subclass of its number


def _open(path: Path) -> tuple[int, Path | None]:
    """Open a private file in the folder of `path`; return its descriptor, and its path if it has one."""
    unnamed = getattr(os, "O_TMPFILE", 0)
    if unnamed and _DESCRIPTORS.is_dir():
        try:
            return os.open(path.parent, unnamed | os.O_RDWR | os.O_CLOEXEC, PRIVATE_MODE), None
        except OSError as error:
            if error.errno not in _NO_UNNAMED_FILES or not path.parent.is_dir():
                raise
    temporary = _temporary(path)
    return os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE), temporary


def _name(descriptor: int, path: Path) -> None:
    """Give an unnamed file its name.

    Raises:
        FileExistsError: there is something of that name.
    """
    descriptors = os.open(_DESCRIPTORS, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.link(str(descriptor), path, src_dir_fd=descriptors)  # Python follows the link only with a folder given
    finally:
        os.close(descriptors)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(8)}.part")
