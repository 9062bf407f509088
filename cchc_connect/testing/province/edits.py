"""Daily edits of an invented province: the changes of one day at the sources, and which records they concern.

The only change to a faulty item is its correction, so that a quarantined item stays one item until it can be read.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar

from cchc_connect.testing.province.construction import NEXT_WORKS_STATUS, PERMIT_STEPS, draw_plots
from cchc_connect.testing.province.facts import Fact, ParcelFact, Register
from cchc_connect.testing.province.one_stop_desk import USUAL_TRANSITIONS
from cchc_connect.testing.province.seeded_random import happens, sample_in_order, seeded_random
from cchc_connect.testing.province.world import World
from cchc_schemas import DossierStatus

_PAUSE_BEFORE_EDIT = timedelta(minutes=10)
_TENTH = Decimal("0.1")

ChangedFact = TypeVar("ChangedFact", bound=Fact)


def _no_ids() -> defaultdict[str, list[str]]:
    return defaultdict(list)


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Records that an edit changed: source ids by shared record type.

    A dossier step has the source id of its dossier, because the listing shows only the last step of a dossier.
    """

    changed: Mapping[str, Sequence[str]] = field(default_factory=_no_ids)
    added: Mapping[str, Sequence[str]] = field(default_factory=_no_ids)
    corrected: Mapping[str, Sequence[str]] = field(default_factory=_no_ids)
    """Items that were faulty and can be read now."""

    def counts(self) -> Mapping[str, int]:
        """Return how many records of each type were changed, added or corrected."""
        record_types = {*self.changed, *self.added, *self.corrected}
        return {
            record_type: sum(len(ids.get(record_type, ())) for ids in (self.changed, self.added, self.corrected))
            for record_type in sorted(record_types)
        }


def daily_edit(seed: int, share: float = 0.01) -> Callable[[World], Edit]:
    """Return the edit of one day, for `World.edit`.

    It changes about `share` of the records at their sources (0..1), corrects a faulty item and adds new records.
    The same seed makes the same edit of the same world.
    """

    def edit(world: World) -> Edit:
        world.now += _PAUSE_BEFORE_EDIT
        daily = _DailyEdit(world, seeded_random("edit", world.seed, seed), share)
        daily.move_dossiers()
        daily.move_permits()
        daily.change_parcels()
        daily.move_works()
        daily.file_application()
        daily.correct_one()
        return Edit(changed=daily.changed, added=daily.added, corrected=daily.corrected)

    return edit


class _DailyEdit:
    """One edit in progress."""

    def __init__(self, world: World, rng: Random, share: float) -> None:
        self._world = world
        self._rng = rng
        self._share = share
        self.changed = _no_ids()
        self.added = _no_ids()
        self.corrected = _no_ids()

    def correct_one(self) -> None:
        faulty = [
            (listing, source_id)
            for listing, defects in self._world.listing_defects.items()
            for source_id in defects.faulty_ids()
        ]
        if not faulty:
            return
        listing, source_id = self._rng.choice(faulty)
        defect = self._world.listing_defects[listing].correct(source_id)
        self._touch(listing, source_id)
        for record_type in defect.record_types:
            self.corrected[record_type].append(source_id)

    def _touch(self, listing: str, source_id: str) -> None:
        world, at = self._world, self._world.tick()
        match listing:
            case "land_parcel":
                world.parcels.upsert(replace(world.parcels[source_id], changed_at=at))
            case "construction_permit":
                world.permits.upsert(replace(world.permits[source_id], changed_at=at))
            case "construction_works":
                world.works.upsert(replace(world.works[source_id], changed_at=at))
            case "dossier":
                world.dossiers.upsert(replace(world.dossiers[source_id], changed_at=at))
            case _:  # procedures, which have no time of change
                world.procedures.upsert(world.procedures[source_id])

    def _chosen(
        self, listing: str, register: Register[ChangedFact], candidates: Sequence[ChangedFact]
    ) -> list[ChangedFact]:
        """Draw the edit's share of a register from the sound facts of `candidates`, at least one."""
        defects = self._world.listing_defects[listing]
        sound = [fact for fact in candidates if not defects.is_faulty(fact.source_id)]
        return sample_in_order(self._rng, sound, max(1, round(len(register) * self._share)))

    def move_dossiers(self) -> None:
        """Advance unfinished dossiers; where these are too few, recall returned ones for the shortfall."""
        world = self._world
        unfinished = [dossier for dossier in world.dossiers if dossier.status in USUAL_TRANSITIONS]
        chosen = self._chosen("dossier", world.dossiers, unfinished)
        shortfall = max(1, round(len(world.dossiers) * self._share)) - len(chosen)
        returned = (
            [dossier for dossier in world.dossiers if dossier.status == DossierStatus.RETURNED] if shortfall > 0 else []
        )
        recalled = self._chosen("dossier", world.dossiers, returned)[: max(0, shortfall)]
        for dossier in chosen:
            world.dossiers.upsert(world.desk.advance(dossier, world.tick()))
        for dossier in recalled:
            world.dossiers.upsert(world.desk.recall(dossier, world.tick()))
        moved = [dossier.source_id for dossier in (*chosen, *recalled)]
        self.changed["dossier"].extend(moved)
        self.added["dossier_step"].extend(moved)

    def move_permits(self) -> None:
        world = self._world
        open_files = [
            permit for permit in world.permits if permit.history[-1][0] != PERMIT_STEPS[-1] and not permit.refusal
        ]
        for permit in self._chosen("construction_permit", world.permits, open_files):
            world.permits.upsert(world.construction_department.advance(permit, world.tick()))
            self.changed["construction_permit"].append(permit.source_id)

    def change_parcels(self) -> None:
        world = self._world
        for parcel in self._chosen("land_parcel", world.parcels, world.parcels.facts):
            changed = self._resurveyed(parcel) if happens(self._rng, 0.5) else _with_other_use(parcel)
            world.parcels.upsert(replace(changed, changed_at=world.tick(), version=parcel.version + 1))
            self.changed["land_parcel"].append(parcel.source_id)

    def move_works(self) -> None:
        world = self._world
        unfinished = [works for works in world.works if works.status in NEXT_WORKS_STATUS]
        for works in self._chosen("construction_works", world.works, unfinished):
            at, status = world.tick(), NEXT_WORKS_STATUS[works.status]
            completed = at.date() if status == "HC" else None
            world.works.upsert(
                replace(
                    works,
                    status=status,
                    changed_at=at,
                    started_on=works.started_on or at.date(),
                    completed_on=completed,
                )
            )
            self.changed["construction_works"].append(works.source_id)

    def file_application(self) -> None:
        """File one new application for a construction permit."""
        world = self._world
        plot = draw_plots(self._rng, world.parcels.facts, 1)[0]
        dossier, permit = world.apply_for_permit(plot, world.tick())
        self.added["dossier"].append(dossier.source_id)
        self.added["dossier_step"].append(dossier.source_id)
        self.added["construction_permit"].append(permit.source_id)

    def _resurveyed(self, parcel: ParcelFact) -> ParcelFact:
        """Return the parcel with a slightly larger area; the increase goes to its first use."""
        increase = _TENTH * self._rng.randint(1, 50)
        first, *further = parcel.uses
        return replace(parcel, area=parcel.area + increase, uses=(replace(first, area=first.area + increase), *further))


def _with_other_use(parcel: ParcelFact) -> ParcelFact:
    first, *further = parcel.uses
    code = "TMD" if first.code != "TMD" else "SKC"
    return replace(parcel, uses=(replace(first, code=code), *further))
