"""The joined view of one dossier: its steps, permits, works and parcels, from all agencies.

With it an official need not ask the citizen for a paper that another agency has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from cchc_connect.database.reading.lineage import successors
from cchc_connect.database.reading.records import AnyRecord, live_records_query, record_from_row
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import record_link
from cchc_connect.errors import RecordNotFound
from cchc_schemas import (
    RECORD_TYPES,
    ConstructionPermit,
    ConstructionWorks,
    Dossier,
    DossierStep,
    LandParcel,
)


class UnreadableRecord(NamedTuple):
    """A record whose stored document makes no record of its type any more."""

    record_type: str
    key: str

    def __str__(self) -> str:
        return f"{self.record_type} {self.key}"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One dossier and the live records that are linked to it. It contains personal values."""

    dossier: Dossier
    steps: tuple[DossierStep, ...]
    """Processing steps of the dossier, oldest first."""
    permits: tuple[ConstructionPermit, ...]
    """Construction permits that refer to the dossier."""
    works: tuple[ConstructionWorks, ...]
    """Works that these permits are for."""
    parcels: tuple[LandParcel, ...]
    """Parcels that the dossier or its permits concern, sorted by key, with their successors after a split or merge."""
    agencies: Mapping[str, str]
    """Record key -> code of the agency that the record came from."""
    unreadable: tuple[UnreadableRecord, ...] = ()
    """Linked records that are left out, since what is stored of them cannot be read, and so is what only they name."""

    def as_document(self) -> Mapping[str, Any]:
        """Return the case as a JSON-ready dictionary, personal values included."""
        groups = {"steps": self.steps, "permits": self.permits, "works": self.works, "parcels": self.parcels}
        documents = {name: [record.model_dump(mode="json") for record in group] for name, group in groups.items()}
        unreadable = [each._asdict() for each in self.unreadable]
        head = {"dossier": self.dossier.model_dump(mode="json"), **documents}
        return {**head, "agencies": dict(self.agencies), "unreadable": unreadable}


def find_case(database: SharedDatabase, code: str) -> Case:
    """Return the case of the dossier `code` (mã hồ sơ).

    A parcel that was renumbered, split or merged is found by its old number too.

    Raises:
        RecordNotFound: the shared database has no such dossier, or what is stored of it cannot be read.
    """
    with database.reading() as connection:
        case = case_of(connection, code)
    if case is None:
        raise RecordNotFound("case.no_dossier", code=code)
    return case


def case_of(connection: Connection, code: str) -> Case | None:
    """Return the case of the dossier `code` in an open transaction; None if there is no such dossier.

    Raises:
        RecordNotFound: what is stored of it cannot be read.
    """
    reader = _LinkedRecords(connection)
    dossiers = reader.records(Dossier, [code])
    if reader.unreadable:
        raise RecordNotFound("case.dossier_unreadable", code=code)
    if not dossiers:
        return None
    linked = linking_keys(connection, "dossier", [code])
    permits = reader.records(ConstructionPermit, linked.get("construction_permit", []))
    works_codes = [permit.works_code for permit in permits if permit.works_code]
    named_keys = [ref.parcel_key for permit in permits for ref in permit.parcel_refs if ref.parcel_key]
    renumbered = linking_keys(connection, "land_parcel", named_keys).get("land_parcel", [])
    succeeding = [row.new_key for key in named_keys for row in successors(connection, "land_parcel", key)]
    parcel_keys = sorted({*named_keys, *renumbered, *succeeding, *linked.get("land_parcel", [])})
    steps = reader.records(DossierStep, linked.get("dossier_step", []))
    return Case(
        dossier=dossiers[0],
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        permits=permits,
        works=reader.records(ConstructionWorks, works_codes),
        parcels=reader.records(LandParcel, parcel_keys),
        agencies=reader.agencies,
        unreadable=tuple(reader.unreadable),
    )


def linking_keys(connection: Connection, target_type: str, target_keys: Iterable[str]) -> dict[str, list[str]]:
    """Return the keys of the records with a link to one of the targets, by record type."""
    is_linked: ColumnElement[bool] = (record_link.c.target_type == target_type) & record_link.c.target_key.in_(
        list(target_keys)
    )
    keys_by_type: dict[str, list[str]] = {record_type: [] for record_type in RECORD_TYPES}
    for row in connection.execute(select(record_link.c.record_type, record_link.c.record_key).where(is_linked)):
        keys_by_type[row.record_type].append(row.record_key)
    return keys_by_type


class _LinkedRecords:
    """Reads live records by key; collects the agencies of what it read.

    A record that cannot be read is left out, and collected too.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.agencies: dict[str, str] = {}
        self.unreadable: list[UnreadableRecord] = []

    def records(self, record_type: type[AnyRecord], keys: Iterable[str]) -> tuple[AnyRecord, ...]:
        records: list[AnyRecord] = []
        table = record_table(record_type.record_type)
        query = live_records_query(record_type).where(table.c.record_key.in_(list(keys)))
        for row in self._connection.execute(query):
            try:
                record = record_from_row(record_type, row)
            except ValueError:
                self.unreadable.append(UnreadableRecord(record_type.record_type, row.record_key))
                continue
            self.agencies[record.key] = row.agency
            records.append(record)
        return tuple(records)
