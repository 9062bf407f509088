"""A folder on an SFTP server, over paramiko. Only the declared key of the server is trusted."""

import io
import shutil
import stat
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import Any

from cchc_adapters.folder.inboxes import MAX_REPORT_BYTES, REPORT_ENDING, free_name, report_path
from cchc_adapters.folder.options import SftpTable
from cchc_adapters.folder.sftp_login import log_in
from cchc_connect.drop_folder import DropFolder, DropFolderLimits, Member
from cchc_connect.drop_folder.names import FileLocation, is_junk, is_unfinished, safe_name
from cchc_connect.errors import ConfigurationError, Rejected, SourceHeld, Unreachable

MAX_DEPTH = 5
"""Levels of folders below the one that is read."""


class SftpInbox:
    """A folder on an SFTP server. It is connected when it is first needed."""

    def __init__(self, server: SftpTable, path: str, aside: str, settle_s: float, limits: DropFolderLimits) -> None:
        """Read the folder `path` of `server`; what fails goes into its subfolder `aside`."""
        self._server = server
        self._path = PurePosixPath(path)
        self._aside = aside
        self._settle_s = settle_s
        self._limits = limits
        self._transport: Any = None
        self._client: Any = None
        self._local: Path | None = None
        self.refused: Sequence[Rejected] = ()
        """As `Inbox.refused`: names are checked when a file is read."""

    @property
    def shown(self) -> str:
        """Return the address of the folder."""
        return f"sftp://{self._server.host}:{self._server.port}/{self._path}"

    def names(self) -> Sequence[str]:
        """As `Inbox.names`: the files that are unchanged after the time to settle."""
        before = self._states()
        time.sleep(self._settle_s)
        after = self._states()
        return sorted(name for name, state in after.items() if before.get(name) == state)

    def members(self, name: str) -> Iterator[Member]:
        """As `Inbox.members`; the file is fetched as a whole first."""
        safe_name(name, FileLocation(name))
        with self._translated():
            client = self._connected()
            size = client.stat(str(self._path / name)).st_size or 0
            if size > self._limits.file_bytes:
                limits = {"limit": "file_bytes", "most": self._limits.file_bytes}
                raise FileLocation(name).rejection("drop_folder.limit_exceeded", **limits)
            if self._local is None:
                self._local = Path(mkdtemp(prefix="cchc-sftp-"))
            fetched = self._local / "1" / name
            fetched.parent.mkdir(parents=True, exist_ok=True)
            client.get(str(self._path / name), str(fetched))
        try:
            yield from DropFolder(self._local / "1", self._limits, settle_s=0).members(name)
        finally:
            fetched.unlink(missing_ok=True)

    def set_aside(self, name: str, report: str) -> str:
        """As `Inbox.set_aside`."""
        folder = self._path / self._aside
        with self._translated(but_not=OSError):
            client = self._connected()
            try:
                used = set(client.listdir(str(folder)))
            except OSError:
                client.mkdir(str(folder))
                used = set[str]()
            aside_name = free_name(name, used)
            client.rename(str(self._path / name), str(folder / aside_name))
            report_name = f"{aside_name}{REPORT_ENDING}"
            content = ("\ufeff" + report.replace("\n", "\r\n")).encode()
            client.putfo(io.BytesIO(content), str(folder / report_name))
        return self.report_path(aside_name)

    def reports(self) -> Mapping[str, str]:
        """As `Inbox.reports`."""
        folder, reports = self._path / self._aside, dict[str, str]()
        with self._translated():
            client = self._connected()
            try:
                names = set(client.listdir(str(folder)))
            except OSError:
                return reports
            for name in sorted(name for name in names if name.endswith(REPORT_ENDING)):
                content = io.BytesIO()
                if (client.stat(str(folder / name)).st_size or 0) <= MAX_REPORT_BYTES:
                    client.getfo(str(folder / name), content)
                    reports[name.removesuffix(REPORT_ENDING)] = content.getvalue().decode("utf-8-sig", "replace")
        return {name: text for name, text in reports.items() if name in names}

    def report_path(self, aside_name: str) -> str:
        """As `Inbox.report_path`."""
        return report_path(self._aside, aside_name)

    def put_back(self, aside_name: str, name: str) -> None:
        """As `Inbox.put_back`."""
        folder = self._path / self._aside
        with self._translated(but_not=OSError):
            client = self._connected()
            try:
                client.stat(str(self._path / name))
            except OSError:
                client.rename(str(folder / aside_name), str(self._path / name))
                client.remove(str(folder / f"{aside_name}{REPORT_ENDING}"))

    def close(self) -> None:
        """Close the connection and remove what was fetched."""
        if self._transport is not None:
            self._transport.close()
        if self._local is not None:
            shutil.rmtree(self._local, ignore_errors=True)
        self._transport = self._client = self._local = None

    def _states(self) -> dict[str, tuple[int, float]]:
        """Return size and time of every complete file by name; links and unfinished files are left out."""
        states, folders, entry_count = dict[str, tuple[int, float]](), [""], 0
        with self._translated():
            client = self._connected()
            while folders:
                prefix = folders.pop()
                for entry in client.listdir_attr(str(self._path / prefix)):
                    entry_count += 1
                    if entry_count > self._limits.files:
                        limits = {"limit": "files", "most": self._limits.files}
                        error = FileLocation(self.shown).rejection("drop_folder.limit_exceeded", **limits)
                        raise SourceHeld(error.code, **error.context)
                    name, mode = f"{prefix}{entry.filename}", entry.st_mode or 0
                    if entry.filename.startswith(".") or name == self._aside or is_junk(name):
                        continue
                    if stat.S_ISDIR(mode) and name.count("/") < MAX_DEPTH:
                        folders.append(f"{name}/")
                    elif stat.S_ISREG(mode) and not is_unfinished(name):
                        states[name] = (entry.st_size or 0, float(entry.st_mtime or 0))
        return states

    def _connected(self) -> Any:
        """Return the open client; raises as `log_in` does."""
        if self._client is None or not self._transport.is_active():
            self.close()
            with self._translated():
                self._transport, self._client = log_in(self._server, self.shown)
        return self._client

    @contextmanager
    def _translated(self, but_not: type[Exception] | tuple[()] = ()) -> Generator[None]:
        """Translate what paramiko raises, apart from errors `but_not`.

        Raises:
            Unreachable: the server does not answer.
        """
        try:
            yield
        except (SourceHeld, Rejected, ConfigurationError):
            raise
        except but_not:
            raise
        except Exception as error:  # paramiko raises errors of many kinds; its own base class is imported late
            if not isinstance(error, OSError | EOFError) and type(error).__module__.partition(".")[0] != "paramiko":
                raise
            self.close()
            raise Unreachable("folder.sftp_unreachable", folder=self.shown, reason=type(error).__name__) from None
