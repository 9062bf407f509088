"""How the national portal writes a procedure: upper-case keys, everything text, lists in lists.

Keys as observed in the answers of LayThuTuc (VietOpenCPS/opencps-v2, 2020; a provincial client, 2025).
Terms and fees may be prose: then the number is left out and the source's own words are kept.
"""

from functools import partial

from cchc_connect import Item
from cchc_connect.wire import codecs
from cchc_connect.wire.codecs import Unreadable
from cchc_connect.wire.field_map import FieldMap, Value, at, each, held

PUBLIC = "1"


def _number(place: str, sign: codecs.DecimalSign) -> Value:
    """Return what takes a number, and None where the source wrote prose."""
    number = at(place, read=partial(codecs.decimal_number, sign=sign))

    def value(item: Item) -> object:
        found = number(item)
        return None if isinstance(found, Unreadable) else found

    return value


def _prose(place: str, sign: codecs.DecimalSign) -> Value:
    """Return what takes the source's words, and None where it wrote a number."""
    number = at(place, read=partial(codecs.decimal_number, sign=sign))
    words = at(place)

    def value(item: Item) -> object:
        return words(item) if isinstance(number(item), Unreadable) else None

    return value


def procedure_map(sign: codecs.DecimalSign, dates: codecs.DateForm) -> FieldMap:
    """Return the field map of a `Procedure`."""
    day = partial(codecs.partial_date, form=dates)
    legal_basis: FieldMap = {
        "number": at("SOVANBAN"),
        "name": at("TENVANBAN"),
        "issued_on": at("NGAYBANHANH", read=day),
        "effective_on": at("NGAYHIEULUC", read=day),
        "issuer": at("COQUANBANHANH"),
    }
    return {
        "code": at("MATTHC"),
        "name": at("TENTTHC"),
        "field_code": at("LINHVUCTHUCHIEN.0.MALINHVUC"),
        "field_name": at("LINHVUCTHUCHIEN.0.TENLINHVUC"),
        "is_public": at("TRANGTHAI", read=partial(codecs.is_among, words=(PUBLIC,))),
        "kind": at("LOAITTHC"),
        "decision_number": at("QUYETDINH"),
        "channels": at("CACHTHUCTHUCHIEN", read=each(_channel(sign))),
        "results": at("KETQUATHUCHIEN", read=each({"code": at("MAKETQUA"), "name": at("TENKETQUA")})),
        "legal_bases": at("CANCUPHAPLY", read=each(legal_basis)),
        "executing_agencies": at("COQUANTHUCHIEN", read=each({"code": at("MADONVI"), "name": at("TENDONVI")})),
        "requirements": at("YEUCAU"),
        "levels": at("CAPTHUCHIEN", read=_levels),
        "components": _components,
    }


def _channel(sign: codecs.DecimalSign) -> FieldMap:
    fee: FieldMap = {
        "code": at("MAPHILEPHI"),
        "amount_vnd": _number("SOTIEN", sign),
        "raw": _prose("SOTIEN", sign),
        "description": at("MOTA"),
    }
    term: FieldMap = {
        "duration": _number("THOIGIANGIAIQUYET", sign),
        "raw": _prose("THOIGIANGIAIQUYET", sign),
        "unit": at("DONVITINH"),
        "description": at("MOTA"),
        "fees": at("PHILEPHI", read=each(fee)),
    }
    return {
        "channel": at("KENH", read=codecs.whole_number),
        "terms": at("THOIGIAN", read=each(term)),
    }


def _levels(value: object) -> list[object]:
    return [codecs.whole_number(held(level, ("CAPTHUCHIEN",))) for level in codecs.as_list(value)]


def _components(item: Item) -> object:
    """Return the papers of all cases in one list, each with its case."""
    paper: FieldMap = {
        "code": at("MAGIAYTO"),
        "name": at("TENGIAYTO"),
        "originals": at("SOBANCHINH", read=codecs.whole_number),
        "copies": at("SOBANSAO", read=codecs.whole_number),
    }
    components: list[object] = []
    for case in codecs.as_list(item.get("THANHPHANHOSO")):
        of_case = codecs.as_object(case)
        if of_case is None:
            components.append(Unreadable("object_expected"))
            continue
        called = {"case": codecs.text_or_none(of_case.get("TRUONGHOP"))}
        for one in each(paper)(of_case.get("GIAYTO")):
            fields = codecs.as_object(one)
            components.append(one if fields is None else {**fields, **called})
    return components
