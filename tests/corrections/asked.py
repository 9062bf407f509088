"""A shared database with a parcel of which two agencies say different things, and whom one may ask to correct it."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from cchc_connect import Config, SharedDatabase
from cchc_connect.corrections.administration import CorrectionSubject, CorrectionTerm, open_correction
from cchc_connect.corrections.requests import CorrectionEvent, CorrectionRequest, events_of, request_numbered
from cchc_connect.database.tables import audit_entry, discrepancy
from cchc_connect.sharing.operator import operating_user
from cchc_schemas import LandParcel
from tests.sharing.invented_agreements import BUILDING, LAND, PROVINCE
from tests.sharing.shared_records import parcel, write

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
"""A Monday."""

PARCEL = parcel("123")
HOLDER, NUMBER = "Nguyễn Thị Mẫu", "074000000123"

TABLES: Mapping[str, Any] = {
    "connections": {
        name: {"adapter": "program", "agency": agency}
        for name, agency in (("land", LAND), ("building", BUILDING), ("province", PROVINCE))
    },
    "operator": {"agency": BUILDING},
    "officials": {operating_user(): {"agency": BUILDING}, "lan": {"agency": LAND}},
}
CONFIG = Config.model_validate(TABLES)


def contradict(database: SharedDatabase, *, area: str = "260", owner_area: str = "100.5") -> None:
    """Let the department of land own the parcel, and the department of construction send another area."""
    write(database, "land", [of_area(owner_area)])
    write(database, "building", [of_area(area)])


def of_area(area: str) -> LandParcel:
    return parcel("123", area_m2=area)


def discrepancy_number(database: SharedDatabase) -> int:
    with database.reading() as connection:
        number: int = connection.execute(select(discrepancy.c.id).order_by(discrepancy.c.id)).scalars().all()[-1]
    return number


def ask(
    database: SharedDatabase,
    *fields: str,
    reason: str = "Diện tích không khớp bản vẽ",
    term: CorrectionTerm | None = None,
    at: datetime | None = None,
    **changes: Any,
) -> CorrectionRequest:
    """Ask for a correction of fields of the parcel; of none: of the discrepancy."""
    if fields:
        subject = CorrectionSubject(record_type="land_parcel", record_key=PARCEL.key, fields=fields)
    else:
        subject = CorrectionSubject(discrepancy=discrepancy_number(database))
    return open_correction(CONFIG, database, subject, reason, term, at=at, **changes)


def read(database: SharedDatabase, number: int) -> CorrectionRequest:
    with database.reading() as connection:
        return request_numbered(connection, number)


def history(database: SharedDatabase, number: int) -> Sequence[CorrectionEvent]:
    with database.reading() as connection:
        return events_of(connection, number)


def audit_bodies(database: SharedDatabase) -> Sequence[dict[str, Any]]:
    """Return the entries of the audit log about corrections, in order of the chains."""
    query = select(audit_entry.c.body).order_by(audit_entry.c.chain, audit_entry.c.entry)
    with database.reading() as connection:
        bodies = [json.loads(body) for body in connection.execute(query).scalars()]
    return [body for body in bodies if body["kind"] == "correction"]
