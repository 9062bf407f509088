"""Invented agreements, documents and facts of the tests; every person in them is invented."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from cchc_connect.sharing.agreements import Action, Agreement, AgreementState
from cchc_connect.sharing.facts import DossierFacts, Facts, Official, StoredAgreement
from cchc_connect.sharing.granted_fields import expanded
from cchc_connect.sharing.requests import AccessRequest
from cchc_schemas import RECORD_TYPES, DossierStatus

LAND, BUILDING, PROVINCE = "000.00.07.H09", "000.00.05.H09", "000.00.00.H09"
PROCEDURE = "1.009994"
DOSSIER = "000.00.05.H09-260801-0001"
NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
KEY = {"scheme": "plain", "commune_code": "plain", "map_sheet": "plain", "parcel_number": "plain"}

PARCEL: Mapping[str, Any] = {
    "scheme": "gso-2025-07",
    "commune_code": "25747",
    "map_sheet": "45",
    "parcel_number": "123",
    "national_id": None,
    "previous_keys": ["gso-2025-01:25747:4:12"],
    "area_m2": "100.5",
    "legal_area_m2": None,
    "address": "Khu phố 3",
    "uses": [{"code": "ODT", "catalogue": "TT 08/2024/TT-BTNMT", "area_m2": "100.5", "expires_on": "2067-05"}],
    "certificates": [{"serial": "AB123456", "issued_on": "2011", "book_number": None, "dossier_code": None}],
    "holders": [
        {
            "kind": "individual",
            "name": "Nguyễn Thị Mẫu",
            "id_number": "074000000123",
            "birth": "1987",
            "address": "Đường Giả Định",
            "share": None,
        },
        {
            "kind": "organization",
            "name": "Công ty Mẫu",
            "id_number": None,
            "birth": None,
            "address": None,
            "share": "1/2",
        },
    ],
    "restrictions": [],
    "is_encroached": None,
    "in_dispute": False,
    "geometry": {"type": "Point", "coordinates": [106.6, 11.0], "crs": "OGC:CRS84"},
}


def agreement_table(**changes: Any) -> dict[str, Any]:
    """Return the table of an agreement by which the department of construction reads parcels for its dossiers."""
    grant = {
        "record": "land_parcel",
        "scope": "case",
        "fields": {**KEY, "area_m2": "plain", "uses": "plain", "holders.name": "plain", "holders.id_number": "masked"},
        "match": ["holders.id_number"],
    }
    table: dict[str, Any] = {
        "id": "parcels",
        "title": "Chia sẻ thửa đất để cấp giấy phép xây dựng",
        "provider": LAND,
        "consumer": BUILDING,
        "purpose": "construction_permit",
        "procedures": [PROCEDURE],
        "legal_basis": [{"act": "nd-217-2026", "place": "Điều 7.3"}],
        "starts": date(2026, 8, 1),
        "ends": date(2027, 7, 31),
        "actions": ["read", "match"],
        "requires": ["official", "dossier"],
        "quota": {"records_per_dossier": 100},
        "grant": [grant],
    }
    return {**table, **changes}


def agreement(**changes: Any) -> Agreement:
    return expanded(Agreement.model_validate(agreement_table(**changes)), RECORD_TYPES)


def grant(**changes: Any) -> dict[str, Any]:
    return {**agreement_table()["grant"][0], **changes}


def signed(
    state: AgreementState = AgreementState.IN_FORCE, table: Mapping[str, Any] | None = None, **changes: Any
) -> StoredAgreement:
    return StoredAgreement(
        agreement=agreement(**(table or {}), **changes),
        state=state,
        approved_by_provider="lan",
        approved_by_consumer="minh",
    )


def facts(*agreements: StoredAgreement, **changes: Any) -> Facts:
    """Return the facts of these agreements, with an official of the consumer and an open dossier of it."""
    everything: dict[str, Any] = {
        "agreements": agreements or (signed(),),
        "officials": {"minh": Official(agency=BUILDING), "lan": Official(agency=LAND)},
        "dossier": DossierFacts(code=DOSSIER, procedure=PROCEDURE, agency=BUILDING, status=DossierStatus.IN_PROCESS),
    }
    return Facts(**{**everything, **changes})


def request(**changes: Any) -> AccessRequest:
    """Return a request that the agreement of `agreement_table` grants."""
    everything: dict[str, Any] = {
        "consumer": BUILDING,
        "action": Action.READ,
        "record_type": "land_parcel",
        "purpose": "construction_permit",
        "official": "minh",
        "dossier": DOSSIER,
        "at": NOW,
    }
    return AccessRequest(**{**everything, **changes})
