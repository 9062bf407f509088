"""A land register whose items a field map reads, for tests of what a source sends otherwise than before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cchc_connect import Item
from cchc_connect.wire.codecs import DecimalSign
from cchc_connect.wire.field_map import FieldMap, at, each, translated
from cchc_connect.wire.field_rules import field_map, rules_of
from cchc_connect.wire.word_maps import WordMap
from tests.sync.memory_systems import START, LandRegister

SIGN: DecimalSign = "."

MAP: FieldMap = {
    **field_map(
        rules_of(
            {
                "map_sheet": {"property": "to"},
                "parcel_number": {"property": "thua"},
                "area_m2": {"property": "dienTich", "codec": "number"},
                "legal_area_m2": {"property": "dienTichPhapLy", "codec": "number"},
                "address": {"property": "diaChi.chiTiet"},
                "in_dispute": {"property": "tranhChap", "words": {"C": "true", "K": "false"}},
            }
        ),
        SIGN,
    ),
    "holders": at(
        "chu",
        read=each({"name": at("ten"), "kind": at("loai", read=WordMap({"1": "individual"})), "id_number": at("so")}),
    ),
}
"""The field map; `dienTichPhapLy` is optional and rarely filled."""


@dataclass
class MappedRegister(LandRegister):
    """A register with a field map."""

    page_size: int = 50
    fields: FieldMap | None = None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a parcel."""
        return translated(item, self.fields or MAP) | {"scheme": "gso-2025-07", "commune_code": "25747"}


def mapped_item(number: int, /, **changed: object) -> dict[str, Any]:
    """Return an item of the register."""
    return {
        "id": f"p{number}",
        "to": "12",
        "thua": str(number),
        "dienTich": 100.5 + number,
        "dienTichPhapLy": 100.0 if number % 7 == 0 else None,
        "diaChi": {"chiTiet": f"Số {number} đường Mẫu"},
        "tranhChap": "K",
        "chu": [{"ten": "Nguyễn Văn Mẫu", "loai": "1", "so": f"H{number}"}],
        "at": START.isoformat(),
        **changed,
    }


def mapped_items(number: int) -> list[dict[str, Any]]:
    """Return the items of a whole register."""
    return [mapped_item(index) for index in range(1, number + 1)]


def every(items: list[dict[str, Any]], change: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return changed copies of all items."""
    return [change(dict(item)) for item in items]


def renamed(old: str, new: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that renames a property of an item."""

    def rename(item: dict[str, Any]) -> dict[str, Any]:
        return {new if name == old else name: value for name, value in item.items()}

    return rename
