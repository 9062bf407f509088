"""Read the measures, papers (văn bản) and parties in a permit file of the construction department of Bình Dương.

Names as read in its public client (74nguyentan/training_angular_ditagis, 2022); the members of `vanBans` and
`donVis` were not observed there.
"""

from collections.abc import Iterator, Mapping

from pydantic import ConfigDict

from cchc_connect import Item, Unreadable
from cchc_connect.wire import codecs
from cchc_connect.wire.days import iso_day
from cchc_connect.wire.field_map import FieldMap, at, translated
from cchc_connect.wire.measures import measure_fields
from cchc_schemas.described_models import DescribedModel

_LIST_EXPECTED = Unreadable("list_expected")
_read_is_returned = at("tinhTrangTraHoSo.isTraHoSo", read=codecs.flag)

PERMIT_PAPER: FieldMap = {
    "permit_number": at("soVanBan"),
    "issued_on": at("ngayBanHanh", read=iso_day),
    "authority": at("coQuanBanHanh"),
}


class PaperCodes(DescribedModel):
    """Codes of a file's papers and parties; they were not observed and may have to be corrected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    permit: str = "GPXD"
    """Code of the permit among the papers (maLoaiVanBan)."""
    land: str = "GCN"
    """Code of the land certificate among the papers."""
    investor: str = "CDT"
    """Code of the investor among the parties (vaiTro)."""


def permit_status(item: Item, statuses: Mapping[str, str]) -> object:
    """Return the status for the file's step; a returned file counts as refused."""
    is_returned = _read_is_returned(item)
    if is_returned is True or isinstance(is_returned, Unreadable):
        return "permit_refused" if is_returned is True else is_returned
    return statuses.get(codecs.plain_text(item.get("maTienDo")), "unknown")


def paper_fields(item: Item, codes: PaperCodes) -> Mapping[str, object]:
    """Return the fields read from a file's papers and parties; of several permits the last counts.

    If either list is unreadable, the fault is reported for `permit_number`, as no field can be read.
    """
    papers, parties = codecs.as_objects(item.get("vanBans") or []), codecs.as_objects(item.get("donVis") or [])
    if papers is None or parties is None:
        return {"permit_number": _LIST_EXPECTED}
    by_code = {codecs.plain_text(paper.get("maLoaiVanBan")): paper for paper in papers}
    by_role = {codecs.plain_text(party.get("vaiTro")): party for party in parties}
    land = by_code.get(codes.land)
    return {
        **translated(by_code.get(codes.permit, {}), PERMIT_PAPER),
        "investor_name": codecs.text_or_none(by_role.get(codes.investor, {}).get("tenDonVi")),
        "land_document": land and {"kind": codes.land, "number": codecs.text_or_none(land.get("soVanBan"))},
    }


def measures(content: Item, sign: codecs.DecimalSign) -> Iterator[Mapping[str, object]]:
    """Yield the measures of all sub-forms; which sub-form is present depends on the kind of permit."""
    for form in filter(None, map(codecs.as_object, content.values())):
        for name, value in form.items():
            entry = codecs.as_object(value)
            if entry and "giaTri" in entry:
                label = codecs.text_or_none(entry.get("dinhDanh")) or name
                yield measure_fields(label, entry["giaTri"], entry.get("donVi"), sign, entry.get("noiDung"))
