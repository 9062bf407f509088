"""The communes of Bình Dương, before and after 1 July 2025, and where each lies on the invented map.

Province 74 of the scheme gso-2025-01 had 91 communes in 9 districts; their 36 successors belong to
province 79 of gso-2025-07, which has no districts. The codes and names come from `cchc_schemas`.
"""

from dataclasses import dataclass
from functools import cache

from cchc_schemas import AdminScheme, communes, successors

BEFORE = AdminScheme.GSO_2025_01
AFTER = AdminScheme.GSO_2025_07
PROVINCE_BEFORE = "74"
PROVINCE_AFTER = "79"

_WEST, _SOUTH = 106.38, 10.88
_CELL = 0.095
_CELLS_A_ROW = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerCommune:
    """A commune as it was before July 2025."""

    code: str
    name: str
    district: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commune:
    """A commune (xã, phường) of today, the former ones it came from and its square of the map."""

    code: str
    name: str
    is_urban: bool
    former: tuple[FormerCommune, ...]
    west: float
    south: float
    width: float = _CELL


@cache
def present_communes() -> tuple[Commune, ...]:
    """Return the 36 communes that succeeded those of Bình Dương, by code."""
    former: dict[str, list[FormerCommune]] = {}
    for unit in communes(BEFORE, PROVINCE_BEFORE):
        was = FormerCommune(code=unit.code, name=unit.name, district=unit.parent or "")
        for successor in successors(unit.code).candidates:
            former.setdefault(successor.code, []).append(was)
    present = (unit for unit in communes(AFTER, PROVINCE_AFTER) if unit.code in former)
    return tuple(
        Commune(
            code=unit.code,
            name=unit.name,
            is_urban=unit.kind == "Phường",
            former=tuple(former[unit.code]),
            west=_WEST + _CELL * (place % _CELLS_A_ROW),
            south=_SOUTH + _CELL * (place // _CELLS_A_ROW),
        )
        for place, unit in enumerate(present)
    )
