"""The invented province: what is so, which of it is written down badly, and how it goes on.

Everything follows from the seed, on every machine. Time stands still at `World.now` until `World.edit`
moves it on; no clock is read.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from threading import RLock
from typing import TypeVar

from cchc_connect.testing.building import COMMUNES_JOINED, ConstructionOffice, Plot, plots
from cchc_connect.testing.catalogue import CATALOGUE
from cchc_connect.testing.chance import happens, seeded, weighted
from cchc_connect.testing.defects import Blemishes, DefectCount, draw
from cchc_connect.testing.desk import Desk
from cchc_connect.testing.facts import (
    VIETNAM,
    DossierFact,
    ParcelFact,
    PermitFact,
    ProcedureFact,
    Register,
    WorksFact,
)
from cchc_connect.testing.filings import Filings, filing_moments
from cchc_connect.testing.land import LandRegister
from cchc_connect.testing.pitfalls import (
    DOSSIER_DEFECTS,
    PARCEL_DEFECTS,
    PERMIT_DEFECTS,
    PROCEDURE_DEFECTS,
    WORKS_DEFECTS,
)

Edited = TypeVar("Edited")

_KINDS = {"permit": 50, "land": 30, "civil": 20}
_BUILT = 0.8
_FIRST_EVENING = datetime(2026, 6, 30, 17, tzinfo=VIETNAM)


class World:
    """The facts of the province, kept in registers, and the defects of what is shown of them.

    Hold `lock` while reading several facts that belong together: a double answers in its own thread.
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
            dossiers: dossiers at the one-stop desk; about half lead to a construction permit each.
            parcels: land parcels.
            works: construction works, at the least those of four permits in five.
            defect_share: share of the items with a defect (0..1), about half of them faulty.

        Raises:
            ValueError: there is no parcel.
        """
        if parcels < 1:
            raise ValueError("a province has at least one parcel")
        self.seed = seed
        self.now = _FIRST_EVENING
        self.lock = RLock()
        self.desk = Desk(seeded("desk", seed))
        self.office = ConstructionOffice(seed)
        self.filings = Filings(seed)
        self.parcels: Register[ParcelFact] = Register()
        self.dossiers: Register[DossierFact] = Register()
        self.permits: Register[PermitFact] = Register()
        self.works: Register[WorksFact] = Register()
        self.procedures: Register[ProcedureFact] = Register()
        self._settle(parcels)
        self._file(dossiers)
        self._survey(works)
        self.blemishes = self._blemish(defect_share)

    def tick(self) -> datetime:
        """Let a second pass; return the new moment."""
        self.now += timedelta(seconds=1)
        return self.now

    def holdings(self) -> Mapping[str, int]:
        """Return how many records of each shared type the sources show, faulty items included.

        A dossier step is held for every action that was ever shown as a dossier's last one.
        """
        return {
            "land_parcel": len(self.parcels),
            "construction_permit": len(self.permits),
            "construction_works": len(self.works),
            "procedure": len(self.procedures),
            "dossier": len(self.dossiers),
            "dossier_step": sum(len(dossier.actions) for dossier in self.dossiers),
        }

    def defects(self) -> Mapping[str, DefectCount]:
        """Return how many items of each shared record type have a harmless and a faulty defect."""
        counts = {record_type: DefectCount() for record_type in self.holdings()}
        for blemishes in self.blemishes.values():
            for record_type, count in blemishes.counts().items():
                counts[record_type].harmless += count.harmless
                counts[record_type].faulty += count.faulty
        return counts

    def complete_case(self) -> str:
        """Return the code of a dossier whose permit, parcels and their listings are all sound.

        Raises:
            LookupError: this world is too small to have one.
        """
        sound = {fact.code for fact in self.dossiers if self._is_sound("dossier", fact.source_id)}
        for permit in self.permits:
            if (
                permit.dossier_code in sound
                and self._is_sound("construction_permit", permit.source_id)
                and all(self._is_sound("land_parcel", parcel) for parcel in permit.parcel_ids)
            ):
                return permit.dossier_code
        raise LookupError("no dossier of this world has all its records sound")

    def _is_sound(self, listing: str, source_id: str) -> bool:
        return self.blemishes[listing].named(source_id) is None

    def _settle(self, parcels: int) -> None:
        for procedure in CATALOGUE:
            self.procedures.enter(procedure)
        for parcel in LandRegister(self.seed).parcels(parcels):
            self.parcels.enter(parcel)

    def _file(self, count: int) -> None:
        rng = seeded("world", self.seed)
        moments = filing_moments(rng, count)
        remeasured = [parcel for parcel in self.parcels if parcel.previous] or self.parcels.rows
        early = iter(plots(rng, remeasured, count))
        late = iter(plots(rng, self.parcels.rows, count))
        registered = iter(plots(rng, self.parcels.rows, count))
        for at in moments:
            match weighted(rng, _KINDS):
                case "permit":
                    self.file_permit(next(early if at < COMMUNES_JOINED else late), at)
                case "land":
                    self._file_land(next(registered).parcels[0], at)
                case _:
                    self.dossiers.enter(self._lived(self.desk.open(self.filings.civil(at))))

    def file_permit(self, plot: Plot, at: datetime) -> tuple[DossierFact, PermitFact]:
        """File for a permit on `plot`: a dossier at the desk and a file at the construction department."""
        request = self.filings.permit(plot, at)
        dossier = self._lived(self.desk.open(request))
        permit = self.office.open(dossier, plot, kind=request.procedure.permit_kind or 1)
        self.dossiers.enter(dossier)
        self.permits.enter(permit)
        return dossier, permit

    def _file_land(self, parcel: ParcelFact, at: datetime) -> None:
        dossier = self._lived(self.desk.open(self.filings.land(parcel, at)))
        self.dossiers.enter(dossier)
        parcel = self.parcels[parcel.source_id]
        if dossier.released_at is None or not parcel.certificates or parcel.certificates[0].dossier_code:
            return
        issued = replace(parcel.certificates[0], dossier_code=dossier.code, issued_on=dossier.released_at.date())
        changed_at = max(parcel.changed_at, dossier.released_at)
        self.parcels.enter(replace(parcel, certificates=(issued,), changed_at=changed_at))

    def _lived(self, dossier: DossierFact) -> DossierFact:
        return self.desk.live_through(dossier, self.now)

    def _survey(self, count: int) -> None:
        rng = seeded("survey", self.seed)
        for permit in self.permits:
            if happens(rng, _BUILT):
                plot = Plot(parcels=tuple(self.parcels[parcel] for parcel in permit.parcel_ids))
                self.works.enter(self.office.survey(plot, permit))
        for plot in plots(rng, self.parcels.rows, count - len(self.works)):
            self.works.enter(self.office.survey(plot, None))

    def _blemish(self, share: float) -> Mapping[str, Blemishes]:
        rng = seeded("defects", self.seed)
        listings = {
            "land_parcel": ([fact.source_id for fact in self.parcels], PARCEL_DEFECTS),
            "construction_permit": ([fact.source_id for fact in self.permits], PERMIT_DEFECTS),
            "construction_works": ([fact.source_id for fact in self.works], WORKS_DEFECTS),
            "procedure": ([fact.source_id for fact in self.procedures], PROCEDURE_DEFECTS),
            "dossier": ([fact.source_id for fact in self.dossiers], DOSSIER_DEFECTS),
        }
        return {listing: draw(rng, ids, defects, share) for listing, (ids, defects) in listings.items()}

    def edit(self, change: Callable[["World"], Edited]) -> Edited:
        """Call `change` while the lock is held, and return its result; see `days_work`."""
        with self.lock:
            return change(self)
