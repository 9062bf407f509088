"""Land parcels from any server of OGC API Features, such as a land registry that publishes its VBDLIS data.

Agency: the land registration office (văn phòng đăng ký đất đai). Documentation: OGC 17-069 and OGC 18-058;
caveats observed at pygeoapi 0.21. Account: none or Basic. Fields are mapped by a table, here or in cchc.toml.

Caveats:
    - A page may be smaller than asked for, without a word; only a missing next link is the end.
    - The next link loses `f=json`, so JSON is asked for by the Accept header; it is followed as it is.
    - A filter the server does not know, `datetime` among them, may be ignored without a word. The engine
      sees it by the dates of change, so `changed_since` needs a `changed_at` in the field map.
    - A server that does not know `crs` answers in longitude and latitude; its Content-Crs header tells.
    - VBDLIS writes commune codes as numbers, which lose leading zeros, and now and then as 25747.0.
    - Numbers may be Vietnamese text ("1.234,5"), codes of land use joined ("ODT+CLN", no areas known).
    - After the communes were joined in 2025 parcels were numbered anew; certificates print the old key.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import Field, model_validator

from cchc_adapters.geometries import geometry
from cchc_adapters.land_uses import land_uses
from cchc_adapters.options import AdapterOptions, package_table
from cchc_connect import (
    Ask,
    Deletes,
    Dialect,
    Exchange,
    HttpRequest,
    HttpResponse,
    Item,
    Page,
    SourceHeld,
    SourceProfile,
    classify_rest,
    codecs,
)
from cchc_connect.field_map import INSTANTS, FieldRule, field_map, held, rules_of, translated
from cchc_schemas import AdminScheme, CrsName, LandParcel, Text, parcel_key

ACCEPT = {"Accept": "application/geo+json, application/json"}
CRS84 = "OGC:CRS84"
CRS_ADDRESS = "http://www.opengis.net/def/crs/EPSG/0/"
MAPPING = 1

PREVIOUS = ("previous_commune_code", "previous_map_sheet", "previous_parcel_number")
OWN_FIELDS = frozenset({*PREVIOUS, "changed_at"})
"""Names of a field map that are no fields of a parcel: its former key, and when the source changed it."""
MAPPED = (LandParcel.model_fields.keys() | OWN_FIELDS) - {"scheme", "geometry", "previous_keys"}


class OgcFeaturesOptions(AdapterOptions):
    """Options of a connection to a server of OGC API Features."""

    collection: str
    """Name of the collection."""
    scheme: AdminScheme
    """Scheme of the commune codes (danh mục đơn vị hành chính); a code alone names no commune."""
    page_size: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Features asked for at a time; the server may give fewer."""
    field_map: Literal["vbdlis"] | None = "vbdlis"
    """Ready field map; `fields` goes before it."""
    fields: Mapping[str, FieldRule] = {}
    """Own field map: a parcel's field and the property it comes from."""
    key: str = "id"
    """Where a feature has its stable identifier: "id", or "properties.NAME" if the server makes up its ids."""
    previous_scheme: AdminScheme = AdminScheme.GSO_2025_01
    """Scheme of the former commune codes."""
    crs: CrsName = CRS84
    """Reference system to ask for: longitude and latitude, or one with its easting first ("EPSG:9210")."""
    decimal_sign: codecs.DecimalSign = ","
    """Decimal sign of numbers that come as text."""
    land_use_catalogue: Text = "TT 08/2024/TT-BTNMT"
    """Catalogue of the land use codes (danh mục loại đất)."""
    changed_since: bool = False
    """Does the server honour `datetime` for the time of change?"""
    complete_listing: bool = False
    """Is a parcel that is not listed gone?"""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        rules = self.rules()
        if unknown := rules.keys() - MAPPED:
            raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
        if lacking := [name for name in ("commune_code", "map_sheet", "parcel_number") if name not in rules]:
            raise ValueError(f"no rule for: {', '.join(lacking)}")
        if (changed_at := rules.get("changed_at")) and changed_at.codec not in INSTANTS:
            raise ValueError("changed_at needs a codec for instants")
        if self.changed_since and not changed_at:
            raise ValueError("changed_since needs a rule for changed_at")
        if self.changed_since and self.complete_listing:
            raise ValueError("changed_since lists what changed; such a listing is not complete")
        return self

    def rules(self) -> Mapping[str, FieldRule]:
        """Return the ready map with the own rules put over it."""
        rules = {**rules_of(package_table(self.field_map)["fields"] if self.field_map else {}), **self.fields}
        return {name: rule for name, rule in rules.items() if rule.property}


class Parcels:
    """One collection, read as `LandParcel`."""

    record_type = LandParcel

    def __init__(self, options: OgcFeaturesOptions) -> None:
        self._options = options
        self._key = options.key.split(".")
        fields = dict(field_map(options.rules(), options.decimal_sign))
        self._changed_at = fields.pop("changed_at", None)
        self._uses = fields.pop("uses", None)
        self._former_key = [fields.pop(name, None) for name in PREVIOUS]
        self._fields = fields
        self.profile = SourceProfile(
            changed_since=options.changed_since,
            deletes=Deletes.ABSENCE if options.complete_listing else Deletes.NEVER,
        )
        self.mapping_version = options.mapping_version(MAPPING)

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for the first page, or for the one that the next link named."""
        answer = (
            yield HttpRequest(method="GET", path=ask.position, headers=ACCEPT) if ask.position else self._first(ask)
        )
        self._check_crs(answer)
        listing = answer.listing("features")
        collection, features = listing.document, listing.items
        links = codecs.as_objects(collection.get("links", []))
        following = [codecs.plain_text(link.get("href")) for link in links or () if link.get("rel") == "next"]
        if features is None or links is None or "" in following:
            raise SourceHeld("ogc_features.no_collection")
        total = codecs.whole_number(collection.get("numberMatched"))
        return Page(items=features, next=next(iter(following), None), total=total if isinstance(total, int) else None)

    def key(self, item: Item) -> str:
        """Return the feature's stable identifier."""
        return codecs.plain_text(held(item, self._key))

    def changed_at(self, item: Item) -> datetime | codecs.Unreadable | None:
        """Return when the source last changed the parcel, by the property that the field map names."""
        changed = self._changed_at(_properties(item)) if self._changed_at else None
        return changed if isinstance(changed, datetime | codecs.Unreadable) else None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `LandParcel`."""
        options, properties = self._options, _properties(item)
        former = [None if part is None else part(properties) for part in self._former_key]
        rows = None if self._uses is None else self._uses(properties)
        return translated(properties, self._fields) | {
            "scheme": options.scheme,
            "previous_keys": _former_keys(former, options.previous_scheme),
            "uses": list(land_uses(rows, options.land_use_catalogue, options.decimal_sign)),
            "geometry": geometry(item.get("geometry"), options.crs),
        }

    def _first(self, ask: Ask) -> HttpRequest:
        options = self._options
        params = {"limit": str(options.page_size)}
        if ask.since is not None:
            params["datetime"] = f"{ask.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}/.."
        if options.crs != CRS84:
            params["crs"] = _crs_address(options.crs)
        path = f"/collections/{quote(options.collection, safe='')}/items"
        return HttpRequest(method="GET", path=path, params=params, headers=ACCEPT)

    def _check_crs(self, answer: HttpResponse) -> None:
        """Refuse coordinates in another system than the one they would be labelled with."""
        wanted, said = self._options.crs, answer.headers.get("content-crs", "").strip("<>")
        if said != _crs_address(wanted) and not (wanted == CRS84 and (not said or "CRS84" in said)):
            raise SourceHeld("ogc_features.other_crs", wanted=wanted)


class OgcFeatures:
    """A server of OGC API Features, configured: one collection of parcels to pull, nothing to push."""

    Options = OgcFeaturesOptions
    purpose_vi = "Cơ sở dữ liệu đất đai: thửa đất từ máy chủ OGC API Features"
    dialect = Dialect(classify=classify_rest)
    targets = ()

    def __init__(self, options: OgcFeaturesOptions) -> None:
        self.sources = (Parcels(options),)


def _properties(feature: Item) -> Item:
    return codecs.as_object(feature.get("properties")) or {}


def _former_keys(former: Sequence[object], scheme: AdminScheme) -> Sequence[object]:
    """Return the key that commune, sheet and number make; where one is not told, there is none."""
    if unreadable := [part for part in former if isinstance(part, codecs.Unreadable)]:
        return unreadable
    commune, sheet, number = former
    if isinstance(commune, str) and isinstance(sheet, str) and isinstance(number, str):
        return [parcel_key(scheme, commune, sheet, number)]
    return []


def _crs_address(crs: str) -> str:
    return f"{CRS_ADDRESS}{crs.partition(':')[2]}"
