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

from cchc_adapters.ogc_features.options import OgcFeaturesOptions
from cchc_adapters.ogc_features.parcels import Parcels
from cchc_connect import Dialect, classify_rest


class OgcFeatures:
    """The configured adapter: pulls one collection of parcels, pushes nothing."""

    Options = OgcFeaturesOptions
    purpose_vi = "Cơ sở dữ liệu đất đai: thửa đất từ máy chủ OGC API Features"
    dialect = Dialect(classify=classify_rest)
    targets = ()

    def __init__(self, options: OgcFeaturesOptions) -> None:
        self.sources = (Parcels(options),)
