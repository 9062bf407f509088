"""Field map for a procedure of the national portal: upper-case keys, all values text, nested lists.

Keys as observed in the responses of LayThuTuc (VietOpenCPS/opencps-v2, 2020; a provincial client, 2025).
Terms and fees may be prose: then the number is None and the source's text is kept in `raw`.
"""

from functools import partial

from cchc_connect import Item
from cchc_connect.wire import codecs
from cchc_connect.wire.codecs import Unreadable
from cchc_connect.wire.field_map import FieldMap, ValueReader, at, each, value_at

PUBLIC = "1"


def _number(path: str, sign: codecs.DecimalSign) -> ValueReader:
    """Return a getter of the number at `path`; it yields None if the source wrote prose."""
    number = at(path, read=partial(codecs.decimal_number, sign=sign))

    def value(item: Item) -> object:
        amount = number(item)
        return None if isinstance(amount, Unreadable) else amount

    return value


def _prose(path: str, sign: codecs.DecimalSign) -> ValueReader:
    """Return a getter of the prose at `path`; it yields None if the source wrote a number."""
    number = at(path, read=partial(codecs.decimal_number, sign=sign))
    text = at(path)

    def value(item: Item) -> object:
        return text(item) if isinstance(number(item), Unreadable) else None

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
        "is_public": at("TRANGTHAI", read=partial(codecs.is_among, values=(PUBLIC,))),
        "kind": at("LOAITTHC"),
        "decision_number": at("QUYETDINH"),
        "channels": at("CACHTHUCTHUCHIEN", read=each(_channel(sign))),
        "results": at("KETQUATHUCHIEN", read=each({"code": at("MAKETQUA"), "name": at("TENKETQUA")})),
        "legal_bases": at("CANCUPHAPLY", read=each(legal_basis)),
        "executing_agencies": at("COQUANTHUCHIEN", read=each({"code": at("MADONVI"), "name": at("TENDONVI")})),
        "requirements": at("YEUCAU"),
        "levels": at("CAPTHUCHIEN", read=_levels),
        "components": _required_papers,
        "subjects": _subjects,
        "has_fee": partial(_has_fee, sign=sign),
    }


def _subjects(item: Item) -> object:
    """Return who may use a procedure; None if the response does not say."""
    stated = item.get("DOITUONGTHUCHIEN")
    return None if stated is None else each({"code": at("MADOITUONG"), "name": at("TENDOITUONG")})(stated)


def _has_fee(item: Item, sign: codecs.DecimalSign) -> bool | None:
    """Return whether a fee other than zero is due; None if no list of fees or an amount in prose leaves it open."""
    terms = [term for channel in _objects(item, "CACHTHUCTHUCHIEN") for term in _objects(channel, "THOIGIAN")]
    amounts = [_number("SOTIEN", sign)(fee) for term in terms for fee in _objects(term, "PHILEPHI")]
    if any(amounts):
        return True
    is_open = None in amounts or any(term.get("PHILEPHI") is None for term in terms)
    return None if is_open or not terms else False


def _objects(item: Item, name: str) -> list[Item]:
    """Return the objects of a list; what is none of them is left out."""
    parts = map(codecs.as_object, codecs.as_list(item.get(name)))
    return [part for part in parts if part is not None]


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
    return [codecs.whole_number(value_at(level, ("CAPTHUCHIEN",))) for level in codecs.as_list(value)]


def _required_papers(item: Item) -> object:
    """Return the required papers of all cases (trường hợp) of a procedure, each with the name of its case."""
    paper: FieldMap = {
        "code": at("MAGIAYTO"),
        "name": at("TENGIAYTO"),
        "originals": at("SOBANCHINH", read=codecs.whole_number),
        "copies": at("SOBANSAO", read=codecs.whole_number),
    }
    components: list[object] = []
    for case in codecs.as_list(item.get("THANHPHANHOSO")):
        case_fields = codecs.as_object(case)
        if case_fields is None:
            components.append(Unreadable("object_expected"))
            continue
        case_name = {"case": codecs.text_or_none(case_fields.get("TRUONGHOP"))}
        for component in each(paper)(case_fields.get("GIAYTO")) or ():
            fields = codecs.as_object(component)
            components.append(component if fields is None else {**fields, **case_name})
    return components
