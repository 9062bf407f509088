"""What an answer says of its reference system is compared by identity; pyproj knows what the table does not have."""

import json
import re

import pytest
from hypothesis import given, strategies as st
from pyproj import CRS

from cchc_connect.wire.crs_statements import confirms, contradicts, stated_crs
from cchc_schemas.reference_systems import ReferenceSystem, reference_systems

SYSTEMS = [system for system in reference_systems() if system.name.startswith("EPSG:")]


@given(st.sampled_from(SYSTEMS), st.sampled_from(["WKT1_ESRI", "WKT1_GDAL", "WKT2_2019"]))
def test_every_form_of_a_definition_is_the_system_itself(system: ReferenceSystem, version: str) -> None:
    definition = CRS(system.name).to_wkt(version)

    assert confirms(system.name, definition)
    assert confirms(system.name, {"wkt": definition})
    assert confirms(system.name, json.loads(CRS(system.name).to_json()))


def test_a_definition_by_a_name_of_the_offices_own_is_known_by_its_parameters() -> None:
    renamed = re.sub(r'^PROJCS\["[^"]+"', 'PROJCS["VN2000 KTT 105.75 mui 3"', CRS("EPSG:9210").to_wkt("WKT1_ESRI"))

    assert confirms("EPSG:9210", renamed)
    assert contradicts("EPSG:9211", renamed)


@pytest.mark.parametrize("silence", [None, "", {}, {"wkid": None}])
def test_no_statement_neither_contradicts_nor_confirms(silence: object) -> None:
    assert not contradicts("EPSG:9210", silence)
    assert not confirms("EPSG:9210", silence)


@pytest.mark.parametrize("unknown", ["local grid", {"type": "link"}, 'PROJCS["?"]', {"wkt": "LOCAL_CS[]"}, 7])
def test_a_statement_that_nobody_understands_contradicts(unknown: object) -> None:
    assert stated_crs(unknown) is None
    assert contradicts("EPSG:9210", unknown)


@pytest.mark.parametrize(
    "part", ["[", "{", '{"a":', '{"type":"CompoundCRS","components":[', "PROJCS[", "+proj=x ", "[\ud800", "{\0"]
)
@pytest.mark.parametrize("number", [1, 400, 2_500])
def test_no_definition_breaks_the_reader_however_deep_it_is(part: str, number: int) -> None:
    assert contradicts("EPSG:9210", (part * number)[:20_000])


@given(st.text(st.characters() | st.sampled_from('[]{}",:+=proj'), max_size=40))
def test_any_text_is_a_statement(text: str) -> None:
    assert isinstance(contradicts("EPSG:9210", f"+proj{text}"), bool)
