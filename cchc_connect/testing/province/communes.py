"""Communes of Bình Dương before and after 1 July 2025, and the square of the invented map that each covers.

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
_CELL_DEGREES = 0.095
_CELLS_PER_ROW = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerCommune:
    """A commune before July 2025."""

    code: str
    name: str
    district: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commune:
    """A commune (xã, phường) after July 2025, its predecessors and its square of the map in WGS 84 degrees."""

    code: str
    name: str
    is_urban: bool
    former: tuple[FormerCommune, ...]
    west: float
    south: float
    width: float = _CELL_DEGREES


@cache
def present_communes() -> tuple[Commune, ...]:
    """Return the 36 communes that succeeded those of Bình Dương, in the order of their codes."""
    former: dict[str, list[FormerCommune]] = {}
    for unit in communes(BEFORE, PROVINCE_BEFORE):
        predecessor = FormerCommune(code=unit.code, name=unit.name, district=unit.parent or "")
        for successor in successors(unit.code).candidates:
            former.setdefault(successor.code, []).append(predecessor)
    present = (unit for unit in communes(AFTER, PROVINCE_AFTER) if unit.code in former)
    return tuple(
        Commune(
            code=unit.code,
            name=unit.name,
            is_urban=unit.kind == "Phường",
            former=tuple(former[unit.code]),
            west=_WEST + _CELL_DEGREES * (index % _CELLS_PER_ROW),
            south=_SOUTH + _CELL_DEGREES * (index // _CELLS_PER_ROW),
        )
        for index, unit in enumerate(present)
    )
