"""The joined view: a dossier with its steps, permits, works and parcels, whichever agency they came from.

It is what an official opens instead of asking the citizen for a paper.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from cchc_connect.database.records import AnyRecord, records_by_key
from cchc_connect.database.shared import SharedDatabase
from cchc_connect.database.succession import successors
from cchc_connect.database.tables import record_link
from cchc_connect.errors import Rejected
from cchc_schemas import (
    RECORD_TYPES,
    ConstructionPermit,
    ConstructionWorks,
    Dossier,
    DossierStep,
    LandParcel,
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One dossier and all that is known beside it."""

    dossier: Dossier
    steps: tuple[DossierStep, ...]
    """In the order in which they happened."""
    permits: tuple[ConstructionPermit, ...]
    works: tuple[ConstructionWorks, ...]
    parcels: tuple[LandParcel, ...]
    agencies: Mapping[str, str]
    """Record key -> code of the agency it came from."""

    def as_document(self) -> Mapping[str, Any]:
        """Return the case, JSON-ready, personal values included."""
        groups = {"steps": self.steps, "permits": self.permits, "works": self.works, "parcels": self.parcels}
        documents = {name: [one.model_dump(mode="json") for one in group] for name, group in groups.items()}
        return {"dossier": self.dossier.model_dump(mode="json"), **documents, "agencies": dict(self.agencies)}


def find_case(database: SharedDatabase, code: str) -> Case:
    """Return the case of the dossier `code`.

    A parcel that was renumbered, split or merged is found by its old number too.

    Raises:
        Rejected: the shared database has no such dossier.
    """
    with database.reading() as connection:
        shelf = _Shelf(connection)
        dossiers = shelf.records(Dossier, [code])
        if not dossiers:
            raise Rejected("case.no_dossier", code=code)
        about = shelf.speaking_of("dossier", [code])
        permits = shelf.records(ConstructionPermit, about.get("construction_permit", []))
        works_codes = [permit.works_code for permit in permits if permit.works_code]
        named = [ref.parcel_key for permit in permits for ref in permit.parcel_refs if ref.parcel_key]
        renumbered = shelf.speaking_of("land_parcel", named).get("land_parcel", [])
        followed = [row.new_key for key in named for row in successors(connection, "land_parcel", key)]
        parcel_keys = sorted({*named, *renumbered, *followed, *about.get("land_parcel", [])})
        steps = shelf.records(DossierStep, about.get("dossier_step", []))
        return Case(
            dossier=dossiers[0],
            steps=tuple(sorted(steps, key=lambda step: step.at)),
            permits=permits,
            works=shelf.records(ConstructionWorks, works_codes),
            parcels=shelf.records(LandParcel, parcel_keys),
            agencies=shelf.agencies,
        )


class _Shelf:
    """Live records by key, and who speaks of whom."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.agencies: dict[str, str] = {}

    def records(self, kind: type[AnyRecord], keys: Iterable[str]) -> tuple[AnyRecord, ...]:
        found: list[AnyRecord] = []
        for agency, record in records_by_key(self._connection, kind, list(keys)):
            self.agencies[record.key] = agency
            found.append(record)
        return tuple(found)

    def speaking_of(self, target_type: str, target_keys: Iterable[str]) -> dict[str, list[str]]:
        """Return the keys of the records that speak of the targets, by record type."""
        is_target: ColumnElement[bool] = record_link.c.target_key.in_(list(target_keys))
        here = (record_link.c.target_type == target_type) & is_target
        speakers: dict[str, list[str]] = {name: [] for name in RECORD_TYPES}
        for row in self._connection.execute(select(record_link.c.record_type, record_link.c.record_key).where(here)):
            speakers[row.record_type].append(row.record_key)
        return speakers
