"""How the construction department of Bình Dương writes measures, papers and parties in a permit file.

Names as read in its public client (74nguyentan/training_angular_ditagis, 2022); the members of `vanBans` and
`donVis` were not seen there.
"""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict

from cchc_connect import Item, Unreadable
from cchc_connect.wire import codecs
from cchc_connect.wire.field_map import FieldMap, at, iso_day, translated

_LIST_EXPECTED = Unreadable("list_expected")
_GIVEN_BACK = at("tinhTrangTraHoSo.isTraHoSo", read=codecs.flag)

PERMIT_PAPER: FieldMap = {
    "permit_number": at("soVanBan"),
    "issued_on": at("ngayBanHanh", read=iso_day),
    "authority": at("coQuanBanHanh"),
}


class PaperCodes(BaseModel):
    """Codes by which papers and parties of a file are told apart; they were not seen and may have to be corrected."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    permit: str = "GPXD"
    """Code of the permit among the papers (maLoaiVanBan)."""
    land: str = "GCN"
    """Code of the land certificate among the papers."""
    investor: str = "CDT"
    """Code of the investor among the parties (vaiTro)."""


def permit_status(item: Item, statuses: Mapping[str, str]) -> object:
    """Return the status that the file's step stands for; a file that was given back is refused."""
    given_back = _GIVEN_BACK(item)
    if given_back is True or isinstance(given_back, Unreadable):
        return "permit_refused" if given_back is True else given_back
    return statuses.get(codecs.plain_text(item.get("maTienDo")), "unknown")


def papers(item: Item, codes: PaperCodes) -> Mapping[str, object]:
    """Return what a file's papers and parties tell; of several permits the last counts."""
    listed, parties = codecs.as_objects(item.get("vanBans") or []), codecs.as_objects(item.get("donVis") or [])
    if listed is None or parties is None:
        return {"permit_number": _LIST_EXPECTED}
    by_code = {codecs.plain_text(paper.get("maLoaiVanBan")): paper for paper in listed}
    by_role = {codecs.plain_text(party.get("vaiTro")): party for party in parties}
    land = by_code.get(codes.land)
    return {
        **translated(by_code.get(codes.permit, {}), PERMIT_PAPER),
        "investor_name": codecs.text_or_none(by_role.get(codes.investor, {}).get("tenDonVi")),
        "land_document": land and {"kind": codes.land, "number": codecs.text_or_none(land.get("soVanBan"))},
    }


def measures(content: Item, sign: codecs.DecimalSign) -> Iterator[Mapping[str, object]]:
    """Yield the measures of the sub-form that the kind of permit has; the form's own name is not looked at."""
    for form in filter(None, map(codecs.as_object, content.values())):
        for name, value in form.items():
            given = codecs.as_object(value)
            if given and "giaTri" in given:
                called = codecs.text_or_none(given.get("dinhDanh")) or name
                yield measure(called, given["giaTri"], given.get("donVi"), sign, given.get("noiDung"))


def measure(
    name: object, value: object, unit: object, sign: codecs.DecimalSign, words: object = None
) -> Mapping[str, object]:
    """Return a measure; a value that is no number is kept in the source's own words."""
    amount, prose = codecs.decimal_number(value, sign), codecs.text_or_none(words)
    if isinstance(amount, Unreadable):
        amount, prose = None, codecs.text_or_none(value) if prose is None else prose
    return {"name": name, "value": amount, "unit": codecs.text_or_none(unit), "raw": prose}
