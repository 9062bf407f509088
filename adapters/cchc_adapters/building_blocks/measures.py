"""Read one measure (thông số): a number or the source's words; apart because permits and works both have them.

Observed at the construction department of Bình Dương: "120,5", 0.45, "02 tầng + mái".
"""

from collections.abc import Mapping

from cchc_connect import Unreadable
from cchc_connect.wire import codecs


def measure_fields(
    name: object, value: object, unit: object, sign: codecs.DecimalSign, prose: object = None
) -> Mapping[str, object]:
    """Return the fields of a `Measure`; a value that is not a number is kept as text in `raw`.

    >>> measure_fields("soTang", "02 tầng + mái", "tầng", ",")["raw"]
    '02 tầng + mái'
    """
    amount, raw = codecs.decimal_number(value, sign), codecs.text_or_none(prose)
    if isinstance(amount, Unreadable):
        amount, raw = None, codecs.text_or_none(value) if raw is None else raw
    return {"name": name, "value": amount, "unit": codecs.text_or_none(unit), "raw": raw}
