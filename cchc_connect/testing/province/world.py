"""The invented province: its records, the defects of their wire items, and its time.

The seed decides everything, on every machine. No clock is read: `World.now` changes only with an edit.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, TypeVar

from cchc_connect.testing.province.construction import COMMUNES_MERGED_AT, ConstructionDepartment, Plot, draw_plots
from cchc_connect.testing.province.defect_catalogue import (
    DOSSIER_DEFECTS,
    PARCEL_DEFECTS,
    PERMIT_DEFECTS,
    PROCEDURE_DEFECTS,
    WORKS_DEFECTS,
)
from cchc_connect.testing.province.defects import DefectCount, ListingDefects, draw_defects
from cchc_connect.testing.province.dossiers import Applications, application_times
from cchc_connect.testing.province.facts import (
    VIETNAM,
    DossierFact,
    ParcelFact,
    PermitFact,
    ProcedureFact,
    Register,
    WorksFact,
)
from cchc_connect.testing.province.land import LandRegister
from cchc_connect.testing.province.one_stop_desk import OneStopDesk
from cchc_connect.testing.province.procedures import PROCEDURES
from cchc_connect.testing.province.seeded_random import happens, seeded_random, weighted_choice
from cchc_schemas import DossierStatus

Edited = TypeVar("Edited")

_APPLICATION_WEIGHTS = {"permit": 50, "land": 30, "civil": 20}
_BUILT_SHARE = 0.8
_ENDED = frozenset({DossierStatus.REFUSED, DossierStatus.WITHDRAWN, DossierStatus.STOPPED, DossierStatus.RETURNED})
"""Statuses of a dossier that has ended."""
_START = datetime(2026, 6, 30, 17, tzinfo=VIETNAM)


class World:
    """Registers of the facts of the province, and the defects of their wire items.

    Hold `lock` while reading several related facts: a double responds to requests in threads of its own.
    """

    def __init__(
        self,
        seed: int,
        *,
        dossiers: int = 300,
        parcels: int = 400,
        works: int = 240,
        defect_share: float = 0.03,
    ) -> None:
        """Draw a province.

        Args:
            seed: the same seed gives the same province.
            dossiers: number of dossiers at the one-stop desk; about half of them have a construction permit.
            parcels: number of land parcels.
            works: number of construction works, at least those of 80 % of the permits.
            defect_share: share of the items with a defect (0..1), about half of them faulty.

        Raises:
            ValueError: `parcels` is less than 1.
        """
        if parcels < 1:
            raise ValueError("a province has at least one parcel")
        self.seed = seed
        self.now = _START
        self.lock = RLock()
        self.desk = OneStopDesk(seeded_random("desk", seed))
        self.construction_department = ConstructionDepartment(seed)
        self.applications = Applications(seed)
        self.parcels: Register[ParcelFact] = Register()
        self.dossiers: Register[DossierFact] = Register()
        self.permits: Register[PermitFact] = Register()
        self.works: Register[WorksFact] = Register()
        self.procedures: Register[ProcedureFact] = Register()
        self._register_land(parcels)
        self._file_dossiers(dossiers)
        self._record_works(works)
        self.listing_defects = self._draw_defects(defect_share)

    def edit(self, change: Callable[["World"], Edited]) -> Edited:
        """Call `change` while the lock is held, and return its result; see `daily_edit`."""
        with self.lock:
            return change(self)

    def remove_first(self, record_type: str) -> None:
        """Remove the record of a shared type that was entered first; of a dossier step, its whole dossier.

        Raises:
            KeyError: there is no such record type here.
        """
        registers: Mapping[str, Register[Any]] = {
            "land_parcel": self.parcels,
            "construction_permit": self.permits,
            "construction_works": self.works,
            "procedure": self.procedures,
            "dossier": self.dossiers,
            "dossier_step": self.dossiers,
        }
        with self.lock:
            registers[record_type].remove_first()

    def tick(self) -> datetime:
        """Advance `now` by a second and return it (Vietnamese time)."""
        self.now += timedelta(seconds=1)
        return self.now

    def record_counts(self) -> Mapping[str, int]:
        """Return how many records of each shared type the sources show, faulty items included.

        Every action that a listing has shown as a dossier's last one counts as a dossier step.
        """
        return {
            "land_parcel": len(self.parcels),
            "construction_permit": len(self.permits),
            "construction_works": len(self.works),
            "procedure": len(self.procedures),
            "dossier": len(self.dossiers),
            "dossier_step": sum(len(dossier.actions) for dossier in self.dossiers),
        }

    def defect_counts(self) -> Mapping[str, DefectCount]:
        """Return how many items of each shared record type have a harmless and a faulty defect."""
        counts = {record_type: DefectCount() for record_type in self.record_counts()}
        for defects in self.listing_defects.values():
            for record_type, count in defects.counts().items():
                counts[record_type].harmless += count.harmless
                counts[record_type].faulty += count.faulty
        return counts

    def code_of_sound_dossier(self) -> str:
        """Return the code of a dossier that has a permit and parcels, none of them with a defect.

        Raises:
            LookupError: this world has no such dossier.
        """
        dossiers = {dossier.code: dossier for dossier in self.dossiers}
        for permit in self.permits:
            if permit.dossier_code in dossiers and self._has_sound_records(dossiers[permit.dossier_code], permit):
                return permit.dossier_code
        raise LookupError("no dossier of this world has all its records sound")

    def open_permit_dossier(self) -> DossierFact:
        """Return an open dossier for a permit, of a person; neither it nor its permit and parcels have a defect.

        One whose permit is not issued yet comes first.

        Raises:
            LookupError: this world has no such dossier.
        """
        with self.lock:
            permits = sorted(self.permits, key=lambda permit: permit.issued_on is not None)
            dossiers = {dossier.code: dossier for dossier in self.dossiers}
            for permit in permits:
                dossier = dossiers.get(permit.dossier_code)
                if dossier and _is_open_and_of_a_person(dossier) and self._has_sound_records(dossier, permit):
                    return dossier
        raise LookupError("no open dossier of this world has all its records sound")

    def apply_for_permit(self, plot: Plot, at: datetime) -> tuple[DossierFact, PermitFact]:
        """Apply for a permit on `plot`: adds a dossier at the desk and a file at the construction department."""
        application = self.applications.permit(plot, at)
        dossier = self._advanced_to_now(self.desk.open(application))
        permit = self.construction_department.open_file(dossier, plot, kind=application.procedure.permit_kind or 1)
        self.dossiers.upsert(dossier)
        self.permits.upsert(permit)
        return dossier, permit

    def _has_sound_records(self, dossier: DossierFact, permit: PermitFact) -> bool:
        """Return whether neither a dossier nor its permit and the parcels of that have a defect."""
        return (
            self._is_sound("dossier", dossier.source_id)
            and self._is_sound("construction_permit", permit.source_id)
            and all(self._is_sound("land_parcel", parcel) for parcel in permit.parcel_ids)
        )

    def _is_sound(self, listing: str, source_id: str) -> bool:
        return self.listing_defects[listing].defect_name(source_id) is None

    def _register_land(self, parcels: int) -> None:
        for procedure in PROCEDURES:
            self.procedures.upsert(procedure)
        for parcel in LandRegister(self.seed).draw_parcels(parcels):
            self.parcels.upsert(parcel)

    def _file_dossiers(self, count: int) -> None:
        rng = seeded_random("world", self.seed)
        moments = application_times(rng, count)
        resurveyed = [parcel for parcel in self.parcels if parcel.previous] or self.parcels.facts
        early = iter(draw_plots(rng, resurveyed, count))
        late = iter(draw_plots(rng, self.parcels.facts, count))
        registered = iter(draw_plots(rng, self.parcels.facts, count))
        for at in moments:
            match weighted_choice(rng, _APPLICATION_WEIGHTS):
                case "permit":
                    self.apply_for_permit(next(early if at < COMMUNES_MERGED_AT else late), at)
                case "land":
                    self._file_land(next(registered).parcels[0], at)
                case _:
                    self.dossiers.upsert(self._advanced_to_now(self.desk.open(self.applications.civil(at))))

    def _file_land(self, parcel: ParcelFact, at: datetime) -> None:
        dossier = self._advanced_to_now(self.desk.open(self.applications.land(parcel, at)))
        self.dossiers.upsert(dossier)
        parcel = self.parcels[parcel.source_id]
        if dossier.released_at is None or not parcel.certificates or parcel.certificates[0].dossier_code:
            return
        issued = replace(parcel.certificates[0], dossier_code=dossier.code, issued_on=dossier.released_at.date())
        changed_at = max(parcel.changed_at, dossier.released_at)
        self.parcels.upsert(replace(parcel, certificates=(issued,), changed_at=changed_at))

    def _advanced_to_now(self, dossier: DossierFact) -> DossierFact:
        return self.desk.advance_until(dossier, self.now)

    def _record_works(self, count: int) -> None:
        rng = seeded_random("survey", self.seed)
        for permit in self.permits:
            if happens(rng, _BUILT_SHARE):
                plot = Plot(parcels=tuple(self.parcels[parcel] for parcel in permit.parcel_ids))
                self.works.upsert(self.construction_department.record_works(plot, permit))
        for plot in draw_plots(rng, self.parcels.facts, count - len(self.works)):
            self.works.upsert(self.construction_department.record_works(plot, None))

    def _draw_defects(self, share: float) -> Mapping[str, ListingDefects]:
        rng = seeded_random("defects", self.seed)
        listings = {
            "land_parcel": ([fact.source_id for fact in self.parcels], PARCEL_DEFECTS),
            "construction_permit": ([fact.source_id for fact in self.permits], PERMIT_DEFECTS),
            "construction_works": ([fact.source_id for fact in self.works], WORKS_DEFECTS),
            "procedure": ([fact.source_id for fact in self.procedures], PROCEDURE_DEFECTS),
            "dossier": ([fact.source_id for fact in self.dossiers], DOSSIER_DEFECTS),
        }
        return {listing: draw_defects(rng, ids, defects, share) for listing, (ids, defects) in listings.items()}


def _is_open_and_of_a_person(dossier: DossierFact) -> bool:
    return dossier.status not in _ENDED and not dossier.applicant.is_company
