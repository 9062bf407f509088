"""Coordinates fit their type, rings are closed, the reference system is named."""

import pytest
from hypothesis import given
from pydantic import ValidationError

from cchc_schemas import Fault, Geometry, GeometryType, LandParcel, Note, RecordInvalid, to_document
from cchc_schemas.geometry import DEPTH
from tests.schemas.invented import PARCEL, polygons

SQUARE = [[600000, 1210000], [600010, 1210000], [600010, 1210010], [600000, 1210010], [600000, 1210000]]

FITTING = {
    "Point": SQUARE[0],
    "MultiPoint": SQUARE,
    "LineString": SQUARE[:2],
    "MultiLineString": [SQUARE[:2], SQUARE],
    "Polygon": [SQUARE],
    "MultiPolygon": [[SQUARE], [SQUARE]],
}

UNLIKE = [(kind, unlike) for kind in GeometryType for unlike in GeometryType if DEPTH[kind] != DEPTH[unlike]]
"""Pairs of types whose coordinates are nested differently."""


def geometry(kind: str, coordinates: object, crs: str = "EPSG:9210") -> dict[str, object]:
    return {**PARCEL, "geometry": {"type": kind, "coordinates": coordinates, "crs": crs}}


@pytest.mark.parametrize("kind", FITTING)
def test_coordinates_of_each_type_are_taken(kind: str) -> None:
    reading = LandParcel.read(geometry(kind, FITTING[kind]))

    assert reading.notes == ()
    assert reading.record.geometry is not None
    assert reading.record.geometry.type is GeometryType(kind)


@pytest.mark.parametrize(("kind", "unlike"), UNLIKE)
def test_coordinates_of_another_type_are_refused(kind: str, unlike: str) -> None:
    with pytest.raises(RecordInvalid) as refusal:
        LandParcel.read(geometry(kind, FITTING[unlike]), strict=True)

    assert refusal.value.faults == (Fault("geometry.coordinates", "coordinates_of_another_type"),)


@pytest.mark.parametrize(
    ("kind", "coordinates", "rule"),
    [
        ("Polygon", [SQUARE[:2]], "ring_too_short"),
        ("Polygon", [[SQUARE[0], SQUARE[1], SQUARE[0]]], "ring_too_short"),  # closed, with two corners
        ("LineString", SQUARE[:1], "line_too_short"),
        ("MultiLineString", [SQUARE, SQUARE[:1]], "line_too_short"),
        ("Point", [600000], "coordinates_malformed"),
        ("Point", [1, 2, 3, 4], "coordinates_malformed"),
        ("Point", [float("inf"), 2], "coordinates_malformed"),
        ("Point", ["đông", "bắc"], "coordinates_malformed"),
        ("Polygon", [], "coordinates_malformed"),
        ("Polygon", [[SQUARE, SQUARE[0]]], "coordinates_malformed"),  # unevenly nested
        ("Polygon", "POLYGON((1 2, 3 4, 5 6))", "coordinates_malformed"),
    ],
)
def test_what_makes_no_shape_is_refused(kind: str, coordinates: object, rule: str) -> None:
    with pytest.raises(RecordInvalid) as refusal:
        LandParcel.read(geometry(kind, coordinates), strict=True)

    assert refusal.value.faults == (Fault("geometry.coordinates", rule),)


def test_an_unclosed_ring_is_read_with_a_note_and_never_written() -> None:
    unclosed = geometry("MultiPolygon", [[SQUARE], [SQUARE[:-1]]])

    reading = LandParcel.read(unclosed)

    assert reading.notes == (Note("geometry.coordinates", "ring_not_closed"),)
    with pytest.raises(ValidationError):
        LandParcel.model_validate(unclosed)


def test_every_fault_of_a_geometry_is_reported_though_its_type_is_unknown() -> None:
    with pytest.raises(RecordInvalid) as refusal:
        LandParcel.read(geometry("Circle", [1, 2], crs="VN-2000"), strict=True)

    assert refusal.value.faults == (Fault("geometry.type", "value_unknown"), Fault("geometry.crs", "crs_irregular"))


@given(polygons())
def test_a_polygon_comes_back_from_its_document(shape: Geometry) -> None:
    assert Geometry.model_validate(shape.model_dump(mode="json")) == shape


def test_a_document_holds_geojson() -> None:
    document = to_document(LandParcel.read(geometry("Point", [106.65, 10.98], crs="OGC:CRS84")).record)

    assert document["geometry"] == {"type": "Point", "coordinates": [106.65, 10.98], "crs": "OGC:CRS84"}
