"""Read a drop folder (thư mục nhận tệp), into which an agency puts files and archives.

A writer to the folder may try to make the program read something else: a link to another file, a device, or a
name that leads out of the folder. So every file is opened below the folder one path part at a time, no link is
followed, and the file is checked after it was opened.
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

from cchc_connect.drop_folder.archives import archive_format_of, archive_members
from cchc_connect.drop_folder.names import FileLocation, is_junk, is_unfinished, safe_name
from cchc_connect.drop_folder.streams import CountedStream, DropFolderLimits, LimitCounter, Member
from cchc_connect.errors import ConfigurationError, Rejected

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Opening a pipe without O_NONBLOCK blocks until something writes to it.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_NOT_A_FILE_ERRORS = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO})

_FileState = tuple[int, int, int]
"""Inode, size (bytes) and modification time (ns) of a file; they change while it is being written."""


@dataclass(frozen=True)
class FolderListing:
    """Content of a drop folder."""

    files: tuple[str, ...]
    """Names of the complete files, sorted."""
    refused: tuple[Rejected, ...]
    """Files that are not read, each with its reason."""
    passed_over: int = 0
    """Number of files that a program left for itself, such as `Thumbs.db` or the lock of an open workbook."""


class DropFolder:
    """One drop folder."""

    def __init__(
        self,
        folder: Path,
        limits: DropFolderLimits | None = None,
        *,
        settle_s: float = 2.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Read `folder`; a file that is unchanged for `settle_s` seconds counts as complete."""
        self._folder = folder
        self._limits = limits or DropFolderLimits()
        self._settle_s = settle_s
        self._sleep = sleep
        self.passed_over = 0
        """Number of members of archives that a program left for itself, in all archives read so far."""
        self._disk_names: dict[str, str] = {}
        """Name of each complete file as the folder spells it, by its safe name."""

    def scan(self) -> FolderListing:
        """List the folder and its subfolders twice, `settle_s` seconds apart, and return the complete files.

        Raises:
            ConfigurationError: the folder cannot be read.
            Rejected: the folder has more entries than the limit.
        """
        before = self._states()
        self._sleep(self._settle_s)
        after = self._states()
        junk = set(filter(is_junk, after))
        complete = sorted(name for name, state in after.items() if before.get(name) == state and name not in junk)
        names: dict[str, list[str]] = {}
        refused: list[Rejected] = []
        for disk_name in complete:
            try:
                names.setdefault(safe_name(disk_name, FileLocation(disk_name)), []).append(disk_name)
            except Rejected as refusal:
                refused.append(refusal)
        refused += [
            FileLocation(name).rejection("drop_folder.duplicate_name")
            for name, spellings in names.items()
            if len(spellings) > 1
        ]
        self._disk_names = {name: spellings[0] for name, spellings in names.items() if len(spellings) == 1}
        return FolderListing(files=tuple(sorted(self._disk_names)), refused=tuple(refused), passed_over=len(junk))

    def members(self, name: str) -> Iterator[Member]:
        """Yield the file `name` itself, or the members of a ZIP or tar archive.

        A stream can be read until the next member is requested. If this raises, discard everything that was read
        from the file.

        Raises:
            Rejected: the file is a link, missing, hostile, damaged or still being written, or exceeds a limit.
        """
        location = FileLocation(name)
        safe_path = safe_name(name, location)
        with self._open(safe_path, location) as (file, size):
            archive_format = archive_format_of(safe_path)
            if archive_format is not None:
                counter = LimitCounter(self._limits, size)
                yield from archive_members(archive_format, file, location, counter)
                self.passed_over += counter.passed_over
                return
            with CountedStream(file, size, location, _count_nothing) as stream:
                yield Member(name=safe_path, size=size, stream=stream)
                stream.drain()

    @contextmanager
    def _open(self, name: str, location: FileLocation) -> Generator[tuple[BinaryIO, int]]:
        with _open_file(self._folder, self._disk_names.get(name, name), location) as file:
            status = os.fstat(file.fileno())
            if status.st_nlink > 1:
                raise location.rejection("drop_folder.hard_link")
            if status.st_size > self._limits.file_bytes:
                raise location.rejection("drop_folder.limit_exceeded", limit="file_bytes", most=self._limits.file_bytes)
            yield file, status.st_size
            if _state(os.fstat(file.fileno())) != _state(status):
                raise location.rejection("drop_folder.changed")

    def _states(self) -> dict[str, _FileState]:
        """Return the state of every entry by name, except folders and unfinished files; links are not followed."""
        states: dict[str, _FileState] = {}
        folders, entry_count = [""], 0
        while folders:
            prefix = folders.pop()
            for entry in self._entries(prefix):
                entry_count += 1
                if entry_count > self._limits.files:
                    raise FileLocation(str(self._folder)).rejection(
                        "drop_folder.limit_exceeded", limit="files", most=self._limits.files
                    )
                is_hidden = entry.name.startswith(".") and not is_junk(entry.name)
                if is_hidden or is_unfinished(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{prefix}{entry.name}/")
                    continue
                with suppress(FileNotFoundError):  # it was removed meanwhile
                    states[prefix + entry.name] = _state(entry.stat(follow_symlinks=False))
        return states

    def _entries(self, prefix: str) -> "list[os.DirEntry[str]]":
        try:
            with os.scandir(self._folder / prefix) as entries:
                return list(islice(entries, self._limits.files + 1))
        except OSError as error:
            raise ConfigurationError(
                "drop_folder.folder_unreadable", path=self._folder / prefix, reason=error.strerror
            ) from error


def _open_file(folder: Path, name: str, location: FileLocation) -> BinaryIO:
    """Open a regular file below `folder` without following links.

    Raises:
        Rejected: the file does not exist or is not a regular file.
    """
    try:
        descriptor = _open_descriptor(folder, name.split("/"))
    except FileNotFoundError:
        code, reason = "drop_folder.missing", None
    except OSError as error:
        code, reason = (
            "drop_folder.not_a_file" if error.errno in _NOT_A_FILE_ERRORS else "drop_folder.unreadable",
            error.strerror,
        )
    else:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
        code, reason = "drop_folder.not_a_file", None
    raise location.rejection(code, reason=reason)


def _open_descriptor(folder: Path, parts: list[str]) -> int:
    descriptor = os.open(folder, _FOLDER_FLAGS)
    for part in parts[:-1]:
        descriptor = _open_below(descriptor, part, _FOLDER_FLAGS | os.O_NOFOLLOW)
    return _open_below(descriptor, parts[-1], _FILE_FLAGS)


def _open_below(folder: int, part: str, flags: int) -> int:
    try:
        return os.open(part, flags, dir_fd=folder)
    finally:
        os.close(folder)


def _state(status: os.stat_result) -> _FileState:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _count_nothing(location: FileLocation, count: int) -> None:
    """Accept all bytes of a regular file: its size was checked before."""
