"""What a connection to the department declares: paths, units, schemes, codes, and the field map of its works."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from cchc_adapters.binh_duong_permits.permit_files import PaperCodes
from cchc_adapters.building_blocks.options import VIET_NAM, AdapterOptions, Extent
from cchc_adapters.building_blocks.works_maps import WORKS_RULES
from cchc_connect.wire import codecs
from cchc_connect.wire.field_rules import FieldRule
from cchc_connect.wire.flat_parts import flat_rules
from cchc_schemas import AdminScheme, CrsName

WORKS_MEASURES = {"dienTichXayDung": "m2", "tongDienTichSan": "m2", "soTang": "tầng"}


class BinhDuongPermitsOptions(AdapterOptions):
    """Options of a connection to the department; both interfaces are below one `base_url`."""

    permits_path: str = "/rest/ctxd/cong-trinh-cpxd"
    """Path of the list of permit files."""
    works_layer: str = "/arcgis/rest/services/HienTrang/CongTrinhXD/MapServer/0"
    """Path of the layer of works."""
    works_fields: Annotated[Mapping[str, FieldRule], BeforeValidator(flat_rules)] = {}
    """Field map of the layer of works where its names differ: field of the works to the attribute it is read from."""
    works_measures: Mapping[str, str] = WORKS_MEASURES
    """Units of the attributes of works that are measures."""
    page_size: Annotated[int, Field(ge=1, le=2000)] = 200
    """Page size: files or works per request."""
    schemes: Mapping[str, AdminScheme] = {"74": AdminScheme.GSO_2025_01, "79": AdminScheme.GSO_2025_07}
    """Scheme of the commune codes (danh mục đơn vị hành chính), by province code."""
    crs: CrsName = "EPSG:9210"
    """Reference system of the coordinates: VN-2000, central meridian 105°45'."""
    extent: Extent = VIET_NAM
    """Where the works lie (phạm vi): west, south, east, north in degrees; others get a note."""
    decimal_sign: codecs.DecimalSign = ","
    """Decimal sign of measures sent as text."""
    changed_column: str | None = None
    """Column with the instant of a permit file's last change; if unset, every run lists all files."""
    complete_listings: bool = False
    """Whether an unlisted file or works counts as deleted; ignored for files if `changed_column` is set."""
    papers: PaperCodes = PaperCodes()
    """Codes of papers and parties (unverified)."""
    token_errors: tuple[int, ...] = (498, 499)
    """ArcGIS error codes for a missing or refused token (unverified)."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        WORKS_RULES.check(self.works_fields, overrides=True)
        if "changed_at" in self.works_fields:
            raise ValueError("works_fields has no changed_at: use the adapter arcgis")
        return self
