"""A drop folder (thư mục nhận tệp): where an agency puts files and archives for us.

Whoever may write there may try to make us read something else: a link to another file, a device, a name that
climbs out. So every file is opened below the folder part by part, following nothing, and looked at once open.
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from cchc_connect.errors import ConfigurationError, Rejected
from cchc_connect.inbox.archives import packing_of, unpacked
from cchc_connect.inbox.limits import InboxLimits
from cchc_connect.inbox.names import safe_name
from cchc_connect.inbox.places import Place
from cchc_connect.inbox.streams import Budget, CountedStream, Member

_UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload", "~")
"""Ends of names under which programs write what they will rename when it is whole."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe that is opened without O_NONBLOCK waits for somebody to write into it.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_NOT_A_FILE = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO})

_State = tuple[int, int, int]
"""Inode, size and time of the last change of a file: while it is written, they do not stay."""


@dataclass(frozen=True)
class Look:
    """What lies in a drop folder."""

    files: tuple[str, ...]
    """Names of files that are whole, in order."""
    refused: tuple[Rejected, ...]
    """What will not be read, each with its reason."""


class Inbox:
    """One drop folder."""

    def __init__(
        self,
        folder: Path,
        limits: InboxLimits | None = None,
        *,
        settle_s: float = 2.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Look into `folder`; a file that stays the same for `settle_s` seconds is not being written any more."""
        self._folder = folder
        self._limits = limits or InboxLimits()
        self._settle_s = settle_s
        self._sleep = sleep
        self._written: dict[str, str] = {}

    def look(self) -> Look:
        """Look twice at the folder and those in it, and return what is whole.

        Raises:
            ConfigurationError: the folder cannot be read.
            Rejected: too much lies in it.
        """
        before = self._states()
        self._sleep(self._settle_s)
        after = self._states()
        whole = sorted(name for name, state in after.items() if before.get(name) == state)
        names: dict[str, list[str]] = {}
        refused: list[Rejected] = []
        for written in whole:
            try:
                names.setdefault(safe_name(written, Place(written)), []).append(written)
            except Rejected as refusal:
                refused.append(refusal)
        refused += [
            Place(name).refusal("drop_folder.duplicate_name") for name, several in names.items() if len(several) > 1
        ]
        self._written = {name: several[0] for name, several in names.items() if len(several) == 1}
        return Look(files=tuple(sorted(self._written)), refused=tuple(refused))

    def members(self, name: str) -> Iterator[Member]:
        """Yield what the file `name` holds: itself, or, of a ZIP or tar archive, what is packed in it.

        A stream can be read until the next member is asked for. What was read of a file for which this raises in
        the end is to be forgotten.

        Raises:
            Rejected: the file leads elsewhere, is gone, hostile, damaged or still written, or passes a limit.
        """
        place = Place(name)
        safe = safe_name(name, place)
        with self._open(safe, place) as (file, size):
            packing = packing_of(safe)
            if packing is not None:
                yield from unpacked(packing, file, place, Budget(self._limits, size))
                return
            with CountedStream(file, size, place, _count_nothing) as stream:
                yield Member(name=safe, size=size, stream=stream)
                stream.drain()

    @contextmanager
    def _open(self, name: str, place: Place) -> Generator[tuple[BinaryIO, int]]:
        with _opened(self._folder, self._written.get(name, name), place) as file:
            found = os.fstat(file.fileno())
            if found.st_nlink > 1:
                raise place.refusal("drop_folder.hard_link")
            if found.st_size > self._limits.file_bytes:
                raise place.refusal("drop_folder.limit_exceeded", limit="file_bytes", most=self._limits.file_bytes)
            yield file, found.st_size
            if _state(os.fstat(file.fileno())) != _state(found):
                raise place.refusal("drop_folder.changed")

    def _states(self) -> dict[str, _State]:
        """Return every entry that is no folder and no unfinished file by its name; links are not followed."""
        found: dict[str, _State] = {}
        folders, seen = [""], 0
        while folders:
            prefix = folders.pop()
            for entry in self._entries(prefix):
                seen += 1
                if seen > self._limits.files:
                    raise Place(str(self._folder)).refusal(
                        "drop_folder.limit_exceeded", limit="files", most=self._limits.files
                    )
                if entry.name.startswith(".") or entry.name.casefold().endswith(_UNFINISHED):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{prefix}{entry.name}/")
                    continue
                with suppress(FileNotFoundError):  # it was taken away meanwhile
                    found[prefix + entry.name] = _state(entry.stat(follow_symlinks=False))
        return found

    def _entries(self, prefix: str) -> "list[os.DirEntry[str]]":
        try:
            with os.scandir(self._folder / prefix) as entries:
                return list(islice(entries, self._limits.files + 1))
        except OSError as error:
            raise ConfigurationError(
                "drop_folder.folder_unreadable", path=self._folder / prefix, reason=error.strerror
            ) from error


def _opened(folder: Path, name: str, place: Place) -> BinaryIO:
    """Open an ordinary file below `folder`, following no link on the way.

    Raises:
        Rejected: there is none, or it is something else.
    """
    try:
        descriptor = _descended(folder, name.split("/"))
    except FileNotFoundError:
        code, reason = "drop_folder.missing", None
    except OSError as error:
        code, reason = (
            "drop_folder.not_a_file" if error.errno in _NOT_A_FILE else "drop_folder.unreadable",
            error.strerror,
        )
    else:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
        code, reason = "drop_folder.not_a_file", None
    raise place.refusal(code, reason=reason)


def _descended(folder: Path, parts: list[str]) -> int:
    at = os.open(folder, _FOLDER)
    for part in parts[:-1]:
        at = _below(at, part, _FOLDER | os.O_NOFOLLOW)
    return _below(at, parts[-1], _FILE)


def _below(folder: int, part: str, flags: int) -> int:
    try:
        return os.open(part, flags, dir_fd=folder)
    finally:
        os.close(folder)


def _state(found: os.stat_result) -> _State:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _count_nothing(place: Place, count: int) -> None:
    """Let the bytes of an ordinary file pass: its size is known."""
