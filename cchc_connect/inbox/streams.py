"""Reading what is packed: bytes are counted as they really come, whatever a directory says of them."""

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from tarfile import TarError
from typing import Protocol, TypeVar
from zipfile import BadZipFile

from cchc_connect.inbox.limits import MIB, InboxLimits
from cchc_connect.inbox.places import Place

Result = TypeVar("Result")

CHUNK = 256 * 1024

_BROKEN = (
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
"""What the standard library raises over archives that are none; its parsers of headers are not choosy."""


class Reads(Protocol):
    """What can be read piece by piece."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none of them at the end."""
        ...


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file that was dropped, or one that was packed into it."""

    name: str
    """Relative, its parts divided by "/", in normalization form C."""
    size: int
    """Bytes, as announced; a stream of any other length ends in an error."""
    stream: io.RawIOBase = field(repr=False)
    """The bytes, once; keep nothing of them until they came to their end."""


class Budget:
    """What an archive may still unfold to, those in it included."""

    def __init__(self, limits: InboxLimits, packed: int) -> None:
        """Begin with nothing used; the outermost archive has `packed` bytes."""
        self.limits = limits
        self._packed = packed
        self._members = 0
        self._unpacked = 0

    def count_member(self, place: Place, size: int) -> None:
        """Count a member that says it has `size` bytes.

        Raises:
            Rejected: there are too many, or it is too large.
        """
        self._members += 1
        if self._members > self.limits.members:
            raise place.refusal("drop_folder.limit_exceeded", limit="members", most=self.limits.members)
        if size > self.limits.member_bytes:
            raise place.refusal("drop_folder.limit_exceeded", limit="member_bytes", most=self.limits.member_bytes)

    def count_bytes(self, place: Place, count: int) -> None:
        """Count bytes that were unpacked.

        Raises:
            Rejected: they are too many.
        """
        self._unpacked += count
        if self._unpacked > self.limits.total_bytes:
            raise place.refusal("drop_folder.limit_exceeded", limit="total_bytes", most=self.limits.total_bytes)
        if self._unpacked > MIB and self._unpacked > self.limits.ratio * self._packed:
            raise place.refusal("drop_folder.limit_exceeded", limit="ratio", most=self.limits.ratio)


class CountedStream(io.RawIOBase):
    """A stream of exactly as many bytes as were announced."""

    def __init__(self, source: Reads, size: int, place: Place, count: Callable[[Place, int], None]) -> None:
        """Read `source`; `count` is told of every byte and may refuse."""
        super().__init__()
        self._source = source
        self._left = size
        self._place = place
        self._count = count
        self._is_over = False

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # any writable buffer is one
        """Read the next bytes.

        Raises:
            Rejected: more or fewer come than were announced, they are damaged, or a limit is passed.
        """
        if self._is_over or not len(buffer):
            return 0
        piece = unbroken(self._place, partial(self._source.read, len(buffer)))
        self._count(self._place, len(piece))
        self._left -= len(piece)
        self._is_over = not piece
        if self._left < 0 or (self._is_over and self._left):
            raise self._place.refusal("drop_folder.size_mismatch")
        buffer[: len(piece)] = piece
        return len(piece)

    def drain(self) -> None:
        """Read what is left, so that it is known to be whole."""
        while self.read(CHUNK):
            pass


def unbroken(place: Place, step: Callable[[], Result]) -> Result:
    """Do one step with a library that raises whatever it likes over what is damaged.

    Raises:
        Rejected: it did. Its own error, which may quote what it read, is left out.
    """
    try:
        return step()
    except _BROKEN:
        pass
    raise place.refusal("drop_folder.damaged")
