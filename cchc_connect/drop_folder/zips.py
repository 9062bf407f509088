"""Read ZIP archives (APPNOTE.TXT 6.3) with the standard library, within limits."""

import copy
import io
import stat
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from cchc_connect.drop_folder.names import safe_name
from cchc_connect.drop_folder.places import Place
from cchc_connect.drop_folder.streams import Budget, CountedStream, Member, unbroken

_ENCRYPTED = 0x1 | 0x40 | 0x2000
"""Flags of an encrypted member or central directory (APPNOTE.TXT 4.4.4)."""
_UNIX_MODE_SHIFT = 16
_ENTRY_BYTES = 512  # allowed per entry of the central directory: 46 bytes, a name, and extra fields
_DIRECTORY_BYTES = 64 * 1024


class _BoundedFile(io.RawIOBase):
    """A file with a limit for one read: the library reads a central directory at any announced length."""

    def __init__(self, file: BinaryIO, max_read_bytes: int, location: Place) -> None:
        super().__init__()
        self._file = file
        self._max_read_bytes = max_read_bytes
        self._location = location

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
            size = self._max_read_bytes
        if size > self._max_read_bytes:
            raise self._location.refusal("inbox.too_much", limit="directory", most=self._max_read_bytes)
        return self._file.read(size)


def zip_members(file: BinaryIO, location: Place, budget: Budget) -> Iterator[tuple[Place, Member]]:
    """Yield the files in a ZIP archive, each with its location; folders are skipped.

    Raises:
        Rejected: the archive is damaged or hostile, or exceeds a limit.
    """
    max_read_bytes = _DIRECTORY_BYTES + budget.limits.members * _ENTRY_BYTES
    archive = unbroken(location, partial(ZipFile, _BoundedFile(file, max_read_bytes, location)))
    with archive:
        names: set[str] = set()
        for number, entry in enumerate(archive.infolist(), start=1):
            member_location = location.inner(number)
            budget.count_member(member_location, entry.file_size)
            name = _checked_name(entry, member_location)
            if entry.is_dir():
                continue
            if name in names:
                raise member_location.refusal("inbox.name_twice")
            names.add(name)
            packed = unbroken(member_location, partial(archive.open, _without_size(entry, budget)))
            with packed, CountedStream(packed, entry.file_size, member_location, budget.count_bytes) as stream:
                yield member_location, Member(name=name, size=entry.file_size, stream=stream)
                stream.drain()


def _checked_name(entry: ZipInfo, location: Place) -> str:
    if entry.flag_bits & _ENCRYPTED:
        raise location.refusal("inbox.encrypted")
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise location.refusal("inbox.method")
    kind = stat.S_IFMT(entry.external_attr >> _UNIX_MODE_SHIFT)
    if kind not in {0, stat.S_IFDIR if entry.is_dir() else stat.S_IFREG}:
        raise location.refusal("inbox.kind")
    safe_name(entry.orig_filename, location)  # the library truncates names at a NUL
    return safe_name(entry.filename, location)


def _without_size(entry: ZipInfo, budget: Budget) -> ZipInfo:
    """Return the entry without its announced size: the library would stop there and hide surplus bytes."""
    entry = copy.copy(entry)
    entry.file_size = budget.limits.member_bytes + 1
    return entry
