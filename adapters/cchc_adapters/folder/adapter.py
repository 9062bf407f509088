"""Files that an agency puts into a folder: CSV, XLSX, NDJSON, JSON and GeoJSON, local or by SFTP.

Agency: any that hands over tables instead of an interface. Documentation: docs/folder.md. Account: whoever runs the
program may read the folder and write into it, or an account of the SFTP server.

Caveats:
    - The order of deliveries is the date in their names, or a declared column, never the time of the file.
    - A file that cannot be read is moved into a folder beside the others with a report, and holds its source.
    - Of several snapshots between two runs only the latest is read; increments are read one after the other.
    - A snapshot that is withdrawn, so that an older one is the latest again, makes no record older.
    - Rows that are no records (titles, groups, totals, signatures) are recognised by their words and passed over.
    - A file that is written with pauses longer than `settle_s` may be read half: let it be renamed when complete.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

from cchc_adapters.folder.examination import examined
from cchc_adapters.folder.inboxes import Inbox, LocalInbox
from cchc_adapters.folder.options import FolderOptions
from cchc_adapters.folder.sftp import SftpInbox
from cchc_adapters.folder.source import FolderSource
from cchc_connect import Observation, Target
from cchc_connect.drop_folder import DropFolderLimits
from cchc_schemas import RECORD_TYPES


class Folder:
    """The configured adapter: reads files, pushes nothing."""

    Options: ClassVar = FolderOptions
    uses_http: ClassVar[Literal[False]] = False
    purpose_vi = "Tệp do cơ quan đưa vào thư mục: bảng tính, CSV, JSON, tệp nén ZIP; trên máy này hoặc qua SFTP"

    def __init__(self, options: FolderOptions) -> None:
        self._options = options
        self._inbox = _inbox(options)
        self.targets: tuple[Target, ...] = ()
        self.sources: Sequence[FolderSource] = tuple(
            FolderSource(RECORD_TYPES[record_type], table, self._inbox)
            for record_type, table in options.sources.items()
        )

    def examine(self) -> Iterator[Observation]:
        """Tell which deliveries there are and what their headings are; nothing is moved."""
        return examined(self._inbox, self._options.sources)

    def close(self) -> None:
        """Close what is open."""
        for source in self.sources:
            source.close()
        self._inbox.close()


def _inbox(options: FolderOptions) -> Inbox:
    limits = DropFolderLimits(names_encoding=options.names_encoding)
    if options.path is not None:
        return LocalInbox(options.path, options.aside, options.settle_s, limits)
    server = options.sftp
    if server is None:
        raise ValueError("a path or an SFTP server")  # the options refuse this
    return SftpInbox(server, options.remote_path, options.aside, options.settle_s, limits)
