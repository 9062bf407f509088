"""Pulling a layer from a third-party server: an unmodified Koop 10 (npm), which speaks the interface of ArcGIS Server.

It is installed once, in `.thirdparty/` of the checkout, which takes some minutes and the network; the tests are skipped
if that is impossible.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyproj import Transformer

from cchc_connect import Config, RunReport, SharedDatabase, Synchronizer, records
from cchc_schemas import LandParcel
from tests.thirdparty.installation import ENVIRONMENTS, install_or_skip, program_or_skip

pytestmark = pytest.mark.thirdparty

HERE = Path(__file__).parent / "koop"
ENVIRONMENT = ENVIRONMENTS / "koop"
PACKAGES = ("@koopjs/koop-core@10", "@koopjs/provider-file-geojson@2")
PARCELS = 130
PAGE_SIZE = 50
LAYER, LAYER_CAPPED = "thua_dat", "thua_dat_gioi_han"
CAP = 12
"""`maxRecordCount` of the second layer."""
FIRST_CHANGE = datetime(2026, 1, 5, 1, tzinfo=UTC)
FIELDS = {
    "commune_code": {"property": "MAXA", "codec": "commune_code"},
    "map_sheet": {"property": "SOTO"},
    "parcel_number": {"property": "SOTHUA"},
    "area_m2": {"property": "DIENTICH", "codec": "area"},
    "address": {"property": "DIACHI"},
    "uses": {"property": "LOAIDAT"},
    "changed_at": {"property": "NGAYSUA", "codec": "epoch_ms"},
}


@dataclass
class KoopServer:
    """A running Koop."""

    process: subprocess.Popen[str]
    base_url: str
    folder: Path

    def publish(self, features: list[dict[str, Any]]) -> None:
        """Publish these features from now on; Koop reads the files again for every response."""
        for layer, limits in ((LAYER, {}), (LAYER_CAPPED, {"maxRecordCount": CAP})):
            collection = {"type": "FeatureCollection", "metadata": limits, "features": features}
            (self.folder / f"{layer}.geojson").write_text(json.dumps(collection), encoding="utf-8")

    def stop(self) -> None:
        """Let it end: it does when its input ends."""
        self.process.communicate(timeout=20)


def feature(number: int) -> dict[str, Any]:
    """Return an invented parcel without persons."""
    west, south = 106.64 + 0.0004 * (number % 50), 10.96 + 0.0004 * (number // 50)
    corners = [(0.0, 0.0), (0.0001, 0.0), (0.0001, 0.0001), (0.0, 0.0001), (0.0, 0.0)]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [[[west + x, south + y] for x, y in corners]]},
        "properties": {
            "MAXA": "25747",
            "SOTO": "3",
            "SOTHUA": str(number + 1),
            "DIENTICH": 120.5,
            "DIACHI": f"Đường số {number + 1}",
            "LOAIDAT": "ODT+CLN",
            "NGAYSUA": f"{FIRST_CHANGE + timedelta(hours=7 * number):%Y-%m-%dT%H:%M:%SZ}",
        },
    }


@pytest.fixture(scope="module")
def program() -> Path:
    """Give the script that runs Koop, with Koop installed beside it."""
    npm = program_or_skip("npm")
    if not all((ENVIRONMENT / "node_modules" / package.rpartition("@")[0]).is_dir() for package in PACKAGES):
        ENVIRONMENT.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(ENVIRONMENT)]
        install_or_skip("Koop", [*command, *PACKAGES], ENVIRONMENT)
    return Path(shutil.copy(HERE / "server.js", ENVIRONMENT))


@pytest.fixture
def server(program: Path, tmp_path: Path) -> Generator[KoopServer, None, None]:
    process = subprocess.Popen(
        [program_or_skip("node"), str(program)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "SUPPRESS_NO_CONFIG_WARNING": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    running = KoopServer(process, f"http://127.0.0.1:{int(process.stdout.readline())}", tmp_path)
    running.publish([feature(number) for number in range(PARCELS)])
    try:
        yield running
    finally:
        if process.poll() is None:
            running.stop()


@pytest.fixture
def database(tmp_path: Path) -> Generator[SharedDatabase, None, None]:
    with SharedDatabase(f"sqlite:///{tmp_path / 'shared.db'}", create_or_upgrade=True) as shared:
        yield shared


def sync(server: KoopServer, database: SharedDatabase, layer: str = LAYER, **options: object) -> RunReport:
    """Pull a layer by a field map."""
    path = f"/file-geojson/rest/services/{layer}/FeatureServer/0"
    table = {"layer": path, "scheme": "gso-2025-07", "fields": FIELDS, "page_size": PAGE_SIZE, "crs": "OGC:CRS84"}
    connection = {
        "adapter": "arcgis",
        "agency": "000.00.07.H09",
        "base_url": server.base_url,
        "options": table | options,
    }
    tables = {"connections": {"land-registry": connection}, "run": {"deadline_s": 10.0}}
    return Synchronizer(Config.from_tables(tables, Path("cchc.toml")), database).synchronise()


def live(database: SharedDatabase) -> list[LandParcel]:
    return list(records(database, LandParcel))


def test_every_parcel_of_the_layer_arrives_page_by_page(server: KoopServer, database: SharedDatabase) -> None:
    report = sync(server, database)

    parcels = live(database)
    assert report.outcome == "done"
    assert report.rows_written == len(parcels) == PARCELS
    assert report.lines[0].counts.pages == -(-PARCELS // PAGE_SIZE)
    assert report.lines[0].counts.quarantined == 0
    assert {parcel.key for parcel in parcels} == {f"gso-2025-07:25747:3:{number + 1}" for number in range(PARCELS)}
    assert {tuple(use.code for use in parcel.uses) for parcel in parcels} == {("ODT", "CLN")}
    assert {parcel.geometry.type for parcel in parcels if parcel.geometry} == {"Polygon"}


def test_every_parcel_arrives_although_the_layer_gives_fewer_than_asked_for(
    server: KoopServer, database: SharedDatabase
) -> None:
    report = sync(server, database, LAYER_CAPPED)

    assert report.outcome == "done"
    assert len(live(database)) == PARCELS
    assert report.lines[0].counts.pages == -(-PARCELS // CAP)


def test_an_unchanged_layer_causes_no_row_write(server: KoopServer, database: SharedDatabase) -> None:
    sync(server, database)

    report = sync(server, database)

    assert report.outcome == "done"
    assert report.rows_written == 0
    assert report.lines[0].counts.unchanged == PARCELS


def test_a_changed_parcel_stays_the_same_record_although_its_object_id_is_another(
    server: KoopServer, database: SharedDatabase
) -> None:
    sync(server, database, complete_listing=True)
    gone, changed, *untouched = (feature(number) for number in range(PARCELS))
    changed["properties"]["DIACHI"] = "Đường Yersin, Phường Thủ Dầu Một"
    server.publish([changed, *untouched])

    first, second = (sync(server, database, complete_listing=True) for _ in range(2))

    assert first.rows_written == second.rows_written == 1  # what two complete listings lack is deleted
    addresses = {parcel.parcel_number: parcel.address for parcel in live(database)}
    assert len(addresses) == PARCELS - 1
    assert addresses[changed["properties"]["SOTHUA"]] == "Đường Yersin, Phường Thủ Dầu Một"
    assert gone["properties"]["SOTHUA"] not in addresses


def test_a_layer_is_asked_for_changes_only(server: KoopServer, database: SharedDatabase) -> None:
    sync(server, database, changed_since=True)
    features = [feature(number) for number in range(PARCELS)]
    features[7]["properties"] |= {"DIENTICH": 99.0, "NGAYSUA": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    server.publish(features)

    report = sync(server, database, changed_since=True)

    assert report.outcome == "done"
    assert report.rows_written == 1
    assert report.lines[0].counts.fetched < PAGE_SIZE


def test_a_layer_that_the_server_does_not_have_holds_the_connection(
    server: KoopServer, database: SharedDatabase
) -> None:
    report = sync(server, database, "thua_dat_cu")

    assert [line.outcome for line in report.lines] == ["held"]


def test_a_stopped_server_loses_nothing(server: KoopServer, database: SharedDatabase) -> None:
    sync(server, database)
    server.stop()

    report = sync(server, database)

    (line,) = report.lines
    assert line.outcome == "failed"
    assert len(live(database)) == PARCELS


def test_koop_projects_without_the_shift_from_one_datum_to_the_other(
    server: KoopServer, database: SharedDatabase
) -> None:
    """So coordinates are requested as the file has them; those in VN-2000 would be some 200 m beside the parcel."""
    sync(server, database, crs="EPSG:9210")

    parcel = next(parcel for parcel in live(database) if parcel.parcel_number == "1")
    (longitude, latitude), *_ = feature(0)["geometry"]["coordinates"][0]
    without_shift = Transformer.from_crs("EPSG:4756", "EPSG:9210", always_xy=True).transform(longitude, latitude)
    with_shift = Transformer.from_crs("EPSG:4326", "EPSG:9210", always_xy=True).transform(longitude, latitude)
    assert parcel.geometry is not None
    assert parcel.geometry.coordinates[0][0] == pytest.approx(without_shift, abs=0.01)
    assert parcel.geometry.coordinates[0][0] != pytest.approx(with_shift, abs=100)
