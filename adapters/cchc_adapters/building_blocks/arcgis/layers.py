"""A layer of ArcGIS Server: how it is asked, and what it says of itself, from version 10.0 to today.

Source: Esri's documentation of the layer resource, and descriptions that servers of 10.0, 10.22, 10.81 and 11 sent.
The members differ: a map service names no `objectIdField`, 10.0 no `maxRecordCount`, and only 10.3 and later say
whether they page by offset.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cchc_adapters.building_blocks.arcgis.domains import CodedField, Subtypes, coded_values, subtypes
from cchc_adapters.building_blocks.arcgis.names import AttributeNames, field_aliases, name_as_written
from cchc_connect import HttpRequest, Item
from cchc_connect.wire import codecs
from cchc_connect.wire.crs_statements import contradicts
from cchc_connect.wire.geometries import geometry_fields
from cchc_schemas.reference_systems import CRS84

OBJECT_ID_TYPE = "esriFieldTypeOID"
EVERYTHING = "1=1"
CRS84_WKID = "4326"


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer as a connection reads it."""

    path: str
    """Path of the layer, below the connection's base URL."""
    page_size: int
    """Features per request; the layer's own limit may be lower."""
    crs: str
    """Reference system of the coordinates to ask for."""
    names: AttributeNames
    """Names of the attributes that are read."""
    where: str = EVERYTHING
    """Condition on the features to read."""
    changed_column: str = ""
    """Attribute with the time of the last change, by which changes are asked for; "": there is none."""
    reads_edits: bool = False
    """Whether the field in which the layer itself notes its edits is that attribute."""
    coded: frozenset[str] = frozenset()
    """Attributes whose codes are replaced by the names that the layer's domains give them."""
    edited: str = ""
    """Name of that field, as the layer describes it; its value becomes the item's member `edited`."""
    domains: dict[str, CodedField] = field(default_factory=dict[str, CodedField], compare=False)
    """Names of the codes of each coded attribute, as last described."""

    def query(self, where: str, **params: str) -> HttpRequest:
        """Return a question about the features for which `where` holds."""
        return HttpRequest(method="GET", path=f"{self.path}/query", params={"f": "json", "where": where, **params})

    def features_query(self, where: str, **params: str) -> HttpRequest:
        """Return the question for the features themselves, with all attributes and the geometry."""
        wkid = CRS84_WKID if self.crs == CRS84 else self.crs.partition(":")[2]
        return self.query(where, outFields="*", returnGeometry="true", outSR=wkid, **params)

    def is_contradicted(self, statement: object) -> bool:
        """Return whether a spatial reference says something else than the reference system that is asked for."""
        return bool(statement) and contradicts(self.crs, statement)

    def geometry(self, item: Item) -> object:
        """Return the fields of an item's geometry; unreadable if it states another reference system for itself."""
        return geometry_fields(item.get("geometry"), self.crs)

    def dated(self, feature: Item) -> Item:
        """Return a feature, with the server's names, with the time of its last edit where the layer notes that."""
        return {**feature, "edited": feature["attributes"].get(self.edited)} if self.edited else feature

    def completed(self, feature: Item, marks: Mapping[str, bool], as_written: Item) -> Item:
        """Return a feature with what stands elsewhere in the response or the description.

        That is `marks` of its positions ("hasZ", "hasM"), and names instead of codes, which may depend on its subtype:
        that is looked for in `as_written`, the attributes with the server's names.
        """
        attributes: Item = feature["attributes"]
        shape = codecs.as_object(feature.get("geometry")) if marks else None
        if shape is not None:
            feature = {**feature, "geometry": {**marks, **shape}}
        if not self.coded:
            return feature
        names = {
            name: self.domains[name].value(attributes[name], as_written)
            for name in self.coded.intersection(attributes, self.domains)
        }
        return {**feature, "attributes": {**attributes, **names}}


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
    edit_zone: str | None = None
    """Time zone in which conditions name that time; None: UTC."""
    zone: str | None = None
    """Time zone in which conditions name the times of all other fields; None: UTC."""
    subtypes: Subtypes
    """Subtypes of the features, with domains of their own."""

    def written_name(self, name: str) -> str | None:
        """Return a field's name as the server writes it; None if there is no such field, or more than one."""
        return name_as_written(name, self.fields, field_aliases(self.fields.values()))

    def type_of(self, name: str) -> str:
        """Return the Esri type of a field, such as `esriFieldTypeDate`; "" where it is not told."""
        return _name(self.fields.get(name, {}).get("type")) or ""

    def coded_field(self, name: str) -> CodedField:
        """Return the names that the layer's domains give to the codes of a field."""
        written_name = self.written_name(name) or ""
        names = coded_values(self.fields.get(written_name, {}).get("domain"))
        if not names and written_name and written_name == self.written_name(self.subtypes.field):
            names = self.subtypes.names
        return CodedField(
            names=names, by_subtype=self.subtypes.domains_of(written_name), subtype_field=self.subtypes.field
        )


def layer_description(document: object) -> LayerDescription | None:
    """Return the description of a layer; None where the document is none."""
    described = codecs.as_object(document) or {}
    listed = codecs.as_objects(described.get("fields")) or []
    fields = {name: member for member in listed if isinstance(name := member.get("name"), str) and name}
    object_id = _name(described.get("objectIdField")) or next(
        (name for name, member in fields.items() if member.get("type") == OBJECT_ID_TYPE), None
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
        edit_zone=_zone(edits),
        zone=_zone(described),
        subtypes=subtypes(described),
    )


def narrowed(where: str, condition: str) -> str:
    """Return a condition with another one added to it."""
    return condition if where == EVERYTHING else f"({where}) AND {condition}"


def _zone(described: Item) -> str | None:
    """Return the time zone of a description's `dateFieldsTimeReference`."""
    reference = codecs.as_object(described.get("dateFieldsTimeReference")) or {}
    return _name(reference.get("timeZoneIANA")) or _name(reference.get("timeZone"))


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
