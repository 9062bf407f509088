"""What a connection to OpenCPS declares: its site, its page size, and the site's own statuses and codes."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from cchc_adapters.building_blocks.options import AdapterOptions
from cchc_schemas import DossierStatus


class OpenCpsOptions(AdapterOptions):
    """Options of a connection to OpenCPS; its `base_url` ends in "/o/rest/v2"."""

    group_id: str
    """Site id (groupId); without it every request fails."""
    page_size: Annotated[int, Field(ge=1, le=1000)] = 200
    """Page size: dossiers per request."""
    identity_field: Literal["dossierNo", "referenceUid"] = "dossierNo"
    """Field with the national dossier code (mã hồ sơ)."""
    statuses: Mapping[str, DossierStatus] = {}
    """National status by source status or "status/substatus"; takes precedence over the built-in table."""
    procedure_codes: Mapping[str, str] = {}
    """National procedure code (mã TTHC) by local code; an unlisted code is kept."""
    agency_codes: Mapping[str, str] = {}
    """Agency code (mã định danh) by local code, for example SXD = "000.00.05.H09"; an unlisted code is kept."""
    post_values: tuple[str, ...] = ("2",)
    """Values of `viaPostal` that mean delivery by post: 0 is not offered, 1 offered and not chosen, 2 chosen."""
