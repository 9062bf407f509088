"""Read ZIP and tar archives, and archives inside them, as one sequence of members, within limits.

ZIP by APPNOTE.TXT 6.3 with the standard library; tar by POSIX.1-2008 pax and GNU, plain or compressed by gzip, once
from front to back.
"""

import copy
import gzip
import io
import shutil
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from cchc_connect.drop_folder.names import FileLocation, is_junk, member_name, safe_name
from cchc_connect.drop_folder.streams import CHUNK_BYTES, ByteSource, CountedStream, LimitCounter, Member, reject_damage
from cchc_connect.messages import Message

_TAR_READ_BYTES = 10 * 1024  # size of one read of the library
_MAX_TAR_PADDING_BYTES = 1024 * 1024  # zeros at the end of an archive; GNU tar writes at most this many
_MAX_TAR_HEADER_BYTES = 64 * 1024
"""Limit for the headers of one member (names, comments); the library itself reads them at any announced length."""


_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
"""Flags of an encrypted member or central directory (APPNOTE.TXT 4.4.4)."""
_UNICODE_FLAG = 0x800
"""Flag of a member whose name is UTF-8 (APPNOTE.TXT 4.4.4)."""
_UNIX_MODE_SHIFT = 16
_ZIP_ENTRY_BYTES = 512  # allowed per entry of the central directory: 46 bytes, a name, and extra fields
_ZIP_DIRECTORY_BYTES = 64 * 1024
_SPOOL_BYTES = 8 * 1024 * 1024  # a larger inner archive is copied to a temporary file while it is read


class ArchiveFormat(StrEnum):
    """Archive format, by the end of the file name."""

    ZIP = ".zip"
    TAR = ".tar"
    TAR_GZIP = ".tar.gz"
    TGZ = ".tgz"


def archive_format_of(name: str) -> ArchiveFormat | None:
    """Return the archive format of a file name; None if it is not an archive that is opened.

    >>> archive_format_of("thua-dat/2026-07.TGZ")
    <ArchiveFormat.TGZ: '.tgz'>
    """
    return next((archive_format for archive_format in ArchiveFormat if name.casefold().endswith(archive_format)), None)


def archive_members(
    archive_format: ArchiveFormat, file: BinaryIO, location: FileLocation, counter: LimitCounter, level: int = 0
) -> Iterator[Member]:
    """Yield the members of an archive; members of an inner archive have its name as a prefix.

    Raises:
        Rejected: the archive is damaged or hostile, or exceeds a limit.
    """
    for member_location, member in _members(archive_format, file, location, counter):
        nested = archive_format_of(member.name)
        if nested is None:
            yield member
            continue
        if level >= counter.limits.nesting:
            raise member_location.rejection("drop_folder.limit_exceeded", limit="nesting", most=counter.limits.nesting)
        with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
            shutil.copyfileobj(member.stream, spool, CHUNK_BYTES)
            spool.seek(0)
            for nested_member in archive_members(nested, cast("BinaryIO", spool), member_location, counter, level + 1):
                yield replace(nested_member, name=f"{member.name}/{nested_member.name}")


def _members(
    archive_format: ArchiveFormat, file: BinaryIO, location: FileLocation, counter: LimitCounter
) -> Iterator[tuple[FileLocation, Member]]:
    if archive_format is ArchiveFormat.ZIP:
        return zip_members(file, location, counter)
    return tar_members(file, location, counter, gzipped=archive_format is not ArchiveFormat.TAR)


def tar_members(
    file: BinaryIO, location: FileLocation, counter: LimitCounter, *, gzipped: bool
) -> Iterator[tuple[FileLocation, Member]]:
    """Yield the files in a tar archive, each with its location; folders and junk are skipped.

    Raises:
        Rejected: the archive is damaged or hostile, or exceeds a limit.
    """
    reader = _BoundedTarStream(gzip.GzipFile(fileobj=file, mode="rb") if gzipped else file, location)
    reader.allow(_MAX_TAR_HEADER_BYTES)
    source = cast("BinaryIO", reader)  # tarfile only calls read()
    with reject_damage(location, lambda: tarfile.open(fileobj=source, mode="r|", bufsize=_TAR_READ_BYTES)) as archive:
        names: set[str] = set()
        for number, entry in enumerate(_tar_entries(archive, reader, location), start=1):
            member_location = location.for_member(number)
            counter.count_member(member_location, entry.size)
            if entry.isdir():
                continue
            is_left_out = is_junk(entry.name)
            counter.passed_over += is_left_out
            if is_left_out and not entry.isreg():
                continue
            name = "" if is_left_out else _checked_tar_name(entry, member_location)
            if name in names:
                raise member_location.rejection("drop_folder.duplicate_name")
            names |= {name} - {""}
            content = reject_damage(member_location, partial(archive.extractfile, entry))
            reader.allow(entry.size)
            if content is None:
                raise member_location.rejection("drop_folder.not_a_file")
            with content, CountedStream(content, entry.size, member_location, counter.count_bytes) as stream:
                if not is_left_out:
                    yield member_location, Member(name=name, size=entry.size, stream=stream)
                stream.drain()


class _BoundedTarStream:
    """A stream that refuses to read more than the limit for the next step."""

    def __init__(self, source: ByteSource, location: FileLocation) -> None:
        self._source = source
        self._location = location
        self._remaining = 0
        self._tail = b""

    def allow(self, size: int) -> None:
        """Allow `size` more bytes, plus two blocks of read-ahead."""
        self._remaining = size + 2 * _TAR_READ_BYTES

    def read(self, size: int, /) -> bytes:
        chunk = self._source.read(size)
        self._remaining -= len(chunk)
        if self._remaining < 0:
            raise self._location.rejection("drop_folder.limit_exceeded", limit="headers", most=_MAX_TAR_HEADER_BYTES)
        self._tail = (self._tail + chunk)[-tarfile.BLOCKSIZE :]
        return chunk

    def ends_in_zeros(self) -> bool:
        """Read to the end, which checks the gzip checksum; True if the archive ends in a block of zeros."""
        while self.read(_TAR_READ_BYTES):
            pass
        return self._tail == bytes(tarfile.BLOCKSIZE)


def _tar_entries(
    archive: tarfile.TarFile, reader: _BoundedTarStream, location: FileLocation
) -> Iterator[tarfile.TarInfo]:
    """Yield the entries in order; a truncated archive is refused, which the library does not notice between entries."""
    while True:
        reader.allow(_MAX_TAR_HEADER_BYTES)
        entry = reject_damage(location, archive.next)
        if entry is None:
            break
        yield entry
    reader.allow(_MAX_TAR_PADDING_BYTES)
    if not reject_damage(location, reader.ends_in_zeros):
        raise location.rejection("drop_folder.damaged")


def _checked_tar_name(entry: tarfile.TarInfo, location: FileLocation) -> str:
    if not entry.isreg() or entry.issparse():
        raise location.rejection("drop_folder.not_a_file")
    return safe_name(entry.name, location)


def zip_members(file: BinaryIO, location: FileLocation, counter: LimitCounter) -> Iterator[tuple[FileLocation, Member]]:
    """Yield the files in a ZIP archive, each with its location; folders and junk are skipped.

    Raises:
        Rejected: the archive is damaged or hostile, or exceeds a limit.
    """
    max_read_bytes = _ZIP_DIRECTORY_BYTES + counter.limits.members * _ZIP_ENTRY_BYTES
    archive = reject_damage(location, partial(ZipFile, _BoundedZipFile(file, max_read_bytes, location)))
    with archive:
        names: set[str] = set()
        for number, entry in enumerate(archive.infolist(), start=1):
            member_location = location.for_member(number)
            counter.count_member(member_location, entry.file_size)
            if is_junk(entry.orig_filename):
                counter.passed_over += 1
                continue
            name = _checked_zip_name(entry, member_location, counter.limits.names_encoding)
            if entry.is_dir():
                continue
            if name in names:
                raise member_location.rejection("drop_folder.duplicate_name")
            names.add(name)
            content = reject_damage(member_location, partial(archive.open, _without_size(entry, counter)))
            with content, CountedStream(content, entry.file_size, member_location, counter.count_bytes) as stream:
                yield member_location, Member(name=name, size=entry.file_size, stream=stream)
                stream.drain()


class _BoundedZipFile(io.RawIOBase):
    """A file with a limit for one read: the library reads a central directory at any announced length."""

    def __init__(self, file: BinaryIO, max_read_bytes: int, location: FileLocation) -> None:
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
            raise self._location.rejection("drop_folder.limit_exceeded", limit="directory", most=self._max_read_bytes)
        return self._file.read(size)


def _checked_zip_name(entry: ZipInfo, location: FileLocation, declared: str | None) -> str:
    if entry.flag_bits & _ENCRYPTED_FLAGS:
        raise location.rejection("drop_folder.encrypted")
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise location.rejection("drop_folder.compression_method")
    kind = stat.S_IFMT(entry.external_attr >> _UNIX_MODE_SHIFT)
    if kind not in {0, stat.S_IFDIR if entry.is_dir() else stat.S_IFREG}:
        raise location.rejection("drop_folder.not_a_file")
    is_unicode = bool(entry.flag_bits & _UNICODE_FLAG)
    name = member_name(entry.orig_filename, entry.extra, is_unicode=is_unicode, declared=declared)
    if name is None:
        raise location.rejection("drop_folder.name_refused", problem=Message("drop_folder_name.encoding"))
    return safe_name(name, location)  # `filename` is truncated at a NUL


def _without_size(entry: ZipInfo, counter: LimitCounter) -> ZipInfo:
    """Return the entry without its announced size: the library would stop there and hide surplus bytes."""
    entry = copy.copy(entry)
    entry.file_size = counter.limits.member_bytes + 1
    return entry
