"""One collection of land parcels, asked for and read as OGC API Features say."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from cchc_adapters.building_blocks.options import deletes
from cchc_adapters.building_blocks.parcel_maps import ParcelMap
from cchc_adapters.ogc_features.options import OgcFeaturesOptions
from cchc_connect import (
    Conversation,
    HttpRequest,
    HttpResponse,
    Item,
    Page,
    PageRequest,
    SourceHeld,
    SourceProfile,
)
from cchc_connect.paging import LinkPaging, PageListing, Pager, Position, query
from cchc_connect.wire import codecs
from cchc_connect.wire.crs_statements import confirms, contradicts
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.geometries import Shape, easting_first, geometry_fields
from cchc_connect.wire.property_names import property_path
from cchc_connect.wire.times_out import TimeFormat
from cchc_schemas import LandParcel
from cchc_schemas.reference_systems import CRS84, stated_system

ACCEPT = {"Accept": "application/geo+json, application/json"}
CRS_URI = "http://www.opengis.net/def/crs/EPSG/0/"
MAPPING_VERSION = 4


class Parcels:
    """One collection, read as `LandParcel`."""

    record_type = LandParcel

    def __init__(self, options: OgcFeaturesOptions) -> None:
        self._options = options
        self.extent = options.extent
        self._key = property_path(options.key)
        self._parcels = ParcelMap(options.rules(), options)
        stated = stated_system(options.crs)
        self._is_northing_first = stated is not None and stated.is_northing_first
        self.profile = SourceProfile(
            changed_since=options.changed_since,
            deletes=deletes(is_complete=options.complete_listing),
        )
        paging = LinkPaging(
            kind="link",
            size=options.page_size,
            size_parameter="limit",
            cap=options.page_size,  # a page that is shorter than asked for and links nothing is the last one
            estimate=True,  # the end is told by the links; servers may count roughly, or leave numberMatched out
        )
        self._pager = Pager(paging, self._request, self._read)
        self.mapping_version = options.mapping_version(MAPPING_VERSION)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request the first page, or the page that the next link named."""
        since = page_request.since
        changed = {} if since is None else {"datetime": f"{TimeFormat.ISO_UTC.written(since)}/.."}
        return (yield from self._pager.page(page_request.page_token, changed))

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

    def _request(self, position: Position, parameters: Mapping[str, object]) -> HttpRequest:
        if not position.is_first:
            return HttpRequest(method="GET", path=position.at, headers=ACCEPT)
        options = self._options
        params = query(parameters)
        if options.crs != CRS84:
            params["crs"] = _crs_uri(options.crs)
        path = f"/collections/{quote(options.collection, safe='')}/items"
        return HttpRequest(method="GET", path=path, params=params, headers=ACCEPT)

    def _read(self, response: HttpResponse) -> PageListing:
        """Return the features of a response.

        Raises:
            SourceHeld: it is no feature collection, or in another reference system.
        """
        listing = response.listing("features")
        collection, features = listing.document, listing.items
        if features is None:
            raise SourceHeld("ogc_features.no_collection")
        self._check_crs(response, collection)
        announced = codecs.whole_number(collection.get("numberReturned"))
        is_cut = isinstance(announced, int) and announced > len(features)
        return PageListing(response, features, collection, "numberMatched", is_cut=is_cut)

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


def _properties(feature: Item) -> Item:
    return codecs.as_object(feature.get("properties")) or {}


def _crs_uri(crs: str) -> str:
    return f"{CRS_URI}{crs.partition(':')[2]}"
