"""Deliveries of one source: which files they are, in which order, and what each of them holds."""

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from tempfile import TemporaryFile
from typing import BinaryIO, Protocol, cast

from cchc_adapters.folder.inboxes import Inbox
from cchc_adapters.folder.joined_rows import joined_rows
from cchc_adapters.folder.name_dates import delivery_time
from cchc_adapters.folder.options import FolderSourceTable
from cchc_connect.drop_folder import Member
from cchc_connect.drop_folder.archives import archive_format_of
from cchc_connect.drop_folder.names import FileLocation
from cchc_connect.foreign_tables import ForeignTable, TableRow, open_table
from cchc_connect.foreign_tables.json_tables import FileItem
from cchc_connect.wire.times import change_time

_CHUNK_BYTES = 64 * 1024
DIGEST_LENGTH = 32
"""Hexadecimal digits of the hash of a delivery."""


class Digest(Protocol):
    """A hash that is being made."""

    def update(self, content: bytes, /) -> None:
        """Add bytes."""
        ...

    def hexdigest(self) -> str:
        """Return the hash of all of them."""
        ...


@dataclass(frozen=True)
class FileDelivery:
    """One file of a source."""

    name: str
    delivered_at: datetime | None
    """By the date in its name, or its declared column; None where there is none."""
    digest: str = ""
    """Hash of what it holds, 32 hexadecimal digits; "" before it was opened."""


def fits(name: str, table: FolderSourceTable) -> bool:
    """Whether a file belongs to a source."""
    return any(_fits(name, pattern) for pattern in table.files)


def deliveries_of(names: Sequence[str], table: FolderSourceTable) -> list[FileDelivery]:
    """Return the deliveries of a source among the files of its folder, in the order of their names."""
    return [FileDelivery(name, delivery_time(name, table.name_date)) for name in names if fits(name, table)]


class OpenDelivery:
    """The tables of one delivery, opened and checked; closed by `close`."""

    def __init__(self, inbox: Inbox, delivery: FileDelivery, table: FolderSourceTable) -> None:
        """Copy the file, so that nobody can change it while it is read, and open its tables.

        Raises:
            Rejected: it is no such table; the error names every fault.
        """
        self._stack = ExitStack()
        self._keys, self._rows = table.form.key_names, table.rows
        digest = hashlib.sha256()
        try:
            self.tables = self._tables(inbox, delivery.name, table, digest)
            self.delivery = replace(delivery, digest=digest.hexdigest()[:DIGEST_LENGTH])
            if table.dated_by:
                self.delivery = replace(self.delivery, delivered_at=self._latest(table.dated_by))
        except BaseException:
            self.close()
            raise

    def chunks(self, size: int) -> Iterator[Sequence[TableRow | FileItem]]:
        """Yield the records of all tables, none of the chunks empty.

        Raises:
            Rejected: the file is damaged beyond what the check saw.
        """
        for table in self.tables:
            chunks = filter(None, table.chunks(size))
            yield from joined_rows(chunks, self._keys, self._rows) if self._rows else chunks

    def close(self) -> None:
        """Close the tables and remove the copies."""
        self._stack.close()

    def _tables(self, inbox: Inbox, name: str, table: FolderSourceTable, digest: Digest) -> list[ForeignTable]:
        """Return the tables of a file, or of the members of an archive that fit.

        Raises:
            Rejected: one is no such table, or none fits.
        """
        tables = [
            self._stack.enter_context(open_table(file, member_name, table.form, FileLocation(shown).message))
            for file, member_name, shown in list(self._copies(inbox, name, table.members, digest))
        ]
        if not tables:
            raise FileLocation(name).rejection("folder.no_member", pattern=table.members)
        return tables

    def _copies(self, inbox: Inbox, name: str, pattern: str, digest: Digest) -> Iterator[tuple[BinaryIO, str, str]]:
        """Yield a copy of the file, or of each member of an archive that fits, with its name and that for messages."""
        is_inside = archive_format_of(name) is not None
        for number, member in enumerate(inbox.members(name), start=1):
            if is_inside and not _fits(member.name, pattern):
                continue
            copy = cast("BinaryIO", self._stack.enter_context(TemporaryFile()))  # noqa: SIM115  # the stack closes it
            _copy(member, copy, digest)
            yield copy, member.name, f"{name} ({number})" if is_inside else name

    def _latest(self, column: str) -> datetime | None:
        """Return the latest time in a column of all tables."""
        times = [change_time(row.get(column)) for chunk in self.chunks(1000) for row in chunk]
        return max((time for time in times if isinstance(time, datetime)), default=None)


def digest_of(inbox: Inbox, name: str, pattern: str) -> str:
    """Return the hash of what a file holds, without opening its tables.

    Raises:
        Rejected: the file is hostile or damaged.
    """
    digest = hashlib.sha256()
    is_inside = archive_format_of(name) is not None
    for member in inbox.members(name):
        if not is_inside or _fits(member.name, pattern):
            _copy(member, None, digest)
    return digest.hexdigest()[:DIGEST_LENGTH]


def _copy(member: Member, copy: BinaryIO | None, digest: Digest) -> None:
    while chunk := member.stream.read(_CHUNK_BYTES):
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)


def _fits(name: str, pattern: str) -> bool:
    """Whether a name, with or without its folders, fits a pattern; case does not count."""
    plain, wanted_form = (unicodedata.normalize("NFC", text).casefold() for text in (name, pattern))
    return fnmatchcase(plain, wanted_form) or fnmatchcase(plain.rpartition("/")[2], wanted_form)
