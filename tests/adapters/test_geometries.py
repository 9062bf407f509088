"""Shapes come as GeoJSON or as Esri's rings and leave as GeoJSON."""

from typing import Any

import pytest

from cchc_adapters.building_blocks.geometries import geometry_fields
from cchc_connect import Unreadable
from cchc_schemas import Geometry

GRID = "EPSG:9210"
Ring = list[list[float]]


def square(east: float, north: float, side: float) -> Ring:
    """Return a square, counter-clockwise and closed."""
    corners = [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side), (0.0, 0.0)]
    return [[600_000 + east + x, 1_214_000 + north + y] for x, y in corners]


def backwards(ring: Ring) -> Ring:
    return list(reversed(ring))


OUTER, HOLE, BESIDE = square(0, 0, 10), square(2, 2, 3), square(100, 0, 10)


def shape(*rings: Ring) -> dict[str, Any]:
    fields = geometry_fields({"rings": list(rings)}, GRID)
    assert isinstance(fields, dict)
    return fields


def read(fields: object) -> Geometry:
    return Geometry.model_validate(fields)


def test_a_clockwise_ring_becomes_a_polygon_wound_the_other_way() -> None:
    assert shape(backwards(OUTER)) == {"type": "Polygon", "coordinates": [OUTER], "crs": GRID}


def test_a_hole_goes_into_the_polygon_it_lies_in() -> None:
    fields = shape(backwards(BESIDE), backwards(OUTER), HOLE)

    assert fields["type"] == "MultiPolygon"
    assert fields["coordinates"] == [[BESIDE], [OUTER, backwards(HOLE)]]
    assert read(fields).type == "MultiPolygon"


def test_several_outer_rings_are_several_polygons() -> None:
    assert shape(backwards(OUTER), backwards(BESIDE))["coordinates"] == [[OUTER], [BESIDE]]


def test_rings_that_all_run_the_wrong_way_are_outer_ones() -> None:
    assert shape(OUTER)["coordinates"] == [OUTER]
    assert shape(OUTER, BESIDE)["coordinates"] == [[OUTER], [BESIDE]]


def test_a_hole_that_lies_in_no_polygon_is_one_of_its_own() -> None:
    assert shape(backwards(OUTER), BESIDE)["coordinates"] == [[OUTER], [BESIDE]]


def test_a_ring_that_is_not_closed_is_read_as_if_it_were() -> None:
    assert shape(backwards(OUTER)[:-1])["coordinates"] == [OUTER[1:]]


def test_geojson_keeps_type_and_coordinates_and_nothing_else() -> None:
    geojson = {"type": "Point", "coordinates": [106.6, 10.9], "bbox": [1, 2, 3, 4]}

    assert geometry_fields(geojson, "OGC:CRS84") == {"type": "Point", "coordinates": [106.6, 10.9], "crs": "OGC:CRS84"}


@pytest.mark.parametrize("nothing", [None, {"rings": []}])
def test_no_shape_is_no_geometry(nothing: object) -> None:
    assert geometry_fields(nothing, GRID) is None


NO_CORNERS: Ring = []
BROKEN: list[Any] = [
    "POLYGON((1 2))",
    [1, 2],
    {"rings": "x"},
    {"rings": [NO_CORNERS]},
    {"rings": [[[1.0]]]},
    {"rings": [[["a", "b"]]]},
    {"rings": [[[1.0, 2.0], None]]},
]


@pytest.mark.parametrize("broken", BROKEN)
def test_anything_else_is_unreadable(broken: object) -> None:
    assert geometry_fields(broken, GRID) == Unreadable("geometry_unreadable")
