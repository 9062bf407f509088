"""Department of Construction of Bình Dương (Sở Xây dựng): permit files by REST, works as an ArcGIS map layer.

Agency: Sở Xây dựng, gisxd.binhduong.gov.vn. Documentation: none is public; observed in its web client, a
NestJS-CRUD interface and an ArcGIS layer (74nguyentan/training_angular_ditagis, 2022). Account: none or Basic.

Caveats:
    - ArcGIS reports errors, refused tokens included, with HTTP 200 and an `error` object.
    - The layer silently cuts a page to its `maxRecordCount`, so that is requested first.
    - `exceededTransferLimit` does not exist before ArcGIS 10.3.1, so a full page is followed by another request.
    - Before ArcGIS 10.3 a layer cannot be read by position; then it is read by windows of object ids.
    - A layer that was moved to another database has names in another case or qualified by their table.
    - OBJECTID changes whenever the layer is rebuilt; `maCTXD` does not and is the key.
    - If a file is deleted while the list is read, another one may be missed until the next run.
    - The column with the time of a permit file's last change is unknown, see `changed_column`; the layer has none.
    - A day is sent as the instant of midnight in Vietnamese time; in UTC that is the day before.
    - Files from before July 2025 have the commune codes of that time; the province code shows which scheme applies.
    - Several parcels are in one text, "12, 13; 14", or in a sentence, "604 (tờ bản đồ số 3)".
    - A measure's value may be prose, "02 tầng + mái". The members of `vanBans` and `donVis` were not observed.
"""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from cchc_adapters.binh_duong_permits.options import BinhDuongPermitsOptions
from cchc_adapters.binh_duong_permits.permits import Permits
from cchc_adapters.binh_duong_permits.works import Works
from cchc_adapters.building_blocks.arcgis.answers import PAGES_ARE_READ_AS_A_WHOLE, classify_arcgis
from cchc_connect import Dialect


class BinhDuongPermits:
    """The configured adapter: pulls permits and works, pushes nothing."""

    Options = BinhDuongPermitsOptions
    purpose_vi = "Sở Xây dựng Bình Dương: hồ sơ cấp phép (REST) và lớp bản đồ công trình (ArcGIS)"
    left_out_rules: ClassVar[Mapping[str, str]] = PAGES_ARE_READ_AS_A_WHOLE
    targets = ()

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        classify = partial(classify_arcgis, token_errors=options.token_errors)
        self.dialect = Dialect(classify=classify, headers={"Accept": "application/json"})
        self.sources = (Permits(options), Works(options))
