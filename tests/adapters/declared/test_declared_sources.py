"""A source that is declared in TOML reads its items as its table says; every fault of a table is told at once."""

import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from cchc_adapters.building_blocks.options import AdapterOptions
from cchc_adapters.declared.checks import Sources
from cchc_adapters.declared.source import DeclaredSource
from cchc_adapters.declared.tables import SourceTable
from cchc_connect import Conversation, DeleteDetection, ListingOrder, Page, PageRequest, Unreadable
from cchc_connect.config.checks import pydantic_faults
from cchc_connect.sync.change_detection import ChangeDetector
from cchc_schemas import RECORD_TYPES, ConstructionPermit, Dossier, DossierStatus
from cchc_schemas.dossiers import STATUS_KEPT

DOSSIERS = """
[sources.dossier]
key = "id"
changed_at = "cap_nhat"
current = { property = "hien_hanh", values = [true] }
leave_out = { property = "so_ho_so", values = [""], and = "ma_tthc" }
deletes = { property = "huy", values = [1] }
order = "ascending"
lookback = "2d"
granularity = "1d"
retention = "90d"

[sources.dossier.fields]
code = "so_ho_so"
procedure_code = "ma_tthc"
status = { property = "trang_thai", codes = { "Đang xử lý" = "in_process", "Đã trả" = "returned", 3 = "refused" } }
applicant_name = ["ho_ten", "ten_to_chuc"]
return_by_post = { property = "buu_dien", codec = "flag" }
channel = { constant = "online" }
"""
ITEM: dict[str, Any] = {
    "id": 45.0,
    "so_ho_so": "000.00.05.H09-210927-0001",
    "ma_tthc": "1.013225",
    "trang_thai": "Đang xử lý",
    "ho_ten": "",
    "ten_to_chuc": "Công ty Mẫu",
    "cap_nhat": "2026-04-02",
    "hien_hanh": True,
    "huy": 0,
}


class Options(AdapterOptions):
    sources: Sources[SourceTable]


def declared(text: str = DOSSIERS, record_type: str = "dossier") -> DeclaredSource:
    tables = Options.model_validate(tomllib.loads(text)).sources
    return DeclaredSource(RECORD_TYPES[record_type], tables[record_type], changed_since=True)


class Listed(DeclaredSource):
    """The dossiers as a source that lists nothing."""

    def __init__(self, text: str) -> None:
        super().__init__(Dossier, Options.model_validate(tomllib.loads(text)).sources["dossier"])

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        del page_request
        yield from ()
        return Page(items=(), next_page_token=None)


def faults_of(text: str) -> list[str]:
    tables = tomllib.loads(text)
    with pytest.raises(ValidationError) as refusal:
        Options.model_validate(tables)
    return [str(fault) for fault in pydantic_faults(refusal.value, Options, tables)]


def test_an_item_is_read_by_the_rules_of_the_table() -> None:
    source = declared()

    record = Dossier.read(source.translate(ITEM)).record

    assert (record.code, record.applicant_name) == (ITEM["so_ho_so"], "Công ty Mẫu")
    assert record.status is DossierStatus.IN_PROCESS
    assert source.key(ITEM) == "45"
    assert source.changed_at(ITEM) == datetime(2026, 4, 1, 17, tzinfo=UTC)
    assert source.changed_at({"cap_nhat": "03/04/26"}) == Unreadable("instant_unreadable")
    assert isinstance(source.translate(ITEM | {"trang_thai": "Treo"})["status"], Unreadable)


def test_the_profile_is_what_the_table_says() -> None:
    profile = declared().profile

    assert (profile.deletes, profile.order) == (DeleteDetection.TOMBSTONES, ListingOrder.ASCENDING)
    assert [span.days for span in (profile.lookback, profile.timestamp_resolution)] == [2, 1]
    assert profile.retention is not None
    assert profile.retention.days == 90


@pytest.mark.parametrize(
    ("changed", "marks"),
    [
        ({}, (True, False)),
        ({"hien_hanh": False}, (False, False)),
        ({"hien_hanh": 1}, (False, False)),
        ({"hien_hanh": None}, (None, False)),
        ({"so_ho_so": " "}, (True, True)),
        ({"so_ho_so": None, "ma_tthc": ""}, (True, False)),
    ],
)
def test_marks_compare_with_their_type(changed: dict[str, Any], marks: tuple[bool | None, bool]) -> None:
    source = declared()

    assert (source.is_current(ITEM | changed), source.is_draft(ITEM | changed)) == marks


def test_an_item_that_is_marked_as_deleted_is_a_tombstone() -> None:
    remaining = [ITEM, {**ITEM, "id": 46, "huy": True}, {**ITEM, "id": None, "huy": 1}]

    items, deleted_keys = declared().without_deleted([*remaining, {**ITEM, "id": 47, "huy": 1.0}])

    assert (items, deleted_keys) == (remaining, ["47"])


def test_a_key_and_a_time_that_no_item_has_are_rules_that_find_nothing() -> None:
    """`check` and `status` tell of them with the nearest name; every item would have no key, and every run read all."""
    source = Listed(DOSSIERS.replace('"id"', '"ids"').replace('"cap_nhat"', '"cap_nht"'))
    items = [{**ITEM, "id": number} for number in range(3)]

    assert ChangeDetector(source).classify_all(items).seen.unseen_rules.keys() >= {"ids", "cap_nht"}
    assert ChangeDetector(Listed(DOSSIERS)).classify_all(items).seen.unseen_rules.keys().isdisjoint({"id", "cap_nhat"})


def test_several_properties_make_one_key() -> None:
    source = declared(DOSSIERS.replace('key = "id"', 'key = ["id", "ma_tthc"]'))

    assert source.key(ITEM) == "45@1.013225"
    assert source.key({"ma_tthc": "1.013225"}) == ""


def test_rules_may_have_alternatives_and_conditions() -> None:
    status = """status = [
      { property = "tra_lai", codec = "flag", codes = { true = "refused", false = "" } },
      { property = "trang_thai", when = "ngay_nhan", codes = { cho = "in_process" }, others = "" },
      { property = "trang_thai", codes = { cho = "registered", sua = "registered" }, keeps = ["sua"] },
    ]"""
    lines = [line if not line.startswith("status") else status for line in DOSSIERS.splitlines()]
    source = declared("\n".join(lines))

    def status_of(**changed: object) -> object:
        return source.translate(ITEM | changed)["status"]

    assert status_of(trang_thai="cho") == DossierStatus.REGISTERED
    assert status_of(trang_thai="cho", ngay_nhan="2026") == DossierStatus.IN_PROCESS
    assert status_of(trang_thai="cho", ngay_nhan="2026", tra_lai="Y") == DossierStatus.REFUSED
    notes = Dossier.read(source.translate(ITEM | {"trang_thai": "sua"})).notes
    assert [note.rule for note in notes] == [STATUS_KEPT]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ('{ property = "hinh", codec = "shape", crs = "OGC:CRS84" }', {"type": "Point", "coordinates": [106.5, 11.0]}),
        ('{ property = "hinh", codec = "shape", crs = "OGC:CRS84" }', {"x": 106.5, "y": 11.0}),
        ('{ property = "hinh", codec = "shape", crs = "OGC:CRS84" }', '{"type":"Point","coordinates":[106.5,11.0]}'),
        ('{ x = "hinh.kd", y = "hinh.vd", codec = "shape", crs = "OGC:CRS84" }', {"kd": "106,5", "vd": "11"}),
    ],
)
def test_a_shape_is_read_with_its_reference_system(rule: str, value: object) -> None:
    text = f"""
    [sources.construction_permit]
    key = "ma"
    [sources.construction_permit.fields]
    permit_code = "ma"
    name = "ten"
    kind = "loai"
    status = {{ constant = "issued" }}
    scheme = {{ constant = "gso-2025-07" }}
    commune_code = {{ property = "xa", codec = "commune_code" }}
    land_document = {{ kind = "loai_giay", number = "so_giay" }}
    geometry = {rule}
    """
    item = {"ma": "1", "ten": "Nhà", "loai": "nha", "xa": 97, "hinh": value, "loai_giay": "GCN", "so_giay": "5"}

    record = ConstructionPermit.read(declared(text, "construction_permit").translate(item)).record

    assert record.geometry is not None
    assert record.geometry.coordinates == (106.5, 11.0)
    assert record.land_document is not None
    assert record.land_document.number == "5"
    assert record.commune_code == "00097"


def test_every_fault_of_a_manifest_is_told_at_once_with_the_nearest_name() -> None:
    text = """
    [sources.dosier]
    key = "id"
    fields = {}
    [sources.dossier]
    kay = "id"
    lookback = "soon"
    deletes = "absense"
    changed_at = { property = "a", codec = "flag" }
    [sources.dossier.fields]
    code = "so"
    procedur_code = "ma"
    status = { property = "tt", codes = { a = "in_proces" } }
    received_at = { property = "n", codec = "dmytime" }
    due_at = { property = "n", codec = "flag" }
    """

    faults = "\n".join(faults_of(text))

    for expected in (
        "'dosier' is no record type. Did you mean 'dossier'?",
        "kay: is an unknown key; did you mean key?",
        "key: is missing",
        'lookback: must be a duration up to 3660d, as in "10m"',
        "deletes: must be one of: 'never', 'absence'. Did you mean 'absence'?",
        "changed_at: must be a codec of instants: ",
        "no field procedur_code. Did you mean 'procedure_code'?",
        "procedure_code is required, and nothing fills it",
        "status does not take 'in_proces'. Did you mean 'in_process'?",
        "codec: must be one of",
        "Did you mean 'dmy_time'?",
        "due_at does not take what the codec flag reads",
    ):
        assert expected in faults
    assert len(faults.splitlines()) == 11


def test_the_version_changes_with_what_changes_records_only() -> None:
    version = declared().mapping_version

    assert declared(DOSSIERS.replace('lookback = "2d"', 'lookback = "3d"')).mapping_version == version
    assert declared(DOSSIERS.replace('"ho_ten"', '"ten"')).mapping_version != version
    assert declared(DOSSIERS.replace('key = "id"', 'key = "id"\nversion = 2')).mapping_version != version
