"""Pulling from and pushing to an unmodified json-server (npm) by a manifest alone.

It is installed once, in `.thirdparty/` of the checkout, which takes the network; the tests are skipped if that is
impossible.
"""

import json
import socket
import subprocess
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from cchc_connect import Config, RunReport, Synchronizer, records
from cchc_connect.testing.kit.agreement import put_routes_in_force
from cchc_schemas import Dossier, DossierStatus
from tests.thirdparty.installation import ENVIRONMENTS, install_or_skip, program_or_skip

pytestmark = pytest.mark.thirdparty

ENVIRONMENT = ENVIRONMENTS / "json-server"
PACKAGE = "json-server@0.17.4"
DOSSIERS = 130
PAGE = 'kind = "page", parameter = "_page", size = 25, size_parameter = "_limit", total_header = "X-Total-Count"'
LINK = 'kind = "link", size = 25, size_parameter = "_limit"'

MANIFEST = """
[connections.desk]
adapter = "rest"
agency = "000.00.05.H09"
base_url = "{address}"

[connections.desk.options.sources.dossier]
path = "/ho-so"
key = "so"
changed_at = "sua"
deletes = "absence"
request = {{ params = {{ _page = 1, _sort = "so" }} }}
paging = {{ {paging} }}
{more}

[connections.desk.options.sources.dossier.fields]
code = "so"
procedure_code = "thu_tuc"
status = {{ property = "trang_thai", codes = {{ "Đang xử lý" = "in_process", "Đã trả" = "returned" }} }}
applicant_name = ["nguoi_nop.ho_ten", "nguoi_nop.to_chuc"]
received_at = {{ property = "ngay_nhan", codec = "dmy_time" }}

[connections.receiver]
adapter = "rest"
agency = "000.00.00.H09"
base_url = "{address}"

[connections.receiver.options.targets.dossier]
request = {{ method = "PUT", path = "/nhan/{{code}}", idempotent = true }}
body = {{ so = "code", trang_thai = {{ field = "status", codes = {{ in_process = "XL" }}, others = "TRA" }} }}
if_match = {{ path = "/nhan/{{code}}" }}

[routes.status]
from = ["dossier"]
to = "receiver"
agreement = "test-2026"
"""


@dataclass
class JsonServer:
    """A running json-server."""

    address: str

    def read(self, path: str) -> Any:
        """Return what it has at a path."""
        response = requests.get(f"{self.address}{path}", timeout=10)
        response.raise_for_status()
        return response.json()

    def write(self, method: str, path: str, body: object = None) -> None:
        """Change something at the server, as its own users do."""
        requests.request(method, f"{self.address}{path}", json=body, timeout=10).raise_for_status()


def item(number: int) -> dict[str, Any]:
    return {
        "so": f"000.00.05.H09-260402-{number:04}",
        "thu_tuc": "1.013225",
        "trang_thai": "Đang xử lý" if number % 3 else "Đã trả",
        "nguoi_nop": {"to_chuc": f"Công ty {number}"},
        "ngay_nhan": "02/04/2026 08:00",
        "sua": f"2026-04-{1 + number % 28:02}T08:00:00Z",
    }


@pytest.fixture(scope="module")
def program() -> Path:
    """Give the script of json-server."""
    npm = program_or_skip("npm")
    script = ENVIRONMENT / "node_modules" / "json-server" / "lib" / "cli" / "bin.js"
    if not script.is_file():
        ENVIRONMENT.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(ENVIRONMENT), PACKAGE]
        install_or_skip(PACKAGE, command, ENVIRONMENT)
    return script


@pytest.fixture
def server(program: Path, tmp_path: Path) -> Generator[JsonServer]:
    items = [item(number) for number in range(DOSSIERS)]
    content = {"ho-so": items, "nhan": [{"so": listed["so"]} for listed in items]}
    (tmp_path / "db.json").write_text(json.dumps(content), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        program_or_skip("node"),
        str(program),
        "--quiet",
        "--port",
        str(port),
        "--host",
        "127.0.0.1",
        "--id",
        "so",
    ]
    process = subprocess.Popen(
        [*command, "db.json"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    running = JsonServer(f"http://127.0.0.1:{port}")
    try:
        _wait_for(running)
        yield running
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(server: JsonServer) -> None:
    for _ in range(100):
        try:
            server.read("/ho-so?_limit=1")
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("json-server did not start")


def run(server: JsonServer, folder: Path, paging: str, more: str = "") -> tuple[RunReport, dict[str, Dossier]]:
    """Run a synchronisation; return its report and all dossiers stored."""
    text = MANIFEST.format(address=server.address, paging=paging, more=more)
    config = Config.load(f'[database]\nurl = "sqlite:///{folder / "shared.db"}"\n{text}')
    with config.open_database() as database:
        put_routes_in_force(config, database)
        report = Synchronizer(config, database).synchronise()
        return report, {dossier.code: dossier for dossier in records(database, Dossier)}


@pytest.mark.parametrize("paging", [PAGE, LINK])
def test_every_dossier_arrives_by_a_manifest_alone(server: JsonServer, tmp_path: Path, paging: str) -> None:
    report, dossiers = run(server, tmp_path, paging)

    assert report.outcome == "done"
    assert len(dossiers) == DOSSIERS
    first = dossiers["000.00.05.H09-260402-0001"]
    assert (first.status, first.applicant_name) == (DossierStatus.IN_PROCESS, "Công ty 1")
    pulled = next(line for line in report.lines if line.kind == "pull" and line.record_type == "dossier")
    assert pulled.counts.pages == -(-DOSSIERS // 25)


def test_changes_and_deletions_are_seen_and_changes_alone_are_sent_on(server: JsonServer, tmp_path: Path) -> None:
    run(server, tmp_path, PAGE)
    assert {received["trang_thai"] for received in server.read("/nhan")} == {"XL", "TRA"}

    server.write("PATCH", "/ho-so/000.00.05.H09-260402-0001", {"trang_thai": "Đã trả", "sua": "2026-05-01T08:00:00Z"})
    server.write("DELETE", "/ho-so/000.00.05.H09-260402-0002")
    run(server, tmp_path, PAGE)
    _, dossiers = run(server, tmp_path, PAGE)

    assert len(dossiers) == DOSSIERS - 1
    assert dossiers["000.00.05.H09-260402-0001"].status is DossierStatus.RETURNED
    assert server.read("/nhan/000.00.05.H09-260402-0001")["trang_thai"] == "TRA"


def test_only_what_changed_is_asked_for(server: JsonServer, tmp_path: Path) -> None:
    since = 'since = { parameter = "sua_gte", format = "iso_utc" }\nlookback = "1h"'
    run(server, tmp_path, PAGE, since)
    server.write("PATCH", "/ho-so/000.00.05.H09-260402-0004", {"trang_thai": "Đã trả", "sua": "2026-05-01T08:00:00Z"})

    report, dossiers = run(server, tmp_path, PAGE, since)

    pulled = next(line for line in report.lines if line.kind == "pull" and line.record_type == "dossier")
    assert pulled.counts.fetched < 10
    assert dossiers["000.00.05.H09-260402-0004"].status is DossierStatus.RETURNED
