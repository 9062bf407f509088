"""Tests of the adapter against a small registry: an HTTP server on loopback and a real shared database."""

import json
from collections.abc import Generator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from district_registry_adapter import DistrictRegistry

from cchc_connect import AdapterFactory, Config, RunReport, SharedDatabase, Synchronizer

PAGE_SIZE = 2

factory: AdapterFactory = DistrictRegistry
"""Type checkers verify here that the adapter fulfils the protocol; nothing is inherited."""


class Registry(ThreadingHTTPServer):
    """The district's registry: pages of parcels, oldest change first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _RegistryHandler)
        self.parcels: list[dict[str, Any]] = []
        self.requested_paths: list[str] = []
        self.is_broken = False

    def enter(self, number: int, **changed: object) -> None:
        at = f"2026-03-{number:02}T08:00:00+07:00"
        parcel = {"id": number, "commune": "25747", "sheet": "12", "number": str(number), "area": "250.5"}
        self.parcels.append({**parcel, "changed_at": at, **changed})

    def page(self, number: int, changed_from: str) -> dict[str, Any]:
        if self.is_broken:
            return {"message": "Hệ thống đang được nâng cấp"}
        since = datetime.fromisoformat(changed_from)
        changed = [parcel for parcel in self.parcels if datetime.fromisoformat(parcel["changed_at"]) >= since]
        end = number * PAGE_SIZE
        return {"parcels": changed[end - PAGE_SIZE : end], "last": end >= len(changed)}


class _RegistryHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        registry = cast("Registry", self.server)
        address = urlsplit(self.path)
        query = {"changed_from": ["0001-01-01T00:00:00Z"], **parse_qs(address.query)}
        registry.requested_paths.append(self.path)
        body = json.dumps(registry.page(int(query["page"][0]), query["changed_from"][0])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Write nothing."""


@pytest.fixture
def registry() -> Generator[Registry, None, None]:
    with Registry() as server:
        serving = Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server
        server.shutdown()
        serving.join()


@pytest.fixture
def database(tmp_path: Path) -> Generator[SharedDatabase, None, None]:
    with SharedDatabase(f"sqlite:///{tmp_path / 'shared.db'}", create_or_upgrade=True) as shared:
        yield shared


def run(registry: Registry, database: SharedDatabase) -> RunReport:
    connection = {
        "adapter": "district_registry",
        "agency": "000.00.21.H09",
        "base_url": f"http://127.0.0.1:{registry.server_port}",
        "options": {"scheme": "gso-2025-07"},
    }
    config = Config.from_tables({"connections": {"district": connection}}, Path("cchc.toml"))
    return Synchronizer(config, database).synchronise()


def test_every_parcel_of_every_page_is_shared(registry: Registry, database: SharedDatabase) -> None:
    for number in range(1, 6):
        registry.enter(number)

    report = run(registry, database)

    assert [line.outcome for line in report.lines] == ["done"]
    assert report.rows_written == 5
    assert len(registry.requested_paths) == 3


def test_the_next_run_asks_for_changes_only(registry: Registry, database: SharedDatabase) -> None:
    for number in range(1, 6):
        registry.enter(number)
    run(registry, database)
    registry.enter(6)

    report = run(registry, database)

    assert report.rows_written == 1
    assert report.lines[0].counts.fetched == 2


def test_a_parcel_that_cannot_be_read_holds_no_other(registry: Registry, database: SharedDatabase) -> None:
    registry.enter(1, commune="99999")
    registry.enter(2, changed_at="2026-03-02T08:00:00+07:00")
    registry.enter(3)

    report = run(registry, database)

    assert report.rows_written == 2
    assert report.lines[0].counts.quarantined == 1


def test_an_answer_that_is_no_listing_holds_the_connection(registry: Registry, database: SharedDatabase) -> None:
    registry.is_broken = True

    report = run(registry, database)

    assert [line.outcome for line in report.lines] == ["held"]
    assert report.rows_written == 0
