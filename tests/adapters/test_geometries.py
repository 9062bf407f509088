"""Shapes come as GeoJSON or as Esri's rings and leave as GeoJSON."""

from math import cos, pi, sin
from random import Random
from time import perf_counter, process_time
from typing import Any, cast

import pytest
from hypothesis import given, strategies as st

from cchc_connect import Unreadable
from cchc_connect.wire.geometries import UNREADABLE, easting_first, geometry_fields
from cchc_schemas import Geometry, GeometryType
from cchc_schemas.faults import Noted
from cchc_schemas.geometry import DEPTH

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


def content(esri: object) -> dict[str, Any]:
    """Return the fields of a geometry without their notes."""
    fields: Any = geometry_fields(esri, GRID)
    while isinstance(fields, Noted):
        fields = fields.value
    assert isinstance(fields, dict)
    return cast("dict[str, Any]", fields)


def rules(fields: object) -> set[str]:
    """Return the rules of the notes on a geometry."""
    return {fields.rule, *rules(fields.value)} if isinstance(fields, Noted) else set()


def polygon(rings: list[Ring], *, several: bool = False) -> dict[str, Any]:
    return (
        {"type": "MultiPolygon", "coordinates": [rings], "crs": GRID}
        if several
        else {"type": "Polygon", "coordinates": rings, "crs": GRID}
    )


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


def test_rings_that_all_run_the_wrong_way_are_outer_ones_with_a_note() -> None:
    assert geometry_fields({"rings": [OUTER]}, GRID) == Noted(polygon([OUTER]), "ring_direction_contradicted")
    assert content({"rings": [OUTER, BESIDE]})["coordinates"] == [[OUTER], [BESIDE]]


def test_a_hole_that_lies_in_no_polygon_is_one_of_its_own() -> None:
    assert content({"rings": [backwards(OUTER), BESIDE]})["coordinates"] == [[OUTER], [BESIDE]]


def test_a_ring_that_is_not_closed_is_closed_with_a_note() -> None:
    assert geometry_fields({"rings": [backwards(OUTER)[:-1]]}, GRID) == Noted(polygon([OUTER]), "ring_not_closed")
    open_ring = {"type": "Polygon", "coordinates": [OUTER[:-1]]}
    assert geometry_fields(open_ring, GRID) == Noted(polygon([OUTER]), "ring_not_closed")
    several = {"type": "MultiPolygon", "coordinates": [[OUTER], [BESIDE[:-1]]]}
    assert content(several)["coordinates"] == [[OUTER], [BESIDE]]


def test_a_ring_that_is_there_twice_is_used_once() -> None:
    twice = {"rings": [backwards(OUTER), backwards(OUTER)[2:-1] + backwards(OUTER)[:3]]}

    assert geometry_fields(twice, GRID) == Noted(polygon([OUTER]), "ring_repeated")


def test_geojson_keeps_type_and_coordinates_and_nothing_else() -> None:
    geojson = {"type": "Point", "coordinates": [106.6, 10.9], "bbox": [1, 2, 3, 4]}

    assert geometry_fields(geojson, "OGC:CRS84") == {"type": "Point", "coordinates": [106.6, 10.9], "crs": "OGC:CRS84"}


def test_no_shape_is_no_geometry() -> None:
    assert geometry_fields(None, GRID) is None


EMPTY: list[Any] = [
    {},
    {"rings": []},
    {"rings": [[]]},
    {"rings": None},
    {"rings": [[[1, 2], [3, 4], [1, 2]]]},
    {"paths": [[], [[1, 2]]]},
    {"points": []},
    {"x": "NaN", "y": "NaN"},
    {"x": None, "y": None},
    {"xmin": "NaN", "ymin": "NaN", "xmax": "NaN", "ymax": "NaN"},
    "POLYGON EMPTY",
    "SRID=9210;MULTIPOLYGON Z EMPTY",
    {"type": "GeometryCollection", "geometries": []},
    *({"type": kind, "coordinates": []} for kind in GeometryType),
    *({"type": kind, "coordinates": None} for kind in GeometryType),
    {"type": "Polygon", "coordinates": [[]]},
    {"type": "MultiPolygon", "coordinates": [[], [[]]]},
    {"type": "Point", "coordinates": ["NaN", "NaN"]},
]


@pytest.mark.parametrize("shape", EMPTY, ids=str)
def test_an_empty_shape_is_no_geometry_with_a_note(shape: object) -> None:
    assert geometry_fields(shape, GRID) == Noted(None, "geometry_empty")


def test_an_empty_part_is_left_out_with_a_note() -> None:
    several = {"type": "MultiPolygon", "coordinates": [[], [OUTER, []]]}

    assert geometry_fields(several, GRID) == Noted(polygon([OUTER], several=True), "geometry_empty")
    assert geometry_fields({"rings": [[], backwards(OUTER)]}, GRID) == Noted(polygon([OUTER]), "geometry_empty")


def test_the_only_shape_of_a_collection_is_the_geometry() -> None:
    point = {"type": "Point", "coordinates": [600_000, 1_210_000]}

    assert content({"type": "GeometryCollection", "geometries": [point]})["type"] == "Point"
    assert geometry_fields({"type": "GeometryCollection", "geometries": [point, point]}, GRID) == UNREADABLE


HEIGHTS: list[tuple[dict[str, bool], int, list[float]]] = [
    ({}, 3, [7.0]),
    ({}, 4, [7.0]),
    ({"hasZ": True}, 3, [7.0]),
    ({"hasZ": True, "hasM": False}, 3, [7.0]),
    ({"hasZ": True, "hasM": True}, 4, [7.0]),
    ({"hasZ": True, "hasM": True}, 3, [7.0]),
    ({"hasM": True}, 3, []),
    ({"hasZ": False, "hasM": True}, 3, []),
    ({"hasZ": False}, 3, []),
    ({"hasZ": False, "hasM": False}, 2, []),
]


@pytest.mark.parametrize(("flags", "count", "height"), HEIGHTS)
@pytest.mark.parametrize("member", ["rings", "paths", "points"])
def test_a_measure_is_no_height(flags: dict[str, bool], count: int, height: list[float], member: str) -> None:
    line = [[*corner, 7.0, float(number)][:count] for number, corner in enumerate(backwards(OUTER))]
    shape = {member: line if member == "points" else [line], **flags}

    fields = geometry_fields(shape, GRID)

    assert not isinstance(fields, Noted)
    expected = OUTER if member == "rings" else backwards(OUTER)
    coordinates = [[*corner, *height] for corner in expected]
    assert read(fields).model_dump(mode="json")["coordinates"] == ([coordinates] if member == "rings" else coordinates)


@pytest.mark.parametrize(
    ("point", "position"),
    [({"z": 3.5, "m": 9.0}, [3.5]), ({"m": 9.0}, []), ({"z": "NaN", "m": 9.0}, []), ({"z": None}, [])],
)
def test_a_point_has_its_height_and_not_its_measure(point: dict[str, object], position: list[float]) -> None:
    assert content({"x": 600_000, "y": 1_210_000, **point})["coordinates"] == [600_000, 1_210_000, *position]


@pytest.mark.parametrize("kind", GeometryType)
def test_a_fourth_number_of_geojson_is_no_coordinate(kind: GeometryType) -> None:
    def nested_in(depth: int, line: Ring) -> object:
        return line[0] if depth == 0 else line if depth == 1 else [nested_in(depth - 1, line)]

    measured = [[*corner, 7.0, float(number)] for number, corner in enumerate(OUTER[:-1])]
    measured.append([*OUTER[0], 7.0, 99.0])

    fields = geometry_fields({"type": kind, "coordinates": nested_in(DEPTH[kind], measured)}, GRID)

    high = [[*corner, 7.0] for corner in OUTER]
    assert fields == {"type": kind, "coordinates": nested_in(DEPTH[kind], high), "crs": GRID}


def test_latitude_first_is_turned_where_the_definition_has_it_so() -> None:
    point = {"type": "Point", "coordinates": [10.98, 106.65]}

    assert easting_first(geometry_fields(point, "EPSG:4756")) == {
        **point,
        "coordinates": [106.65, 10.98],
        "crs": "EPSG:4756",
    }
    turned = {**point, "coordinates": [106.65, 10.98]}
    assert easting_first(geometry_fields(turned, "EPSG:4756")) == {**turned, "crs": "EPSG:4756"}
    assert easting_first(geometry_fields(None, "EPSG:4756")) is None


def test_an_envelope_is_its_rectangle() -> None:
    west, south, east, north = OUTER[0][0], OUTER[0][1], OUTER[2][0], OUTER[2][1]

    assert content({"xmin": west, "ymin": south, "xmax": east, "ymax": north}) == polygon([OUTER])


def coast(corners: int, radius: float) -> Ring:
    """Return a ring of many corners that goes in and out."""
    turns = [(2 * pi * number / corners, radius * (1 + 0.1 * (number % 2))) for number in range(corners)]
    ring = [[600_000 + reach * cos(turn), 1_214_000 + reach * sin(turn)] for turn, reach in turns]
    return [*ring, ring[0]]


def test_long_borders_with_many_holes_take_little_time() -> None:
    holes = [square(8 * (number % 40) - 160, 8 * (number // 40) - 100, 4) for number in range(1000)]
    comb = [[600_000 + number / 100, 1_214_000 + 100 * (number % 2)] for number in range(20_000)]
    started = perf_counter()

    assert len(content({"rings": [*holes, coast(20_000, 300)]})["coordinates"]) == 1001
    content({"rings": [[*comb, comb[0]], [[x, y / 2 + 607_000] for x, y in [*comb, comb[0]]]]})

    assert perf_counter() - started < 20


Polygons = list[list[Ring]]


@st.composite
def tilings(draw: st.DrawFn, west: float = 0, south: float = 0, side: float = 1024, level: int = 0) -> Polygons:
    """Invent polygons beside each other, with holes that may touch the outer ring, and islands in the holes."""
    outer = square(west, south, side)
    holes: list[Ring] = []
    islands: Polygons = []
    half = side / 2
    for column, row in draw(st.lists(st.tuples(st.booleans(), st.booleans()), unique=True, max_size=4)):
        x, y = west + column * half, south + row * half
        shape = draw(st.sampled_from(["none", "apart", "touching"]))
        if shape == "touching":  # its corners are the middles of the sides of a quarter, so one or two touch
            holes.append([[600_000 + x + dx * half, 1_214_000 + y + dy * half] for dx, dy in DIAMOND])
        elif shape == "apart":
            holes.append(backwards(square(x + half / 8, y + half / 8, half * 3 / 4)))
            if level < 2 and draw(st.booleans()):
                islands += draw(tilings(x + half / 4, y + half / 4, half / 2, level + 1))
    return [[outer, *holes], *islands]


DIAMOND = [(0.5, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 0.5), (0.5, 0.0)]


def as_sets(polygons: Polygons) -> set[tuple[frozenset[tuple[float, ...]], frozenset[frozenset[tuple[float, ...]]]]]:
    """Return polygons as the corners of their outer rings and holes, whatever their order and direction."""
    rings = [[frozenset(map(tuple, ring)) for ring in rings] for rings in polygons]
    return {(outer, frozenset(holes)) for outer, *holes in rings}


@given(st.lists(tilings(), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_rings_in_any_order_and_direction_are_the_same_polygons(tiles: list[Polygons], chance: Random) -> None:
    polygons = [
        [[[x + 2000 * number, y] for x, y in ring] for ring in rings]
        for number, tile in enumerate(tiles)
        for rings in tile
    ]
    rings: list[Ring] = []
    for ring in (ring for polygon_rings in polygons for ring in polygon_rings):
        start = chance.randrange(len(ring) - 1)
        turned = [*ring[start:-1], *ring[:start], ring[start]]
        rings.append(backwards(turned) if chance.random() < 0.5 else turned)
    chance.shuffle(rings)

    fields = content({"rings": rings})

    coordinates: Any = fields["coordinates"]
    assert fields["type"] == ("Polygon" if len(polygons) == 1 else "MultiPolygon")
    assert as_sets(coordinates if len(polygons) > 1 else [coordinates]) == as_sets(polygons)


def test_thousands_of_rings_are_not_compared_with_each_other() -> None:
    rings = [backwards(square(10 * (number % 100), 10 * (number // 100), 8)) for number in range(5000)]
    started = perf_counter()

    assert len(content({"rings": rings})["coordinates"]) == 5000

    assert perf_counter() - started < 5


def test_thousands_of_rings_with_one_extent_are_not_compared_with_each_other() -> None:
    rings = [[*OUTER[:3], [600_000 + number / 1000, 1_214_005.0], OUTER[3], OUTER[0]] for number in range(1, 2001)]
    started = process_time()

    fields = geometry_fields({"rings": [*rings, rings[7]]}, GRID)

    assert process_time() - started < 2
    assert "ring_repeated" in rules(fields)


def test_the_work_on_one_shape_is_bounded_however_many_rings_it_has() -> None:
    combs = [
        [[600_000 + side / 1000, 1_214_000 + (100 - number) * (-1) ** side] for side in range(2000)]
        for number in range(20)
    ]
    started = process_time()

    fields = geometry_fields({"rings": [[*comb, comb[0]] for comb in combs]}, GRID)

    assert process_time() - started < 3
    assert rules(fields) <= {"ring_direction_contradicted"}


BROKEN: list[Any] = [
    "POLYGON((1 2))",
    [1, 2],
    {"rings": "x"},
    {"rings": [[[1e300, 0.0]]]},
    {"curveRings": [[[1.0, 2.0]], {"c": [[3, 3], [1, 4]]}]},
    {"x": "a", "y": 2},
    {"xmin": 1, "ymin": 2},
    {"width": 3},
    {"rings": [[[1.0]]]},
    {"rings": [[["a", "b"]]]},
    {"rings": [[[1.0, 2.0], None]]},
]


@pytest.mark.parametrize("broken", BROKEN)
def test_anything_else_is_unreadable(broken: object) -> None:
    assert geometry_fields(broken, GRID) == Unreadable("geometry_unreadable")


@pytest.mark.parametrize(
    ("statement", "is_same"),
    [
        ({"wkid": 9210}, True),
        ({"wkid": 104_999, "latestWkid": 9210}, True),
        ({"wkid": 102_100, "latestWkid": 3857}, False),
        ({"wkid": 5899}, False),
        ({"wkt": 'PROJCS["VN-2000_TM-3_105-45",GEOGCS["GCS_VN_2000"]]'}, True),
    ],
)
def test_a_shape_that_names_another_system_is_unreadable(statement: object, is_same: bool) -> None:  # noqa: FBT001  # a column of the table above
    esri = geometry_fields({"rings": [backwards(OUTER)], "spatialReference": statement}, GRID)
    geojson = geometry_fields({"type": "Polygon", "coordinates": [OUTER], "crs": statement}, GRID)

    assert esri == geojson == (polygon([OUTER]) if is_same else Unreadable("crs_contradicted"))
