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
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from cchc_connect.errors import UsageMistake
from cchc_schemas import AdminScheme, AdminUnit, AdminUnitUnknown, admin_unit, successors
from cchc_schemas.admin_units import named_communes, old_communes, unmarked
from cchc_schemas.codes import KEY_PARTS, MAP_SHEET_NUMBER, NATIONAL_PARCEL_ID, PARCEL_KEY, PARCEL_NUMBER
from cchc_schemas.parcel_refs import parcel_key

_SCHEMES = (AdminScheme.GSO_2025_07, AdminScheme.GSO_2025_01)
_NUMBER = r"(?: so)? ?[:.]? ?(?P<{}>[0-9a-z][0-9a-z./-]*)"
_SHEET_WORDS = re.compile(r"\bto(?: ban do)?(?: dia chinh)?" + _NUMBER.format("number"))
_PARCEL_WORDS = re.compile(r"\bthua(?: dat)?" + _NUMBER.format("number"))
_COMMUNE_CODE = re.compile(r"(?:ma )?(?:xa|phuong|thi tran|dac khu)? ?(?P<digits>[0-9]{5})")
_SEPARATORS = re.compile("[,;()]+")
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
    is_key = re.match(r"(?:gso-[^:]*|[0-9]+\s*):", stripped, re.IGNORECASE) is not None
    return _of_key(stripped) if is_key else _of_words(stripped)


def _of_key(text: str) -> WrittenParcel:
    """Return the parcel of a key with its scheme, or without one."""
    has_scheme = text.count(":") == KEY_PARTS - 1
    key = PARCEL_KEY.canonical(text if has_scheme else f"{AdminScheme.GSO_2025_07}:{text}")
    if not PARCEL_KEY.fits(key):
        raise UsageMistake("case.parcel_unreadable")
    scheme, commune, sheet, number = key.split(":")
    return _parcel(_units(commune, [AdminScheme(scheme)] if has_scheme else _SCHEMES), sheet, number)


def _of_words(text: str) -> WrittenParcel:
    composed = " ".join(unicodedata.normalize("NFC", text).split())  # the patterns know single spaces
    plain = unmarked(composed)
    sheet, parcel = _SHEET_WORDS.search(plain), _PARCEL_WORDS.search(plain)
    if sheet is None or parcel is None:
        raise UsageMistake("case.parcel_unreadable")
    rest = list(plain)
    for match in (sheet, parcel):
        rest[slice(*match.span())] = "," * (match.end() - match.start())
    segments = [segment.strip(" .") for segment in _SEPARATORS.split("".join(rest))]
    units = next((units for units in map(_named_units, segments) if units), ())
    sheet_number, parcel_number = (composed[slice(*match.span("number"))].rstrip("./-") for match in (sheet, parcel))
    return _parcel(units, sheet_number, parcel_number)


def _parcel(units: Sequence[AdminUnit], sheet: str, number: str) -> WrittenParcel:
    if not units:
        raise UsageMistake("case.commune_unknown")
    return WrittenParcel(
        communes=tuple(units), sheet=MAP_SHEET_NUMBER.canonical(sheet), number=PARCEL_NUMBER.canonical(number)
    )


def _named_units(segment: str) -> Sequence[AdminUnit]:
    """Return the communes that a part of an address names; none where it names a province or a street."""
    code = _COMMUNE_CODE.fullmatch(segment)
    if code is not None:
        return _units(code["digits"], _SCHEMES)
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
