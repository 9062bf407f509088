"""What a connection to a layer declares: the layer, what its features are, how it is read, and the field map."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from cchc_adapters.building_blocks.arcgis.layers import EVERYTHING
from cchc_adapters.building_blocks.options import VIET_NAM, AdapterOptions, Extent
from cchc_adapters.building_blocks.parcel_maps import PARCEL_RULES
from cchc_adapters.building_blocks.works_maps import WORKS_RULES
from cchc_connect.wire import codecs
from cchc_connect.wire.field_rules import FieldRule
from cchc_connect.wire.flat_parts import flat_rules
from cchc_schemas import AdminScheme, CrsName, LandParcel, Text

SAMPLE_FIELDS = {
    "commune_code": {"property": "MAXA", "codec": "commune_code"},
    "map_sheet": {"property": "SOTO"},
    "parcel_number": {"property": "SOTHUA"},
}


_OF_WORKS, _OF_PARCELS = ("measures",), ("land_use_catalogue", "previous_scheme")
"""Options that mean something for one of the record types only."""


class ArcGisOptions(AdapterOptions):
    """Options of a connection to one layer of an ArcGIS Server."""

    layer: str
    """Path of the layer, for example "/arcgis/rest/services/DatDai/ThuaDat/MapServer/0"."""
    record_type: Literal["land_parcel", "construction_works"] = "land_parcel"
    """What the layer's features are."""
    scheme: AdminScheme
    """Scheme of the commune codes (danh mục đơn vị hành chính); a code is ambiguous without it."""
    fields: Annotated[Mapping[str, FieldRule], BeforeValidator(flat_rules), Field(examples=[SAMPLE_FIELDS])]
    """Field map: field of the record to the attribute it is read from."""
    measures: Mapping[str, str] = {}
    """Of works: units of the attributes that are measures."""
    key: str = ""
    """Attribute with a feature's stable identifier, never the OBJECTID; if unset, the record's own key serves."""
    where: str = EVERYTHING
    """Condition on the features to read, in the server's SQL."""
    named_codes: tuple[str, ...] = ()
    """Attributes whose codes are replaced by the names that the layer's domains give them, or those of its subtypes."""
    page_size: Annotated[int, Field(ge=1, le=2000)] = 500
    """Page size: features per request; the layer's own limit may be lower."""
    previous_scheme: AdminScheme = AdminScheme.GSO_2025_01
    """Of parcels: scheme of the former commune codes."""
    crs: CrsName = "EPSG:9210"
    """Reference system of the coordinates to request."""
    extent: Extent = VIET_NAM
    """Where the features lie (phạm vi): west, south, east, north in degrees; others get a note."""
    decimal_sign: codecs.DecimalSign = ","
    """Decimal sign of numbers sent as text."""
    land_use_catalogue: Text = "TT 08/2024/TT-BTNMT"
    """Of parcels: catalogue of the land use codes (danh mục loại đất)."""
    changed_since: bool = False
    """Whether to ask for changes only: by the field of `changed_at`, or else by that in which the layer notes edits."""
    complete_listing: bool = False
    """Whether an unlisted feature counts as deleted."""
    token_errors: tuple[int, ...] = (498, 499)
    """ArcGIS error codes for a missing or refused token (unverified)."""
    token_path: str = ""
    """Path of `generateToken`, for example "/arcgis/tokens/generateToken"; with it the account opens a session."""
    token_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """Life of a token to ask for, minutes; the server may give a shorter one."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        rules = self.rules()
        is_of_parcels = self.record_type == LandParcel.record_type
        (PARCEL_RULES if is_of_parcels else WORKS_RULES).check(rules)
        if idle := [name for name in (_OF_WORKS if is_of_parcels else _OF_PARCELS) if self._differs(name)]:
            raise ValueError(f"{self.record_type} has no use for: {', '.join(idle)}")
        if self._differs("token_minutes") and not self.token_path:
            raise ValueError("token_minutes needs token_path")
        changed_at = rules.get("changed_at")
        if self.changed_since and changed_at and not isinstance(changed_at.property, str):
            raise ValueError("changed_since needs one attribute for changed_at")
        if self.changed_since and self.complete_listing:
            raise ValueError("changed_since lists what changed; such a listing is not complete")
        return self

    def _differs(self, name: str) -> bool:
        """Return whether an option has another value than where nothing is written."""
        return bool(getattr(self, name) != type(self).model_fields[name].get_default())

    def rules(self) -> Mapping[str, FieldRule]:
        """Return the rules that read something."""
        return {name: rule for name, rule in self.fields.items() if rule.reads()}
