"""Read the uses of a parcel (mục đích sử dụng đất) from rows, or from codes joined in one text.

Observed in public client code of VBDLIS and in flattened map layers: "ODT+CLN", "ONT 120; CLN 300". Other marks
between codes and other ways to write the area are expected (unverified).

>>> [(use["code"], str(use["area_m2"])) for use in land_uses("ONT: 120,5 m2; CLN 0,03 ha", "TT 08/2024", ",")]
[('ONT', '120.5'), ('CLN', "Noted(rule='unit_converted')")]
"""

import re
from collections.abc import Iterator, Mapping

from cchc_connect.wire import codecs
from cchc_connect.wire.quantities import area_m2
from cchc_schemas.text import TEXT_LENGTH

_MARK = re.compile(r"[+;/&|\n]|,(?![0-9])|\s(?:và|-)\s", re.IGNORECASE)
"""Separates the codes of one text; a comma within a number does not."""
_WITH_AREA = re.compile(r"(?P<code>[^\W\d_]{2,5})\s*+(?:[:=(-]\s*+)?(?P<area>[0-9][0-9.,]*(?:\s*[^\W\d_][^)]*)?)\)?")


def land_uses(rows: object, catalogue: str, decimal_sign: codecs.DecimalSign) -> Iterator[object]:
    """Yield the fields of each `LandUse`; a joined code has an area only if the text states one after it.

    Args:
        rows: a text of codes, or rows of fields already read; any other row is passed on and refused later.
        catalogue: the catalogue of the codes (danh mục loại đất).
        decimal_sign: the decimal sign of areas in a text.
    """
    for row in codecs.as_list(rows):
        use = {"code": row} if isinstance(row, str) else codecs.as_object(row)
        code = use.get("code") if use else None
        if use is None:
            yield row
        elif not isinstance(code, str) or len(code) > TEXT_LENGTH:
            yield {**use, "catalogue": catalogue}
        else:
            joined = [part.strip() for part in _MARK.split(code) if part.strip()]
            own_area = use.get("area_m2") if len(joined) == 1 else None
            for part in joined:
                yield {**use, "area_m2": own_area, **_joined_use(part, decimal_sign), "catalogue": catalogue}


def flattened_uses(value: object) -> object:
    """Return a text of codes, or a list of such texts, as it is; None for rows of fields and for no value."""
    if isinstance(value, str):
        return codecs.text_or_none(value)
    members = codecs.as_list(value)
    is_of_texts = bool(members) and isinstance(members[0], str) and all(isinstance(member, str) for member in members)
    return members if is_of_texts else None


def _joined_use(text: str, decimal_sign: codecs.DecimalSign) -> Mapping[str, object]:
    """Return one of the codes in a text, with its area where the text states one."""
    stated = _WITH_AREA.fullmatch(text)
    if stated is None:
        return {"code": text.upper()}
    return {"code": stated["code"].upper(), "area_m2": area_m2(stated["area"].strip(), decimal_sign)}
