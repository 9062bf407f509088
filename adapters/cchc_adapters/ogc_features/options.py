"""What a connection to an OGC API Features server declares: its collection, how it is read, and the field map."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from cchc_adapters.building_blocks.options import VIET_NAM, AdapterOptions, Extent, package_table
from cchc_adapters.building_blocks.parcel_maps import PARCEL_RULES
from cchc_connect.wire import codecs
from cchc_connect.wire.field_rules import FieldRule, rules_of
from cchc_connect.wire.flat_parts import flat_rules, without_replaced
from cchc_schemas import AdminScheme, CrsName, Text
from cchc_schemas.reference_systems import CRS84


class OgcFeaturesOptions(AdapterOptions):
    """Options of a connection to an OGC API Features server."""

    collection: str
    """Name of the collection."""
    scheme: AdminScheme
    """Scheme of the commune codes (danh mục đơn vị hành chính); a code is ambiguous without it."""
    page_size: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Page size: features per request; the server may return fewer."""
    field_map: Literal["vbdlis"] | None = "vbdlis"
    """Built-in field map; `fields` takes precedence over it."""
    fields: Annotated[Mapping[str, FieldRule], BeforeValidator(flat_rules)] = {}
    """Field map of this connection: field of a parcel to the property it is read from."""
    key: str = "id"
    """Path of a feature's stable identifier: "id", or "properties.NAME" if the server's ids are not stable."""
    previous_scheme: AdminScheme = AdminScheme.GSO_2025_01
    """Scheme of the former commune codes."""
    crs: CrsName = CRS84
    """Coordinate reference system to request: longitude and latitude, or a system by its name ("EPSG:9210")."""
    extent: Extent = VIET_NAM
    """Where the parcels lie (phạm vi): west, south, east, north in degrees; others get a note."""
    decimal_sign: codecs.DecimalSign = ","
    """Decimal sign of numbers sent as text."""
    land_use_catalogue: Text = "TT 08/2024/TT-BTNMT"
    """Catalogue of the land use codes (danh mục loại đất)."""
    changed_since: bool = False
    """Whether the server filters by time of change with `datetime`."""
    complete_listing: bool = False
    """Whether an unlisted parcel counts as deleted."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        rules = self.rules()
        PARCEL_RULES.check(rules)
        if self.changed_since and "changed_at" not in rules:
            raise ValueError("changed_since needs a rule for changed_at")
        if self.changed_since and self.complete_listing:
            raise ValueError("changed_since lists what changed; such a listing is not complete")
        return self

    def rules(self) -> Mapping[str, FieldRule]:
        """Return the built-in field map, overridden by the rules of this connection.

        A rule with an empty `property` removes the built-in rule of its field.
        """
        built_in = rules_of(package_table(self.field_map)["fields"] if self.field_map else {}, is_built_in=True)
        rules = {**without_replaced(built_in, self.fields), **self.fields}
        return {name: rule for name, rule in rules.items() if rule.reads()}
