"""ZIP archives (APPNOTE.TXT 6.3), read by the standard library within limits of ours."""

import copy
import io
import stat
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from cchc_connect.inbox.names import safe_name
from cchc_connect.inbox.places import Place
from cchc_connect.inbox.streams import Budget, CountedStream, Member, unbroken

_ENCRYPTED = 0x1 | 0x40 | 0x2000
"""Flags of a member, and of a directory, that is encrypted (APPNOTE.TXT 4.4.4)."""
_UNIX_MODE = 16
_ENTRY_BYTES = 512  # of the directory, each: 46, a name, and what few programs add
_DIRECTORY_BYTES = 64 * 1024


class _Sips(io.RawIOBase):
    """A file of which nobody reads much at once: the library reads a directory whole, however long it says it is."""

    def __init__(self, file: BinaryIO, most: int, place: Place) -> None:
        super().__init__()
        self._file = file
        self._most = most
        self._place = place

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = self._most
        if size > self._most:
            raise self._place.refusal("drop_folder.limit_exceeded", limit="directory", most=self._most)
        return self._file.read(size)


def zip_members(file: BinaryIO, place: Place, budget: Budget) -> Iterator[tuple[Place, Member]]:
    """Yield the files in a ZIP archive, each with its place; folders have none.

    Raises:
        Rejected: the archive is damaged or hostile, or passes a limit.
    """
    most = _DIRECTORY_BYTES + budget.limits.members * _ENTRY_BYTES
    archive = unbroken(place, partial(ZipFile, _Sips(file, most, place)))
    with archive:
        names: set[str] = set()
        for number, entry in enumerate(archive.infolist(), start=1):
            inner = place.inner(number)
            budget.count_member(inner, entry.file_size)
            name = _checked_name(entry, inner)
            if entry.is_dir():
                continue
            if name in names:
                raise inner.refusal("drop_folder.duplicate_name")
            names.add(name)
            packed = unbroken(inner, partial(archive.open, _unlimited(entry, budget)))
            with packed, CountedStream(packed, entry.file_size, inner, budget.count_bytes) as stream:
                yield inner, Member(name=name, size=entry.file_size, stream=stream)
                stream.drain()


def _checked_name(entry: ZipInfo, place: Place) -> str:
    if entry.flag_bits & _ENCRYPTED:
        raise place.refusal("drop_folder.encrypted")
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise place.refusal("drop_folder.compression_method")
    kind = stat.S_IFMT(entry.external_attr >> _UNIX_MODE)
    if kind not in {0, stat.S_IFDIR if entry.is_dir() else stat.S_IFREG}:
        raise place.refusal("drop_folder.not_a_file")
    safe_name(entry.orig_filename, place)  # the library cuts names at a NUL
    return safe_name(entry.filename, place)


def _unlimited(entry: ZipInfo, budget: Budget) -> ZipInfo:
    """Return the entry without its size: the library would stop there, and we want to see how much really comes."""
    entry = copy.copy(entry)
    entry.file_size = budget.limits.member_bytes + 1
    return entry
