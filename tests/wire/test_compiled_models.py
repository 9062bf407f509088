"""A compiled wire model reads an item exactly as field map and record do in two steps, or declines it."""

import copy
from collections.abc import Mapping
from typing import Any

from hypothesis import given, strategies as st

from cchc_adapters.binh_duong_permits.permits import PERMIT
from cchc_adapters.ogc_features import OgcFeatures, OgcFeaturesOptions
from cchc_adapters.opencps.sources import DOSSIER
from cchc_connect.wire import codecs
from cchc_connect.wire.compiled_models import WireModels
from cchc_connect.wire.field_map import FieldMap, MappedItem, at, translated
from cchc_schemas import AdminScheme, ConstructionPermit, Dossier, LandParcel, Note, Record, RecordInvalid, to_document

PARCELS = OgcFeatures(OgcFeaturesOptions(collection="thua", scheme=AdminScheme.GSO_2025_07)).sources[0]

FEATURE: dict[str, Any] = {
    "id": "7",
    "geometry": {"type": "Polygon", "coordinates": [[[106.3, 10.8], [106.4, 10.8], [106.4, 10.9], [106.3, 10.8]]]},
    "properties": {
        "xaId": 25747,
        "soHieuToBanDo": "45",
        "soThuTuThua": "123",
        "maThuaDat": "w3gvk1h2m8q0",
        "dienTich": 228.4,
        "dienTichPhapLy": 228,
        "diaChi": "Đường Mẫu 5, phường Thủ Dầu Một",
        "laDoiTuongChiemDat": False,
        "dangTranhChap": "false",
        "ListMucDichSuDung": [{"maMucDichSuDung": "ODT", "dienTich": 100.5, "nguonGoc": [{"nguonGoc": 3}]}],
        "ListGiayChungNhan": [{"soPhatHanh": "BA 123456", "soVaoSo": "CS01234", "ngayVaoSo": "15/10/2015"}],
        "ListChuSuDung": [
            {"loaiDoiTuong": 1, "hoTen": "Nguyễn Văn Mẫu", "maSoDinhDanh": "074187000123", "namSinh": 1975},
            {"loaiDoiTuong": "3", "hoTen": "", "tenToChuc": "Công ty Mẫu", "maSoThue": "3700000000"},
        ],
        "ListHanChe": [{"loaiHanChe": 4, "soVanBan": "12/QĐ", "conHieuLuc": True}],
    },
}
FILED: dict[str, Any] = {
    "serviceName": "Cấp giấy phép xây dựng",
    "applicantName": "Trần Thị Mẫu",
    "applicantIdNo": "074187000123",
    "submitDate": "27/09/2021 13:05:00",
    "briefNote": None,
}
FILE: dict[str, Any] = {
    "maCTCPXD": "GP-1",
    "tenCongTrinh": "Nhà ở",
    "diaChi": {"chiTiet": "Khu phố 3"},
    "noiDungDeNghi": {"maLoaiCongTrinhCPXD": 1},
}

ODD: Any = (
    *(
        None,
        "",
        "  ",
        " x ",
        "a\u00a0b",
        "\u200bx",
        "Tha\u0302n",
        "Nguye\u0302\u0303n",
        "\x01",
        "x" * 5000,
        "a:b",
        "\ud800",
    ),
    *(0, 1, -1, 7, 1.0, 1.5, 1e22, 5e-324, -2.5, 10**16, 10**20, 10**400, True, False, "True", "0", "1", "01", "y"),
    *(
        "1.234,5",
        "1,5",
        "1234.5",
        "25747",
        25747.0,
        "97",
        "ODT+CLN",
        "odt 120; CLN 300",
        "ZZZ",
        "1975",
        1975,
        "0001-01-01",
    ),
    *(
        "®Êt ë",
        "Ñaát ôû",
        "Tân An",
        "228 m2",
        "0,05 ha",
        "000000001",
        "3799900135",
        "074087000001,280000001",
        "12, 13; 14",
    ),
    *(
        "ONT 120; CLN 0,03 ha",
        "01/01/1970",
        [{"soGiayTo": "074087000001", "laThongTinChinh": True}],
        [{"soGiayTo": "0"}],
    ),
    *("31/02/2020", "27/09/2021", "27/09/2021 13:05:00", "2021-09-27T01:00:00Z", "individual", "Polygon", "*"),
    *([], {}, [{}], [[]], ["x"], {"0": "x"}, {"nguonGoc": 3}, [{"nguonGoc": "x"}], {"chiTiet": "x"}, {"chiTiet": 5}),
)
NAMES = (
    "hoTen",
    "tenToChuc",
    "ngaySinh",
    "xaIdCu",
    "soHieuToBanDoCu",
    "soThuTuThuaCu",
    "nguonGoc",
    "conHieuLuc",
    "=address",
    "uses",
)


def paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a document."""
    listed = codecs.as_list(value)
    members: Mapping[Any, object] = dict(enumerate(listed)) if listed is value else codecs.as_object(value) or {}
    return [path, *(inner for step, child in members.items() for inner in paths(child, (*path, step)))]


@st.composite
def changed(draw: st.DrawFn, item: dict[str, Any]) -> dict[str, Any]:
    """Draw the wire item with one to three of its values replaced, removed or added."""
    document: Any = copy.deepcopy(item)
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(paths(document)[1:] or [("id",)]))
        container = document
        for step in path:
            container = container[step]
        action = draw(st.sampled_from(("replace", "replace", "add", "remove")))
        if action == "remove" and isinstance(container, dict):
            del container[last]
        elif action == "add" and isinstance(container, dict):
            container[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(ODD)))
        else:
            container[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
    made: dict[str, Any] = document
    return made


def read_stepwise(record_type: type[Record], fields: Mapping[str, object]) -> tuple[Record, tuple[Note, ...]] | None:
    """Return the record read from the fields and its notes, None if it is refused."""
    try:
        reading = record_type.read(dict(fields))
    except (RecordInvalid, UnicodeEncodeError):
        return None
    return reading.record, reading.notes


def check(models: WireModels, record_type: type[Record], fields: MappedItem) -> bool:
    """Assert that the compiled model agrees with the two steps; return whether it read the item."""
    compiled = models.read(fields)
    if compiled is None:
        return False
    stepwise = read_stepwise(record_type, fields)
    assert stepwise is not None, "the two steps refuse an item that the compiled model read"
    record, notes = stepwise
    assert isinstance(compiled, record_type)
    assert record_type.__pydantic_serializer__.to_python(compiled, mode="json") == to_document(record)
    assert tuple(compiled.quality_notes()) == notes
    assert (compiled.key, compiled.order_key, compiled.validity()) == (record.key, record.order_key, record.validity())
    return True


FEATURES = WireModels(LandParcel)
DOSSIERS = WireModels(Dossier)
PERMITS = WireModels(ConstructionPermit)


def feature_fields(feature: dict[str, Any]) -> MappedItem:
    fields = PARCELS.translate(feature)
    assert isinstance(fields, MappedItem)
    return fields


def dossier_fields(filed: dict[str, Any]) -> MappedItem:
    return translated(filed, DOSSIER) | {"code": "000.00.05.H09-260101-0001", "procedure_code": "1.013225", "status": 4}


def permit_fields(file: dict[str, Any]) -> MappedItem:
    return translated(file, PERMIT) | {"scheme": "gso-2025-07", "commune_code": "25747", "status": "permit_issued"}


def test_a_regular_item_is_read_by_the_compiled_model() -> None:
    plain = copy.deepcopy(FEATURE)
    plain["properties"]["ListChuSuDung"].append({"loaiDoiTuong": 0, "hoTen": None, "tenToChuc": "Hộ Mẫu"})

    assert check(FEATURES, LandParcel, feature_fields(FEATURE))
    assert check(FEATURES, LandParcel, feature_fields(plain))
    assert check(DOSSIERS, Dossier, dossier_fields(FILED))
    assert check(PERMITS, ConstructionPermit, permit_fields(FILE))


@given(changed(FEATURE))
def test_a_parcel_reads_the_same_compiled_and_in_two_steps(feature: dict[str, Any]) -> None:
    check(FEATURES, LandParcel, feature_fields(feature))


@given(changed(FILED))
def test_a_dossier_reads_the_same_compiled_and_in_two_steps(filed: dict[str, Any]) -> None:
    check(DOSSIERS, Dossier, dossier_fields(filed))


@given(changed(FILE))
def test_a_permit_reads_the_same_compiled_and_in_two_steps(file: dict[str, Any]) -> None:
    check(PERMITS, ConstructionPermit, permit_fields(file))


def test_the_compiled_model_declines_an_irregular_item() -> None:
    irregular = copy.deepcopy(FEATURE)
    irregular["properties"]["maThuaDat"] = "W3GVK1H2M8Q0"  # kept, with a note

    assert not check(FEATURES, LandParcel, feature_fields(irregular))


def test_the_compiled_model_declines_a_field_that_the_record_lacks() -> None:
    assert not check(DOSSIERS, Dossier, translated(FILED, {**DOSSIER, "colour": at("mau")}) | {"code": "x"})


def test_an_adapters_own_reader_is_called() -> None:
    def read(value: object) -> object:
        return value or "không ghi"

    fields: FieldMap = {**DOSSIER, "summary": at("briefNote", read=read)}

    record = WireModels(Dossier).read(translated(FILED, fields) | dossier_fields(FILED).own_fields)

    assert isinstance(record, Dossier)
    assert record.summary == "không ghi"
