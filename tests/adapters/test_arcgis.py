"""Any layer becomes parcels or works by a field map; changes are asked for where the layer dates its edits."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

from cchc_adapters.arcgis import ArcGis, ArcGisOptions
from cchc_adapters.building_blocks.arcgis.layers import layer_description
from cchc_adapters.building_blocks.arcgis.names import AttributeNames, name_as_written
from cchc_adapters.building_blocks.arcgis.times import ANY_ZONE, changed_since
from cchc_connect import Config, Item, RunReport, SharedDatabase, SourceHeld, Synchronizer, Verdict, records
from cchc_connect.http import HttpResponse
from cchc_connect.sync.report import RunStatus
from cchc_connect.testing.doubles.arcgis import Feature
from cchc_connect.testing.doubles.arcgis_versions import VERSIONS
from cchc_schemas import ConstructionWorks, LandParcel, PartialDate
from tests.adapters.layer_server import LAYER_PATH, LayerServer, works_feature
from tests.adapters.wire import FIRST_PAGE, all_items, json_response, run_conversation, transport_to
from tests.quick import scaled

WORKS_FIELDS = {
    "works_code": {"property": "maCTXD"},
    "name": {"property": "tenCongTrinh"},
    "status": {"property": "maTinhTrang"},
    "kind": {"property": "loaiCongTrinh"},
    "commune_code": {"property": "maPhuongXa", "codec": "commune_code"},
    "map_sheet": {"property": "soTo"},
    "parcel_numbers": {"property": "soThua"},
}
PARCEL_FIELDS = {
    "commune_code": {"property": "MAXA", "codec": "commune_code"},
    "map_sheet": {"property": "SOTO"},
    "parcel_number": {"property": "SOTHUA"},
    "area_m2": {"property": "DIENTICH", "codec": "number"},
    "uses": {"property": "LOAIDAT"},
}
PARCEL: Item = {
    "attributes": {"OBJECTID": 1, "MAXA": 25747, "SOTO": 3, "SOTHUA": 12, "DIENTICH": 120.5, "LOAIDAT": "ODT+CLN"},
    "geometry": {"rings": [[[600000, 1214000], [600000, 1214010], [600010, 1214010], [600000, 1214000]]]},
}
NOW = datetime.now(UTC).replace(microsecond=0)


def parcels(**options: object) -> ArcGis:
    table = {"layer": LAYER_PATH, "scheme": "gso-2025-07", "fields": PARCEL_FIELDS}
    return ArcGis(ArcGisOptions.model_validate(table | options))


def works_options(**options: object) -> dict[str, Any]:
    kind = {"record_type": "construction_works", "layer": LAYER_PATH, "scheme": "gso-2025-07", "fields": WORKS_FIELDS}
    return kind | {"key": "maCTXD"} | options


def works(**options: object) -> ArcGis:
    return ArcGis(ArcGisOptions.model_validate(works_options(**options)))


@pytest.fixture(scope="module")
def running() -> Iterator[LayerServer]:
    with LayerServer() as server:
        yield server


@pytest.fixture
def server(running: LayerServer) -> LayerServer:
    running.reset()
    return running


def shown(*features: Item, **members: object) -> HttpResponse:
    return json_response({"features": features, "spatialReference": {"wkid": 9210}, **members})


LAYER = {"objectIdField": "OBJECTID", "maxRecordCount": 100, "advancedQueryCapabilities": {"supportsPagination": True}}


def listed(
    adapter: ArcGis, *features: Item, description: Mapping[str, object] = LAYER, **members: object
) -> list[Item]:
    """Return the items of a layer of one page."""
    responses = json_response(description), json_response({"count": len(features)}), shown(*features, **members)
    _, page = run_conversation(adapter.sources[0].fetch(FIRST_PAGE), *responses)
    return [*page.items]


def test_a_parcel_is_read_with_all_its_parts() -> None:
    adapter = parcels()
    (item,) = listed(adapter, PARCEL)

    record = LandParcel.read(adapter.sources[0].translate(item)).record

    assert record.key == "gso-2025-07:25747:3:12"
    assert [use.code for use in record.uses] == ["ODT", "CLN"]
    assert record.geometry is not None
    assert (record.geometry.type, record.geometry.crs) == ("Polygon", "EPSG:9210")


def test_works_of_any_layer_have_measures_and_parcels() -> None:
    fields = WORKS_FIELDS | {
        "grade": {"property": "cap"},
        "started_on": {"property": "ngay", "codec": "day"},
        "status": {"property": "tt", "words": {"1": "DXD"}},
    }
    attributes = {**works_feature(1).attributes, "cap": "Cấp III", "ngay": "2024-05-01", "tt": 1, "tang": 3}
    adapter = works(fields=fields, measures={"tang": "tầng"})
    (item,) = listed(adapter, {"attributes": attributes, "geometry": None})

    record = ConstructionWorks.read(adapter.sources[0].translate(item)).record

    assert (record.grade, record.status, record.started_on) == ("III", "DXD", PartialDate(2024, 5, 1))
    assert [(measure.name, measure.value, measure.unit) for measure in record.measures] == [
        ("tang", Decimal(3), "tầng")
    ]
    assert [ref.parcel_key for ref in record.parcel_refs] == ["gso-2025-07:25747:3:2"]


spellings = st.sampled_from([str, str.lower, str.upper, str.title])
prefixes = st.sampled_from(["", "GIS.", "sde.DBO.THUADAT.", "Đất.Thửa."])


@settings(max_examples=scaled(60), deadline=None)
@given(spell=spellings, prefix=prefixes, by_alias=st.booleans())
def test_a_record_is_the_same_however_the_server_spells_its_names(
    *, spell: Callable[[str], str], prefix: str, by_alias: bool
) -> None:
    """In another case, qualified by a table, or by alias only."""
    names = {
        name: f"F{number}" if by_alias else prefix + spell(name)
        for number, name in enumerate(PARCEL["attributes"], start=1)
    }
    attributes = {names[name]: value for name, value in PARCEL["attributes"].items()}
    aliases = {names[name]: spell(name) for name in names}
    adapter = parcels()

    (item,) = listed(adapter, {**PARCEL, "attributes": attributes}, fieldAliases=aliases)

    assert dict(adapter.sources[0].translate(item)) == dict(adapter.sources[0].translate(PARCEL))


def test_a_name_that_fits_two_fields_is_neither_of_them() -> None:
    assert name_as_written("SOTO", ["A.SOTO", "B.SOTO"], {}) is None
    assert name_as_written("SOTO", ["SoTo", "soto"], {}) is None
    assert name_as_written("SOTO", ["SOTO", "A.SOTO"], {}) == "SOTO"
    assert name_as_written("SOTO", ["A", "B"], {"A": "SOTO", "B": "soto"}) is None


def test_two_configured_names_that_differ_in_case_both_read_the_attribute_that_fits_them() -> None:
    names = AttributeNames(["SOTO", "soTo", "SoTo"])

    for written in ("GIS.SOTO", "soto"):
        (feature,) = names.renamed([{"attributes": {written: "3", "GIS.KHAC": 1}}], {})
        assert feature["attributes"] == {"SOTO": "3", "soTo": "3", "SoTo": "3", "GIS.KHAC": 1}
    (feature,) = names.renamed([{"attributes": {"SOTO": "3"}}], {})
    assert feature["attributes"] == {"SOTO": "3", "soTo": "3", "SoTo": "3"}


def test_a_name_is_not_taken_from_an_attribute_that_is_read_by_its_own_name() -> None:
    (feature,) = AttributeNames(["TEN", "VO.TEN"]).renamed([{"attributes": {"VO.TEN": "Mẫu"}}], {})

    assert feature["attributes"] == {"VO.TEN": "Mẫu"}


@pytest.mark.parametrize("spell", [str, str.lower, "SDE.THUADAT.{}".format])
def test_the_parts_of_a_record_are_read_however_the_server_spells_their_names(spell: Callable[[str], str]) -> None:
    parts = {
        "holders.0.kind": {"constant": "individual"},
        "holders.0.name": {"property": "CHUSUDUNG"},
    }
    own = {**PARCEL["attributes"], "CHUSUDUNG": "Nguyễn Thị Mẫu"}
    adapter = parcels(fields=PARCEL_FIELDS | parts)
    (item,) = listed(adapter, {**PARCEL, "attributes": {spell(name): value for name, value in own.items()}})

    record = LandParcel.read(adapter.sources[0].translate(item)).record

    assert [holder.name for holder in record.holders] == ["Nguyễn Thị Mẫu"]


@pytest.mark.parametrize("spell", [str, str.upper, "SDE.CONGTRINH.{}".format])
def test_the_time_of_the_last_edit_is_known_where_the_field_map_reads_it_too(
    server: LayerServer, spell: Callable[[str], str]
) -> None:
    server.layer.edit_date, server.layer.spelling = "ngaySua", spell
    server.show([edited(1, 60, "mới")])
    adapter = works(fields=WORKS_FIELDS | {"completed_on": {"property": "ngaySua", "codec": "epoch_day"}})

    with transport_to(adapter, server) as transport:
        (item,) = all_items(adapter.sources[0], transport)

    assert adapter.sources[0].changed_at(item) == NOW - timedelta(minutes=60)


@pytest.mark.parametrize("written", [1714521600000, "1714521600000", "2024-05-01", "01/05/2024"])
def test_one_codec_reads_a_day_as_milliseconds_and_as_text(written: object) -> None:
    adapter = works(fields=WORKS_FIELDS | {"started_on": {"property": "ngay", "codec": "epoch_day"}})
    (item,) = listed(adapter, {"attributes": {**works_feature(1).attributes, "ngay": written}, "geometry": None})

    record = ConstructionWorks.read(adapter.sources[0].translate(item)).record

    assert record.started_on == PartialDate(2024, 5, 1)


def test_a_code_stays_where_its_domain_has_no_name_for_it() -> None:
    codes = [
        {"code": "DXD", "name": "Đang xây dựng"},
        {"code": "A"},
        {"code": "B", "name": ""},
        {"code": "C", "name": 1},
    ]
    description = LAYER | {"fields": [{"name": "maTinhTrang", "domain": {"codedValues": codes}}]}
    features = [
        {"attributes": {**works_feature(1).attributes, "maTinhTrang": code}, "geometry": None}
        for code in ("DXD", "A", "B", "C")
    ]

    items = listed(works(named_codes=["maTinhTrang"]), *features, description=description)

    assert [item["attributes"]["maTinhTrang"] for item in items] == ["Đang xây dựng", "A", "B", "C"]


def test_codes_are_replaced_by_the_names_of_their_domain_on_every_page(server: LayerServer) -> None:
    server.layer.domains = {"maTinhTrang": {"DXD": "Đang xây dựng"}}
    server.layer.spelling = str.upper
    server.show([works_feature(1), works_feature(2), works_feature(3, maTinhTrang="?")])
    adapter = works(named_codes=["maTinhTrang"], page_size=1)

    with transport_to(adapter, server) as transport:
        items = all_items(adapter.sources[0], transport)

    assert [item["attributes"]["maTinhTrang"] for item in items] == ["Đang xây dựng", "Đang xây dựng", "?"]


@pytest.mark.parametrize(
    "reference", [{"wkid": 102100, "latestWkid": 3857}, {"wkid": 4326}, {"wkid": 9205}, {"wkt": "PROJCS[..."}]
)
def test_coordinates_in_another_system_than_requested_hold_the_source(reference: object) -> None:
    with pytest.raises(SourceHeld) as held:
        listed(parcels(), PARCEL, spatialReference=reference)

    assert held.value.code == "arcgis.other_crs"


@pytest.mark.parametrize("reference", [{"wkid": 9210, "latestWkid": 9210}, {"latestWkid": 9210}, {}, None])
def test_coordinates_in_the_requested_system_are_read(reference: object) -> None:
    assert listed(parcels(), PARCEL, spatialReference=reference)


def test_a_page_without_geometry_may_state_any_system() -> None:
    assert listed(parcels(), {**PARCEL, "geometry": None}, spatialReference={"wkid": 102100})


def test_a_geometry_that_states_another_system_for_itself_is_unreadable() -> None:
    shape = {**PARCEL["geometry"], "spatialReference": {"wkid": 4326}}
    adapter = parcels()

    fields = adapter.sources[0].translate({**PARCEL, "geometry": shape})

    assert getattr(fields["geometry"], "rule", None) == "crs_contradicted"


def test_marks_of_the_whole_response_belong_to_each_geometry() -> None:
    (item,) = listed(parcels(), PARCEL, hasM=True, hasZ=False)

    assert item["geometry"] == {**PARCEL["geometry"], "hasM": True}


SINCE = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)
EDITED = {"name": "SUA", "type": "esriFieldTypeDate"}


@pytest.mark.parametrize(
    ("field", "zone", "condition"),
    [
        (EDITED, None, "SUA >= timestamp '2026-03-02 01:02:03'"),
        (EDITED, {"timeZone": "UTC"}, "SUA >= timestamp '2026-03-02 01:02:03'"),
        (EDITED, {"timeZone": "SE Asia Standard Time"}, "SUA >= timestamp '2026-03-02 08:02:03'"),
        (
            EDITED,
            {"timeZone": "SE Asia Standard Time", "timeZoneIANA": "Asia/Ho_Chi_Minh"},
            "SUA >= timestamp '2026-03-02 08:02:03'",
        ),
        ({**EDITED, "type": "esriFieldTypeDateOnly"}, None, "SUA >= date '2026-03-02'"),
        (
            {**EDITED, "type": "esriFieldTypeTimestampOffset"},
            {"timeZone": "SE Asia Standard Time"},
            "SUA >= timestamp '2026-03-02 01:02:03 +00:00'",
        ),
        ({**EDITED, "name": "GIS.SUA"}, None, "GIS.SUA >= timestamp '2026-03-02 01:02:03'"),
    ],
)
def test_a_condition_names_the_time_as_the_layer_means_it(field: Item, zone: object, condition: str) -> None:
    description = layer_description(LAYER | {"fields": [field], "dateFieldsTimeReference": zone})

    assert description is not None
    assert changed_since(description, "sua", SINCE) == condition


def test_in_an_unknown_time_zone_more_is_asked_for_and_never_less() -> None:
    description = layer_description(LAYER | {"fields": [EDITED], "dateFieldsTimeReference": {"timeZone": "Sao Hỏa"}})

    assert description is not None
    assert changed_since(description, "SUA", SINCE) == f"SUA >= timestamp '{SINCE - ANY_ZONE:%Y-%m-%d %H:%M:%S}'"


@pytest.mark.parametrize("fields", [[{"name": "KHAC", "type": "esriFieldTypeDate"}], [{**EDITED, "type": "?"}]])
def test_a_layer_that_has_no_such_time_is_held(fields: object) -> None:
    description = layer_description(LAYER | {"fields": fields})

    assert description is not None
    with pytest.raises(SourceHeld) as held:
        changed_since(description, "SUA", SINCE)
    assert held.value.code == "arcgis.no_change_time"


@pytest.mark.parametrize(
    "wrong",
    [
        {"fields": {}},
        {"fields": PARCEL_FIELDS | {"khong_co": {"property": "x"}}},
        {"fields": PARCEL_FIELDS | {"changed_at": {"property": "SUA"}}},
        {"record_type": "construction_works"},
        {"record_type": "dossier"},
        {"changed_since": True, "complete_listing": True},
        {"scheme": None},
        {"measures": {"DIENTICH": "m2"}},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        parcels(**wrong)


@pytest.mark.parametrize("wrong", [{"previous_scheme": "gso-2025-07"}, {"land_use_catalogue": "TT 27/2018/TT-BTNMT"}])
def test_options_of_parcels_are_refused_for_works(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        works(**wrong)


@pytest.mark.parametrize("media_type", ["text/plain;charset=utf-8", "text/html", "application/octet-stream", ""])
def test_json_counts_under_any_media_type_and_a_page_for_people_under_none(media_type: str) -> None:
    classify = parcels().dialect.classify

    def verdict(body: bytes) -> Verdict:
        return classify(HttpResponse(status=200, headers={"content-type": media_type}, body=body))

    assert verdict(b'{"features": []}') is Verdict.OK
    assert verdict(b'{"error": {"code": 499, "message": "Token Required"}}') is Verdict.AUTH
    assert verdict(b'{"status": "error", "code": 498, "messages": ["Invalid token."]}') is Verdict.AUTH
    assert verdict(b"<html><body>Error: Invalid URL</body></html>") is Verdict.UNKNOWN
    assert verdict(b'{"features": [') is Verdict.UNKNOWN


class Office:
    """A layer that is read by a connection into a database of its own."""

    def __init__(self, server: LayerServer, folder: Path, **options: object) -> None:
        folder.mkdir(mode=0o700)
        table = {"adapter": "arcgis", "agency": "000.00.05.H09", "base_url": server.base_url}
        tables = {
            "database": {"url": f"sqlite:///{folder / 'shared.db'}"},
            "connections": {"gis": table | {"options": works_options(**options)}},
            "run": {"worker_processes": 0, "session_folder": str(folder)},
        }
        self.config = Config.from_tables(tables, folder / "cchc.toml")

    def sync(self) -> RunReport:
        """Run once."""
        with SharedDatabase(self.config.database.url, create_or_upgrade=True) as database:
            return Synchronizer(self.config, database).synchronise()

    def stored(self) -> dict[str, str]:
        """Return the name of each record by its code."""
        with SharedDatabase(self.config.database.url) as database:
            return {record.works_code: record.name for record in records(database, ConstructionWorks)}


def edited(number: int, minutes_ago: int, name: str) -> Feature:
    edited_ms = int((NOW - timedelta(minutes=minutes_ago)).timestamp() * 1000)
    return works_feature(number, edited_ms, tenCongTrinh=name)


@pytest.mark.parametrize(("version", "hours"), [*zip(VERSIONS, (0, 7, 0, 7, 7), strict=True)])
def test_what_is_read_by_changes_equals_what_is_read_whole(
    server: LayerServer, tmp_path: Path, version: str, hours: int
) -> None:
    dice = Random(f"{version} {hours}")
    server.layer.version, server.layer.hours, server.layer.edit_date = VERSIONS[version], hours, "ngaySua"
    server.layer.max_record_count = dice.randint(3, 9)
    by_changes = Office(server, tmp_path / "changes", changed_since=True, page_size=4)
    by_whole = Office(server, tmp_path / "whole", page_size=4)
    layer = {number: edited(number, 6000 + number, "cũ") for number in range(20)}
    for turn in range(2):
        server.show(layer.values())
        reports = by_changes.sync(), by_whole.sync()
        assert {line.outcome for report in reports for line in report.lines} == {RunStatus.DONE}
        assert (
            by_changes.stored()
            == by_whole.stored()
            == {str(row.attributes["maCTXD"]): str(row.attributes["tenCongTrinh"]) for row in layer.values()}
        )
        for number in (*dice.sample(range(20), 3), 30 + turn):
            layer[number] = edited(number, 3000 - 900 * turn, f"mới {turn}")

    server.show(layer.values())
    last = by_changes.sync()

    assert last.rows_written == 4
    assert last.lines[0].counts.fetched < len(layer)
    assert all("timestamp" in query.first("where") for query in server.queries)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_feature_is_deleted_after_two_whole_listings_and_never_after_one_that_is_cut(
    server: LayerServer, tmp_path: Path, version: str
) -> None:
    server.layer.version, server.layer.max_record_count = VERSIONS[version], 4
    office = Office(server, tmp_path / "office", complete_listing=True, page_size=4)
    features = [works_feature(number) for number in range(11)]
    server.show(features)
    office.sync()
    server.show(features[:5] + features[6:])

    server.hides_features = True
    without_proof = [office.sync().lines[0] for _ in range(3)]
    assert {line.outcome for line in without_proof} == {RunStatus.HELD}
    assert len(office.stored()) == 11
    server.hides_features = False
    with_proof = [office.sync().lines[0] for _ in range(2)]

    assert [line.outcome for line in with_proof] == [RunStatus.DONE] * 2
    assert sorted(office.stored()) == [f"CT{number:06}" for number in range(11) if number != 5]
