"""Builders of hostile and damaged archives for the tests."""

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cchc_connect.drop_folder import DropFolder, DropFolderLimits


def zipped(members: Mapping[str, bytes] | Sequence[tuple[str | zipfile.ZipInfo, bytes]], method: int = 8) -> bytes:
    """Return a ZIP of these members; their names are not checked."""
    pairs = list(members.items()) if isinstance(members, Mapping) else members
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return file.getvalue()


def with_sizes(archive: bytes, size: int, crc: int | None = None) -> bytes:
    """Return a ZIP of one member with `size` as its announced size in header and central directory."""
    changed = bytearray(archive)
    for mark, offset in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        start = archive.index(mark)
        _, packed, _ = struct.unpack_from("<III", archive, start + offset)
        checksum = struct.unpack_from("<I", archive, start + offset)[0] if crc is None else crc
        struct.pack_into("<III", changed, start + offset, checksum, packed, size)
    return bytes(changed)


def with_flags(archive: bytes, flags: int) -> bytes:
    changed = bytearray(archive)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", changed, archive.index(mark) + offset, flags)
    return bytes(changed)


def with_method(archive: bytes, method: int) -> bytes:
    changed = bytearray(archive)
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", changed, archive.index(mark) + offset, method)
    return bytes(changed)


def deflated(content: bytes) -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packing.compress(content) + packing.flush()


def overlapping(members: int, content: bytes) -> bytes:
    """Return a ZIP whose members are mostly the same few bytes (D. Fifield, A better zip bomb, 2019).

    The packed content of each member is the quoted header of the next one, followed by that one's packed content.
    """
    body, unpacked, entries = deflated(content), content, list[tuple[bytes, int, int, int, int]]()
    for number in reversed(range(members)):
        name, sizes = b"%d.csv" % number, (zlib.crc32(unpacked), len(body), len(unpacked))
        header = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, *sizes, len(name), 0) + name
        quote = struct.pack("<BHH", 0, len(header), len(header) ^ 0xFFFF)
        entries.append((name, *sizes, len(header + body)))
        body, unpacked = quote + header + body, header + unpacked
    body = body[5:]  # nothing quotes the first one
    directory = b"".join(_entry(name, sizes, len(body) - distance) for name, *sizes, distance in reversed(entries))
    return body + directory + _end(members, len(directory), len(body))


def crowded(entries: int) -> bytes:
    """Return a ZIP that consists only of a central directory with `entries` entries."""
    directory = _entry(b"a.csv", [0, 0, 0], 0) * entries
    return directory + _end(entries, len(directory), 0)


def _entry(name: bytes, sizes: Sequence[int], offset: int) -> bytes:
    head = (b"PK\x01\x02", 20, 20, 0, 8, 0, 0, *sizes, len(name), 0, 0, 0, 0, 0, offset)
    return struct.pack("<4sHHHHHHIIIHHHHHII", *head) + name


def _end(entries: int, size: int, offset: int) -> bytes:
    count = min(entries, 0xFFFF)
    return struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, size, offset, 0)


def tarred(members: Sequence[tuple[str, bytes] | tarfile.TarInfo], form: int = tarfile.PAX_FORMAT, **pax: str) -> bytes:
    """Return a tar archive of files and of special entries (links, devices)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form, pax_headers=pax) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member, io.BytesIO(b"\x00" * member.size))
            else:
                entry = tarfile.TarInfo(member[0])
                entry.size = len(member[1])
                archive.addfile(entry, io.BytesIO(member[1]))
    return file.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)  # the same bytes in every process, so parametrized test ids stay the same


def read(folder: Path, name: str, **limits: Any) -> dict[str, bytes]:
    """Return the members of a dropped file by name."""
    inbox = DropFolder(folder, DropFolderLimits(**limits), sleep=lambda _: None)
    return {member.name: member.stream.readall() or b"" for member in inbox.members(name)}
