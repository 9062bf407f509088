"""Bounded streams over archive members, and the limits on a drop folder; every limit is finite.

The bytes actually read are counted; sizes in headers are not trusted.
"""

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from tarfile import TarError
from typing import Protocol, TypeVar
from zipfile import BadZipFile

from cchc_connect.drop_folder.names import FileLocation

MIB = 1024 * 1024
CHUNK_BYTES = 256 * 1024

_DAMAGE_ERRORS = (
    BadZipFile,
    TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    ArithmeticError,
    LookupError,
    RuntimeError,
)
"""Exceptions that the standard library raises for damaged archives; its header parsers raise many kinds."""

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class DropFolderLimits:
    """Limits for reading a drop folder; a file that exceeds one is refused as a whole."""

    files: int = 10_000
    """Files and folders in the drop folder, all levels counted."""
    file_bytes: int = 1024 * MIB
    """Size of one file in the folder, archives included, bytes."""
    members: int = 1_000
    """Members of an archive, members of inner archives included."""
    member_bytes: int = 256 * MIB
    """Unpacked size of one member, bytes."""
    total_bytes: int = 1024 * MIB
    """Unpacked size of all members together, bytes."""
    ratio: int = 200
    """Highest ratio of unpacked to packed size; not applied to archives of less than 1 MiB unpacked."""
    nesting: int = 1
    """Levels of archives inside an archive that are opened; deeper ones are refused."""
    names_encoding: str | None = None
    """Encoding of names in ZIP archives that do not say theirs and are not UTF-8: `cp1258`, `cp437`. None: they are
    refused."""

    def __post_init__(self) -> None:
        """Check the encoding.

        Raises:
            ValueError: it is no encoding of text that Python knows.
        """
        if self.names_encoding is not None and not _is_text_encoding(self.names_encoding):
            raise ValueError(f"names_encoding: {self.names_encoding!r} is no encoding of text, such as 'cp1258'")


def _is_text_encoding(name: str) -> bool:
    try:
        b"a".decode(name)
    except (LookupError, ValueError):  # unknown, one of bytes (`base64`), or with a NUL in its name
        return False
    return True


class ByteSource(Protocol):
    """A source of bytes that is read in chunks."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; empty at the end."""
        ...


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file of the drop folder, or a file inside an archive."""

    name: str
    """Relative path, parts divided by "/", in Unicode normalization form C."""
    size: int
    """Announced size, bytes; a stream of any other length ends in an error."""
    stream: io.RawIOBase = field(repr=False)
    """The bytes, readable once.

    Only a stream that was read to its end without an error is complete and undamaged; act on the bytes after that.
    """


class LimitCounter:
    """Counts the members and unpacked bytes of an archive, inner archives included, against the limits."""

    def __init__(self, limits: DropFolderLimits, packed: int) -> None:
        """Start counting from zero; the outermost archive has `packed` bytes."""
        self.limits = limits
        self._packed = packed
        self._members = 0
        self._unpacked = 0
        self.passed_over = 0
        """Members that a program left for itself."""

    def count_member(self, location: FileLocation, size: int) -> None:
        """Count a member with an announced size of `size` bytes.

        Raises:
            Rejected: there are too many members, or this one is too large.
        """
        self._members += 1
        if self._members > self.limits.members:
            raise location.rejection("drop_folder.limit_exceeded", limit="members", most=self.limits.members)
        if size > self.limits.member_bytes:
            raise location.rejection("drop_folder.limit_exceeded", limit="member_bytes", most=self.limits.member_bytes)

    def count_bytes(self, location: FileLocation, count: int) -> None:
        """Count unpacked bytes.

        Raises:
            Rejected: the total or its ratio to the packed size exceeds the limit.
        """
        self._unpacked += count
        if self._unpacked > self.limits.total_bytes:
            raise location.rejection("drop_folder.limit_exceeded", limit="total_bytes", most=self.limits.total_bytes)
        if self._unpacked > MIB and self._unpacked > self.limits.ratio * self._packed:
            raise location.rejection("drop_folder.limit_exceeded", limit="ratio", most=self.limits.ratio)


class CountedStream(io.RawIOBase):
    """A stream that fails unless it holds exactly the announced number of bytes."""

    def __init__(
        self, source: ByteSource, size: int, location: FileLocation, count: Callable[[FileLocation, int], None]
    ) -> None:
        """Read `source`; `count` is called with the length of each chunk and may raise `Rejected`."""
        super().__init__()
        self._source = source
        self._remaining = size
        self._location = location
        self._count = count
        self._at_end = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # any writable buffer is one
        """Read the next bytes.

        Raises:
            Rejected: there are more or fewer bytes than announced, they are damaged, or a limit is exceeded.
        """
        if self._at_end or not len(buffer):
            return 0
        chunk = reject_damage(self._location, partial(self._source.read, len(buffer)))
        self._count(self._location, len(chunk))
        self._remaining -= len(chunk)
        self._at_end = not chunk
        if self._remaining < 0 or (self._at_end and self._remaining):
            raise self._location.rejection("drop_folder.size_mismatch")
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def drain(self) -> None:
        """Read to the end, which checks the size and the content."""
        while self.read(CHUNK_BYTES):
            pass


def reject_damage(location: FileLocation, step: Callable[[], Result]) -> Result:
    """Run one step of a library that raises many kinds of errors for damaged input.

    Raises:
        Rejected: the step failed. The library's own error is dropped, as it may quote what it read.
    """
    try:
        return step()
    except _DAMAGE_ERRORS:
        pass
    raise location.rejection("drop_folder.damaged")
