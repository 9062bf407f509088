"""The folder on an SFTP server that breaks off, and one with more entries than the limit."""

import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any

import paramiko
import pytest
from paramiko.common import AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_NO_SUCH_FILE, SFTP_OK

from cchc_adapters.folder.options import SftpTable
from cchc_adapters.folder.sftp import SftpInbox
from cchc_connect.drop_folder import DropFolderLimits
from cchc_connect.errors import SourceHeld, Unreachable


class Login(paramiko.ServerInterface):
    """Lets everybody in."""

    def check_auth_password(self, username: str, password: str) -> int:
        del username, password
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        del kind, chanid
        return OPEN_SUCCEEDED


class BreakingFiles(paramiko.SFTPServerInterface):
    """A folder with three unfinished files, whose server breaks off when something is to be moved."""

    transport: paramiko.Transport

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes]:
        names = [] if path.endswith("aside") else ["a.csv.part", "b.csv.part", "c.csv.part"]
        entries = [paramiko.SFTPAttributes() for _ in names]
        for entry, name in zip(entries, names, strict=True):
            entry.filename, entry.st_mode, entry.st_size, entry.st_mtime, entry.st_atime = name, 0o100600, 5, 1, 1
        return entries

    def rename(self, oldpath: str, newpath: str) -> int:
        del oldpath, newpath
        self.transport.close()
        return SFTP_OK

    def stat(self, path: str) -> int:
        del path
        return SFTP_NO_SUCH_FILE


@pytest.fixture
def server(tmp_path: Any) -> Iterator[SftpTable]:
    """Start an SFTP server on a loopback port."""
    key = paramiko.ECDSAKey.generate()
    transports = list[paramiko.Transport]()

    def serve() -> None:
        connection, _ = listener.accept()
        transport = paramiko.Transport(connection)
        transports.append(transport)
        transport.add_server_key(key)
        files = type("Files", (BreakingFiles,), {"transport": transport})
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, files)
        transport.start_server(server=Login())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=serve, daemon=True).start()
        secret = tmp_path / "secret"
        secret.write_text("x", encoding="utf-8")
        secret.chmod(0o600)
        table = {"host": "127.0.0.1", "port": listener.getsockname()[1], "username": "cchc"}
        host_key = f"{key.get_name()} {key.get_base64()}"
        yield SftpTable.model_validate({**table, "host_key": host_key, "password": {"file": str(secret)}})
        for transport in transports:
            transport.close()


@pytest.fixture
def inbox(server: SftpTable) -> Iterator[SftpInbox]:
    """Give the folder on the server, of which two entries at most are read."""
    opened = SftpInbox(server, ".", "aside", 0, DropFolderLimits(files=2))
    yield opened
    opened.close()


def test_a_server_that_breaks_off_while_a_file_is_moved_aside_is_tried_again(inbox: SftpInbox) -> None:
    with pytest.raises(Unreachable):
        inbox.set_aside("a.csv", "Dòng 1")


def test_a_server_that_breaks_off_while_a_file_is_put_back_is_tried_again(inbox: SftpInbox) -> None:
    with pytest.raises(Unreachable):
        inbox.put_back("a.csv", "a.csv")


def test_unfinished_files_count_among_the_entries_of_a_folder(inbox: SftpInbox) -> None:
    with pytest.raises(SourceHeld) as held:
        inbox.names()

    assert held.value.code == "drop_folder.limit_exceeded"
