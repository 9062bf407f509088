"""Anchors: files elsewhere that get one line for each seal, so that nobody can rewrite the log with its seals.

A line is appended and forced to the disk. A file that was out of reach gets the lines that it lacks later. Several
processes may append: a lock of the file lets one at a time. Nobody waits long for it: the next seal brings what is
missing.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from cchc_connect.database.audit.seals import SEALS_AT_A_TIME, Seal
from cchc_connect.errors import CchcError
from cchc_connect.privacy.private_files import PRIVATE_MODE

MAX_LINE_BYTES = 1024 * 1024
"""Longest line that is read."""

_TAIL_BYTES = 4 * MAX_LINE_BYTES
LOCK_TRIES = 5
LOCK_RETRY_S = 0.1
"""Pause between two tries for the lock; a process holds it for as long as it appends a line."""


class AnchorUnusable(CchcError):
    """An anchor cannot be written, is held by another process, or holds other seals than the database."""


SealReader = Callable[[int, int], Sequence[Seal]]
"""Returns the seals that follow a number, at most so many."""


def append_seals(path: Path, seals_after: SealReader) -> int:
    """Append to an anchor the seals that it lacks; return the number of the last seal that it has now, 0 if none.

    Raises:
        AnchorUnusable: the file cannot be written, another process holds it, or its last seal is not that of the
            database.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY, PRIVATE_MODE)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            _lock(path, descriptor)
            is_new = file.seek(0, os.SEEK_END) == 0
            last = _append(path, file, seals_after)
        if is_new:
            _sync_folder(path.parent)
    except OSError as error:
        raise AnchorUnusable("audit.anchor_unwritable", path=path, reason=error.strerror or "") from error
    return last


def read_anchor(path: Path) -> Iterator[Seal | None]:
    """Yield the seals of an anchor, None for a line that is no seal.

    A line that broke off, because a machine stopped, is passed over where it follows whole; so is an unfinished last
    one.

    Raises:
        AnchorUnusable: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            broken_off = b""
            while line := file.readline(MAX_LINE_BYTES):
                is_end = not line.endswith(b"\n")
                seal = Seal.of_line(_text(line))
                if seal is None and is_end:
                    return
                if seal is None and not broken_off:
                    broken_off = line.rstrip(b"\n")
                    continue
                if broken_off and not line.startswith(broken_off):
                    yield None
                broken_off = b""
                yield seal
            if broken_off:
                yield None
    except OSError as error:
        raise AnchorUnusable("audit.anchor_unreadable", path=path, reason=error.strerror or "") from error


def _lock(path: Path, descriptor: int) -> None:
    import fcntl  # noqa: PLC0415  # only POSIX systems have it, and the others get a sentence instead

    for number in range(LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if number < LOCK_TRIES - 1:
                time.sleep(LOCK_RETRY_S)
        else:
            return
    raise AnchorUnusable("audit.anchor_locked", path=path)


def _append(path: Path, file: BinaryIO, seals_after: SealReader) -> int:
    last, is_cut = _last_seal(file)
    last_id = 0 if last is None else last.id
    if last is not None and last not in seals_after(last.id - 1, 1):
        raise AnchorUnusable("audit.anchor_differs", path=path, seal=last.id)
    if is_cut:
        file.write(b"\n")
    while seals := seals_after(last_id, SEALS_AT_A_TIME):
        _write_all(file, "".join(f"{seal.line}\n" for seal in seals).encode())
        last_id = seals[-1].id
    os.fsync(file.fileno())
    return last_id


def _last_seal(file: BinaryIO) -> tuple[Seal | None, bool]:
    """Return the last whole seal of a file, and whether its last line broke off."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    lines = tail.split(b"\n")
    seals = [seal for line in lines[:-1] if (seal := Seal.of_line(_text(line))) is not None]
    return (seals[-1] if seals else None), bool(lines[-1])


def _write_all(file: BinaryIO, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _text(line: bytes) -> str:
    return line.rstrip(b"\n").decode(errors="replace")
