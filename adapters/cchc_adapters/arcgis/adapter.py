"""Land parcels or construction works from any layer of an ArcGIS Server, by a field map in cchc.toml.

Agency: whichever publishes the layer. Documentation: Esri's REST API, map service and feature service "query";
caveats observed at servers from 10.0 to 11 and at Koop 10.4. Account: none, Basic, or
one that `generateToken` exchanges for a token.

Caveats:
    - Errors, refused tokens included, come with HTTP 200 and an `error` object; 10.0 sends JSON as `text/plain`.
    - A page is silently cut to the layer's `maxRecordCount`, which is requested first. Before 10.3.1 a server does not
      say that a page is cut, so a full page is followed by another request.
    - Before 10.3 a layer cannot be read by position. Then all object ids are requested, and one window of them after
      the other; a small layer comes at once.
    - OBJECTID changes whenever the layer is rebuilt, and in Koop with the content: it is no key.
    - Names come in another case or qualified by their table ("GIS.THUADAT.SOTO"), or only as the fields' aliases; a
      name that fits several fields is not read.
    - A server that does not know the requested reference system responds in its own; its `spatialReference` shows it.
    - Koop transforms coordinates without the shift between WGS 84 and VN-2000, which puts them some 200 m aside;
      request them in the system of its files.
    - Times are milliseconds in UTC, but a condition names them in the layer's time zone. Days may be text since 11.2.
    - A layer notes its edits only if that was switched on; deleted features leave no trace.
"""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from cchc_adapters.arcgis.features import LayerFeatures
from cchc_adapters.arcgis.options import ArcGisOptions
from cchc_adapters.building_blocks.arcgis.answers import PAGES_ARE_READ_AS_A_WHOLE, classify_arcgis
from cchc_adapters.building_blocks.arcgis.tokens import TokenSession
from cchc_connect import Dialect


class ArcGis:
    """The configured adapter: pulls one layer, pushes nothing."""

    Options = ArcGisOptions
    purpose_vi = "Máy chủ ArcGIS bất kỳ: thửa đất hoặc công trình từ một lớp bản đồ"
    left_out_rules: ClassVar[Mapping[str, str]] = PAGES_ARE_READ_AS_A_WHOLE
    targets = ()

    def __init__(self, options: ArcGisOptions) -> None:
        classify = partial(classify_arcgis, token_errors=options.token_errors)
        login = TokenSession(path=options.token_path, minutes=options.token_minutes) if options.token_path else None
        self.dialect = Dialect(classify=classify, headers={"Accept": "application/json"}, login=login)
        self.sources = (LayerFeatures(options),)
