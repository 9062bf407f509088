"""Uses of a parcel as land systems write them: one row each, or joined in one text.

Observed in public client code of VBDLIS and in flattened map layers: "ODT+CLN", "ONT 120; CLN 300".
"""

import re
from collections.abc import Iterator

from cchc_connect.wire import codecs

_WITH_AREA = re.compile(r"(?P<code>\S+)\s+(?P<area>[0-9.,]+)(?:\s*M[2²])?")


def land_uses(rows: object, catalogue: str, decimal_sign: codecs.DecimalSign) -> Iterator[object]:
    """Yield the fields of each `LandUse`; of joined codes an area is known only where it stands beside its code.

    Args:
        rows: a text of codes, or rows of fields already read; what is neither is passed on to be refused.
        catalogue: the catalogue that the codes are of.
        decimal_sign: of areas in a text.
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
            for one in joined:
                own = _WITH_AREA.fullmatch(one)
                area = codecs.decimal_number(own["area"], decimal_sign) if own else None
                shared = use.get("area_m2") if len(joined) == 1 and own is None else area
                yield {**use, "code": own["code"] if own else one, "area_m2": shared, "catalogue": catalogue}
