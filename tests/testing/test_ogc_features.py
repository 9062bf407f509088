"""Behaviour of pygeoapi and formats of VBDLIS that the land registry's double reproduces."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from cchc_connect.testing import Agencies, OgcFeaturesDouble
from cchc_connect.testing.doubles.ogc_features import ITEMS
from cchc_schemas import AdminScheme, AdminUnitUnknown, admin_unit

GetPage = Callable[..., requests.Response]


@pytest.fixture
def registry(agencies: Agencies) -> OgcFeaturesDouble:
    return agencies.land_registry


@pytest.fixture
def get_page(registry: OgcFeaturesDouble, http: requests.Session) -> GetPage:
    def get_page(path: str = ITEMS, accept: str = "application/geo+json", **params: object) -> requests.Response:
        query = {name: str(value) for name, value in params.items()}
        return http.get(registry.base_url + path, params=query, headers={"Accept": accept}, timeout=5)

    return get_page


def next_link(page: dict[str, Any]) -> str | None:
    return next((link["href"] for link in page["links"] if link["rel"] == "next"), None)


def everything(registry: OgcFeaturesDouble, http: requests.Session) -> list[dict[str, Any]]:
    address: str | None = f"{registry.base_url}{ITEMS}?limit=1000"
    features: list[dict[str, Any]] = []
    while address:
        page = http.get(address, headers={"Accept": "application/geo+json"}, timeout=5).json()
        features += page["features"]
        address = next_link(page)
    return features


def test_next_links_lead_to_every_parcel_once(registry: OgcFeaturesDouble, http: requests.Session) -> None:
    ids = [feature["id"] for feature in everything(registry, http)]

    assert len(ids) == len(set(ids)) == 150


def test_a_limit_above_the_cap_is_capped_without_a_word(get_page: GetPage) -> None:
    page = get_page(limit=500).json()

    assert (page["numberReturned"], page["numberMatched"]) == (100, 150)


def test_the_next_link_keeps_the_limit_and_drops_the_format(get_page: GetPage, registry: OgcFeaturesDouble) -> None:
    link = next_link(get_page(limit=500, f="json").json())

    assert link is not None
    assert link.startswith(registry.base_url)
    assert parse_qs(urlsplit(link).query) == {"limit": ["500"], "offset": ["100"]}


def test_html_comes_unless_json_is_asked_for(get_page: GetPage) -> None:
    assert get_page(accept="*/*").headers["Content-Type"].startswith("text/html")
    assert get_page(accept="*/*", f="json").headers["Content-Type"] == "application/geo+json"
    assert get_page(accept="application/json").headers["Content-Type"] == "application/geo+json"


def test_an_unknown_parameter_is_ignored(get_page: GetPage) -> None:
    assert get_page(khongCo="1").json()["numberMatched"] == 150


def test_a_known_property_filters(get_page: GetPage) -> None:
    commune = get_page().json()["features"][0]["properties"]["xaId"]
    features = get_page(xaId=commune, limit=100).json()["features"]

    assert {feature["properties"]["xaId"] for feature in features} == {commune}


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": "nhiều"}, {"offset": -1}, {"f": "xml"}])
def test_a_bad_parameter_is_an_error_object(get_page: GetPage, params: dict[str, object]) -> None:
    response = get_page(**params)

    assert response.status_code == 400
    assert set(response.json()) == {"code", "type", "description"}


@pytest.mark.parametrize("path", ["/collections/khong_co/items", f"{ITEMS}/1", "/khong-co"])
def test_what_is_not_there_is_404(get_page: GetPage, path: str) -> None:
    response = get_page(path)

    assert response.status_code == 404
    assert response.json()["code"] == "NotFound"


def test_a_datetime_interval_finds_what_was_modified_in_it(get_page: GetPage, agencies: Agencies) -> None:
    since = agencies.world.now.isoformat()
    edit = agencies.edit(seed=1, share=0.05)
    ids = {str(feature["id"]) for feature in get_page(datetime=f"{since}/..", limit=100).json()["features"]}

    assert ids == {*edit.changed["land_parcel"], *edit.corrected.get("land_parcel", ())}


def test_an_interval_that_begins_before_the_collection_is_an_error(get_page: GetPage) -> None:
    assert get_page(datetime="2001-01-01T00:00:00Z/..").status_code == 400
    assert get_page(datetime="hôm qua").status_code == 400


def test_filters_may_be_ignored_without_a_word(get_page: GetPage, registry: OgcFeaturesDouble) -> None:
    registry.switches.ignore_filters = True

    assert get_page(datetime="2026-06-30T23:59:59Z/..").json()["numberMatched"] == 150


def test_the_collection_and_its_conformance_are_described(get_page: GetPage) -> None:
    collection = get_page("/collections/thua_dat").json()

    assert collection["id"] == get_page("/collections").json()["collections"][0]["id"] == "thua_dat"
    assert any(part.endswith("/conf/geojson") for part in get_page("/conformance").json()["conformsTo"])


def test_one_parcel_can_be_asked_for_by_its_id(get_page: GetPage) -> None:
    first = get_page().json()["features"][0]

    assert get_page(f"{ITEMS}/{first['id']}").json() == first


def test_a_ring_is_closed_and_runs_counter_clockwise(registry: OgcFeaturesDouble, http: requests.Session) -> None:
    for feature in everything(registry, http):
        (ring,) = feature["geometry"]["coordinates"]
        doubled_area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))

        assert ring[0] == ring[-1]
        assert doubled_area > 0


def test_commune_codes_are_numbers_and_parcel_numbers_text(registry: OgcFeaturesDouble, http: requests.Session) -> None:
    for feature in everything(registry, http):
        properties = feature["properties"]

        assert isinstance(properties["xaId"], int | float)
        assert isinstance(properties["soHieuToBanDo"], str)
        assert isinstance(properties["soThuTuThua"], str)
        assert feature["id"] == properties["thuaDatId"]


def test_the_faulty_parcels_are_as_many_as_the_double_says(registry: OgcFeaturesDouble, http: requests.Session) -> None:
    parcels = [feature["properties"] for feature in everything(registry, http)]
    numbers = [(p["xaId"], p["soHieuToBanDo"], p["soThuTuThua"]) for p in parcels]
    faults = [
        sum(not p["soThuTuThua"] for p in parcels),
        sum(not p["soHieuToBanDo"] for p in parcels),
        sum(not exists(p["xaId"]) for p in parcels),
        len(numbers) - len(set(numbers)),
    ]

    assert min(faults) >= 1
    assert sum(faults) == registry.faulty_counts()["land_parcel"]


def test_the_second_of_two_parcels_with_one_number_comes_later(
    registry: OgcFeaturesDouble, http: requests.Session
) -> None:
    seen: dict[tuple[object, ...], str] = {}
    for feature in everything(registry, http):
        properties = feature["properties"]
        number = (properties["xaId"], properties["soHieuToBanDo"], properties["soThuTuThua"])
        defect = registry.world.listing_defects["land_parcel"].defect_name(str(feature["id"]))

        assert (number in seen) is (defect == "parcel_number_taken")
        seen[number] = str(feature["id"])


def exists(commune: float) -> bool:
    try:
        admin_unit(AdminScheme.GSO_2025_07, f"{int(commune):05d}")
    except AdminUnitUnknown:
        return False
    return True
