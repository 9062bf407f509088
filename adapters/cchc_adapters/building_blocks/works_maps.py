"""Make the fields of `ConstructionWorks` out of flat properties, by a field map and a list of measures."""

from collections.abc import Mapping
from datetime import datetime

from cchc_adapters.building_blocks.map_rules import MapRules
from cchc_adapters.building_blocks.options import package_table
from cchc_connect import Item
from cchc_connect.transport import normalised
from cchc_connect.wire import codecs
from cchc_connect.wire.field_map import FieldMap, ValueReader, translated
from cchc_connect.wire.measures import measure_fields
from cchc_connect.wire.parcel_lists import parcel_refs
from cchc_schemas import AdminScheme, ConstructionWorks

EXTRA_FIELDS = frozenset({"province_code", "map_sheet", "parcel_numbers", "grade", "changed_at"})
"""Field map names that are no fields of works, or are read further: grade and parcels by their words."""
WORKS_RULES = MapRules(
    record_type=ConstructionWorks,
    required=("works_code", "name", "status", "commune_code"),
    made_by_adapter=frozenset({"scheme", "geometry", "parcel_refs", "measures"}),
    other_fields=EXTRA_FIELDS,
)


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
            rules: field map whose rules `WORKS_RULES` accepts.
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
        self._grades: Mapping[str, str] = package_table("works_grades")["grades"]

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
