"""Pulling from and pushing to a third-party SOAP server: an unmodified `soap` (npm), declared as docs/soap.md does.

It is installed once, in `.thirdparty/` of the checkout, which takes the network; the tests are skipped if that is
impossible.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import Config, RunReport, SharedDatabase, Synchronizer, records
from cchc_connect.testing.kit.agreement import put_routes_in_force
from cchc_schemas import Dossier, DossierStatus
from tests.adapters.soap.sample import WSDL, sample_tables
from tests.thirdparty.installation import ENVIRONMENTS, install_or_skip, program_or_skip

pytestmark = pytest.mark.thirdparty

ENVIRONMENT = ENVIRONMENTS / "npm_soap"
DOSSIERS = 130
FIRST_CHANGE = datetime(2026, 1, 5, 8)  # noqa: DTZ001  # Vietnamese time without an offset, as .NET writes it


@dataclass
class SoapServer:
    """A running server."""

    process: subprocess.Popen[str]
    base_url: str
    folder: Path

    @property
    def dossiers(self) -> list[dict[str, Any]]:
        """The dossiers that it has."""
        listed: list[dict[str, Any]] = json.loads((self.folder / "ho_so.json").read_text(encoding="utf-8"))
        return listed

    def have(self, dossiers: list[dict[str, Any]]) -> None:
        """Have these dossiers from now on; it reads the file for every response."""
        (self.folder / "ho_so.json").write_text(json.dumps(dossiers), encoding="utf-8")

    def stop(self) -> None:
        """Let it end: it does when its input ends."""
        self.process.communicate(timeout=20)


def dossier(number: int) -> dict[str, Any]:
    """Return an invented dossier without persons."""
    return {
        "id": number,
        "soHoSo": f"000.00.05.H09-260105-{number:04}",
        "maThuTuc": "1.013225",
        "trangThai": "Đang xử lý",
        "ngayNhan": "2026-01-05T08:00:00",
        "ngaySua": f"{FIRST_CHANGE + timedelta(hours=number):%Y-%m-%dT%H:%M:%S}",
    }


@pytest.fixture(scope="module")
def program() -> Path:
    """Give the script that runs the server, with the package installed beside it."""
    npm = program_or_skip("npm")
    if not (ENVIRONMENT / "node_modules" / "soap").is_dir():
        ENVIRONMENT.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(ENVIRONMENT)]
        install_or_skip("soap (npm)", [*command, "soap@1"], ENVIRONMENT)
    return Path(shutil.copy(Path(__file__).parent / "npm_soap" / "server.js", ENVIRONMENT))


@pytest.fixture
def start(program: Path, tmp_path: Path) -> Generator[Callable[..., SoapServer], None, None]:
    """Give what starts a server, with a password or without; all are stopped at the end."""
    running: list[SoapServer] = []

    def start_server(password: str = "") -> SoapServer:
        folder = tmp_path / f"agency-{len(running)}"
        folder.mkdir()
        process = subprocess.Popen(
            [program_or_skip("node"), str(program), str(WSDL), password],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "TZ": "Asia/Ho_Chi_Minh"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        server = SoapServer(process, f"http://127.0.0.1:{int(process.stdout.readline())}", folder)
        running.append(server)
        server.have([dossier(number) for number in range(1, DOSSIERS + 1)])
        return server

    yield start_server
    for server in running:
        server.stop()


@pytest.fixture
def server(start: Callable[..., SoapServer]) -> SoapServer:
    return start()


@pytest.fixture
def database(tmp_path: Path) -> Generator[SharedDatabase, None, None]:
    with SharedDatabase(f"sqlite:///{tmp_path / 'shared.db'}", create_or_upgrade=True) as shared:
        yield shared


def sync(server: SoapServer, database: SharedDatabase, **changes: Any) -> RunReport:
    """Pull as the page of the documentation declares it, with other keys of the connection."""
    tables = sample_tables(server.folder, server.base_url)
    tables["connections"]["one-stop"] |= changes
    return Synchronizer(Config.from_tables(tables, server.folder / "cchc.toml"), database).synchronise()


def live(database: SharedDatabase) -> dict[str, Dossier]:
    return {record.code: record for record in records(database, Dossier)}


def test_every_dossier_arrives_page_by_page(server: SoapServer, database: SharedDatabase) -> None:
    report = sync(server, database)

    (line,) = report.lines
    assert (line.outcome, line.counts.inserted, line.counts.pages) == ("done", DOSSIERS, 3)
    record = live(database)["000.00.05.H09-260105-0001"]
    assert (record.status, f"{record.received_at:%H %z}") == (DossierStatus.IN_PROCESS, "01 +0000")


def test_a_second_run_reads_what_changed_only(server: SoapServer, database: SharedDatabase) -> None:
    sync(server, database)
    changed = [*server.dossiers, dossier(DOSSIERS + 1)]
    changed[0] |= {"trangThai": "Đã trả", "ngaySua": changed[-1]["ngaySua"]}
    server.have(changed)

    report = sync(server, database)

    counts = report.lines[0].counts
    assert (counts.inserted, counts.updated) == (1, 1)
    assert counts.fetched < 5
    assert live(database)["000.00.05.H09-260105-0001"].status is DossierStatus.RETURNED


def test_a_service_without_dossiers_is_read(server: SoapServer, database: SharedDatabase) -> None:
    server.have([])

    report = sync(server, database)

    assert (report.outcome, live(database)) == ("done", {})


def test_an_error_in_the_result_holds_the_connection(server: SoapServer, database: SharedDatabase) -> None:
    tables = sample_tables(server.folder, server.base_url)
    tables["connections"]["one-stop"]["options"]["sources"]["dossier"]["arguments"] = {"coQuan": "H99"}

    report = Synchronizer(Config.from_tables(tables, server.folder / "cchc.toml"), database).synchronise()

    (line,) = report.lines
    assert line.reason is not None
    assert (line.outcome, line.reason.code) == ("held", "rest.no_success")


@pytest.mark.parametrize("is_right", [True, False])
def test_an_account_is_put_into_each_envelope(
    start: Callable[..., SoapServer], database: SharedDatabase, tmp_path: Path, *, is_right: bool
) -> None:
    server = start("mật-khẩu & <mẫu>")
    secret = tmp_path / "password"
    secret.touch(mode=0o600)
    secret.write_text("mật-khẩu & <mẫu>" if is_right else "khác", encoding="utf-8")

    report = sync(
        server, database, account={"kind": "ws_security", "username": "cchc", "password": {"file": str(secret)}}
    )

    assert (report.outcome, len(live(database))) == (("done", DOSSIERS) if is_right else ("failed", 0))


def test_a_status_is_delivered_and_what_the_service_has_is_a_duplicate(
    start: Callable[..., SoapServer], database: SharedDatabase
) -> None:
    """And a dossier that it does not have is refused by a fault."""
    desk, receiver = start(), start()
    desk.have([dossier(1), dossier(2), dossier(3)])
    receiver.have([dossier(1) | {"trangThai": "Mới"}, dossier(2)])
    tables = sample_tables(desk.folder, desk.base_url)
    options = tables["connections"]["one-stop"]["options"]
    reading = {key: value for key, value in options.items() if key != "targets"}
    sending = {key: value for key, value in options.items() if key != "sources"}
    tables["connections"]["one-stop"]["options"] = reading
    table = {"base_url": receiver.base_url, "agency": "000.00.00.G22", "options": sending}
    tables["connections"]["receiver"] = {**tables["connections"]["one-stop"], **table}
    tables["routes"] = {"status": {"from": ["dossier"], "to": "receiver", "agreement": "test-2026"}}
    config = Config.from_tables(tables, desk.folder / "cchc.toml")
    put_routes_in_force(config, database)

    report = Synchronizer(config, database).synchronise()

    counts = report.lines[-1].counts
    assert (counts.delivered, counts.refused) == (2, 1)  # a duplicate is delivered too
    assert [received["trangThai"] for received in receiver.dossiers] == ["Đang xử lý", "Đang xử lý"]
