"""Read quantities that state their unit: "228 m2", "0,05 ha", "+ 0,45 m", "02 tầng".

>>> str(area_m2("1.234,5 m²", ",")), str(area_m2(228.4, ","))
('1234.5', '228.4')
>>> area_m2("0,05 ha", ",").value, area_m2("2 sào", ",").rule
(Decimal('500.00'), 'unit_unknown')
>>> stated_quantity("+ 0,45 m", ",")
(Decimal('0.45'), 'm')
"""

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from cchc_connect.wire.codecs import DecimalSign, Unreadable, decimal_number, text_or_none
from cchc_schemas.faults import Noted

CONVERTED = "unit_converted"
"""Rule of the note on an area that was stated in another unit than m²."""

_SQUARE_METRES: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("m2", "m²", "m^2", "m 2", "mét vuông", "m vuông", "met vuong"), 1),
        **dict.fromkeys(("ha", "hecta", "héc ta", "hec ta", "hectare"), 10_000),
        **dict.fromkeys(("km2", "km²", "km^2"), 1_000_000),
    }
)
"""Square metres of each unit. "Sào", "mẫu" and "công" have other sizes in other regions and are not read."""
_UNITS: Mapping[str, str] = MappingProxyType(
    {
        **{unit: {1: "m2", 10_000: "ha"}.get(size, "km2") for unit, size in _SQUARE_METRES.items()},
        **{unit: unit for unit in ("m", "cm", "mm", "km", "%", "tầng", "lần", "căn", "m3")},
        "m³": "m3",
        "mét": "m",
        "lầu": "lầu",
        "tang": "tầng",
    }
)
"""Units of a measure, as it is stored, by their spelling."""
_WITH_UNIT = re.compile(
    r"(?P<sign>[+\u00b1-]?)\s*(?P<number>[0-9][0-9.,]*)\s*(?P<unit>[^\W\d_][^0-9+]*[23\u00b2\u00b3]?|%)\s*\.?"
)
_NO_AREA = frozenset({"-", "\u00b1"})
"""Signs of what is less than nothing, or a tolerance."""
_SIGNED = re.compile(r"(?P<sign>[+-])\s*(?P<number>[0-9][0-9.,]*)")


def area_m2(value: object, sign: DecimalSign) -> Decimal | Noted | Unreadable | None:
    """Return an area in m², from a number of m² or from text that states m², ha or km².

    A converted area is noted; a text with another unit is unreadable.
    """
    area = decimal_number(value, sign)
    if not isinstance(area, Unreadable) or not isinstance(value, str):
        return area
    stated = _WITH_UNIT.fullmatch(_plain(value))
    if stated is None or stated["sign"] in _NO_AREA:
        return area
    size = _SQUARE_METRES.get(stated["unit"].strip(" ."))
    if size is None:
        return Unreadable("unit_unknown", "m2, ha, km2")
    number = decimal_number(stated["number"], sign)
    if not isinstance(number, Decimal) or size == 1:
        return number
    return Noted(number * size, CONVERTED)


def stated_quantity(value: object, sign: DecimalSign) -> tuple[Decimal, str | None] | None:
    """Return number and unit of a text such as "+ 0,45 m"; None where it is not one number with a known unit.

    The unit is None where the text states none.
    """
    text = text_or_none(value)
    if not isinstance(text, str):
        return None
    plain = _plain(text)
    stated = _WITH_UNIT.fullmatch(plain) or _SIGNED.fullmatch(plain)
    if stated is None or stated["sign"] == "\u00b1":
        return None
    unit = _UNITS.get(stated["unit"].strip(" .")) if "unit" in stated.re.groupindex else None
    number = decimal_number(stated["number"], sign)
    if not isinstance(number, Decimal) or (unit is None and "unit" in stated.re.groupindex):
        return None
    return -number if stated["sign"] == "-" else number, unit


def is_same_unit(first: object, second: object) -> bool:
    """True if two names of units are known and name the same unit, in whatever spelling."""
    names = [_UNITS.get(_plain(name)) for name in (first, second) if isinstance(name, str)]
    return None not in names and len(names) > 1 and names[0] == names[1]


def _plain(text: str) -> str:
    """Return a text in NFC and small letters, with single spaces and the minus sign of a keyboard."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().replace("\u2212", "-").split())
