"""Lists of parts that a field map makes with more than its properties: measures, and the parcels that a file names."""

from collections.abc import Mapping
from dataclasses import dataclass

from cchc_connect.wire.codecs import DecimalSign, as_list, as_object
from cchc_connect.wire.field_map import NOT_AN_OBJECT, At, ValueReader
from cchc_connect.wire.json import Item
from cchc_connect.wire.measures import measure_fields
from cchc_connect.wire.parcel_lists import parcel_refs
from cchc_connect.wire.property_names import step_into


def unchanged(value: object) -> object:
    """Return a value as the source sent it, for a reader that looks at several together."""
    return value


@dataclass(frozen=True, eq=False)
class MeasureReader:
    """Reads a list of measures (thông số): numbers with their units, or the source's own words.

    A part without the property of the value is no measure.
    """

    fields: Mapping[str, At]
    """Readers of `name`, `value`, `unit` and `raw`, which leave their values unchanged."""
    sign: DecimalSign

    def __call__(self, value: object) -> list[object]:
        """Return the fields of each measure."""
        parts = [as_object(member) for member in as_list(value)]
        measured = [part for part in parts if part is None or self._has_value(part)]
        return [NOT_AN_OBJECT if part is None else self._measure(part) for part in measured]

    def _measure(self, part: Item) -> Mapping[str, object]:
        values = {name: read(part) for name, read in self.fields.items()}
        return measure_fields(values.get("name"), values.get("value"), values.get("unit"), self.sign, values.get("raw"))

    def _has_value(self, part: Item) -> bool:
        read = self.fields.get("value")
        return read is not None and any(step_into(part, path, 0) is not None for path in read.paths)


@dataclass(frozen=True, eq=False)
class ParcelListReader:
    """Reads the parcels that a file names: "12, 13; 14" with its map sheet, or a sentence, which stays in `raw`."""

    commune: Mapping[str, ValueReader]
    """Readers of the scheme and the commune code, as the record has them."""
    sheet: At
    numbers: At

    @property
    def readers(self) -> tuple[ValueReader, ...]:
        """Return what it reads."""
        return (*self.commune.values(), self.sheet, self.numbers)

    def __call__(self, item: Item) -> object:
        """Return the fields of a reference for each parcel."""
        commune = {name: read(item) for name, read in self.commune.items()}
        return parcel_refs(commune, self.sheet(item), self.numbers(item))
