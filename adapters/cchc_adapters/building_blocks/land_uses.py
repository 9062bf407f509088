"""Read the uses of a parcel (mục đích sử dụng đất) from rows, or from codes joined in one text.

Observed in public client code of VBDLIS and in flattened map layers: "ODT+CLN", "ONT 120; CLN 300".
"""

import re
from collections.abc import Iterator

from cchc_connect.wire import codecs

_WITH_AREA = re.compile(r"(?P<code>\S+)\s+(?P<area>[0-9.,]+)(?:\s*M[2²])?")


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
        elif not isinstance(code, str):
            yield {**use, "catalogue": catalogue}
        else:
            joined = codecs.split_codes(code.upper())
            for part in joined:
                stated = _WITH_AREA.fullmatch(part)
                stated_area = codecs.decimal_number(stated["area"], decimal_sign) if stated else None
                area = use.get("area_m2") if len(joined) == 1 and stated is None else stated_area
                yield {**use, "code": stated["code"] if stated else part, "area_m2": area, "catalogue": catalogue}
