"""Tests of the adapter: the conformance kit, and what this registry in particular does."""

from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from district_registry_adapter import DistrictRegistry

from cchc_connect import AdapterFactory, Config, RunReport, SharedDatabase, Synchronizer
from cchc_connect.testing import FaultyServer, ReceivedRequest, ServerResponse, check_adapter, json_response

OPTIONS = {"scheme": "gso-2025-07", "page_size": 2}

factory: AdapterFactory = DistrictRegistry
"""Type checkers verify here that the adapter fulfils the protocol; nothing is inherited."""


class Registry(FaultyServer):
    """The district's registry: a server on loopback with pages of parcels, oldest change first."""

    def __init__(self, parcels: int = 0) -> None:
        super().__init__(self.respond)
        self.parcels: list[dict[str, Any]] = []
        self.days = 0
        for number in range(1, parcels + 1):
            self.enter(number)

    def enter(self, number: int, **changed: object) -> None:
        self.days += 1
        at = f"2026-03-{self.days:02}T08:00:07+07:00"
        parcel = {"id": number, "commune": "25747", "sheet": "12", "number": str(number), "area": 250 + self.days}
        self.parcels = [parcel for parcel in self.parcels if parcel["id"] != number]
        self.parcels.append({**parcel, "changed_at": at, **changed})

    def change(self) -> None:
        """Change the parcel that did not change for the longest time, and enter a new one: for the conformance kit."""
        self.enter(self.parcels[0]["id"])
        self.enter(len(self.parcels) + 1)

    def remove(self, _: str) -> None:
        """Remove a parcel: the conformance kit calls it."""
        del self.parcels[0]

    def respond(self, request: ReceivedRequest) -> ServerResponse:
        since = datetime.fromisoformat(request.first("changed_from", "0001-01-01T00:00:00Z"))
        changed = [parcel for parcel in self.parcels if datetime.fromisoformat(parcel["changed_at"]) >= since]
        size = int(request.first("size"))
        start = (int(request.first("page")) - 1) * size
        return json_response({"parcels": changed[start : start + size], "total": len(changed)})


def registry_with_parcels() -> Registry:
    return Registry(parcels=5)


test_conformance = check_adapter("district_registry", options=OPTIONS, system=registry_with_parcels)
test_thoroughly = pytest.mark.long(
    check_adapter("district_registry", options=OPTIONS, system=registry_with_parcels, thorough=True)
)


@pytest.fixture
def registry() -> Generator[Registry, None, None]:
    with Registry() as server:
        yield server


@pytest.fixture
def database(tmp_path: Path) -> Generator[SharedDatabase, None, None]:
    with SharedDatabase(f"sqlite:///{tmp_path / 'shared.db'}", create_or_upgrade=True) as shared:
        yield shared


def run(registry: Registry, database: SharedDatabase) -> RunReport:
    connection = {
        "adapter": "district_registry",
        "agency": "000.00.21.H09",
        "base_url": registry.base_url,
        "options": OPTIONS,
    }
    config = Config.from_tables({"connections": {"district": connection}}, Path("cchc.toml"))
    return Synchronizer(config, database).synchronise()


def test_the_next_run_asks_for_changes_only(registry: Registry, database: SharedDatabase) -> None:
    for number in range(1, 6):
        registry.enter(number)
    run(registry, database)
    registry.enter(6)

    report = run(registry, database)

    assert report.rows_written == 1
    assert report.lines[0].counts.fetched == 2


def test_a_parcel_of_an_unknown_commune_holds_no_other(registry: Registry, database: SharedDatabase) -> None:
    registry.enter(1, commune="99999")
    registry.enter(2)
    registry.enter(3)

    report = run(registry, database)

    assert report.rows_written == 2
    assert report.lines[0].counts.quarantined == 1
