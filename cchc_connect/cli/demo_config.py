"""Configuration of the demonstration: the tables of a cchc.toml with the addresses of the test doubles."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cchc_connect.config.adapter_sample import toml_lines
from cchc_connect.config.file import Config
from cchc_connect.config.sharing import DEFAULT_FOLDER
from cchc_connect.database.audit.keys import public_key_path
from cchc_connect.testing import Agencies

# Agency codes (mã định danh cơ quan) of the demonstration.
PROVINCE = "000.00.00.H09"
LAND_DEPARTMENT = "000.00.07.H09"
CONSTRUCTION_DEPARTMENT = "000.00.05.H09"
PORTAL = "000.00.00.G22"

DATA_OFFICERS: Mapping[str, str] = {
    "cb-tinh": PROVINCE,
    "cb-nnmt": LAND_DEPARTMENT,
    "cb-sxd": CONSTRUCTION_DEPARTMENT,
    "cb-dvcqg": PORTAL,
}
"""Ids of the invented data officers (cán bộ phụ trách dữ liệu) -> their agencies."""

PARCELS_FOR_PERMITS, PROGRESS_FOR_PORTAL = "sxd-nnmt-2026-01", "tinh-dvcqg-2026-01"
"""Ids of the agreements by which the department of construction reads parcels, and by which the route sends."""

KEY_ID = "demo"
"""Name of the key with which the audit log is sealed."""

KEY_FILE, ANCHOR_FILE, SUBJECT_KEYS_FOLDER = "seal.key", "anchor.seals", "subjects"
"""What is in the folder of the audit log's keys."""

# Environment variables of the passwords.
ONE_STOP_PASSWORD = "CCHC_DEMO_ONE_STOP_PASSWORD"  # noqa: S105  # the name of a variable
PORTAL_PASSWORD = "CCHC_DEMO_PORTAL_PASSWORD"  # noqa: S105  # the name of a variable


LIST_CONNECTION = "database-list"
"""Name of the connection that has the invented list of databases."""

CONNECTION_NAMES = ("land-registry", "construction", "one-stop", "national-portal")
"""Connections of the demonstration, in the order of `Agencies.doubles`."""

_SECRET_FILES: Mapping[str, str] = {
    "one-stop": "demo-secrets/one-stop",
    "national-portal": "demo-secrets/national-portal",
}
"""Connection -> file of its password, relative to the configuration."""

SERVED_AUDIT_FOLDER = Path("demo-audit")
"""Keys and seals of the audit log, relative to the configuration."""

_ROUTE: Mapping[str, Any] = {
    "from": ["dossier", "dossier_step"],
    "to": "national-portal",
    "agreement": PROGRESS_FOR_PORTAL,
}


def demo_config(agencies: Agencies, location: Path, folder: Path) -> Config:
    """Return the configuration that connects the running test doubles.

    Args:
        agencies: the running test doubles.
        location: path of the database.
        folder: folder of the agreements, of the keys of the audit log, and of its seals.
    """
    sharing = sharing_tables(folder / DEFAULT_FOLDER, folder)
    tables = demo_tables(agencies, location)
    tables["connections"][LIST_CONNECTION] = {"adapter": "program", "agency": PROVINCE}
    return Config.from_tables({**tables, **sharing}, Path("demo.toml"))


def demo_tables(agencies: Agencies, location: Path) -> dict[str, Any]:
    """Return the tables of that configuration; they name secrets by environment variable."""
    return {
        "database": {"url": f"sqlite:///{location.resolve()}"},
        "connections": _connections(agencies),
        "routes": {"to-portal": dict(_ROUTE)},
        "ownership": {"land_parcel": "land-registry", "dossier": "one-stop"},
    }


def sharing_tables(agreements: Path, audit: Path, *, officer: str | None = None) -> dict[str, Any]:
    """Return the tables of a configuration about sharing: operator, officials, agreements and audit log.

    Args:
        agreements: folder of the agreements.
        audit: folder of the keys of the audit log, and of its seals.
        officer: id of a further data officer of the province.
    """
    key, officers = audit / KEY_FILE, {**DATA_OFFICERS, **({} if officer is None else {officer: PROVINCE})}
    seals: dict[str, Any] = {
        "key": {"file": str(key)},
        "key_id": KEY_ID,
        "public_keys": {KEY_ID: {"file": str(public_key_path(key))}},
        "anchors": [f"file:{(audit / ANCHOR_FILE).absolute()}"],
    }
    return {
        "operator": {"agency": PROVINCE},
        "officials": {name: {"agency": agency, "data_officer": True} for name, agency in officers.items()},
        "agreements": {"folder": str(agreements)},
        "audit": {**(seals if can_seal() else {}), "subject_keys": str(audit / SUBJECT_KEYS_FOLDER)},
    }


def can_seal() -> bool:
    """Return whether the optional package is installed with which seals are made."""
    return find_spec("cryptography") is not None


def served_tables(agencies: Agencies, location: Path, folder: Path, *, officer: str | None) -> dict[str, Any]:
    """Return the tables of that configuration for a file: they name secrets by file, relative to it.

    Args:
        agencies: the test doubles.
        location: path of the database.
        folder: folder of the configuration.
        officer: id of the user of this machine, who is a data officer of the province; None: there is no such id.
    """
    tables = {
        **demo_tables(agencies, location),
        **sharing_tables(Path(DEFAULT_FOLDER), SERVED_AUDIT_FOLDER, officer=officer),
    }
    if can_seal():
        tables["audit"]["anchors"] = [f"file:{(folder / SERVED_AUDIT_FOLDER / ANCHOR_FILE).absolute()}"]
    for name, file in _SECRET_FILES.items():
        tables["connections"][name]["account"]["password"] = {"file": file}
    return {**tables, "database": {"url": f"sqlite:///{location}"}}


def secrets_of_doubles(agencies: Agencies) -> Mapping[str, str]:
    """Return the passwords of the test doubles, by the file in which `served_tables` expects each."""
    passwords = (agencies.one_stop.password, agencies.national_portal.password)
    return dict(zip(_SECRET_FILES.values(), passwords, strict=True))


def toml_text(tables: Mapping[str, Any]) -> str:
    """Return tables as TOML: those of the first three levels under their own headings, deeper ones in one line."""
    return "\n".join(line for name, table in tables.items() for line in toml_lines((name,), table)).lstrip("\n") + "\n"


@contextmanager
def passwords_of_doubles(agencies: Agencies) -> Generator[None, None, None]:
    """Set the passwords of the test doubles in the environment of this process while the block runs."""
    secrets = {ONE_STOP_PASSWORD: agencies.one_stop.password, PORTAL_PASSWORD: agencies.national_portal.password}
    previous = {name: os.environ.get(name) for name in secrets}
    os.environ.update(secrets)
    try:
        yield
    finally:
        for name, value in previous.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _connections(agencies: Agencies) -> dict[str, Any]:
    desk, portal = agencies.one_stop, agencies.national_portal
    return {
        "land-registry": {
            "adapter": "ogc_features",
            "agency": LAND_DEPARTMENT,
            "base_url": agencies.land_registry.base_url,
            "options": {"collection": "thua_dat", "scheme": "gso-2025-07", "page_size": 100, "changed_since": True},
        },
        "construction": {
            "adapter": "binh_duong_permits",
            "agency": CONSTRUCTION_DEPARTMENT,
            "base_url": agencies.construction_department.base_url,
            "options": {"page_size": 100},
        },
        "one-stop": {
            "adapter": "opencps",
            "agency": PROVINCE,
            "base_url": f"{desk.base_url}/o/rest/v2",
            "account": {"kind": "basic", "username": desk.username, "password": {"env": ONE_STOP_PASSWORD}},
            "options": {"group_id": desk.group_id, "page_size": 100},
        },
        "national-portal": {
            "adapter": "national_portal",
            "agency": PORTAL,
            "base_url": portal.base_url,
            "account": {"kind": "session", "username": portal.username, "password": {"env": PORTAL_PASSWORD}},
            "options": {
                "agency": PROVINCE,
                "destination": "VN:GOV:000.00.00.G22:vpcpdvcqg",
                "login_path": "/dvcqg/login",
                "share_path": "/dvcqg/share",
                "integration_path": "/dvcqg/integration",
            },
        },
    }
