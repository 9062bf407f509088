"""A wire model reads an item just as field map and record do one after the other, or leaves it to them."""

import copy
from collections.abc import Mapping
from typing import Any

from hypothesis import given, strategies as st

from cchc_adapters.binh_duong_permits.adapter import PERMIT
from cchc_adapters.ogc_features import OgcFeatures, OgcFeaturesOptions
from cchc_adapters.opencps import DOSSIER
from cchc_connect.wire import codecs
from cchc_connect.wire.compiled_models import WireModels
from cchc_connect.wire.field_map import FieldMap, Mapped, at, translated
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
            {"loaiDoiTuong": 1, "hoTen": "Nguyễn Văn Mẫu", "maSoDinhDanh": "000000000123", "namSinh": 1975},
            {"loaiDoiTuong": "3", "hoTen": "", "tenToChuc": "Công ty Mẫu", "maSoThue": "3700000000"},
        ],
        "ListHanChe": [{"loaiHanChe": 4, "soVanBan": "12/QĐ", "conHieuLuc": True}],
    },
}
FILED: dict[str, Any] = {
    "serviceName": "Cấp giấy phép xây dựng",
    "applicantName": "Trần Thị Mẫu",
    "applicantIdNo": "000000000123",
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


def ways(value: object, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to everything in a document."""
    listed = codecs.as_list(value)
    members: Mapping[Any, object] = dict(enumerate(listed)) if listed is value else codecs.as_object(value) or {}
    return [way, *(found for step, member in members.items() for found in ways(member, (*way, step)))]


@st.composite
def changed(draw: st.DrawFn, item: dict[str, Any]) -> dict[str, Any]:
    """Draw the item with some of its values replaced, taken away or added."""
    document: Any = copy.deepcopy(item)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(ways(document)[1:] or [("id",)]))
        place = document
        for step in way:
            place = place[step]
        what = draw(st.sampled_from(("replace", "replace", "add", "remove")))
        if what == "remove" and isinstance(place, dict):
            del place[last]
        elif what == "add" and isinstance(place, dict):
            place[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(ODD)))
        else:
            place[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
    made: dict[str, Any] = document
    return made


def by_two_steps(record_type: type[Record], told: Mapping[str, object]) -> tuple[Record, tuple[Note, ...]] | None:
    """Return the record that an item makes and its notes, None where it makes none."""
    try:
        reading = record_type.read(dict(told))
    except (RecordInvalid, UnicodeEncodeError):
        return None
    return reading.record, reading.notes


def check(models: WireModels, record_type: type[Record], told: Mapped) -> bool:
    """Hold the short way against the long one; return whether there was a short one."""
    short = models.read(told)
    if short is None:
        return False
    long = by_two_steps(record_type, told)
    assert long is not None, "the long way refuses what the short one took"
    record, notes = long
    assert isinstance(short, record_type)
    assert record_type.__pydantic_serializer__.to_python(short, mode="json") == to_document(record)
    assert tuple(short.quality_notes()) == notes
    assert (short.key, short.order_key, short.validity()) == (record.key, record.order_key, record.validity())
    return True


FEATURES = WireModels(LandParcel)
DOSSIERS = WireModels(Dossier)
PERMITS = WireModels(ConstructionPermit)


def feature_fields(feature: dict[str, Any]) -> Mapped:
    told = PARCELS.translate(feature)
    assert isinstance(told, Mapped)
    return told


def dossier_fields(filed: dict[str, Any]) -> Mapped:
    return translated(filed, DOSSIER) | {"code": "000.00.05.H09-260101-0001", "procedure_code": "1.013225", "status": 4}


def permit_fields(file: dict[str, Any]) -> Mapped:
    return translated(file, PERMIT) | {"scheme": "gso-2025-07", "commune_code": "25747", "status": "permit_issued"}


def test_the_usual_item_goes_the_short_way() -> None:
    plain = copy.deepcopy(FEATURE)
    plain["properties"]["ListChuSuDung"].append({"loaiDoiTuong": 0, "hoTen": None, "tenToChuc": "Hộ Mẫu"})

    assert check(FEATURES, LandParcel, feature_fields(FEATURE))
    assert check(FEATURES, LandParcel, feature_fields(plain))
    assert check(DOSSIERS, Dossier, dossier_fields(FILED))
    assert check(PERMITS, ConstructionPermit, permit_fields(FILE))


@given(changed(FEATURE))
def test_a_parcel_reads_the_same_by_both_ways(feature: dict[str, Any]) -> None:
    check(FEATURES, LandParcel, feature_fields(feature))


@given(changed(FILED))
def test_a_dossier_reads_the_same_by_both_ways(filed: dict[str, Any]) -> None:
    check(DOSSIERS, Dossier, dossier_fields(filed))


@given(changed(FILE))
def test_a_permit_reads_the_same_by_both_ways(file: dict[str, Any]) -> None:
    check(PERMITS, ConstructionPermit, permit_fields(file))


def test_an_irregular_item_is_left_to_the_long_way() -> None:
    irregular = copy.deepcopy(FEATURE)
    irregular["properties"]["maThuaDat"] = "W3GVK1H2M8Q0"  # kept, with a note

    assert not check(FEATURES, LandParcel, feature_fields(irregular))


def test_a_map_with_a_field_that_the_record_lacks_has_no_short_way() -> None:
    assert not check(DOSSIERS, Dossier, translated(FILED, {**DOSSIER, "colour": at("mau")}) | {"code": "x"})


def test_readers_of_an_adapter_s_own_are_called() -> None:
    def read(value: object) -> object:
        return value or "không ghi"

    fields: FieldMap = {**DOSSIER, "summary": at("briefNote", read=read)}

    record = WireModels(Dossier).read(translated(FILED, fields) | dossier_fields(FILED).own)

    assert isinstance(record, Dossier)
    assert record.summary == "không ghi"
