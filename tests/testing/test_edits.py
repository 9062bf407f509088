"""Edits: the changes of one day at the sources."""

from typing import TYPE_CHECKING, Any

from cchc_connect.testing import World, daily_edit
from cchc_schemas import is_usual_transition

if TYPE_CHECKING:
    from cchc_connect.testing.province.facts import Register


def test_an_edit_moves_dossiers_by_one_usual_step(world: World) -> None:
    before = {dossier.source_id: dossier for dossier in world.dossiers}
    edit = world.edit(daily_edit(1, share=0.1))
    moved = [world.dossiers[source_id] for source_id in edit.changed["dossier"]]

    assert len(moved) == 12
    for dossier in moved:
        assert is_usual_transition(before[dossier.source_id].status, dossier.status)
        assert dossier.actions[:-1] == before[dossier.source_id].actions
        assert dossier.changed_at > before[dossier.source_id].changed_at


def test_an_edit_says_all_that_changed_and_only_that(world: World) -> None:
    registers: dict[str, Register[Any]] = {
        "land_parcel": world.parcels,
        "construction_permit": world.permits,
        "construction_works": world.works,
        "dossier": world.dossiers,
    }
    before = {name: {fact.source_id: fact for fact in register} for name, register in registers.items()}
    edit = world.edit(daily_edit(2, share=0.05))

    for name, register in registers.items():
        differing = {fact.source_id for fact in register if before[name].get(fact.source_id) != fact}
        listed = {*edit.changed.get(name, ()), *edit.added.get(name, ()), *edit.corrected.get(name, ())}

        assert differing == listed
        assert edit.counts()[name] == len(listed)


def test_an_edit_adds_a_step_for_every_dossier_that_moved_or_came(world: World) -> None:
    before = world.record_counts()["dossier_step"]
    edit = world.edit(daily_edit(1, share=0.05))

    assert world.record_counts()["dossier_step"] == before + len(edit.added["dossier_step"])
    assert len(edit.added["dossier"]) == 1


def test_an_edit_corrects_one_faulty_item_and_leaves_the_others(world: World) -> None:
    faulty = sum(len(defects.faulty_ids()) for defects in world.listing_defects.values())
    edit = world.edit(daily_edit(1))

    assert sum(len(defects.faulty_ids()) for defects in world.listing_defects.values()) == faulty - 1
    assert len({source_id for ids in edit.corrected.values() for source_id in ids}) == 1


def test_a_faulty_item_is_changed_by_its_correction_only(world: World) -> None:
    faulty = {listing: set(defects.faulty_ids()) for listing, defects in world.listing_defects.items()}
    edit = world.edit(daily_edit(1, share=1.0))

    assert all(faulty[listing].isdisjoint(edit.changed.get(listing, ())) for listing in faulty)


def test_edits_go_on_when_every_dossier_has_come_to_its_end(world: World) -> None:
    for seed in range(30):
        assert len(world.edit(daily_edit(seed, share=0.2)).changed["dossier"]) >= 24


def test_a_permit_that_reaches_its_last_step_is_issued(world: World) -> None:
    for seed in range(6):
        world.edit(daily_edit(seed, share=0.5))

    issued = [permit for permit in world.permits if permit.history[-1][0] == "CPXD"]
    assert all(permit.number and permit.issued_on and permit.expires_on for permit in issued)
    assert not any(permit.number for permit in world.permits if permit not in issued)
