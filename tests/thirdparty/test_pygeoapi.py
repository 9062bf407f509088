"""Pulling from a third-party server: an unmodified pygeoapi 0.21 in its own environment.

The environment is created once, in `.thirdparty/` of the checkout, which takes some minutes and the network; the
tests are skipped if that is impossible.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from cchc_connect import Config, RunReport, SharedDatabase, Synchronizer
from tests.checkout import ROOT
from tests.thirdparty.installation import ENVIRONMENTS, install_or_skip

pytestmark = pytest.mark.thirdparty

EXAMPLE = ROOT / "examples" / "pygeoapi"
ENVIRONMENT = ENVIRONMENTS / "pygeoapi"
REQUIREMENT = "pygeoapi==0.21.*"
PARCELS = 130
PAGE_CAP = 12
"""`max_items` of the server's configuration, which clients are not told."""

IGNORES_DATES, HONOURS_DATES = "thua_dat", "thua_dat_theo_ngay"


@dataclass
class Server:
    """A running pygeoapi."""

    process: subprocess.Popen[bytes]
    base_url: str
    parcels: Path

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)

    def edit(self, features: list[dict[str, Any]]) -> None:
        """Publish other features; the GeoJSON provider reads its file again for every response."""
        collection = {"type": "FeatureCollection", "features": features}
        self.parcels.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")

    def features(self) -> list[dict[str, Any]]:
        features: list[dict[str, Any]] = json.loads(self.parcels.read_text(encoding="utf-8"))["features"]
        return features


@pytest.fixture(scope="module")
def binaries() -> Path:
    """The folder of pygeoapi's programs; pygeoapi is installed if necessary."""
    # pip installs dependencies first, so this folder exists only if everything is installed.
    if not list(ENVIRONMENT.glob("lib/python*/site-packages/pygeoapi-0.21.*.dist-info")):
        install_or_skip(REQUIREMENT, [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)])
        install_or_skip(
            REQUIREMENT, [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", REQUIREMENT]
        )
    return ENVIRONMENT / "bin"


@pytest.fixture
def server(binaries: Path, tmp_path: Path) -> Generator[Server, None, None]:
    make_parcels = [sys.executable, str(EXAMPLE / "make_parcels.py"), str(tmp_path), str(PARCELS)]
    subprocess.run(make_parcels, check=True, timeout=60)
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "PYTHON"))},
        "PARCELS": str(tmp_path),
        "PYGEOAPI_PORT": str(port),
        "PYGEOAPI_CONFIG": str(EXAMPLE / "pygeoapi-config.yml"),
        "PYGEOAPI_OPENAPI": str(tmp_path / "openapi.yml"),
    }
    describe = [str(binaries / "pygeoapi"), "openapi", "generate", environment["PYGEOAPI_CONFIG"]]
    describe += ["--output-file", environment["PYGEOAPI_OPENAPI"]]
    subprocess.run(describe, env=environment, check=True, timeout=120, capture_output=True)
    serve = [str(binaries / "flask"), "--app", "pygeoapi.flask_app:APP", "run", "--port", str(port)]
    with (tmp_path / "pygeoapi.log").open("wb") as log:
        process = subprocess.Popen(serve, env=environment, stdout=log, stderr=log)
    running = Server(process, f"http://127.0.0.1:{port}", tmp_path / "thua_dat.geojson")
    try:
        wait_for(running)
        yield running
    finally:
        running.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(server: Server) -> None:
    for _ in range(300):
        assert server.process.poll() is None, "pygeoapi ended; see pygeoapi.log beside its parcels"
        try:
            requests.get(server.base_url, timeout=5, headers={"Accept": "application/json"}).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("pygeoapi did not answer within 30 s")


@pytest.fixture
def database(tmp_path: Path) -> Generator[SharedDatabase, None, None]:
    with SharedDatabase(f"sqlite:///{tmp_path / 'shared.db'}", create_or_upgrade=True) as shared:
        yield shared


def sync(server: Server, database: SharedDatabase, collection: str = IGNORES_DATES, **options: object) -> RunReport:
    """Run the example's configuration with the address of this server and the given options."""
    connection = {
        "adapter": "ogc_features",
        "agency": "000.00.07.H09",
        "base_url": server.base_url,
        "options": {"collection": collection, "scheme": "gso-2025-07", "page_size": 500, **options},
    }
    tables = {"connections": {"land-registry": connection}, "run": {"deadline_s": 5.0}}
    return Synchronizer(Config.from_tables(tables, Path("cchc.toml")), database).synchronise()


def live_parcels(database: SharedDatabase) -> int:
    with database.reading() as connection:
        count: int = connection.exec_driver_sql(
            "SELECT count(*) FROM land_parcel WHERE deleted_at IS NULL"
        ).scalar_one()
        return count


def test_every_parcel_arrives_although_the_server_limits_its_pages(server: Server, database: SharedDatabase) -> None:
    report = sync(server, database)

    assert report.outcome == "done"
    assert report.rows_written == live_parcels(database) == PARCELS
    assert report.lines[0].counts.pages == -(-PARCELS // PAGE_CAP)
    assert report.lines[0].counts.quarantined == 0


def test_an_unchanged_server_causes_no_row_write(server: Server, database: SharedDatabase) -> None:
    sync(server, database)

    report = sync(server, database)

    assert report.outcome == "done"
    assert report.rows_written == 0
    assert report.lines[0].counts.unchanged == PARCELS


def test_only_changed_parcels_are_written(server: Server, database: SharedDatabase) -> None:
    sync(server, database, complete_listing=True)
    gone, changed, *untouched = server.features()
    changed["properties"]["diaChi"] = "Đường Yersin, Phường Thủ Dầu Một"
    server.edit([changed, *untouched])

    first, second = (sync(server, database, complete_listing=True) for _ in range(2))

    assert first.rows_written == second.rows_written == 1  # what two complete listings lack is deleted
    assert live_parcels(database) == PARCELS - 1
    assert gone["id"] not in {feature["id"] for feature in server.features()}


def test_a_server_that_honours_dates_is_asked_for_changes_only(server: Server, database: SharedDatabase) -> None:
    sync(server, database, HONOURS_DATES, changed_since=True)

    report = sync(server, database, HONOURS_DATES, changed_since=True)

    assert live_parcels(database) == PARCELS
    assert report.outcome == "done"
    assert report.rows_written == 0
    assert report.lines[0].counts.fetched < PAGE_CAP


def test_a_server_that_ignores_the_requested_date_is_held(server: Server, database: SharedDatabase) -> None:
    sync(server, database, changed_since=True)

    report = sync(server, database, changed_since=True)

    (line,) = report.lines
    assert line.outcome == "held"
    assert line.reason is not None
    assert line.reason.code == "source.filter_ignored"
    assert report.rows_written == 0
    assert live_parcels(database) == PARCELS


def test_a_stopped_server_fails_its_own_stream_only(server: Server, database: SharedDatabase) -> None:
    sync(server, database)
    server.stop()

    report = sync(server, database)

    (line,) = report.lines
    assert line.outcome == "failed"
    assert line.reason is not None
    assert line.reason.code.startswith("transport.")
    assert live_parcels(database) == PARCELS


def test_a_collection_that_the_server_does_not_have_holds_the_connection(
    server: Server, database: SharedDatabase
) -> None:
    report = sync(server, database, "thua_dat_cu")

    assert [line.outcome for line in report.lines] == ["held"]
