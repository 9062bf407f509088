"""Parcels as people write them into one cell: "12, 13; 14", "604 (tờ bản đồ số 3)"; the raw text is kept."""

import re
from collections.abc import Mapping, Sequence

_PROSE = re.compile(r"(\S+)\s*\(tờ bản đồ số\s*(\S+)\)")


def parcel_refs(place: Mapping[str, object], sheet: str | None, written: str | None) -> Sequence[Mapping[str, object]]:
    """Return a reference for each parcel that `written` names, in the commune of `place`.

    >>> [ref["parcel_number"] for ref in parcel_refs({}, "3", "12, 13; 14")]
    ['12', '13', '14']
    >>> parcel_refs({}, None, "604 (tờ bản đồ số 3)")[0]["map_sheet"]
    '3'
    """
    if not written:
        return []
    prose = _PROSE.fullmatch(written)
    pairs = [(prose[2], prose[1])] if prose else [(sheet, number) for number in re.split(r"\s*[,;]\s*", written)]
    raw = written if prose or sheet is None else f"{sheet} / {written}"
    known = [{**place, "map_sheet": on, "parcel_number": number, "raw": raw} for on, number in pairs if on and number]
    return known or [{"raw": raw}]
