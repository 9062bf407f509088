"""Read one measure (thông số) of works or of a permit: a number with its unit, or the source's own words.

Observed at the construction department of Bình Dương: "120,5", "+ 0,45 m", "02 tầng + mái".
"""

from collections.abc import Mapping
from decimal import Decimal

from cchc_connect.wire import codecs
from cchc_connect.wire.quantities import is_same_unit, stated_quantity


def measure_fields(
    name: object, value: object, unit: object, sign: codecs.DecimalSign, prose: object = None
) -> Mapping[str, object]:
    """Return the fields of a `Measure`; a value that is not a number is kept as text in `raw`.

    A number with a unit in its text ("+ 0,45 m") is read too, unless `unit` names another one; without a value the text
    of `prose` is looked at.
    """
    amount, raw, stated_unit = codecs.decimal_number(value, sign), codecs.text_or_none(prose), codecs.text_or_none(unit)
    if not isinstance(amount, Decimal):
        written = raw if amount is None else value
        amount, raw = None, codecs.text_or_none(value) if raw is None else raw
        quantity = stated_quantity(written, sign)
        if quantity is not None and (None in {quantity[1], stated_unit} or is_same_unit(quantity[1], stated_unit)):
            amount, stated_unit = quantity[0], stated_unit or quantity[1]
    return {"name": name, "value": amount, "unit": stated_unit, "raw": raw}
