"""Construction department: permit files, which follow their dossiers, and construction works.

Steps and works statuses are those of the Bình Dương construction department's public client code
(74nguyentan/training_angular_ditagis, 2022). A file from before 1 July 2025 has the commune, sheet and parcel
numbers of that time; so have some later files.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from types import MappingProxyType

from cchc_connect.testing.province.facts import (
    VIETNAM,
    DossierFact,
    MeasureFact,
    ParcelFact,
    ParcelNumbering,
    PermitFact,
    ProcedureFact,
    SiteFact,
    WorksFact,
)
from cchc_connect.testing.province.seeded_random import happens, sample_in_order, seeded_random, weighted_choice
from cchc_schemas import DossierStatus

PERMIT_STEPS = ("TNHS", "TDHS", "LYK", "DTTT", "XTT", "CPXD")
"""Steps of a permit file (tiến độ), in order."""
NEXT_WORKS_STATUS = MappingProxyType({"CCTT": "DXD", "DXD": "CHC", "CHC": "HC"})
"""Next status of works; HC (completed) and HTH (built before there were permit files) are final."""
COMMUNES_MERGED_AT = datetime(2025, 7, 1, tzinfo=VIETNAM)
"""When the 91 communes were merged into 36."""

_FORMER_NUMBERS_SHARE = 0.15
_FORMER_NUMBERS_WORKS_SHARE = 0.3
_WORKS_STATUSES = {"CCTT": 1, "DXD": 4, "CHC": 2, "HC": 3, "HTH": 2}
_GRADES = {"Cấp IV": 12, "Cấp III": 8, "Cấp II": 3, "Cấp I": 1, "Cấp đặc biệt": 0.3}
_KINDS = {
    "Dân dụng": 14,
    "Công nghiệp": 3,
    "Giao thông": 1,
    "Nông nghiệp và phát triển nông thôn": 1,
    "Hạ tầng kỹ thuật": 1,
}
_FLOORS = {"01 tầng": 5, "02 tầng + mái": 6, "01 trệt, 01 lầu, tum": 4, "03 tầng": 2, "01 hầm, 05 tầng": 1}
_FLOOR_COUNTS = {"01 tầng": 1, "02 tầng + mái": 2, "01 trệt, 01 lầu, tum": 2, "03 tầng": 3, "01 hầm, 05 tầng": 6}
_REFUSALS = {DossierStatus.REFUSED: "Hồ sơ không hợp lệ", DossierStatus.WITHDRAWN: "Công dân rút hồ sơ"}
_TENTH = Decimal("0.1")
_SURVEY_DATE = datetime(2026, 3, 2, 9, tzinfo=VIETNAM)


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One parcel, or neighbouring parcels of one map sheet, to build on."""

    parcels: tuple[ParcelFact, ...]

    def site(self, *, former_numbers: bool) -> SiteFact:
        """Return the plot as a file writes it; `former_numbers`: with the parcels' former numbers, if any."""
        numberings = tuple(_numbering(parcel, former=former_numbers) for parcel in self.parcels)
        address = self.parcels[0].holders[0].party.address
        return SiteFact(parcels=numberings, address=address, ring=self.parcels[0].ring)


class ConstructionDepartment:
    """Opens and advances permit files, and records works."""

    def __init__(self, seed: int) -> None:
        self._rng = seeded_random("building", seed)
        self._files = 0
        self._permits = 0
        self._surveyed = 0

    def open_file(self, dossier: DossierFact, plot: Plot, *, kind: int) -> PermitFact:
        """Open the permit file of `dossier`, at the step that fits the status of the dossier."""
        rng = self._rng
        self._files += 1
        at = dossier.received_at or dossier.created_at
        site = plot.site(former_numbers=at < COMMUNES_MERGED_AT or happens(rng, _FORMER_NUMBERS_SHARE))
        certificates = plot.parcels[0].certificates
        permit = PermitFact(
            source_id=f"CPXD-{at.year}-{self._files:06d}",
            changed_at=at,
            dossier_code=dossier.code,
            works_code=f"CT-{at.year}-{self._files:06d}",
            name=_name(dossier.procedure, site),
            kind=kind,
            history=((PERMIT_STEPS[0], at),),
            refusal="",
            investor=dossier.applicant,
            site=site,
            parcel_ids=tuple(parcel.source_id for parcel in plot.parcels),
            measures=_measures(rng, plot.parcels[0].area),
            number="",
            issued_on=None,
            expires_on=None,
            certificate_serial=certificates[0].serial if certificates else "",
        )
        return self._caught_up(permit, dossier)

    def advance(self, permit: PermitFact, at: datetime) -> PermitFact:
        """Advance an unfinished file by one step; the last step issues the permit."""
        step = PERMIT_STEPS[PERMIT_STEPS.index(permit.history[-1][0]) + 1]
        moved = replace(permit, history=(*permit.history, (step, at)), changed_at=at)
        if step != PERMIT_STEPS[-1]:
            return moved
        self._permits += 1
        issued = at.date()
        return replace(
            moved,
            number=f"{self._permits:04d}/GPXD",
            issued_on=issued,
            expires_on=issued + timedelta(days=365),
        )

    def record_works(self, plot: Plot, permit: PermitFact | None) -> WorksFact:
        """Record works on `plot`, with the code and name of `permit` if they have one."""
        rng = self._rng
        self._surveyed += 1
        status = _status_of(permit) if permit else weighted_choice(rng, _WORKS_STATUSES)
        built = (plot.parcels[0].area * Decimal(rng.randint(40, 90)) / 100).quantize(_TENTH)
        floors = weighted_choice(rng, _FLOORS)
        started = permit.issued_on if permit else None
        if started is None and status not in {"CCTT", "HTH"}:
            started = date(rng.randint(2019, 2024), rng.randint(1, 12), rng.randint(1, 28))
        return WorksFact(
            source_id=permit.works_code if permit else f"HT-{self._surveyed:06d}",
            changed_at=permit.changed_at if permit else _SURVEY_DATE,
            name=permit.name if permit else f"Công trình hiện trạng {self._surveyed}",
            status=status,
            grade=weighted_choice(rng, _GRADES),
            kind=weighted_choice(rng, _KINDS),
            site=permit.site if permit else plot.site(former_numbers=happens(rng, _FORMER_NUMBERS_WORKS_SHARE)),
            built_area=built,
            floor_area=built * _FLOOR_COUNTS[floors],
            floors=floors,
            started_on=started,
            completed_on=started + timedelta(days=rng.randint(90, 420)) if started and status == "HC" else None,
        )

    def _caught_up(self, permit: PermitFact, dossier: DossierFact) -> PermitFact:
        if dossier.status in _REFUSALS:
            return replace(permit, refusal=_REFUSALS[dossier.status], changed_at=dossier.changed_at)
        reached = self._steps_reached(dossier.status)
        at = permit.changed_at
        interval = ((dossier.released_at or dossier.changed_at) - at) / (reached + 1)
        for _ in range(reached):
            at += timedelta(seconds=int(interval.total_seconds()))
            permit = self.advance(permit, at)
        return permit

    def _steps_reached(self, status: DossierStatus) -> int:
        if status in {DossierStatus.REGISTERED, DossierStatus.RECEIVED}:
            return 0
        if status in {DossierStatus.PROCESSED, DossierStatus.RETURNED}:
            return len(PERMIT_STEPS) - 1
        return self._rng.randint(1, len(PERMIT_STEPS) - 2) if status == DossierStatus.IN_PROCESS else 1


def draw_plots(rng: Random, parcels: list[ParcelFact], count: int) -> list[Plot]:
    """Draw `count` plots; about one in twelve has two neighbouring parcels of one sheet."""
    drawn: list[Plot] = []
    last = len(parcels) - 1
    while len(drawn) < count:
        for index in sample_in_order(rng, range(len(parcels)), count - len(drawn)):
            neighbours = (
                parcels[index : index + 2] if index < last and happens(rng, 0.08) else parcels[index : index + 1]
            )
            sheets = {(parcel.numbering.commune, parcel.numbering.sheet) for parcel in neighbours}
            drawn.append(Plot(parcels=tuple(neighbours if len(sheets) == 1 else neighbours[:1])))
    return drawn


def _numbering(parcel: ParcelFact, *, former: bool) -> ParcelNumbering:
    return parcel.previous if former and parcel.previous else parcel.numbering


def _name(procedure: ProcedureFact, site: SiteFact) -> str:
    subject = procedure.name.partition("xây dựng ")[2] or "công trình"
    first = site.parcels[0]
    return f"{subject[0].upper()}{subject[1:]} tại thửa {first.number} tờ {first.sheet}"


def _status_of(permit: PermitFact) -> str:
    return "DXD" if permit.issued_on else "CCTT"


def _measures(rng: Random, area: Decimal) -> tuple[MeasureFact, ...]:
    built = (area * Decimal(rng.randint(40, 90)) / 100).quantize(_TENTH)
    floors = weighted_choice(rng, _FLOORS)
    height = Decimal(rng.randint(38, 220)) * _TENTH
    return (
        MeasureFact(name="dienTichXayDung", value=built, unit="m2", text=""),
        MeasureFact(name="tongDienTichSan", value=built * _FLOOR_COUNTS[floors], unit="m2", text=""),
        MeasureFact(name="chieuCao", value=height, unit="m", text=""),
        MeasureFact(name="soTang", value=None, unit="tầng", text=floors),
        MeasureFact(name="cotXayDung", value=Decimal("0.45"), unit="m", text="+ 0,45 m"),
    )
