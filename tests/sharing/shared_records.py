"""A shared database with invented records of two agencies and an agreement between them."""

from collections.abc import Iterable, Sequence
from typing import Any

from cchc_connect import Config, RecordWriter, SharedDatabase
from cchc_connect.sharing.agreements import Agreement
from cchc_connect.sharing.facts import Official
from cchc_connect.sharing.life_cycle import ChangedBy, apply_changes, approve
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import ConstructionPermit, Dossier, DossierStatus, LandParcel, Record, from_document
from tests.sharing.invented_agreements import BUILDING, DOSSIER, LAND, NOW, PARCEL, PROCEDURE, PROVINCE, agreement_table

OFFICIALS = {
    "lan": Official(agency=LAND, is_data_officer=True),
    "minh": Official(agency=BUILDING, is_data_officer=True),
}
TERMS = SharingTerms(officials=OFFICIALS)

CONFIG = Config.load(
    "".join(
        f'[connections.{name}]\nadapter = "program"\nagency = "{agency}"\n'
        for name, agency in (("land", LAND), ("building", BUILDING), ("province", PROVINCE))
    )
)


def parcel(number: str, **changes: Any) -> LandParcel:
    return from_document(LandParcel, {**PARCEL, "previous_keys": [], "parcel_number": number, **changes})


def dossier(code: str = DOSSIER, **changes: Any) -> Dossier:
    members: dict[str, Any] = {
        "code": code,
        "procedure_code": PROCEDURE,
        "status": DossierStatus.IN_PROCESS,
        "agency_code": BUILDING,
    }
    return Dossier(**{**members, **changes})


def permit(number: str, *parcels: LandParcel, dossier_code: str = DOSSIER) -> ConstructionPermit:
    names = ("scheme", "commune_code", "map_sheet", "parcel_number")
    members: dict[str, Any] = {
        "permit_code": number,
        "dossier_code": dossier_code,
        "name": "Nhà ở riêng lẻ",
        "kind": "1",
        "status": "permit_issued",
        "scheme": "gso-2025-07",
        "commune_code": "25747",
        "parcel_refs": [{name: getattr(each, name) for name in names} for each in parcels],
    }
    return from_document(ConstructionPermit, members)


def write(database: SharedDatabase, connection: str, records: Iterable[Record]) -> None:
    with RecordWriter(CONFIG, database, connection) as writer:
        for record in records:
            writer.write(record)


def make_agreement(database: SharedDatabase, *, is_approved: bool = True, **changes: Any) -> None:
    agree(database, [Agreement.model_validate(agreement_table(**changes))], is_approved=is_approved)


def agree(database: SharedDatabase, agreements: Sequence[Agreement], *, is_approved: bool = True) -> None:
    """Store agreements, approved by both data officers."""
    with database.writing() as connection:
        apply_changes(connection, agreements, TERMS, ChangedBy(official="lan", at=NOW))
        for agreement in agreements if is_approved else ():
            for official in ("lan", "minh"):
                approve(connection, agreement.reference, TERMS, ChangedBy(official=official, at=NOW))
