"""What a layer of ArcGIS Server says of itself, from version 10.0 to today.

Source: Esri's documentation of the layer resource, and descriptions that servers of 10.0, 10.22, 10.81 and 11 sent.
The members differ: a map service names no `objectIdField`, 10.0 no `maxRecordCount`, and only 10.3 and later say
whether they page by offset.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cchc_connect import Item
from cchc_connect.wire import codecs

OBJECT_ID_TYPE = "esriFieldTypeOID"


@dataclass(frozen=True, kw_only=True)
class LayerDescription:
    """The parts of a layer's description that a reader needs."""

    object_id: str | None
    """Name of the field with the object id; None where the description does not tell."""
    max_page_size: int | None
    """Most features in one response; None where the description does not tell (10.0)."""
    pages_by_offset: bool
    """Whether a query takes `resultOffset`."""
    orders: bool
    """Whether a query takes `orderByFields`."""
    fields: Mapping[str, Item]
    """Each field's description by its name; empty where the description lists none."""
    edit_date: str | None = None
    """Name of the field with the time of the last edit."""


def layer_description(document: object) -> LayerDescription | None:
    """Return the description of a layer; None where the document is none."""
    described = codecs.as_object(document) or {}
    listed = codecs.as_objects(described.get("fields")) or []
    fields = {name: field for field in listed if isinstance(name := field.get("name"), str) and name}
    object_id = _name(described.get("objectIdField")) or next(
        (name for name, field in fields.items() if field.get("type") == OBJECT_ID_TYPE), None
    )
    max_page_size = codecs.whole_number(described.get("maxRecordCount"))
    is_layer = object_id is not None or fields or "geometryType" in described
    if not is_layer or not (max_page_size is None or (isinstance(max_page_size, int) and max_page_size > 0)):
        return None
    capabilities = codecs.as_object(described.get("advancedQueryCapabilities")) or {}
    pages = codecs.flag(capabilities.get("supportsPagination", described.get("supportsPagination")))
    orders = codecs.flag(capabilities.get("supportsOrderBy", described.get("supportsAdvancedQueries")))
    edits = codecs.as_object(described.get("editFieldsInfo")) or {}
    return LayerDescription(
        object_id=object_id,
        max_page_size=max_page_size,
        pages_by_offset=pages is True and not (orders is False and "supportsOrderBy" in capabilities),
        orders=orders is True,
        fields=fields,
        edit_date=_name(edits.get("editDateField")),
    )


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
