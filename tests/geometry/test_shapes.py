"""Borders that cross themselves get a note; those that cannot be wrong are not looked at."""

from math import cos, pi, sin
from typing import Any

import pytest
import shapely  # type: ignore[import-untyped]  # it has no types
from hypothesis import given, settings, strategies as st

from cchc_connect.geometry.shapes import border_rules, is_plain
from cchc_schemas import Geometry
from cchc_schemas.spelling import Irregularities
from tests.quick import scaled
from tests.schemas.invented import polygons

EAST, NORTH = 600_000.0, 1_210_000.0
Corners = list[tuple[float, float]]

SQUARE: Corners = [(0, 0), (10, 0), (10, 10), (0, 10)]
BOW_TIE: Corners = [(0, 0), (10, 10), (10, 0), (0, 10)]
ARROW: Corners = [(0, 0), (10, 0), (5, 3), (5, 10)]
STAR: Corners = [(10 * cos(4 * pi * n / 5), 10 * sin(4 * pi * n / 5)) for n in range(5)]
INSIDE: Corners = [(2, 2), (2, 4), (4, 4), (4, 2)]
BESIDE: Corners = [(20, 0), (30, 0), (30, 10), (20, 10)]


def ring(corners: Corners) -> list[tuple[float, float]]:
    return [(EAST + x, NORTH + y) for x, y in [*corners, corners[0]]]


def shape(*polygon_rings: list[Corners]) -> Geometry:
    polygons_of_rings: list[Any] = [[ring(corners) for corners in rings] for rings in polygon_rings]
    several = len(polygon_rings) > 1
    coordinates = polygons_of_rings if several else polygons_of_rings[0]
    return Geometry.model_validate(
        {"type": "MultiPolygon" if several else "Polygon", "coordinates": coordinates, "crs": "EPSG:9210"}
    )


CASES = [
    (shape([SQUARE]), None),
    (shape([SQUARE[::-1]]), None),
    (shape([ARROW]), None),
    (shape([SQUARE, INSIDE]), None),
    (shape([SQUARE], [BESIDE]), None),
    (shape([BOW_TIE]), "border_self_intersecting"),
    (shape([STAR]), "border_self_intersecting"),
    (shape([SQUARE], [BOW_TIE]), "border_self_intersecting"),
    (shape([SQUARE, SQUARE]), "ring_repeated"),
    (shape([SQUARE, INSIDE, INSIDE[::-1]]), "ring_repeated"),
    (shape([SQUARE, BESIDE]), "polygon_irregular"),
    (shape([SQUARE], [INSIDE]), "polygon_irregular"),
]


@pytest.mark.parametrize(("geometry", "rule"), CASES)
def test_a_border_that_runs_wrongly_is_named(geometry: Geometry, rule: str | None) -> None:
    assert dict(border_rules([geometry])) == ({} if rule is None else {0: rule})
    assert rule is None or not is_plain(geometry)


def test_many_shapes_are_looked_at_together() -> None:
    rules = dict(border_rules([geometry for geometry, _ in CASES]))

    assert rules == {number: rule for number, (_, rule) in enumerate(CASES) if rule}


@pytest.mark.parametrize(
    ("corners", "rule"), [(BOW_TIE, "border_self_intersecting"), (SQUARE, None), (SQUARE[:3], None)]
)
def test_a_ring_that_is_not_closed_is_judged_like_the_closed_one(corners: Corners, rule: str | None) -> None:
    fields = {"type": "Polygon", "coordinates": [ring(corners)[:-1]], "crs": "EPSG:9210"}
    geometry = Geometry.model_validate(fields, context=Irregularities())

    assert is_plain(geometry) is (len(corners) == 3)
    assert dict(border_rules([geometry])) == ({0: rule} if rule else {})


def test_a_point_has_no_border() -> None:
    assert is_plain(Geometry.model_validate({"type": "Point", "coordinates": [EAST, NORTH], "crs": "EPSG:9210"}))


@settings(max_examples=scaled(40))
@given(st.lists(polygons(), max_size=3))
def test_no_shape_that_is_wrong_passes_as_one_that_cannot_be(geometries: list[Geometry]) -> None:
    invalid = {
        number
        for number, geometry in enumerate(geometries)
        if len(geometry.coordinates[0]) > 4 and not shapely.is_valid(shapely.geometry.shape(geometry))
    }

    assert invalid <= {number for number, geometry in enumerate(geometries) if not is_plain(geometry)}
    assert invalid <= dict(border_rules(geometries)).keys()
