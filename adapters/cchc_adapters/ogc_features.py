"""Land parcels from any OGC API Features server, such as a land registry that publishes its VBDLIS data.

Agency: the land registration office (văn phòng đăng ký đất đai). Documentation: OGC 17-069 and OGC 18-058;
caveats observed at pygeoapi 0.21. Account: none or Basic. A field map, built in or in cchc.toml, maps the fields.

Caveats:
    - A page may be smaller than requested; only a missing next link marks the last page. On a full first page without
      count that proves nothing, as some servers never link: a page of one feature then shows whether this one does.
    - Next links may be relative, in the `Link` header only, in another case, an object by relation, or beside one
      for people.
    - The next link loses `f=json`, so JSON is requested by the Accept header; the link is followed unchanged.
    - An unsupported filter, `datetime` included, may be silently ignored. The engine detects it by the times
      of change, so `changed_since` needs a `changed_at` in the field map.
    - A server without `crs` support responds in longitude and latitude; its Content-Crs header shows it.
    - Servers spell one reference system in many ways, and some name it in a member `crs` of the collection only.
    - VBDLIS writes commune codes as numbers, which lose leading zeros, and sometimes as 25747.0.
    - Numbers may be Vietnamese text ("1.234,5"), also with a unit ("228 m2", "0,05 ha").
    - Codes of land use may be joined, in rows or in one text: "ODT+CLN" (no areas known), "ONT 120; CLN 300".
    - After the communes were merged in 2025, parcels were renumbered; certificates print the old key.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import BeforeValidator, Field, model_validator

from cchc_adapters.building_blocks.options import VIET_NAM, AdapterOptions, Extent, package_table
from cchc_adapters.building_blocks.parcel_maps import PARCEL_RULES, ParcelMap, ParcelTerms
from cchc_connect import (
    Conversation,
    DeleteDetection,
    Dialect,
    HttpRequest,
    HttpResponse,
    Item,
    ListingEnd,
    Page,
    PageRequest,
    SourceHeld,
    SourceProfile,
    classify_rest,
)
from cchc_connect.wire import codecs
from cchc_connect.wire.crs_statements import confirms, contradicts
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.field_rules import FieldRule, rules_of
from cchc_connect.wire.flat_parts import flat_rules, without_replaced
from cchc_connect.wire.geometries import Shape, easting_first, geometry_fields
from cchc_connect.wire.property_names import property_path
from cchc_schemas import AdminScheme, CrsName, LandParcel, Text
from cchc_schemas.reference_systems import CRS84, stated_system

ACCEPT = {"Accept": "application/geo+json, application/json"}
CRS_URI = "http://www.opengis.net/def/crs/EPSG/0/"
MAPPING_VERSION = 4


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


class Parcels:
    """One collection, read as `LandParcel`."""

    record_type = LandParcel

    def __init__(self, options: OgcFeaturesOptions) -> None:
        self._options = options
        self.extent = options.extent
        self._key = property_path(options.key)
        terms = ParcelTerms(
            scheme=options.scheme,
            previous_scheme=options.previous_scheme,
            land_use_catalogue=options.land_use_catalogue,
            decimal_sign=options.decimal_sign,
        )
        self._parcels = ParcelMap(options.rules(), terms)
        stated = stated_system(options.crs)
        self._is_northing_first = stated is not None and stated.is_northing_first
        self.profile = SourceProfile(
            changed_since=options.changed_since,
            deletes=DeleteDetection.ABSENCE if options.complete_listing else DeleteDetection.NEVER,
        )
        self.mapping_version = options.mapping_version(MAPPING_VERSION)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request the first page, or the page that the next link named."""
        response = (
            yield HttpRequest(method="GET", path=page_request.page_token, headers=ACCEPT)
            if page_request.page_token
            else self._first(page_request)
        )
        listing = response.listing("features")
        collection, features = listing.document, listing.items
        if features is None:
            raise SourceHeld("ogc_features.no_collection")
        self._check_crs(response, collection)
        next_link = response.next_link(collection)
        if isinstance(next_link, codecs.Unreadable):
            raise SourceHeld("ogc_features.links_unreadable")
        total = codecs.whole_number(collection.get("numberMatched"))
        total = total if isinstance(total, int) and total >= 0 else None
        announced = codecs.whole_number(collection.get("numberReturned"))
        is_cut = isinstance(announced, int) and announced > len(features)
        is_proven = not is_cut and self._is_last(page_request, len(features), total)
        if next_link is None and not is_proven and not is_cut and len(features) > 1:
            is_proven = yield from self._links_pages(page_request)
        end = ListingEnd.PROVEN if is_proven else ListingEnd.UNPROVEN
        return Page(items=features, next_page_token=next_link, total=total, end=end)

    def key(self, item: Item) -> str:
        """Return the feature's stable identifier."""
        return codecs.item_key(value_at(item, self._key))

    def changed_at(self, item: Item) -> datetime | codecs.Unreadable | None:
        """Return when the source last changed the parcel, by the property that the field map names."""
        return self._parcels.changed_at(_properties(item))

    def is_current(self, item: Item) -> bool | None:
        """Return whether it is the current version of its parcel, by the property that the field map names."""
        return self._parcels.is_current(_properties(item))

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `LandParcel`."""
        return self._parcels.fields(_properties(item), self._geometry(item))

    def _geometry(self, item: Item) -> Shape:
        """Return the fields of the geometry; unreadable if the feature states another reference system for itself."""
        crs, shape = self._options.crs, item.get("geometry")
        if "crs" in item and contradicts(crs, item["crs"]):
            return codecs.Unreadable("crs_contradicted", crs)
        geometry = geometry_fields(shape, crs)
        return easting_first(geometry) if self._is_northing_first else geometry

    def _is_last(self, page_request: PageRequest, count: int, total: int | None) -> bool:
        """Return whether a whole page without a next link shows by itself that it is the last one.

        It does, if earlier pages had a link, if it shows as many features as match, or if it is shorter than asked for.
        """
        is_proven = page_request.page_token is not None or count < self._options.page_size
        return is_proven or (total is not None and count >= total)

    def _links_pages(self, page_request: PageRequest) -> Conversation[bool]:
        """Return whether the server links a next page where more follows: it must when asked for a page of one."""
        response = yield self._first(page_request, page_size=1)
        return isinstance(response.next_link(response.listing("features").document), str)

    def _first(self, page_request: PageRequest, page_size: int | None = None) -> HttpRequest:
        options = self._options
        params = {"limit": str(page_size or options.page_size)}
        if page_request.since is not None:
            params["datetime"] = f"{page_request.since.astimezone(UTC).isoformat()[:19]}Z/.."
        if options.crs != CRS84:
            params["crs"] = _crs_uri(options.crs)
        path = f"/collections/{quote(options.collection, safe='')}/items"
        return HttpRequest(method="GET", path=path, params=params, headers=ACCEPT)

    def _check_crs(self, response: HttpResponse, collection: Item) -> None:
        """Hold the source if a statement of the page contradicts the requested system, or nothing confirms it.

        Without any statement coordinates are longitude and latitude. A collection's `storageCrs` confirms a system
        where nothing else is said; it contradicts none, as a server may transform.
        """
        crs, storage = self._options.crs, collection.get("storageCrs")
        statements = response.headers.get("content-crs"), collection.get("crs")
        if any(contradicts(crs, statement) for statement in statements) or not (
            confirms(CRS84, crs) or any(confirms(crs, statement) for statement in (*statements, storage))
        ):
            raise SourceHeld("ogc_features.other_crs", wanted=crs)


class OgcFeatures:
    """The configured adapter: pulls one collection of parcels, pushes nothing."""

    Options = OgcFeaturesOptions
    purpose_vi = "Cơ sở dữ liệu đất đai: thửa đất từ máy chủ OGC API Features"
    dialect = Dialect(classify=classify_rest)
    targets = ()

    def __init__(self, options: OgcFeaturesOptions) -> None:
        self.sources = (Parcels(options),)


def _properties(feature: Item) -> Item:
    return codecs.as_object(feature.get("properties")) or {}


def _crs_uri(crs: str) -> str:
    return f"{CRS_URI}{crs.partition(':')[2]}"
