"""Every spelling of a reference system is one identity, and coordinates that the system cannot have are refused."""

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from cchc_schemas import Fault, Geometry, LandParcel, RecordInvalid, from_document
from cchc_schemas.reference_systems import (
    CRS84,
    ReferenceSystem,
    StatedSystem,
    reference_system,
    reference_systems,
    stated_system,
)
from tests.schemas.invented import PARCEL

SYSTEMS = reference_systems()
PROJECTED = [system for system in SYSTEMS if system.name.startswith("EPSG:") and system.domain[0] > 180]
CODE_SPELLINGS = (
    "EPSG:{}",
    "epsg:{}",
    " EPSG: {} ",
    "[EPSG:{}]",
    "+init=epsg:{}",
    "SRID={}",
    "{}",
    "urn:ogc:def:crs:EPSG::{}",
    "urn:ogc:def:crs:EPSG:9.8.1:{}",
    "urn:x-ogc:def:crs:EPSG:{}",
    "URN%3AOGC%3ADEF%3ACRS%3AEPSG%3A%3A{}",
    "http://www.opengis.net/def/crs/EPSG/0/{}",
    "https://www.opengis.net/def/crs/EPSG/0/{}",
    "<https://www.opengis.net/def/crs/epsg/0/{}>",
    '"http://opengis.net/def/crs/EPSG/11.022/{}/"',
    "http://www.opengis.net/def/crs?authority=EPSG&version=0&code={}",
    "http://www.opengis.net/gml/srs/epsg.xml#{}",
    "http://spatialreference.org/ref/epsg/{}/ogcwkt/",
    "https://epsg.io/{}",
)
CRS84_SPELLINGS = (
    "CRS84",
    "CRS:84",
    "OGC:CRS84",
    "OGC:CRS84h",
    "urn:ogc:def:crs:OGC:1.3:CRS84",
    "urn:ogc:def:crs:OGC::CRS84",
    "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>",
    "https://www.opengis.net/def/crs/OGC/0/CRS84h",
)


def code_of(system: ReferenceSystem) -> int:
    return 4326 if system.name == CRS84 else int(system.name.partition(":")[2])


@given(st.sampled_from(SYSTEMS), st.sampled_from(CODE_SPELLINGS))
def test_every_spelling_of_a_code_is_one_system(system: ReferenceSystem, spelling: str) -> None:
    stated = stated_system(spelling.format(code_of(system)))

    assert stated is not None
    assert stated.name == system.name
    assert stated.is_northing_first in {system.is_northing_first, False}


@given(st.sampled_from(SYSTEMS), st.sampled_from(CODE_SPELLINGS))
def test_json_names_a_system_in_many_members_with_easting_first(system: ReferenceSystem, spelling: str) -> None:
    code = code_of(system)
    text = spelling.format(code)
    statements: list[object] = [
        {"type": "name", "properties": {"name": text}},
        {"type": "link", "properties": {"href": text, "type": "ogcwkt"}},
        {"type": "EPSG", "properties": {"code": code}},
        {"wkid": code},
        {"wkid": 999_999, "latestWkid": code},
        {"type": "ProjectedCRS", "id": {"authority": "EPSG", "code": code}},
    ]

    assert {stated_system(statement) for statement in statements} == {StatedSystem(system.name, False)}


@given(st.sampled_from(SYSTEMS), st.sampled_from(SYSTEMS), st.sampled_from(CODE_SPELLINGS))
def test_two_systems_never_have_one_identity(first: ReferenceSystem, second: ReferenceSystem, spelling: str) -> None:
    stated = stated_system(spelling.format(code_of(second)))

    assert stated is not None
    assert (stated.name == first.name) is (first == second)


@pytest.mark.parametrize("spelling", CRS84_SPELLINGS)
def test_crs84_is_wgs_84_with_longitude_first(spelling: str) -> None:
    assert stated_system(spelling) == StatedSystem(CRS84, is_northing_first=False)


def test_the_order_of_axes_is_that_of_the_system_and_of_the_spelling() -> None:
    assert stated_system("http://www.opengis.net/def/crs/EPSG/0/4756") == StatedSystem("EPSG:4756", True)
    assert stated_system({"wkid": 4756}) == StatedSystem("EPSG:4756", False)
    assert stated_system("EPSG:9210") == StatedSystem("EPSG:9210", False)


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        ('PROJCS["VN_2000_UTM_Zone_48N",GEOGCS["GCS_VN_2000",DATUM["D_Vietnam_2000"]]]', "EPSG:3405"),
        ('PROJCS["VN-2000_TM-3_105-45",GEOGCS["GCS_VN_2000"]]', "EPSG:9210"),
        ('GEOGCS["GCS_VN_2000",DATUM["D_Vietnam_2000"]]', "EPSG:4756"),
        ('GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984"]]', CRS84),
        ('PROJCS["mui 3",GEOGCS["x",AUTHORITY["EPSG","4756"]],AUTHORITY["EPSG","5899"]]', "EPSG:5899"),
        ('PROJCRS["mui 3",BASEGEOGCRS["x",ID["EPSG",4756]],ID["EPSG",5899]]', "EPSG:5899"),
    ],
)
def test_a_definition_is_known_by_its_identity_or_its_name(definition: str, name: str) -> None:
    for statement in (definition, {"wkt": definition}):
        assert stated_system(statement) == StatedSystem(name, is_northing_first=False)


UNKNOWN: list[object] = [None, True, "", "VN-2000", "local", {"type": "name"}, {"wkid": None}, [], "x" * 10**5]


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_what_names_no_system_states_none(unknown: object) -> None:
    assert stated_system(unknown) is None


@pytest.mark.parametrize("code", [3785, 102100, 102113, 900913])
def test_retired_codes_name_the_system_that_follows_them(code: int) -> None:
    assert stated_system({"wkid": code}) == StatedSystem("EPSG:3857", is_northing_first=False)
    assert reference_system("EPSG:6959") == reference_system("EPSG:5899")


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading_of_a_spelling(text: str) -> None:
    stated = stated_system(text)

    assert stated is None or ":" in stated.name


def test_a_record_names_a_system_by_one_name_whatever_the_source_wrote() -> None:
    point = {"type": "Point", "coordinates": [600000, 1210000], "crs": "urn:ogc:def:crs:EPSG::9210"}

    assert Geometry.model_validate(point).crs == "EPSG:9210"


def refusal_of(crs: str, x: float, y: float) -> tuple[Fault, ...]:
    with pytest.raises(RecordInvalid) as refusal:
        LandParcel.read({**PARCEL, "geometry": {"type": "Point", "coordinates": [x, y], "crs": crs}})
    return refusal.value.faults


CONTRADICTED = (Fault("geometry", "crs_contradicted"),)


@given(st.sampled_from(PROJECTED), st.floats(350_000, 650_000), st.floats(950_000, 2_600_000))
def test_metres_are_no_degrees(system: ReferenceSystem, east: float, north: float) -> None:
    assert refusal_of(CRS84, east, north) == CONTRADICTED
    assert refusal_of("EPSG:4756", east, north) == CONTRADICTED
    assert refusal_of(system.name, 106.0 + east / 1e7, 11.0 + north / 1e7) == CONTRADICTED


@given(st.floats(102.2, 109.4), st.floats(8.4, 23.3))
def test_latitude_first_is_refused_where_longitude_comes_first(longitude: float, latitude: float) -> None:
    assert refusal_of(CRS84, latitude, longitude) == CONTRADICTED
    assert refusal_of("EPSG:4756", latitude, longitude) == CONTRADICTED


@given(
    st.sampled_from([system for system in PROJECTED if system.title.startswith("VN-2000 / TM-3")]),
    st.floats(300_000, 700_000),
    st.floats(950_000, 2_600_000),
)
def test_northing_first_is_refused_where_easting_comes_first(
    system: ReferenceSystem, east: float, north: float
) -> None:
    assert refusal_of(system.name, north, east) == CONTRADICTED
    assert refusal_of(system.name, 48_000_000 + east, north) == CONTRADICTED


@pytest.mark.parametrize("kind", ["LineString", "Polygon", "MultiPolygon"])
def test_one_position_outside_its_system_is_enough(kind: str) -> None:
    ring: list[list[float]] = [[106.65, 10.98], [106.66, 10.98], [600_000, 1_210_000], [106.65, 10.98]]
    coordinates: object = {"LineString": ring, "Polygon": [ring], "MultiPolygon": [[ring]]}[kind]

    with pytest.raises(ValidationError, match="crs_contradicted"):
        Geometry.model_validate({"type": kind, "coordinates": coordinates, "crs": CRS84})


def test_the_fault_says_which_coordinates_the_system_can_have() -> None:
    (fault,) = refusal_of("EPSG:9210", 1_214_282, 599_452)

    assert fault.detail == "EPSG:9210: 50000 <= x <= 950000, 800000 <= y <= 2650000"


def test_what_was_stored_before_there_was_the_rule_can_still_be_read() -> None:
    stored = {**PARCEL, "geometry": {"type": "Point", "coordinates": [600_000, 1_210_000], "crs": CRS84}}

    assert from_document(LandParcel, stored).geometry is not None


def test_a_system_that_the_table_does_not_have_refuses_no_numbers() -> None:
    Geometry.model_validate({"type": "Point", "coordinates": [1e9, -1e9], "crs": "EPSG:2154"})
