"""Tar archives (POSIX.1-2008 pax, GNU), packed by gzip or not, read once from front to back."""

import gzip
import tarfile
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, cast

from cchc_connect.inbox.names import safe_name
from cchc_connect.inbox.places import Place
from cchc_connect.inbox.streams import Budget, CountedStream, Member, Reads, unbroken

_BLOCKS = 10 * 1024  # what the library reads at once
_PADDING_BYTES = 1024 * 1024  # zeros that end an archive; GNU tar writes so many at the most
_HEADER_BYTES = 64 * 1024
"""One member's headers: names and comments; the library reads them whole, however long they say they are."""


class _Rations:
    """A stream that gives no more than the next step of reading may take."""

    def __init__(self, source: Reads, place: Place) -> None:
        self._source = source
        self._place = place
        self._left = 0
        self._tail = b""

    def allow(self, size: int) -> None:
        """Give `size` bytes from now on, and what else is read with them."""
        self._left = size + 2 * _BLOCKS

    def read(self, size: int, /) -> bytes:
        piece = self._source.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise self._place.refusal("drop_folder.limit_exceeded", limit="headers", most=_HEADER_BYTES)
        self._tail = (self._tail + piece)[-tarfile.BLOCKSIZE :]
        return piece

    def ends_in_zeros(self) -> bool:
        """Read to the end, which proves what gzip packed; say whether there are the zeros that end an archive."""
        while self.read(_BLOCKS):
            pass
        return self._tail == bytes(tarfile.BLOCKSIZE)


def tar_members(file: BinaryIO, place: Place, budget: Budget, *, packed: bool) -> Iterator[tuple[Place, Member]]:
    """Yield the files in a tar archive, each with its place; folders have none.

    Raises:
        Rejected: the archive is damaged or hostile, or passes a limit.
    """
    rations = _Rations(gzip.GzipFile(fileobj=file, mode="rb") if packed else file, place)
    rations.allow(_HEADER_BYTES)
    source = cast("BinaryIO", rations)  # all that it is asked for is to be read
    with unbroken(place, lambda: tarfile.open(fileobj=source, mode="r|", bufsize=_BLOCKS)) as archive:
        names: set[str] = set()
        for number, entry in enumerate(_entries(archive, rations, place), start=1):
            inner = place.inner(number)
            budget.count_member(inner, entry.size)
            if entry.isdir():
                continue
            name = _checked_name(entry, inner)
            if name in names:
                raise inner.refusal("drop_folder.duplicate_name")
            names.add(name)
            content = unbroken(inner, partial(archive.extractfile, entry))
            rations.allow(entry.size)
            if content is None:
                raise inner.refusal("drop_folder.not_a_file")
            with content, CountedStream(content, entry.size, inner, budget.count_bytes) as stream:
                yield inner, Member(name=name, size=entry.size, stream=stream)
                stream.drain()


def _entries(archive: tarfile.TarFile, rations: _Rations, place: Place) -> Iterator[tarfile.TarInfo]:
    """Yield the entries as they stand; to the library an archive that is cut between two of them is whole."""
    while True:
        rations.allow(_HEADER_BYTES)
        entry = unbroken(place, archive.next)
        if entry is None:
            break
        yield entry
    rations.allow(_PADDING_BYTES)
    if not unbroken(place, rations.ends_in_zeros):
        raise place.refusal("drop_folder.damaged")


def _checked_name(entry: tarfile.TarInfo, place: Place) -> str:
    if not entry.isreg() or entry.issparse():
        raise place.refusal("drop_folder.not_a_file")
    return safe_name(entry.name, place)
