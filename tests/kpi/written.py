"""Writes invented records for indicators as a program of an agency does, at chosen instants."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from cchc_connect import Config, RecordWriter, RunEnvironment, SharedDatabase
from cchc_connect.clock import VIETNAM_TIME
from cchc_schemas import Dossier, DossierStep, Procedure, Record, from_document

CONFIG = Config.model_validate({"connections": {"desk": {"adapter": "program", "agency": "000.00.05.H09"}}})

BUILDING, LAND = "000.00.05.H09", "000.00.07.H09"
PROCEDURE = "1.013225"
STORED = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)


class FixedClock:
    """A clock that stands still until it is set."""

    def __init__(self, at: datetime = STORED) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


def local(text: str | None) -> str | None:
    """Return a Vietnamese day or minute of 2026 ("01-20", "01-20 10:00") or of another year as records write it."""
    if text is None:
        return None
    day, _, minute = text.partition(" ")
    full = day if day.count("-") == 2 else f"2026-{day}"
    return datetime.fromisoformat(f"{full}T{minute or '00:00'}").replace(tzinfo=VIETNAM_TIME).isoformat()


def dossier(code: str, **fields: Any) -> Dossier:
    """Return a dossier; instants are written as `local` takes them, rounds as tuples of asked, supplied and dues."""
    instants = {name: local(value) for name, value in fields.items() if name.endswith("_at")}
    document = {"code": code, "procedure_code": PROCEDURE, "agency_code": BUILDING, "status": 4, **fields, **instants}
    if fields.get("supplements") is not None:
        names = ("asked_at", "supplied_at", "due_before", "due_after")
        document["supplements"] = [dict(zip(names, map(local, each), strict=False)) for each in fields["supplements"]]
    return from_document(Dossier, document)


def steps(code: str, *course: tuple[str, int]) -> list[DossierStep]:
    """Return the steps of a dossier: instant and status of each."""
    return [
        from_document(
            DossierStep, {"dossier_code": code, "at": local(at), "action": f"Bước {number}", "status": status}
        )
        for number, (at, status) in enumerate(course, start=1)
    ]


def procedure(code: str = PROCEDURE, **fields: Any) -> Procedure:
    """Return a public procedure."""
    return from_document(Procedure, {"code": code, "name": "Thủ tục mẫu", "is_public": True, **fields})


def term(number: str | None, unit: str | None, channel: int = 1) -> dict[str, Any]:
    """Return a way to submit with one term."""
    return {"channel": channel, "terms": [{"duration": number, "unit": unit}]}


def write(database: SharedDatabase, records: Iterable[Record], at: datetime = STORED) -> None:
    """Write records in one run at an instant."""
    with RecordWriter(CONFIG, database, "desk", RunEnvironment(clock=FixedClock(at))) as writer:
        for record in records:
            writer.write(record)


def delete(database: SharedDatabase, record_class: type[Record], key: str, at: datetime = STORED) -> None:
    """Delete a record."""
    with RecordWriter(CONFIG, database, "desk", RunEnvironment(clock=FixedClock(at))) as writer:
        writer.delete(record_class, key)


def later(days: int) -> datetime:
    """Return an instant some days after the first."""
    return STORED + timedelta(days=days)
