"""Read tar archives (POSIX.1-2008 pax, GNU), plain or compressed by gzip, once from front to back."""

import gzip
import tarfile
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, cast

from cchc_connect.drop_folder.names import safe_name
from cchc_connect.drop_folder.places import Place
from cchc_connect.drop_folder.streams import Budget, CountedStream, Member, Reads, unbroken

_READ_BYTES = 10 * 1024  # size of one read of the library
_PADDING_BYTES = 1024 * 1024  # zeros at the end of an archive; GNU tar writes at most this many
_HEADER_BYTES = 64 * 1024
"""Limit for the headers of one member (names, comments); the library itself reads them at any announced length."""


class _BoundedReader:
    """A stream that refuses to read more than the limit for the next step."""

    def __init__(self, source: Reads, location: Place) -> None:
        self._source = source
        self._location = location
        self._remaining = 0
        self._tail = b""

    def allow(self, size: int) -> None:
        """Allow `size` more bytes, plus two blocks of read-ahead."""
        self._remaining = size + 2 * _READ_BYTES

    def read(self, size: int, /) -> bytes:
        chunk = self._source.read(size)
        self._remaining -= len(chunk)
        if self._remaining < 0:
            raise self._location.refusal("inbox.too_much", limit="headers", most=_HEADER_BYTES)
        self._tail = (self._tail + chunk)[-tarfile.BLOCKSIZE :]
        return chunk

    def ends_in_zeros(self) -> bool:
        """Read to the end, which checks the gzip checksum; True if the archive ends in a block of zeros."""
        while self.read(_READ_BYTES):
            pass
        return self._tail == bytes(tarfile.BLOCKSIZE)


def tar_members(file: BinaryIO, location: Place, budget: Budget, *, packed: bool) -> Iterator[tuple[Place, Member]]:
    """Yield the files in a tar archive, each with its location; folders are skipped.

    Raises:
        Rejected: the archive is damaged or hostile, or exceeds a limit.
    """
    reader = _BoundedReader(gzip.GzipFile(fileobj=file, mode="rb") if packed else file, location)
    reader.allow(_HEADER_BYTES)
    source = cast("BinaryIO", reader)  # tarfile only calls read()
    with unbroken(location, lambda: tarfile.open(fileobj=source, mode="r|", bufsize=_READ_BYTES)) as archive:
        names: set[str] = set()
        for number, entry in enumerate(_entries(archive, reader, location), start=1):
            member_location = location.inner(number)
            budget.count_member(member_location, entry.size)
            if entry.isdir():
                continue
            name = _checked_name(entry, member_location)
            if name in names:
                raise member_location.refusal("inbox.name_twice")
            names.add(name)
            content = unbroken(member_location, partial(archive.extractfile, entry))
            reader.allow(entry.size)
            if content is None:
                raise member_location.refusal("inbox.kind")
            with content, CountedStream(content, entry.size, member_location, budget.count_bytes) as stream:
                yield member_location, Member(name=name, size=entry.size, stream=stream)
                stream.drain()


def _entries(archive: tarfile.TarFile, reader: _BoundedReader, location: Place) -> Iterator[tarfile.TarInfo]:
    """Yield the entries in order; a truncated archive is refused, which the library does not notice between entries."""
    while True:
        reader.allow(_HEADER_BYTES)
        entry = unbroken(location, archive.next)
        if entry is None:
            break
        yield entry
    reader.allow(_PADDING_BYTES)
    if not unbroken(location, reader.ends_in_zeros):
        raise location.refusal("inbox.damaged")


def _checked_name(entry: tarfile.TarInfo, location: Place) -> str:
    if not entry.isreg() or entry.issparse():
        raise location.refusal("inbox.kind")
    return safe_name(entry.name, location)
