"""The adapter `folder` over SFTP, against an OpenSSH server: its key, our key, a delivery, a file that fails."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cchc_adapters.folder.adapter import Folder
from cchc_adapters.folder.options import FolderOptions
from cchc_connect import PageRequest
from cchc_connect.errors import SourceHeld, Unreachable

pytestmark = pytest.mark.thirdparty

FIRST = PageRequest(since=None, page_token=None)
TABLE = "Số tờ;Số thửa;Diện tích\n1;12;95\n1;13;120\n"


@dataclass(frozen=True)
class SshServer:
    """A running OpenSSH server, and the folder that it gives access to."""

    port: int
    host_key: str
    private_key: Path
    folder: Path

    def options(self, **server: Any) -> FolderOptions:
        fields = {
            "scheme": {"constant": "gso-2025-07"},
            "commune_code": {"constant": "25747"},
            "map_sheet": "Số tờ",
            "parcel_number": "Số thửa",
        }
        sftp = {
            "host": "127.0.0.1",
            "port": self.port,
            "username": os.environ.get("USER", "root"),
            "host_key": self.host_key,
            "private_key": {"file": str(self.private_key)},
        }
        source = {"files": "thua*", "key": ["Số tờ", "Số thửa"], "fields": fields}
        return FolderOptions.model_validate(
            {
                "sftp": sftp | server,
                "remote_path": str(self.folder),
                "settle_s": 0,
                "sources": {"land_parcel": source},
            }
        )


def run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """Start an instance of sshd of its own on a loopback port, with keys of its own."""
    sshd, keygen = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin"), shutil.which("ssh-keygen")
    if sshd is None or keygen is None:
        pytest.skip("no OpenSSH server here: apt-get install openssh-server")
    home = tmp_path_factory.mktemp("sshd")
    for name in ("host", "client"):
        run(keygen, "-q", "-t", "ed25519", "-N", "", "-f", home / name)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    folder = home / "received"
    folder.mkdir()
    (home / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {home / 'host'}\nPidFile {home / 'pid'}\nUsePAM no\n"
        f"StrictModes no\nAuthorizedKeysFile {home / 'client.pub'}\nSubsystem sftp internal-sftp\n",
        encoding="utf-8",
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd asks for it
    running = subprocess.Popen([sshd, "-D", "-e", "-f", str(home / "sshd_config")], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, running)
        host_key = (home / "host.pub").read_text(encoding="utf-8").strip()
        yield SshServer(port, host_key, home / "client", folder)
    finally:
        running.terminate()
        running.wait(10)


def _wait_for(port: int, running: "subprocess.Popen[bytes]") -> None:
    for _ in range(100):
        if running.poll() is not None:
            pytest.skip("sshd does not start here")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.skip("sshd does not answer")


@pytest.fixture
def deliveries(server: SshServer) -> Iterator[Path]:
    """Give the folder of the server, empty."""
    yield server.folder
    for path in sorted(server.folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()


def numbers(options: FolderOptions) -> list[str]:
    adapter = Folder(options)
    try:
        return [str(item["Số thửa"]) for item in adapter.sources[0].fetch(FIRST).items]
    finally:
        adapter.close()


def test_the_latest_delivery_on_the_server_is_read(server: SshServer, deliveries: Path) -> None:
    (deliveries / "thua_20260401.csv").write_text(TABLE.replace("13", "14"), encoding="utf-8")
    (deliveries / "thua_20260402.csv").write_text(TABLE, encoding="utf-8")
    (deliveries / "thua_20260403.csv.part").write_text("", encoding="utf-8")

    assert numbers(server.options()) == ["12", "13"]


def test_a_file_that_fails_is_moved_aside_on_the_server_and_read_again_when_it_was_corrected(
    server: SshServer, deliveries: Path
) -> None:
    (deliveries / "thua_20260402.csv").write_text(TABLE + "1\n", encoding="utf-8")

    with pytest.raises(SourceHeld) as held:
        numbers(server.options())

    report = deliveries / "khong-doc-duoc" / "thua_20260402.csv.bao-cao.txt"
    assert held.value.code == "folder.file_refused"
    assert "Dòng 4 có 1 ô thay vì 3" in report.read_text(encoding="utf-8-sig")
    (deliveries / "thua_20260402.csv").write_text(TABLE, encoding="utf-8")
    assert numbers(server.options()) == ["12", "13"]


def test_another_key_of_the_server_is_refused_before_we_log_in(server: SshServer, tmp_path: Path) -> None:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other")

    with pytest.raises(SourceHeld) as held:
        numbers(server.options(host_key=(tmp_path / "other.pub").read_text(encoding="utf-8").strip()))

    assert held.value.code == "folder.sftp_host_key"


def test_a_refused_account_and_a_silent_server_are_told_apart(server: SshServer, tmp_path: Path) -> None:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "stranger")

    with pytest.raises(SourceHeld) as held:
        numbers(server.options(private_key={"file": str(tmp_path / "stranger")}))
    with pytest.raises(Unreachable):
        numbers(server.options(port=1))

    assert held.value.code == "folder.sftp_login"


def test_the_check_tells_what_is_on_the_server(server: SshServer, deliveries: Path) -> None:
    (deliveries / "thua_20260402.csv").write_text(TABLE, encoding="utf-8")
    adapter = Folder(server.options())

    codes = [observation.message.code for observation in adapter.examine()]
    adapter.close()

    assert codes == ["folder.examined", "folder.delivery", "folder.unread"]
