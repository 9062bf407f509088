"""Behaviour of NestJS-CRUD and ArcGIS that the construction department's double reproduces."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
import requests

from cchc_connect.testing import Agencies, ConstructionDepartmentDouble
from cchc_connect.testing.doubles.construction_department import PERMITS, WORKS_LAYER
from cchc_connect.testing.province.facts import VIETNAM

GetPage = Callable[..., requests.Response]


@pytest.fixture
def department(agencies: Agencies) -> ConstructionDepartmentDouble:
    return agencies.construction_department


@pytest.fixture
def get_page(department: ConstructionDepartmentDouble, http: requests.Session) -> GetPage:
    def get_page(path: str, **params: object) -> requests.Response:
        return http.get(department.base_url + path, params={k: str(v) for k, v in params.items()}, timeout=5)

    return get_page


@pytest.fixture
def query(get_page: GetPage) -> Callable[..., dict[str, Any]]:
    def query(**params: object) -> dict[str, Any]:
        response = get_page(f"{WORKS_LAYER}/query", **{"where": "1=1", "f": "json", "outFields": "*"} | params)
        assert response.status_code == 200
        result: dict[str, Any] = response.json()
        return result

    return query


Query = Callable[..., dict[str, Any]]


def permits(response: requests.Response) -> list[dict[str, Any]]:
    listing: list[dict[str, Any]] = response.json()
    assert isinstance(listing, list)
    return listing


def test_a_listing_that_is_not_paged_is_a_bare_array(
    get_page: GetPage, department: ConstructionDepartmentDouble
) -> None:
    assert len(permits(get_page(PERMITS))) == department.record_counts()["construction_permit"]
    assert len(permits(get_page(PERMITS, limit=7))) == 7


def test_a_paged_listing_says_how_far_it_goes(get_page: GetPage, department: ConstructionDepartmentDouble) -> None:
    total = department.record_counts()["construction_permit"]
    page = get_page(PERMITS, page=2, limit=20).json()

    assert {name: page[name] for name in ("count", "total", "page", "pageCount")} == {
        "count": 20,
        "total": total,
        "page": 2,
        "pageCount": -(-total // 20),
    }
    assert page["data"] == permits(get_page(PERMITS))[20:40]


def test_permits_are_sorted_as_asked(get_page: GetPage) -> None:
    codes = [permit["maCTCPXD"] for permit in permits(get_page(PERMITS, sort="maCTCPXD,DESC"))]

    assert codes == sorted(codes, reverse=True)


def test_a_filter_finds_what_was_changed_since(get_page: GetPage, agencies: Agencies) -> None:
    since = f"{agencies.world.now.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    edit = agencies.edit(seed=1, share=0.1)
    listed = permits(get_page(PERMITS, filter=f"thoiDiemCapNhat||$gte||{since}"))
    record_type = "construction_permit"

    assert {permit["maCTCPXD"] for permit in listed} == {
        *edit.changed[record_type],
        *edit.added[record_type],
        *edit.corrected.get(record_type, ()),
    }


def test_permit_filters_may_be_ignored_without_a_word(
    get_page: GetPage, department: ConstructionDepartmentDouble
) -> None:
    department.switches.ignore_filters = True

    assert len(permits(get_page(PERMITS, filter="maHoSo||$eq||0"))) == department.record_counts()["construction_permit"]


@pytest.mark.parametrize(
    "params", [{"sort": "khongCo,ASC"}, {"filter": "khongCo||$eq||1"}, {"filter": "maHoSo||$sao||1"}, {"page": "một"}]
)
def test_a_query_that_is_not_understood_is_400(get_page: GetPage, params: dict[str, str]) -> None:
    response = get_page(PERMITS, limit=1, **params)

    assert response.status_code == 400
    assert response.json()["error"] == "Bad Request"


def test_one_permit_can_be_asked_for_by_its_code(get_page: GetPage) -> None:
    first = permits(get_page(PERMITS, limit=1))[0]

    assert get_page(f"{PERMITS}/{first['maCTCPXD']}").json() == first
    assert get_page(f"{PERMITS}/khong-co").status_code == 404


def test_the_province_code_tells_the_scheme_of_the_commune_code(get_page: GetPage) -> None:
    addresses = [permit["diaChi"] for permit in permits(get_page(PERMITS))]

    assert {address["maTinhTP"] for address in addresses} == {"74", "79"}
    assert all((address["maQuanHuyen"] is None) is (address["maTinhTP"] == "79") for address in addresses)


def test_a_permit_on_several_parcels_lists_them_in_one_cell(get_page: GetPage) -> None:
    assert any(", " in permit["soThua"] for permit in permits(get_page(PERMITS)))


def test_a_day_is_an_instant_of_vietnamese_midnight(get_page: GetPage, agencies: Agencies) -> None:
    issued = {p.source_id: p.issued_on for p in agencies.world.permits if p.issued_on}
    for permit in permits(get_page(PERMITS)):
        for document in permit["vanBans"]:
            if document["maLoaiVanBan"] == "GPXD":
                at = datetime.fromisoformat(document["ngayBanHanh"])

                assert at.hour == 17
                assert at.astimezone(VIETNAM).date() == issued[permit["maCTCPXD"]]


def test_a_page_of_works_is_capped_and_says_that_there_is_more(query: Query) -> None:
    department_cap = 100
    page = query(resultRecordCount=5000)
    first = query(resultRecordCount=30, orderByFields="maCTXD ASC")
    last = query(resultOffset=90, resultRecordCount=30, orderByFields="maCTXD ASC")

    assert len(page["features"]) <= department_cap
    assert (len(first["features"]), first["exceededTransferLimit"]) == (30, True)
    assert len(last["features"]) == 10
    assert "exceededTransferLimit" not in last


def test_the_cap_is_the_servers(query: Query, department: ConstructionDepartmentDouble) -> None:
    department.layer.max_record_count = 40
    page = query(resultRecordCount=5000)

    assert (len(page["features"]), page["exceededTransferLimit"]) == (40, True)


def test_pages_in_one_order_hold_every_works_once(query: Query) -> None:
    codes = [
        feature["attributes"]["maCTXD"]
        for offset in range(0, 100, 25)
        for feature in query(resultOffset=offset, resultRecordCount=25, orderByFields="maCTXD")["features"]
    ]

    assert len(set(codes)) == len(codes) == 100
    assert codes == sorted(codes)


def test_where_compares_text_and_numbers(query: Query) -> None:
    features = query(where="maTinhTrang = 'DXD' AND dienTichXayDung >= 100")["features"]

    assert features
    assert all(feature["attributes"]["maTinhTrang"] == "DXD" for feature in features)
    assert all(feature["attributes"]["dienTichXayDung"] >= 100 for feature in features)


@pytest.mark.parametrize(
    "params",
    [
        {"where": "khongCo = 1"},
        {"where": ""},
        {"where": "maCTXD = 1"},
        {"where": "maCTXD LIKE 'A%'"},
        {"outFields": "khongCo"},
        {"outSR": 3857},
        {"resultOffset": "một"},
        {"orderByFields": "khongCo"},
    ],
)
def test_an_error_is_an_object_with_status_200(query: Query, params: dict[str, object]) -> None:
    error = query(**params)["error"]

    assert error["code"] == 400
    assert set(error) == {"code", "message", "details"}


def test_an_unknown_service_is_an_error_with_status_200(get_page: GetPage) -> None:
    assert get_page("/arcgis/rest/services/KhongCo/MapServer/0", f="json").json()["error"]["code"] == 404


def test_without_a_format_comes_a_page_for_people(get_page: GetPage) -> None:
    assert get_page(f"{WORKS_LAYER}/query", where="1=1").headers["Content-Type"].startswith("text/html")
    assert get_page(WORKS_LAYER).headers["Content-Type"].startswith("text/html")


def test_the_layer_tells_its_cap_and_its_fields(get_page: GetPage, query: Query) -> None:
    layer = get_page(WORKS_LAYER, f="json").json()
    attributes = query(resultRecordCount=1)["features"][0]["attributes"]

    assert layer["maxRecordCount"] == 100
    assert {field["name"] for field in layer["fields"]} == set(attributes)
    assert layer["extent"]["spatialReference"]["wkid"] == 9210


def test_only_the_asked_attributes_come(query: Query) -> None:
    feature = query(outFields="maCTXD,tenCongTrinh", returnGeometry="false", resultRecordCount=1)["features"][0]

    assert set(feature) == {"attributes"}
    assert set(feature["attributes"]) == {"maCTXD", "tenCongTrinh"}


def test_dates_are_epoch_milliseconds_of_vietnamese_midnight(query: Query, agencies: Agencies) -> None:
    started = {w.source_id: w.started_on for w in agencies.world.works}
    dated = [f["attributes"] for f in query()["features"] if f["attributes"]["ngayKhoiCong"] is not None]

    assert dated
    for attributes in dated:
        at = datetime.fromtimestamp(attributes["ngayKhoiCong"] / 1000, VIETNAM)

        assert at.date() == started[attributes["maCTXD"]]


def test_the_outer_ring_runs_clockwise_in_the_asked_coordinates(query: Query) -> None:
    for wkid, west, east in ((9210, 560_000, 640_000), (4326, 106, 107)):
        for feature in query(outSR=wkid)["features"]:
            (ring,) = feature["geometry"]["rings"]
            x, y = ring[0]
            doubled_area = sum((a[0] - x) * (b[1] - y) - (b[0] - x) * (a[1] - y) for a, b in pairwise(ring))

            assert west < x < east
            assert doubled_area < 0


def test_counts_and_ids_know_no_cap(query: Query, department: ConstructionDepartmentDouble) -> None:
    department.layer.max_record_count = 10

    assert query(returnCountOnly="true") == {"count": 100}
    assert len(query(returnIdsOnly="true")["objectIds"]) == 100
