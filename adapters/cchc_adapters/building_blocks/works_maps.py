"""Make the fields of `ConstructionWorks` out of flat properties, by a field map and a list of measures."""

from collections.abc import Mapping
from datetime import datetime

from cchc_adapters.building_blocks.measures import measure_fields
from cchc_adapters.building_blocks.options import package_table
from cchc_adapters.building_blocks.parcel_lists import parcel_refs
from cchc_adapters.building_blocks.parcel_maps import check_change_rule
from cchc_connect import Item
from cchc_connect.transport import normalised
from cchc_connect.wire import codecs
from cchc_connect.wire.field_map import FieldMap, ValueReader, translated
from cchc_connect.wire.field_rules import FieldRule
from cchc_connect.wire.rule_shapes import rules_fit
from cchc_schemas import AdminScheme, ConstructionWorks

EXTRA_FIELDS = frozenset({"province_code", "map_sheet", "parcel_numbers", "grade", "changed_at"})
"""Field map names that are no fields of works, or are read further: grade and parcels by their words."""
MAPPABLE_FIELDS = (ConstructionWorks.model_fields.keys() | EXTRA_FIELDS) - {
    *("scheme", "geometry", "parcel_refs", "measures")
}
REQUIRED_FIELDS = ("works_code", "name", "status", "commune_code")


class WorksMap:
    """Reads works by the field map of one connection."""

    def __init__(
        self,
        rules: FieldMap,
        measures: Mapping[str, str],
        decimal_sign: codecs.DecimalSign,
        schemes: AdminScheme | Mapping[str, AdminScheme],
    ) -> None:
        """Prepare.

        Args:
            rules: field map with the names of `MAPPABLE_FIELDS`.
            measures: unit of each property that is a measure.
            decimal_sign: decimal sign of numbers in text.
            schemes: scheme of the commune codes, or that by province code.
        """
        self.rules = rules
        """The field map, with the names that are no fields of works."""
        fields = dict(rules)
        self._extra: Mapping[str, ValueReader | None] = {name: fields.pop(name, None) for name in EXTRA_FIELDS}
        self._commune_code = fields.pop("commune_code")
        self._fields: FieldMap = fields
        self._also_reads = {name: value for name, value in rules.items() if name not in fields}
        self._measures, self._schemes = measures, schemes
        self._decimal_sign: codecs.DecimalSign = decimal_sign
        self._grades: Mapping[str, str] = package_table("binh_duong_permits")["grades"]

    @property
    def names(self) -> frozenset[str]:
        """Names of the measured properties."""
        return frozenset(self._measures)

    def changed_at(self, properties: Item) -> datetime | codecs.Unreadable | None:
        """Return when the source last changed the works, by the property that the field map names."""
        changed = self._value("changed_at", properties)
        return changed if isinstance(changed, datetime | codecs.Unreadable) else None

    def fields(self, properties: Item, geometry: object) -> Mapping[str, object]:
        """Return the fields of `ConstructionWorks`; `geometry` are those of its shape."""
        commune = {"scheme": self._scheme(properties), "commune_code": self._commune_code(properties)}
        sheet, numbers = self._value("map_sheet", properties), self._value("parcel_numbers", properties)
        grade = self._value("grade", properties)
        measured = [
            measure_fields(name, properties.get(name), unit, self._decimal_sign)
            for name, unit in self._measures.items()
            if codecs.plain_text(properties.get(name))
        ]
        return translated(properties, self._fields, self._also_reads) | {
            **commune,
            "parcel_refs": parcel_refs(commune, sheet, numbers),
            "grade": codecs.code_meaning(normalised(codecs.plain_text(grade)), self._grades, "works_grade_unknown"),
            "measures": measured,
            "geometry": geometry,
        }

    def _scheme(self, properties: Item) -> object:
        if isinstance(self._schemes, AdminScheme):
            return self._schemes
        province = self._value("province_code", properties)
        return codecs.code_meaning(province, self._schemes, "province_without_scheme")

    def _value(self, name: str, properties: Item) -> object:
        read = self._extra[name]
        return None if read is None else read(properties)


def check_works_rules(rules: Mapping[str, FieldRule], *, required: bool = True) -> None:
    """Check the rules of a field map of works; without `required` they only override a built-in map.

    Raises:
        ValueError: a rule is for no field, has the wrong shape, or is missing.
    """
    if unknown := {name.partition(".")[0] for name in rules} - MAPPABLE_FIELDS:
        raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
    rules_fit(rules, ConstructionWorks, other_fields=EXTRA_FIELDS)
    removed = {name for name, rule in rules.items() if not rule.reads()}
    if missing := [name for name in REQUIRED_FIELDS if name in removed or (required and name not in rules)]:
        raise ValueError(f"no rule for: {', '.join(missing)}")
    check_change_rule(rules)
