"""A land parcel as people write it (thửa đất): a key, a national code, or words with sheet, number and commune.

A commune's code without its scheme, and a commune's name, may be of the units before 1 July 2025 or of those since: all
that it may be are returned, and none is guessed.

>>> written_parcel("thửa đất số 0123, tờ bản đồ số 45, phường Thủ Dầu Một").keys
('gso-2025-07:25747:45:123',)
>>> "gso-2025-01:25747:45:123" in written_parcel("thua 123 to 45, p. Phu Cuong").keys
True
>>> written_parcel("25747:45:123").keys
('gso-2025-07:25747:45:123', 'gso-2025-01:25747:45:123')
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from cchc_connect.errors import UsageMistake
from cchc_schemas import AdminScheme, AdminUnit, AdminUnitUnknown, admin_unit, successors
from cchc_schemas.admin_units import named_communes, old_communes, plain_letters
from cchc_schemas.codes import MAP_SHEET_NUMBER, NATIONAL_PARCEL_ID, PARCEL_KEY, PARCEL_NUMBER, commune_digits
from cchc_schemas.parcel_refs import parcel_key

_SCHEMES = (AdminScheme.GSO_2025_07, AdminScheme.GSO_2025_01)
_NUMBER = r"(?:\s+so)?\s*[:.]?\s*(?P<{}>[0-9a-z][0-9a-z./-]*)"
_SHEET_WORDS = re.compile(r"\bto(?:\s+ban\s+do)?(?:\s+dia\s+chinh)?" + _NUMBER.format("number"))
_PARCEL_WORDS = re.compile(r"\bthua(?:\s+dat)?" + _NUMBER.format("number"))
_COMMUNE_DIGITS = re.compile(r"[0-9]{5}")
_SHORT_KINDS = (("p.", "phuong "), ("x.", "xa "), ("tt.", "thi tran "))


@dataclass(frozen=True, kw_only=True)
class WrittenParcel:
    """What a text says of a parcel."""

    national_id: str | None = None
    """National parcel code; None where the text has sheet and number."""
    communes: tuple[AdminUnit, ...] = ()
    """Communes of both schemes that it may mean."""
    sheet: str = ""
    number: str = ""

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Return the keys that the parcel may have as it is written."""
        return self._keys(self.communes)

    @cached_property
    def perhaps(self) -> tuple[str, ...]:
        """Return keys with the same numbers in what became of the commune, or in what it was made of.

        Sheets may be numbered anew there, so that it may be another parcel.
        """
        return tuple(key for key in self._keys(_relatives(self.communes)) if key not in self.keys)

    def _keys(self, units: Iterable[AdminUnit]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(parcel_key(unit.scheme, unit.code, self.sheet, self.number) for unit in units))


def written_parcel(text: str) -> WrittenParcel:
    """Return what `text` says of a parcel.

    It is a key (`gso-2025-07:25747:45:123`, or `25747:45:123`), a national parcel code, or words: "thửa 123, tờ bản đồ
    số 45, phường Thủ Dầu Một", in any order, with or without marks.

    Raises:
        UsageMistake: it is none of these, or no commune has that name or code.
    """
    stripped = text.strip()
    if NATIONAL_PARCEL_ID.fits(stripped.lower()):
        return WrittenParcel(national_id=stripped.lower())
    if stripped.count(":") > 1:
        return _of_key(stripped)
    return _of_words(stripped)


def _of_key(text: str) -> WrittenParcel:
    *scheme, commune, sheet, number = (part.strip() for part in text.split(":"))
    if PARCEL_KEY.fits(PARCEL_KEY.canonical(text)):
        units = _units(commune_digits(commune), [AdminScheme(scheme[0].lower())])
    elif not scheme and all((commune, sheet, number)):
        units = _units(commune_digits(commune), _SCHEMES)
    else:
        raise UsageMistake("case.parcel_unreadable")
    return _parcel(units, commune, sheet, number)


def _of_words(text: str) -> WrittenParcel:
    plain = plain_letters(text)
    sheet, parcel = _SHEET_WORDS.search(plain), _PARCEL_WORDS.search(plain)
    if sheet is None or parcel is None or sheet.span() == parcel.span():
        raise UsageMistake("case.parcel_unreadable")
    words = list(plain)
    for match in (sheet, parcel):
        words[slice(*match.span())] = "," * (match.end() - match.start())
    segments = ["".join(segment).strip(" ().") for segment in "".join(words).split(",")]
    named = [segment for segment in segments if segment]
    units = next((units for units in map(_named_units, named) if units), ())
    return _parcel(units, ", ".join(named), sheet["number"].rstrip("./-"), parcel["number"].rstrip("./-"))


def _parcel(units: Sequence[AdminUnit], commune: str, sheet: str, number: str) -> WrittenParcel:
    if not units:
        raise UsageMistake("case.commune_unknown", name=commune)
    return WrittenParcel(
        communes=tuple(units), sheet=MAP_SHEET_NUMBER.canonical(sheet), number=PARCEL_NUMBER.canonical(number)
    )


def _named_units(segment: str) -> Sequence[AdminUnit]:
    """Return the communes that a part of an address names; none where it names a province or a street."""
    digits = _COMMUNE_DIGITS.fullmatch(segment.removeprefix("ma xa").strip())
    if digits is not None:
        return _units(digits[0], _SCHEMES)
    for short, kind in _SHORT_KINDS:
        if segment.startswith(short):
            segment = kind + segment.removeprefix(short).strip()
    return named_communes(" ".join(segment.split()))


def _units(code: str, schemes: Iterable[AdminScheme]) -> Sequence[AdminUnit]:
    units = list[AdminUnit]()
    for scheme in schemes:
        try:
            units.append(admin_unit(scheme, code))
        except AdminUnitUnknown:
            continue
    return units


def _relatives(units: Iterable[AdminUnit]) -> Sequence[AdminUnit]:
    """Return the successors of old communes, and the old communes of new ones."""
    return [
        relative
        for unit in units
        for relative in (
            successors(unit.code).candidates if unit.scheme is AdminScheme.GSO_2025_01 else old_communes(unit.code)
        )
    ]
