"""One reference system a file: that of the records, CRS84 in GeoJSON and for records of several systems."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import SharedDatabase, export
from cchc_connect.errors import ConfigurationError, UsageMistake
from cchc_schemas import Dossier, LandParcel
from tests.databases import on_sqlite_only
from tests.exports.conftest import Store
from tests.exports.readers import csv_rows, features, from_wkb, geo_metadata, json_lines, parquet_rows
from tests.schemas.invented import PARCEL

pytestmark = on_sqlite_only

METRES = [[600000.0, 1230000.0], [600010.0, 1230000.0], [600010.0, 1230010.0], [600000.0, 1230000.0]]
DEGREES = [[106.6, 11.0], [106.6, 11.1], [106.7, 11.1], [106.6, 11.0]]
"""A ring that runs clockwise."""


def parcel(number: int, ring: list[list[float]] | None, crs: str = "EPSG:9210") -> Mapping[str, Any]:
    geometry = ring and {"type": "Polygon", "coordinates": [ring], "crs": crs}
    return {**PARCEL, "parcel_number": str(number), "geometry": geometry}


@pytest.fixture
def mixed(store: Store) -> SharedDatabase:
    return store(LandParcel, parcel(1, METRES), parcel(2, DEGREES, "OGC:CRS84"), parcel(3, None))


def test_geojson_is_in_crs84_with_right_handed_rings(mixed: SharedDatabase) -> None:
    report = export(mixed, LandParcel, "a.geojson")

    first, second, third = features(Path("a.geojson"))
    assert report.crs == "OGC:CRS84"
    assert first["geometry"]["coordinates"][0][0] == [106.667239645, 11.121052582]
    assert second["geometry"]["coordinates"] == [DEGREES[::-1]]
    assert third["geometry"] is None
    assert "crs" not in first["geometry"]


def test_records_of_several_systems_come_in_one(mixed: SharedDatabase) -> None:
    reports = [export(mixed, LandParcel, f"a.{ending}") for ending in ("csv", "ndjson", "parquet")]

    assert {report.crs for report in reports} == {"OGC:CRS84"}
    headings, *rows = csv_rows(Path("a.csv"))
    assert [row[headings.index("geometry.crs")] for row in rows] == ["OGC:CRS84", "OGC:CRS84", ""]
    assert [line["geometry"] and line["geometry"]["crs"] for line in json_lines(Path("a.ndjson"))] == [
        "OGC:CRS84",
        "OGC:CRS84",
        None,
    ]
    assert "crs" not in geo_metadata(Path("a.parquet"))["columns"]["geometry"]


def test_records_of_one_system_keep_it(store: Store) -> None:
    report = export(store(LandParcel, parcel(1, METRES)), LandParcel, "a.parquet")

    column = geo_metadata(Path("a.parquet"))["columns"]["geometry"]
    (row,) = parquet_rows(Path("a.parquet"))
    assert report.crs == "EPSG:9210"
    assert (column["encoding"], column["crs"]["id"]) == ("WKB", {"authority": "EPSG", "code": 9210})
    assert from_wkb(row["geometry"]) == {"type": "Polygon", "coordinates": [METRES]}


def test_another_system_can_be_requested(mixed: SharedDatabase) -> None:
    report = export(mixed, LandParcel, "a.ndjson", crs="EPSG:9210")

    first, second, _ = json_lines(Path("a.ndjson"))
    assert report.crs == first["geometry"]["crs"] == second["geometry"]["crs"] == "EPSG:9210"
    assert first["geometry"]["coordinates"] == [METRES]


@pytest.mark.parametrize("ending", ["geojson", "csv", "parquet"])
def test_without_pyproj_a_file_that_needs_a_transformation_is_refused_with_the_systems_and_their_counts(
    mixed: SharedDatabase, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setitem(sys.modules, "pyproj", None)

    with pytest.raises(ConfigurationError) as refusal:
        export(mixed, LandParcel, f"a.{ending}")

    assert refusal.value.code == "exports.crs_needs_geo"
    assert refusal.value.context["systems"] == "EPSG:9210 (1), OGC:CRS84 (1)"
    assert "cchc-connect[geo]" in str(refusal.value)
    assert list(Path.cwd().glob("a*")) == []


def test_without_pyproj_files_that_need_none_are_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    database = store(LandParcel, parcel(1, METRES))
    monkeypatch.setitem(sys.modules, "pyproj", None)

    assert export(database, LandParcel, "a.csv").crs == "EPSG:9210"
    with pytest.raises(ConfigurationError) as refusal:  # a definition of EPSG:9210 stands in the file
        export(database, LandParcel, "a.parquet")
    assert refusal.value.code == "extra.geo"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"crs": "VN-2000"}, "exports.crs_unknown"),
        ({"crs": "EPSG:999999"}, "exports.crs_unknown"),
        ({"crs": "EPSG:9210", "file_format": "geojson"}, "exports.crs_of_geojson"),
    ],
)
def test_a_reference_system_that_cannot_be_is_refused(
    mixed: SharedDatabase, options: Mapping[str, Any], code: str
) -> None:
    with pytest.raises(UsageMistake) as refusal:
        export(mixed, LandParcel, "a.ndjson", **options)

    assert refusal.value.code == code
    assert not Path("a.ndjson").exists()


def test_records_without_geometries_are_no_geojson(store: Store) -> None:
    with pytest.raises(UsageMistake) as refusal:
        export(store(LandParcel, PARCEL), Dossier, "a.geojson")

    assert refusal.value.code == "exports.no_geometry"
