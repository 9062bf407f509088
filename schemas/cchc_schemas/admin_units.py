"""Administrative units (đơn vị hành chính) before and after 1 July 2025, and the successors of the old units.

A code alone is ambiguous: 3,316 of the 3,321 commune codes in force since 1 July 2025 had been codes before,
2,145 of them of another unit. So a code is always stored with its scheme. If an old commune was divided, its code
does not determine the new commune of a location; only geometry does. Then there are candidates and no certain
successor.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Annotated, TypeAlias

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError

from cchc_schemas.codes import Code, commune_digits
from cchc_schemas.package_tables import package_table
from cchc_schemas.spelling import one_spelling


class AdminScheme(StrEnum):
    """Scheme of administrative codes (danh mục đơn vị hành chính)."""

    GSO_2025_01 = "gso-2025-01"
    """As of January 2025: 63 provinces, districts, 10,035 communes."""
    GSO_2025_07 = "gso-2025-07"
    """Since 1 July 2025: 34 provinces, no districts, 3,321 communes."""


class AdminLevel(StrEnum):
    """Level of an administrative unit (cấp đơn vị hành chính)."""

    PROVINCE = "province"
    """Province or city (tỉnh, thành phố trực thuộc trung ương): two digits."""
    DISTRICT = "district"
    """District (quận, huyện, thị xã, thành phố), abolished on 1 July 2025: three digits."""
    COMMUNE = "commune"
    """Commune (xã, phường, thị trấn, đặc khu): five digits."""


@dataclass(frozen=True, slots=True)
class AdminUnit:
    """Administrative unit of one scheme."""

    scheme: AdminScheme
    code: str
    name: str
    """Name with its kind: "Phường Thủ Dầu Một"."""
    kind: str
    """The kind alone, in Vietnamese: "Phường"; empty for a province."""
    level: AdminLevel
    parent: str | None
    """Code of the unit above in the same scheme; None for a province."""


@dataclass(frozen=True, slots=True)
class Succession:
    """Successors of an old unit on 1 July 2025."""

    certain: AdminUnit | None
    """The only successor; None if the unit was divided, and for a district."""
    candidates: tuple[AdminUnit, ...]
    """Every unit that took over a part, sorted by code; only `certain` if there is one."""


class AdminUnitUnknown(LookupError):
    """The scheme has no unit with this code."""

    def __init__(self, scheme: AdminScheme, code: str) -> None:
        super().__init__(scheme, code)
        self.scheme = scheme
        self.code = code

    def __str__(self) -> str:
        return f"no administrative unit {self.code!r} in {self.scheme}"


def admin_unit(scheme: AdminScheme, code: str) -> AdminUnit:
    """Return the unit with this code; the length of a code determines its level.

    Raises:
        AdminUnitUnknown: the scheme has no such unit.

    >>> admin_unit(AdminScheme.GSO_2025_01, "25747").name, admin_unit(AdminScheme.GSO_2025_07, "25747").name
    ('Phường Phú Cường', 'Phường Thủ Dầu Một')
    """
    try:
        return _units()[scheme][code]
    except KeyError:
        raise AdminUnitUnknown(scheme, code) from None


def communes(scheme: AdminScheme, province: str) -> tuple[AdminUnit, ...]:
    """Return the communes of a province, sorted by code.

    Raises:
        AdminUnitUnknown: the scheme has no such province.
    """
    admin_unit(scheme, province)
    return _communes_by_province(scheme).get(province, ())


def successors(code: str) -> Succession:
    """Return the successors of the commune or province `code` of the scheme gso-2025-01.

    A district has neither a successor nor candidates: its level was abolished.

    Raises:
        AdminUnitUnknown: the old scheme had no such unit.

    >>> successors("25753").certain.name
    'Phường Thủ Dầu Một'
    >>> [unit.name for unit in successors("25741").candidates]
    ['Phường Thủ Dầu Một', 'Phường Phú Lợi']
    """
    admin_unit(AdminScheme.GSO_2025_01, code)
    units = tuple(admin_unit(AdminScheme.GSO_2025_07, new) for new in _successor_codes().get(code, ()))
    return Succession(units[0] if len(units) == 1 else None, units)


def old_communes(code: str) -> tuple[AdminUnit, ...]:
    """Return the old communes of which the commune `code` of the scheme gso-2025-07 took over a part, sorted by code.

    >>> [unit.name for unit in old_communes("25846")]
    ['Phường Thới Hòa']
    """
    return tuple(admin_unit(AdminScheme.GSO_2025_01, old) for old in _old_codes().get(code, ()))


def named_communes(name: str) -> tuple[AdminUnit, ...]:
    """Return the communes of both schemes that have a name, with or without its kind; case and marks are left aside.

    Different communes have one name, and an old one may have the name of a new one.

    >>> [(unit.scheme.value, unit.code) for unit in named_communes("thu dau mot")]
    [('gso-2025-07', '25747')]
    """
    return _communes_by_name().get(unmarked(name), ())


def unmarked(text: str) -> str:
    """Return a text in small letters without marks, character by character, so that positions stay the same.

    >>> unmarked("Đường Thủ Dầu Một")
    'duong thu dau mot'
    """
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        unicodedata.normalize("NFD", sign)[0].replace("đ", "d").replace("Đ", "d") for sign in composed
    ).lower()


@cache
def _communes_by_name() -> Mapping[str, tuple[AdminUnit, ...]]:
    by_name: dict[str, list[AdminUnit]] = {}
    for units in _units().values():
        for unit in units.values():
            if unit.level is AdminLevel.COMMUNE:
                full = unmarked(unit.name)
                for name in (full, full.removeprefix(unmarked(unit.kind)).strip()):
                    by_name.setdefault(name, []).append(unit)
    return MappingProxyType({name: tuple(units) for name, units in by_name.items()})


@cache
def _units() -> Mapping[AdminScheme, Mapping[str, AdminUnit]]:
    units: dict[AdminScheme, dict[str, AdminUnit]] = {scheme: {} for scheme in AdminScheme}
    for row in package_table("admin_units").rows:
        scheme, parent = AdminScheme(row["scheme"]), row["parent"].rpartition(":")[2] or None
        units[scheme][row["code"]] = AdminUnit(
            scheme, row["code"], row["name"], row["kind"], AdminLevel(row["level"]), parent
        )
    return MappingProxyType(units)


@cache
def _commune_codes(scheme: AdminScheme) -> frozenset[str]:
    return frozenset(code for code, unit in _units()[scheme].items() if unit.level is AdminLevel.COMMUNE)


@cache
def _communes_by_province(scheme: AdminScheme) -> Mapping[str, tuple[AdminUnit, ...]]:
    units = _units()[scheme]
    by_province: dict[str, list[AdminUnit]] = {}
    for code in sorted(_commune_codes(scheme)):
        above = units[units[code].parent or ""]
        by_province.setdefault(above.parent or above.code, []).append(units[code])
    return MappingProxyType({province: tuple(communes_of) for province, communes_of in by_province.items()})


@cache
def _old_codes() -> Mapping[str, tuple[str, ...]]:
    old_by_new: dict[str, list[str]] = {}
    for old, successor_codes in sorted(_successor_codes().items()):
        for new in successor_codes:
            old_by_new.setdefault(new, []).append(old)
    return MappingProxyType({new: tuple(old) for new, old in old_by_new.items()})


@cache
def _successor_codes() -> Mapping[str, tuple[str, ...]]:
    successors_by_code: dict[str, set[str]] = {}
    for name in ("admin_unit_successors", "province_successors"):
        for row in package_table(name).rows:
            successors_by_code.setdefault(row["old_code"], set()).add(row["new_code"])
    return MappingProxyType({code: tuple(sorted(new)) for code, new in successors_by_code.items()})


class CommuneRule(Code):
    """Validates a commune code of the record's `scheme`, a field that must be declared before it."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self.exactly()

    def canonical(self, code: str) -> str:
        """Return the one spelling of a clean code: five digits, without the zero fraction of a number."""
        return commune_digits(one_spelling(code))

    def check(self, code: str, validation: ValidationInfo) -> str:
        """Return `code`; if the scheme is invalid or missing, only the pattern is checked."""
        scheme = (validation.data or {}).get("scheme")  # a value that is checked alone has no record
        if scheme is not None and code in _commune_codes(scheme):
            return code
        code = super().check(code, validation)
        if scheme is not None and code not in _commune_codes(scheme):
            raise PydanticCustomError("commune_code_unknown", "The scheme has no such commune")
        return code


COMMUNE_CODE = CommuneRule(rule="commune_code_irregular", pattern="[0-9]{5}", forgivable=False, example="25747")

CommuneCode: TypeAlias = Annotated[str, COMMUNE_CODE]
"""Commune code (mã xã, phường): five digits including leading zeros; unique only within its scheme."""
