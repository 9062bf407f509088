"""Make the fields of a `LandParcel` out of flat properties, by a field map that a connection gives in TOML."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from cchc_adapters.building_blocks.land_uses import flattened_uses, land_uses
from cchc_adapters.building_blocks.map_rules import MapRules
from cchc_connect import Item
from cchc_connect.wire import codecs
from cchc_connect.wire.field_map import At, FieldMap, translated
from cchc_connect.wire.field_rules import FieldRule, field_map
from cchc_connect.wire.rule_shapes import with_member_values
from cchc_schemas import AdminScheme, LandParcel, parcel_key

FORMER_KEY_FIELDS = ("previous_commune_code", "previous_map_sheet", "previous_parcel_number")
EXTRA_FIELDS = frozenset({*FORMER_KEY_FIELDS, "changed_at", "is_current"})
"""Field map names that are not fields of a parcel: parts of its former key, time of change, mark of the current one."""
PARCEL_RULES = MapRules(
    record_type=LandParcel,
    required=("commune_code", "map_sheet", "parcel_number"),
    made_by_adapter=frozenset({"scheme", "geometry", "previous_keys"}),
    other_fields=EXTRA_FIELDS | {"uses"},
)


class ParcelTerms(Protocol):
    """What a field map of parcels does not say: how codes and numbers are to be understood. Options say it."""

    @property
    def scheme(self) -> AdminScheme:
        """Scheme of the commune codes."""
        ...

    @property
    def previous_scheme(self) -> AdminScheme:
        """Scheme of the former commune codes."""
        ...

    @property
    def land_use_catalogue(self) -> str:
        """Catalogue of the land use codes."""
        ...

    @property
    def decimal_sign(self) -> codecs.DecimalSign:
        """Decimal sign of numbers in text."""
        ...


class ParcelMap:
    """Reads parcels by the rules of one connection."""

    def __init__(self, rules: Mapping[str, FieldRule], terms: ParcelTerms) -> None:
        """Prepare for `rules` that `PARCEL_RULES` accepts."""
        self._terms = terms
        self.rules = field_map(with_member_values(rules, LandParcel), terms.decimal_sign)
        """The field map, with the names that are no fields of a parcel."""
        fields = dict(self.rules)
        self._changed_at = fields.pop("changed_at", None)
        self._is_current = fields.pop("is_current", None)
        self._land_uses = fields.pop("uses", None)
        self._flat_uses = At(self._land_uses.paths, flattened_uses) if isinstance(self._land_uses, At) else None
        self._former_key = [fields.pop(name, None) for name in FORMER_KEY_FIELDS]
        self._fields: FieldMap = fields
        self._also_reads = {name: value for name, value in self.rules.items() if name not in fields}

    def changed_at(self, properties: Item) -> datetime | codecs.Unreadable | None:
        """Return when the source last changed the parcel, by the property that the field map names."""
        changed = self._changed_at(properties) if self._changed_at else None
        return changed if isinstance(changed, datetime | codecs.Unreadable) else None

    def is_current(self, properties: Item) -> bool | None:
        """Return whether it is the current version of its parcel, by the property that the field map names."""
        is_current = self._is_current(properties) if self._is_current else None
        return is_current if isinstance(is_current, bool) else None

    def fields(self, properties: Item, geometry: object) -> Mapping[str, object]:
        """Return the fields of a `LandParcel`; `geometry` are those of its boundary."""
        terms = self._terms
        former = [None if part is None else part(properties) for part in self._former_key]
        rows = None if self._flat_uses is None else self._flat_uses(properties)
        if rows is None and self._land_uses is not None:
            rows = self._land_uses(properties)
        return translated(properties, self._fields, self._also_reads) | {
            "scheme": terms.scheme,
            "previous_keys": _former_keys(former, terms.previous_scheme),
            "uses": list(land_uses(rows, terms.land_use_catalogue, terms.decimal_sign)),
            "geometry": geometry,
        }


def _former_keys(former: Sequence[object], scheme: AdminScheme) -> Sequence[object]:
    """Return a list with the key made of commune, sheet and number; empty if one of them is missing.

    If a part is unreadable, return the unreadable parts instead, so that they are reported.
    """
    if unreadable := [part for part in former if isinstance(part, codecs.Unreadable)]:
        return unreadable
    commune, sheet, number = former
    if isinstance(commune, str) and isinstance(sheet, str) and isinstance(number, str):
        return [parcel_key(scheme, commune, sheet, number)]
    return []
