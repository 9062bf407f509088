"""Pulling from and pushing to an agency that an OpenAPI document describes, mocked by an unmodified Prism (npm).

Prism refuses what the document does not allow, so a manifest that it serves asks and sends as described. It is
installed once, in `.thirdparty/` of the checkout, which takes the network; the tests are skipped if that is impossible.
"""

import os
import socket
import subprocess
import time
import tomllib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import Config, RunReport, SharedDatabase, Synchronizer, records
from cchc_connect.testing.kit.agreement import put_routes_in_force
from cchc_schemas import Dossier, DossierStatus
from tests.thirdparty.installation import ENVIRONMENTS, install_or_skip, program_or_skip

pytestmark = pytest.mark.thirdparty

DOCUMENT = Path(__file__).parent / "prism" / "openapi.yaml"
ENVIRONMENT = ENVIRONMENTS / "prism"
PACKAGE = "@stoplight/prism-cli@5"
CODES = ["000.00.05.H09-260402-0001", "000.00.05.H09-260402-0002"]

CONNECTIONS = """
[connections.desk]
adapter = "rest"
agency = "000.00.05.H09"

[connections.desk.options.sources.dossier]
path = "/ho-so"
items = "hoSo"
key = "soHoSo"
changed_at = "suaLuc"
request = { params = { donVi = "H09" } }
paging = { kind = "page", parameter = "trang", size = 50, size_parameter = "soDong", total = "tongSo" }
since = { parameter = "tuLuc", format = "iso_offset" }
success = { property = "maLoi", values = ["00"] }

[connections.desk.options.sources.dossier.fields]
code = "soHoSo"
procedure_code = "thuTuc"
status = { property = "trangThai", codes = { DANG_XU_LY = "in_process", DA_TRA = "returned" } }
received_at = "nhanLuc"
returned_at = "traLuc"

[connections.receiver]
adapter = "rest"
agency = "000.00.00.H09"

[connections.receiver.options.targets.dossier]
request = { method = "PUT", path = "/ho-so/{code}/trang-thai", idempotent = true }

[connections.receiver.options.targets.dossier.body]
trangThai = { field = "status", codes = { in_process = "DANG_XU_LY", returned = "DA_TRA" } }
nguon = { constant = "cchc" }

[routes.status]
from = ["dossier"]
to = "receiver"
agreement = "test-2026"
"""


@pytest.fixture(scope="module")
def address() -> Generator[str, None, None]:
    """Give the address of a running Prism."""
    npm = program_or_skip("npm")
    script = ENVIRONMENT / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    if not script.is_file():
        ENVIRONMENT.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(ENVIRONMENT), PACKAGE]
        install_or_skip(PACKAGE, command, ENVIRONMENT)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [program_or_skip("node"), str(script), "mock", "-h", "127.0.0.1", "-p", str(port), str(DOCUMENT)],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("Prism did not start")


@pytest.fixture
def database(tmp_path: Path) -> Generator[SharedDatabase, None, None]:
    with SharedDatabase(f"sqlite:///{tmp_path / 'shared.db'}", create_or_upgrade=True) as shared:
        yield shared


@pytest.fixture
def tables(address: str, tmp_path: Path) -> dict[str, Any]:
    """Give the tables of a configuration with both connections."""
    secret = tmp_path / "key"
    secret.touch(mode=0o600)
    secret.write_text("mat-khau-mau", encoding="utf-8")
    content = tomllib.loads(CONNECTIONS)
    for connection in content["connections"].values():
        connection |= {"base_url": address, "account": {"kind": "api_key", "key": {"file": str(secret)}}}
    return {**content, "run": {"deadline_s": 5.0}}


def synchronised(tables: dict[str, Any], database: SharedDatabase) -> RunReport:
    config = Config.from_tables(tables, Path("cchc.toml"))
    put_routes_in_force(config, database)
    return Synchronizer(config, database).synchronise()


def reason(report: RunReport, line: int = 0) -> str:
    stated = report.lines[line].reason
    return "" if stated is None else stated.code


def prefer(tables: dict[str, Any], connection: str, preference: str) -> None:
    """Let a connection ask for another answer of the document than the first."""
    tables["connections"][connection]["options"]["headers"] = {"Prefer": preference}


def test_the_agency_is_read_and_takes_records_as_its_document_says(
    tables: dict[str, Any], database: SharedDatabase
) -> None:
    report = synchronised(tables, database)

    assert [(line.outcome, reason(report, number)) for number, line in enumerate(report.lines)] == [("done", "")] * 2
    dossiers = {dossier.code: dossier for dossier in records(database, Dossier)}
    assert [*dossiers] == CODES
    assert [dossier.status for dossier in dossiers.values()] == [DossierStatus.IN_PROCESS, DossierStatus.RETURNED]
    assert {f"{dossier.received_at:%d.%m. %H %z}" for dossier in dossiers.values()} == {"02.04. 01 +0000"}
    assert report.lines[1].counts.delivered == len(CODES)


def test_what_changed_is_asked_for_as_the_document_says(tables: dict[str, Any], database: SharedDatabase) -> None:
    synchronised(tables, database)

    report = synchronised(tables, database)

    assert (report.outcome, report.rows_written) == ("done", 0)
    tables["connections"]["desk"]["options"]["sources"]["dossier"]["since"]["format"] = "dmy_local"
    assert reason(synchronised(tables, database)) == "transport.request_refused"


@pytest.mark.parametrize(
    ("preference", "code"),
    [
        ("example=loi", "rest.no_success"),
        ("code=503", "transport.maintenance"),
        ("code=429", "transport.throttled"),
    ],
)
def test_another_answer_of_the_document_is_no_page(
    tables: dict[str, Any], database: SharedDatabase, preference: str, code: str
) -> None:
    prefer(tables, "desk", preference)

    assert reason(synchronised(tables, database)) == code
    assert [*records(database, Dossier)] == []


def test_a_missing_account_is_told(tables: dict[str, Any], database: SharedDatabase) -> None:
    del tables["connections"]["desk"]["account"]

    assert reason(synchronised(tables, database)) == "transport.auth_refused"


def test_what_the_agency_has_is_a_duplicate(tables: dict[str, Any], database: SharedDatabase) -> None:
    prefer(tables, "receiver", "code=409")
    assert synchronised(tables, database).lines[1].counts.delivered == len(CODES)


def test_a_message_that_the_document_does_not_allow_is_refused(
    tables: dict[str, Any], database: SharedDatabase
) -> None:
    tables["connections"]["receiver"]["options"]["targets"]["dossier"]["body"]["nguon"] = {"constant": "khac"}

    assert synchronised(tables, database).lines[1].counts.refused == len(CODES)
