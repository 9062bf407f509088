"""Where the files are: a folder of this machine. `SftpInbox` is the same on a server."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from cchc_connect.drop_folder import DropFolder, DropFolderLimits, Member
from cchc_connect.errors import Rejected  # the annotation of an attribute

REPORT_ENDING = ".bao-cao.txt"
"""End of the name of the report beside a file that was moved aside."""

MAX_REPORT_BYTES = 1024 * 1024


class Inbox(Protocol):
    """A folder with files, wherever it is."""

    @property
    def shown(self) -> str:
        """Return the folder as messages show it; without secrets."""
        ...

    @property
    def refused(self) -> Sequence[Rejected]:
        """Return the files that the last listing left out for their names."""
        ...

    def names(self) -> Sequence[str]:
        """Return the names of the complete files, sorted, without those that were moved aside.

        Raises:
            Fatal: the folder cannot be read.
            Retriable: the server does not answer.
        """
        ...

    def members(self, name: str) -> Iterator[Member]:
        """Yield a file itself, or the members of an archive.

        Raises:
            Rejected: it is hostile or damaged, or exceeds a limit.
            Retriable: the server does not answer.
        """
        ...

    def set_aside(self, name: str, report: str) -> str:
        """Move a file aside and write a report beside it; return the name of the report.

        Raises:
            OSError: nothing can be written there.
        """
        ...

    def reports(self) -> Mapping[str, str]:
        """Return the reports on files that were moved aside: name of the file there -> text."""
        ...

    def report_path(self, aside_name: str) -> str:
        """Return where the report on a file that was moved aside lies, below the folder."""
        ...

    def put_back(self, aside_name: str, name: str) -> None:
        """Move a file back under its own name and remove its report; nothing where that name is used.

        Raises:
            OSError: nothing can be written there.
        """
        ...

    def close(self) -> None:
        """Close the connection to a server."""
        ...


class LocalInbox:
    """A folder on this machine."""

    def __init__(self, folder: Path, aside: str, settle_s: float, limits: DropFolderLimits) -> None:
        """Read `folder`; what fails goes into its subfolder `aside`."""
        self._folder = folder
        self._aside = aside
        self._drop_folder = DropFolder(folder, limits, settle_s=settle_s)
        self.refused: Sequence[Rejected] = ()
        """Files that the last listing refused for their names."""

    @property
    def shown(self) -> str:
        """Return the path."""
        return str(self._folder)

    def names(self) -> Sequence[str]:
        """As `Inbox.names`."""
        listing = self._drop_folder.scan()
        self.refused = listing.refused
        return [name for name in listing.files if not name.startswith(f"{self._aside}/")]

    def members(self, name: str) -> Iterator[Member]:
        """As `Inbox.members`."""
        return self._drop_folder.members(name)

    def set_aside(self, name: str, report: str) -> str:
        """As `Inbox.set_aside`."""
        folder = self._folder / self._aside
        folder.mkdir(exist_ok=True)
        aside_name = free_name(name, {path.name for path in folder.iterdir()})
        (self._folder / name).rename(folder / aside_name)
        (folder / f"{aside_name}{REPORT_ENDING}").write_text(report, encoding="utf-8-sig", newline="\r\n")
        return self.report_path(aside_name)

    def reports(self) -> Mapping[str, str]:
        """As `Inbox.reports`."""
        reports = dict[str, str]()
        for path in sorted((self._folder / self._aside).glob(f"*{REPORT_ENDING}")):
            with suppress(OSError, UnicodeError):
                if path.stat().st_size <= MAX_REPORT_BYTES:
                    reports[path.name.removesuffix(REPORT_ENDING)] = path.read_text(encoding="utf-8-sig")
        return {name: text for name, text in reports.items() if (self._folder / self._aside / name).is_file()}

    def report_path(self, aside_name: str) -> str:
        """As `Inbox.report_path`."""
        return report_path(self._aside, aside_name)

    def put_back(self, aside_name: str, name: str) -> None:
        """As `Inbox.put_back`."""
        folder, target = self._folder / self._aside, self._folder / name
        if not target.exists() and target.parent.is_dir():
            (folder / aside_name).rename(target)
            (folder / f"{aside_name}{REPORT_ENDING}").unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is open."""


def report_path(aside: str, aside_name: str) -> str:
    """Return where the report on a file in the subfolder `aside` lies, below the folder."""
    return f"{aside}/{aside_name}{REPORT_ENDING}"


def free_name(name: str, used: set[str]) -> str:
    """Return the name that a file gets aside: its own, without its folders, with a number where that is used."""
    own_name = name.rpartition("/")[2]
    number, free = 1, own_name
    while free in used or f"{free}{REPORT_ENDING}" in used:
        number += 1
        free = f"{number}-{own_name}"
    return free
