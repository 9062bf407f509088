"""Reference to a parcel by one of its two keys, or by the source's text."""

from typing import Any, Self

from pydantic import GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from cchc_schemas.admin_units import AdminScheme, CommuneCode
from cchc_schemas.codes import MapSheetNumber, NationalParcelId, ParcelNumber
from cchc_schemas.records import Part
from cchc_schemas.text import Text


def parcel_key(scheme: AdminScheme, commune_code: str, map_sheet: str, parcel_number: str) -> str:
    """Return the key of a parcel record.

    >>> parcel_key(AdminScheme.GSO_2025_07, "25747", "45", "123")
    'gso-2025-07:25747:45:123'
    """
    return f"{scheme}:{commune_code}:{map_sheet}:{parcel_number}"


class ParcelRef(Part):
    """Reference to a parcel (tham chiếu thửa đất) by key, national code or text; at least one is present."""

    scheme: AdminScheme | None = None
    """Scheme of `commune_code` (danh mục đơn vị hành chính)."""
    commune_code: CommuneCode | None = None
    """Commune (xã, phường) of the parcel."""
    map_sheet: MapSheetNumber | None = None
    """Number of the map sheet (số tờ bản đồ)."""
    parcel_number: ParcelNumber | None = None
    """Number of the parcel in its sheet (số thửa)."""
    national_id: NationalParcelId | None = None
    """National parcel code (mã định danh thửa đất). Source: TT 19/2026/TT-BNNMT, Điều 11.3."""
    raw: Text | None = None
    """The source's text (nguyên văn): "604 (tờ bản đồ số 3)"."""

    @property
    def parcel_key(self) -> str | None:
        """Key of the parcel record; None if scheme, commune, sheet or number is missing."""
        if self.scheme is None or not (self.commune_code and self.map_sheet and self.parcel_number):
            return None
        return parcel_key(self.scheme, self.commune_code, self.map_sheet, self.parcel_number)

    @model_validator(mode="after")
    def _names_a_parcel(self) -> Self:
        if self.parcel_key or self.national_id or self.raw:
            return self
        raise PydanticCustomError("parcel_not_named", "Neither key nor words name a parcel")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add that the reference names a parcel."""
        described = handler.resolve_ref_schema(handler(schema))
        described["anyOf"] = [
            {"properties": {name: {"type": "string"} for name in names}, "required": list(names)}
            for names in (("scheme", "commune_code", "map_sheet", "parcel_number"), ("national_id",), ("raw",))
        ]
        return described
