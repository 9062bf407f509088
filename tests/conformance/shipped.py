"""How each adapter that ships is connected to its system under test, for the conformance kit."""

from collections.abc import Mapping
from typing import Any

from cchc_connect.testing import (
    ConstructionDepartmentDouble,
    OgcFeaturesDouble,
    OpenCpsDouble,
    World,
)
from tests.adapters.soap.soap_register import OPTIONS as SOAP_OPTIONS, SoapRegister
from tests.conformance.land_folder import LandFolder, options as land_folder_options
from tests.conformance.land_office import LandOffice, options as land_office_options
from tests.conformance.receiving_portal import OPTIONS as PORTAL_OPTIONS, ReceivingPortal, account
from tests.conformance.register import Register

SEED = 7


def world(**sizes: int) -> World:
    """Return a small province without faulty items."""
    return World(seed=SEED, defect_share=0.0, **{"parcels": 9, "dossiers": 4, "works": 4, **sizes})


def one_stop_account(desk: OpenCpsDouble) -> dict[str, Any]:
    """Return the keys of a connection to the one-stop desk."""
    account = {"kind": "basic", "username": desk.username, "password": desk.password}
    return {"base_url": f"{desk.base_url}/o/rest/v2", "account": account}


def one_stop_options(desk: OpenCpsDouble) -> dict[str, Any]:
    """Return the options of a connection to the one-stop desk."""
    return {"group_id": desk.group_id, "page_size": 4}


def works_layer() -> ConstructionDepartmentDouble:
    """Return the department whose map layer has the works."""
    return ConstructionDepartmentDouble(world(works=9))


REGISTER: Mapping[str, Any] = {
    "path": "/parcels",
    "items": "parcels",
    "paging": {"kind": "offset", "parameter": "offset", "size": 3, "total": "total"},
    "since": {"parameter": "since", "format": "iso_utc"},
    "changed_at": {"property": "at", "codec": "iso_instant"},
    "key": "id",
    "success": {"property": "code", "values": [0, "00"]},
    "decimal_sign": ".",
    "fields": {
        "scheme": {"constant": "gso-2025-07"},
        "commune_code": {"constant": "25747"},
        "map_sheet": "sheet",
        "parcel_number": "number",
        "area_m2": {"property": "area", "codec": "area"},
        "address": "address",
    },
}
"""The register of parcels, described for the adapter `rest`."""

SHIPPED: Mapping[str, Mapping[str, Any]] = {
    "ogc_features": {
        "system": lambda: OgcFeaturesDouble(world(), page_cap=4),
        "options": {"collection": "thua_dat", "scheme": "gso-2025-07", "changed_since": True},
    },
    "opencps": {
        "system": lambda: OpenCpsDouble(world(dossiers=9)),
        "options": one_stop_options,
        "connection": one_stop_account,
    },
    "national_portal": {
        "system": lambda: ReceivingPortal(world()),
        "options": PORTAL_OPTIONS,
        "connection": account,
    },
    "binh_duong_permits": {
        "system": lambda: ConstructionDepartmentDouble(world(dossiers=24, works=9)),
        "options": {"page_size": 4},
    },
    "arcgis": {
        "system": works_layer,
        "options": {
            "layer": "/arcgis/rest/services/HienTrang/CongTrinhXD/MapServer/0",
            "record_type": "construction_works",
            "scheme": "gso-2025-07",
            "key": "maCTXD",
            "page_size": 4,
            "fields": {
                "works_code": {"property": "maCTXD"},
                "name": {"property": "tenCongTrinh"},
                "status": {"property": "maTinhTrang"},
                "commune_code": {"property": "maPhuongXa", "codec": "commune_code"},
            },
        },
    },
    "rest": {
        "system": Register,
        "options": {"sources": {"land_parcel": REGISTER}},
        "connection": {"account": {"kind": "api_key", "key": "mat-khau-mau"}},
    },
    "folder": {"system": LandFolder, "options": land_folder_options},
    "sql": {"system": LandOffice, "options": land_office_options},
    "soap": {
        "system": lambda: SoapRegister(password="mat-khau-mau"),
        "options": {**SOAP_OPTIONS, "answers": {"not_found": {"property": "Fault.code", "values": ["KhongCo"]}}},
        "connection": {"account": {"kind": "ws_security", "username": "mau", "password": "mat-khau-mau"}},
    },
}
"""Adapter -> the arguments of `check_adapter`."""
