"""Geometries: transformed, and written as text and bytes that others read."""

import struct
from typing import Any

import pytest
from hypothesis import given

from cchc_connect.exports.geometry_encoding import right_handed, well_known_bytes, well_known_text
from cchc_connect.exports.reference_systems import transformation
from cchc_schemas import Geometry, LandParcel
from tests.exports.readers import from_wkb
from tests.schemas.invented import PARCEL, polygons

METRES = [[600000.0, 1230000.0], [600010.0, 1230000.0], [600010.0, 1230010.0], [600000.0, 1230000.0]]
A, B, C = [0.0, 0.0], [4.0, 0.0], [4.0, 3.0]
RING = [A, B, C, A]
"""It runs counterclockwise."""

SHAPES = [
    ({"type": "Point", "coordinates": A}, "POINT (0.0 0.0)"),
    ({"type": "Point", "coordinates": [1.5, 2.0, 3.0]}, "POINT Z (1.5 2.0 3.0)"),
    ({"type": "MultiPoint", "coordinates": [A, B]}, "MULTIPOINT (0.0 0.0, 4.0 0.0)"),
    ({"type": "LineString", "coordinates": [A, B]}, "LINESTRING (0.0 0.0, 4.0 0.0)"),
    (
        {"type": "MultiLineString", "coordinates": [[A, B], [B, C]]},
        "MULTILINESTRING ((0.0 0.0, 4.0 0.0), (4.0 0.0, 4.0 3.0))",
    ),
    ({"type": "Polygon", "coordinates": [RING]}, "POLYGON ((0.0 0.0, 4.0 0.0, 4.0 3.0, 0.0 0.0))"),
    ({"type": "MultiPolygon", "coordinates": [[RING]]}, "MULTIPOLYGON (((0.0 0.0, 4.0 0.0, 4.0 3.0, 0.0 0.0)))"),
]


def test_vn_2000_is_transformed_by_the_official_parameters_with_longitude_first() -> None:
    """The other published transformation, which pyproj may prefer, differs by 0.8 m."""
    moved = transformation("EPSG:9210", "OGC:CRS84")({"type": "Point", "coordinates": [600000.0, 1230000.0, 4.5]})

    assert moved["coordinates"] == [106.667239645, 11.121052582, 4.5]


def test_a_transformation_and_back_changes_less_than_a_millimetre() -> None:
    there, back = transformation("EPSG:9210", "OGC:CRS84"), transformation("OGC:CRS84", "EPSG:9210")

    ring = back(there({"type": "Polygon", "coordinates": [METRES]}))["coordinates"][0]

    assert ring == [pytest.approx(position, abs=0.001) for position in METRES]


def test_zones_of_vn_2000_are_transformed_without_leaving_it() -> None:
    """Two zones of one datum: no shift between datums is involved, so nothing is lost."""
    moved = transformation("EPSG:9210", "EPSG:3405")({"type": "Point", "coordinates": [600000.0, 1230000.0]})

    assert moved["coordinates"] == pytest.approx([682210.6, 1229848.6], abs=500)


@pytest.mark.parametrize(("shape", "text"), SHAPES, ids=[text.partition(" (")[0] for _, text in SHAPES])
def test_every_type_of_geometry_is_written_as_text_and_bytes(shape: dict[str, Any], text: str) -> None:
    assert well_known_text(shape) == text
    assert from_wkb(well_known_bytes(shape)) == shape


@given(polygons())
def test_bytes_hold_every_coordinate(polygon: Geometry) -> None:
    shape = polygon.__geo_interface__

    assert from_wkb(well_known_bytes(shape)) == polygon.model_dump(mode="json", exclude={"crs"})


def test_a_point_is_written_as_the_standard_shows_it() -> None:
    """OGC 06-103r4, 8.2.7: byte order, type 1, two doubles."""
    assert well_known_bytes({"type": "Point", "coordinates": [2.0, 4.0]}) == b"\x01" + struct.pack("<Idd", 1, 2.0, 4.0)


def test_heights_are_left_out_where_not_every_position_has_one() -> None:
    shape = {"type": "LineString", "coordinates": [[1.0, 2.0, 3.0], [4.0, 5.0]]}

    assert well_known_text(shape) == "LINESTRING (1.0 2.0, 4.0 5.0)"
    assert from_wkb(well_known_bytes(shape))["coordinates"] == [[1.0, 2.0], [4.0, 5.0]]


def test_outer_rings_run_counterclockwise_and_inner_ones_clockwise() -> None:
    inner = [[1.0, 1.0], [2.0, 1.0], [2.0, 2.0], [1.0, 1.0]]
    expected = [RING, inner[::-1]]

    assert right_handed({"type": "Polygon", "coordinates": [RING[::-1], inner]})["coordinates"] == expected
    assert right_handed({"type": "Polygon", "coordinates": expected})["coordinates"] == expected
    assert right_handed({"type": "MultiPolygon", "coordinates": [[RING[::-1]]]})["coordinates"] == [[RING]]


def test_a_record_is_a_feature_for_other_libraries_without_personal_fields() -> None:
    fields = {**PARCEL, "geometry": {"type": "Polygon", "coordinates": [METRES], "crs": "EPSG:9210"}}
    feature = LandParcel.read(fields).record.__geo_interface__

    assert (feature["type"], feature["id"]) == ("Feature", "gso-2025-07:25747:45:123")
    assert feature["geometry"] == {"type": "Polygon", "coordinates": (tuple(map(tuple, METRES)),)}
    assert feature["properties"]["holders"] == [{"kind": "individual", "share": None}]
    assert feature["properties"]["crs"] == "EPSG:9210"
    assert "Nguyễn" not in str(feature)
    assert "geometry" not in feature["properties"]


def test_a_record_whose_geometry_is_unknown_is_a_feature_without_one() -> None:
    feature = LandParcel.read(PARCEL).record.__geo_interface__

    assert (feature["geometry"], feature["properties"]["crs"]) == (None, None)
