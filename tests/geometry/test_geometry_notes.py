"""Records with geometry get notes on position, border and national parcel code, from the translator of their source."""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from pyproj.transformer import TransformerGroup

from cchc_adapters.ogc_features import OgcFeatures, OgcFeaturesOptions
from cchc_connect.geometry import GeometryNotes, missing_packages
from cchc_connect.sync.translation import LocalTranslator
from cchc_connect.testing.province.geometry import geohash
from cchc_schemas import LandParcel, Note
from cchc_schemas.reference_systems import Box
from tests.schemas.invented import PARCEL

BINH_DUONG: Box = (106.3, 10.8, 107.0, 11.6)
SQUARE = [[106.66, 10.98], [106.6603, 10.98], [106.6603, 10.9803], [106.66, 10.9803], [106.66, 10.98]]
BOW_TIE = [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]
ELSEWHERE = (Note("national_id", "national_parcel_id_elsewhere"),)


def parcel(coordinates: object, crs: str = "OGC:CRS84", **fields: object) -> LandParcel:
    return LandParcel.read(
        {
            **PARCEL,
            "national_id": None,
            **fields,
            "geometry": {"type": "Polygon", "coordinates": coordinates, "crs": crs},
        }
    ).record


def notes(record: LandParcel, extent: Box | None = BINH_DUONG) -> tuple[Note, ...]:
    return tuple(GeometryNotes(extent).notes([record]).get(0, ()))


def test_a_regular_parcel_has_no_note() -> None:
    assert notes(parcel([SQUARE], national_id=geohash(106.6601, 10.9801))) == ()


def test_a_national_code_of_another_place_is_noted() -> None:
    assert notes(parcel([SQUARE], national_id=geohash(106.67, 10.9801))) == ELSEWHERE
    assert notes(parcel([SQUARE], national_id=geohash(106.6601, 10.9821))) == ELSEWHERE
    assert notes(parcel([SQUARE], national_id="?" * 12)) == ()


def test_the_code_is_compared_in_wgs_84_wherever_the_parcel_is_surveyed() -> None:
    vn2000 = [
        [[599_650, 1_214_160], [599_670, 1_214_160], [599_670, 1_214_180], [599_650, 1_214_180], [599_650, 1_214_160]]
    ]
    record = parcel(vn2000, "EPSG:9210")
    shifted = geohash(106.66188, 10.97896)  # the same place, its coordinates taken for WGS 84 without a datum shift

    longitude, latitude = transformed(599_660, 1_214_170)
    assert notes(record.model_copy(update={"national_id": geohash(longitude, latitude)})) == ()
    assert notes(record.model_copy(update={"national_id": shifted})) == ELSEWHERE


def transformed(x: float, y: float) -> tuple[float, float]:
    group: Any = TransformerGroup("EPSG:9210", "OGC:CRS84", always_xy=True)
    position: tuple[float, float] = group.transformers[0].transform(x, y)
    return position


def test_of_a_position_that_has_none_in_degrees_nothing_is_said() -> None:
    far = [[[1e12, 1e12], [2e12, 1e12], [2e12, 2e12], [1e12, 1e12]]]
    near = [[[400_000, 6_000_000], [400_010, 6_000_000], [400_010, 6_000_010], [400_000, 6_000_000]]]
    records = [parcel(rings, "EPSG:32633", national_id=geohash(106.66, 10.98)) for rings in (far, near)]

    assert GeometryNotes(None).notes(records) == {1: list(ELSEWHERE)}


def test_without_an_extent_no_position_is_suspicious() -> None:
    far = [[[x - 100, y] for x, y in SQUARE]]

    assert notes(parcel(far), None) == ()
    assert notes(parcel(far)) == (Note("geometry", "outside_extent"),)


def test_notes_stand_beside_the_record_they_are_about() -> None:
    records = [parcel([SQUARE]), parcel([BOW_TIE]), LandParcel.read(PARCEL).record, parcel([BOW_TIE])]

    crossing = [Note("geometry", "border_self_intersecting")]
    assert GeometryNotes(BINH_DUONG).notes(records) == {1: crossing, 3: crossing}


class Source:
    """The source of an outsider, who declares where its parcels lie."""

    record_type = LandParcel
    extent = BINH_DUONG
    mapping_version = 1

    def key(self, item: Mapping[str, Any]) -> str:
        return str(item["parcel_number"])

    def changed_at(self, item: Mapping[str, Any]) -> datetime | None:
        del item
        return None

    def translate(self, item: Mapping[str, Any]) -> Mapping[str, object]:
        return item


class UnboundedSource(Source):
    """The same without an extent."""

    extent: Any = None


FAR = {"type": "Point", "coordinates": [105.85, 21.03], "crs": "OGC:CRS84"}


@pytest.mark.parametrize(
    ("source", "expected"), [(Source(), [["geometry", "outside_extent"]]), (UnboundedSource(), [])]
)
def test_a_source_declares_the_extent_of_its_records(source: Any, expected: list[list[str]]) -> None:
    translated = LocalTranslator(source).translate_all([{**PARCEL, "national_id": None, "geometry": FAR}])[0]

    assert translated.faults == ()
    assert json.loads(translated.notes or "[]") == expected


def test_an_option_of_the_connection_is_the_extent() -> None:
    options = {"collection": "p", "scheme": "gso-2025-07"}

    assert (
        OgcFeatures(OgcFeaturesOptions.model_validate({**options, "extent": [106.3, 10.8, 107, 11.6]}))
        .sources[0]
        .extent
        == BINH_DUONG
    )
    for wrong in ([1, 2, 3], [107, 10, 106, 11], [600_000, 1_200_000, 610_000, 1_210_000]):
        with pytest.raises(ValueError, match="extent"):
            OgcFeaturesOptions.model_validate({**options, "extent": wrong})


def test_regular_parcels_in_degrees_need_neither_library() -> None:
    program = """
import sys
from cchc_connect.geometry import GeometryNotes
from cchc_schemas import Geometry, LandParcel
square = [[106.66, 10.98], [106.6603, 10.98], [106.6603, 10.9803], [106.66, 10.9803], [106.66, 10.98]]
shape = {"type": "Polygon", "coordinates": [square], "crs": "OGC:CRS84"}
fields = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "45", "parcel_number": "1"}
record = LandParcel.model_validate({**fields, "national_id": "w3gvk1h2m8q0", "geometry": shape})
assert GeometryNotes((102.0, 6.0, 118.0, 23.5)).notes([record])
print(sorted({"numpy", "pyproj", "shapely"} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ".:schemas:adapters"},
    )

    assert done.stdout.strip() == "[]"


def test_without_the_libraries_the_notes_that_need_them_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_packages() == ()
    for package in ("pyproj", "shapely"):
        monkeypatch.setitem(sys.modules, package, None)
    grid = [[380_000, 1_214_000], [380_010, 1_214_000], [380_010, 1_214_010], [380_000, 1_214_000]]

    assert missing_packages() == ("pyproj", "shapely")
    assert notes(parcel([BOW_TIE], national_id=geohash(106.67, 10.98))) == ELSEWHERE
    assert notes(parcel([grid], "EPSG:9210", national_id=geohash(106.67, 10.98)), (1.0, 2.0, 3.0, 4.0)) == ()
