"""Positions that their system can have, but not the connection's extent, get a note that names the suspicion."""

from functools import cache
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st
from pyproj import Transformer

from cchc_connect.geometry.extents import position_rule
from cchc_schemas.geometry import is_within
from cchc_schemas.reference_systems import CRS84, Box, ReferenceSystem, reference_system, reference_systems

BINH_DUONG: Box = (106.3, 10.8, 107.0, 11.6)
ZONES = [system for system in reference_systems() if system.title.startswith("VN-2000 / ")]

longitudes, latitudes = st.floats(106.35, 106.95), st.floats(10.85, 11.55)


@cache
def way(source: str, target: str) -> Any:
    return Transformer.from_crs(source, target, always_xy=True, allow_ballpark=False)


def projected(name: str, longitude: float, latitude: float) -> tuple[float, float]:
    x, y = way(CRS84, name).transform(longitude, latitude)
    return x, y


def rule_at(crs: str, x: float, y: float) -> str | None:
    return position_rule((x, y, x, y), crs, BINH_DUONG)


@given(longitudes, latitudes, st.sampled_from([*ZONES, *filter(None, [reference_system("EPSG:32648")])]))
def test_what_lies_in_the_extent_is_not_suspicious_in_any_system(
    longitude: float, latitude: float, zone: ReferenceSystem
) -> None:
    name = zone.name
    x, y = projected(name, longitude, latitude)

    assert rule_at(name, x, y) is None
    assert rule_at(CRS84, longitude, latitude) is None
    assert rule_at("EPSG:4756", longitude, latitude) is None


@given(longitudes, latitudes, st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_a_zone_labelled_as_another_is_a_suspicious_meridian(
    longitude: float, latitude: float, zone: ReferenceSystem, label: ReferenceSystem
) -> None:
    written, name = zone.name, label.name
    x, y = projected(written, longitude, latitude)
    assume(is_within((x, y, x, y), zone.domain))
    back = way(name, CRS84).transform(x, y)

    rule = rule_at(name, x, y)

    is_far = not is_within((*back, *back), (106.2, 10.7, 107.1, 11.7))
    assert rule in ({"meridian_suspect"} if is_far else {None, "meridian_suspect"})


@pytest.mark.parametrize(
    ("crs", "x", "y", "rule"),
    [
        (CRS84, 106.65, 10.98, None),
        (CRS84, 105.85, 21.03, "outside_extent"),  # Hà Nội
        (CRS84, -73.9, 40.7, "outside_extent"),
        (CRS84, 10.98, 80.65, "outside_extent"),
        ("EPSG:3857", 11_872_000, 1_230_000, None),
        ("EPSG:3857", 1_230_000, 11_872_000, "axes_swapped"),
        ("EPSG:3857", 106.65, 10.98, "crs_suspect"),
        ("EPSG:3857", 599_452, 1_214_282, "crs_suspect"),
        ("EPSG:9210", 599_452, 1_214_282, None),
        ("EPSG:9210", 380_000, 1_214_282, "meridian_suspect"),
        ("EPSG:9210", 599_452, 2_300_000, "outside_extent"),
        ("EPSG:2154", 599_452, 1_214_282, "crs_suspect"),
    ],
)
def test_the_suspicion_says_what_would_bring_a_position_into_the_extent(
    crs: str, x: float, y: float, rule: str | None
) -> None:
    assert rule_at(crs, x, y) == rule


def test_one_position_outside_is_enough() -> None:
    assert position_rule((106.6, 10.9, 107.6, 10.95), CRS84, BINH_DUONG) == "outside_extent"
