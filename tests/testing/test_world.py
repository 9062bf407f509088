"""The invented province: reproducible by seed, with valid codes and recognisably invented persons."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, cast

import pytest
from pydantic import TypeAdapter

from cchc_connect.testing import World, daily_edit
from cchc_connect.testing.province.communes import present_communes
from cchc_connect.testing.province.facts import Party
from cchc_connect.testing.province.geometry import vn2000
from cchc_connect.testing.province.one_stop_desk import USUAL_TRANSITIONS
from cchc_schemas import (
    AdminLevel,
    AdminScheme,
    CertificateSerial,
    CitizenId,
    DossierCode,
    FieldCode,
    NationalParcelId,
    ProcedureCode,
    admin_unit,
    code_list,
    is_usual_transition,
    successors,
)

REGISTERS = ("parcels", "dossiers", "permits", "works", "procedures")


def facts(world: World) -> list[object]:
    return [fact for register in REGISTERS for fact in getattr(world, register)]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in cast("dict[str, Any]", value).values():
            yield from texts(member)
    elif isinstance(value, list | tuple):
        for member in cast("Sequence[Any]", value):
            yield from texts(member)


def parties(world: World) -> list[Party]:
    holders = [holder.party for parcel in world.parcels for holder in parcel.holders]
    return holders + [dossier.applicant for dossier in world.dossiers]


def test_the_same_seed_makes_the_same_world() -> None:
    first, second = World(seed=5), World(seed=5)
    edits = first.edit(daily_edit(1)), second.edit(daily_edit(1))

    assert facts(first) == facts(second)
    assert edits[0] == edits[1]
    assert first.defect_counts() == second.defect_counts()


def test_another_seed_makes_another_world() -> None:
    assert facts(World(seed=5)) != facts(World(seed=6))


def test_the_usual_world_has_about_fifteen_hundred_records() -> None:
    assert 1300 < sum(World(seed=1).record_counts().values()) < 1700


def test_every_parcel_has_its_own_number_of_today_and_of_before(world: World) -> None:
    numbers = [parcel.numbering for parcel in world.parcels]
    previous = [parcel.previous for parcel in world.parcels if parcel.previous]

    assert len(set(numbers)) == len(numbers)
    assert len(set(previous)) == len(previous) > 10


def test_the_communes_are_the_thirty_six_successors_of_binh_duong() -> None:
    communes = present_communes()

    assert len(communes) == 36
    assert len({former.code for commune in communes for former in commune.former}) == 91
    assert all(former.district in {str(code) for code in range(718, 727)} for c in communes for former in c.former)


def test_every_commune_code_exists_in_its_scheme(world: World) -> None:
    for parcel in world.parcels:
        assert admin_unit(AdminScheme.GSO_2025_07, parcel.numbering.commune).level is AdminLevel.COMMUNE
        if parcel.previous:
            successor_codes = {unit.code for unit in successors(parcel.previous.commune).candidates}

            assert parcel.numbering.commune in successor_codes


def test_every_code_is_one_that_we_would_write(world: World) -> None:
    for dossier in world.dossiers:
        TypeAdapter(DossierCode).validate_python(dossier.code)
    for parcel in world.parcels:
        TypeAdapter(NationalParcelId).validate_python(parcel.national_id)
        for certificate in parcel.certificates:
            TypeAdapter(CertificateSerial).validate_python(certificate.serial)
    for procedure in world.procedures:
        TypeAdapter(FieldCode).validate_python(procedure.field_code)
    regular = [procedure.source_id for procedure in world.procedures if "-" not in procedure.source_id]
    for code in regular:
        TypeAdapter(ProcedureCode).validate_python(code)

    assert len(regular) == len(world.procedures) - 1


def test_every_listed_code_is_in_its_list(world: World) -> None:
    uses = {use.code for parcel in world.parcels for use in parcel.uses}
    steps = {step for permit in world.permits for step, _ in permit.history}

    assert uses <= set(code_list("land_use_codes"))
    assert steps <= set(code_list("permit_steps"))
    assert {str(permit.kind) for permit in world.permits} <= set(code_list("permit_kinds"))
    assert {works.status for works in world.works} <= set(code_list("works_status"))
    assert {str(int(dossier.status)) for dossier in world.dossiers} <= set(code_list("dossier_status"))


def test_every_move_of_a_dossier_is_a_usual_transition() -> None:
    moves = [(before, after) for before, following in USUAL_TRANSITIONS.items() for after in following]

    assert [move for move in moves if not is_usual_transition(*move)] == []


def test_identity_numbers_have_the_right_structure_and_invented_serials(world: World) -> None:
    for person in (party for party in parties(world) if party.birth):
        TypeAdapter(CitizenId).validate_python(person.id_number)
        assert person.birth

        assert re.fullmatch(r"074[0-3][0-9]{2}0000[0-9]{2}", person.id_number)
        assert person.id_number[4:6] == f"{person.birth.year % 100:02d}"
        assert int(person.id_number[3]) // 2 == person.birth.year // 100 - 19


def test_people_and_companies_are_visibly_invented(world: World) -> None:
    for party in parties(world):
        assert "Mẫu" in party.name
        assert re.fullmatch(r"0900000[0-9]{3}", party.phone)
    assert any(party.name.startswith("Công ty TNHH Mẫu ") for party in parties(world))


def test_all_text_is_composed_before_defects_are_put_in(world: World) -> None:
    written = [text for register in REGISTERS for fact in getattr(world, register) for text in texts(asdict(fact))]

    assert all(unicodedata.is_normalized("NFC", text) for text in written)
    assert any(not text.isascii() for text in written)


def test_uses_of_a_parcel_add_up_to_its_area(world: World) -> None:
    world.edit(daily_edit(1, share=0.5))

    assert all(sum(use.area for use in parcel.uses) == parcel.area for parcel in world.parcels)


def test_the_ground_lies_in_the_window_of_binh_duong(world: World) -> None:
    for parcel in world.parcels:
        east, north = vn2000(*parcel.ring[0])

        assert 560_000 < east < 640_000
        assert 1_200_000 < north < 1_275_000


def test_dates_of_a_dossier_stand_in_their_order(world: World) -> None:
    for dossier in world.dossiers:
        moments = [dossier.created_at, dossier.received_at, dossier.released_at, dossier.finished_at, world.now]
        reached = [at for at in moments if at]

        assert reached == sorted(reached)
        assert dossier.actions[-1].at == dossier.changed_at


def test_a_case_can_be_followed_from_the_dossier_to_its_parcels(world: World) -> None:
    code = world.code_of_sound_dossier()
    permit = next(permit for permit in world.permits if permit.dossier_code == code)
    parcels = [world.parcels[source_id] for source_id in permit.parcel_ids]

    assert code in {dossier.code for dossier in world.dossiers}
    for written, parcel in zip(permit.site.parcels, parcels, strict=True):
        assert written in {parcel.numbering, parcel.previous}


def test_an_open_dossier_of_a_person_has_a_permit_that_is_not_issued_yet() -> None:
    world = World(7)
    dossier = world.open_permit_dossier()
    permit = next(permit for permit in world.permits if permit.dossier_code == dossier.code)

    assert dossier.finished_at is None
    assert dossier.status not in {3, 7, 8, 10}
    assert not dossier.applicant.is_company
    assert permit.issued_on is None
    assert dossier.applicant in {holder.party for holder in world.parcels[permit.parcel_ids[0]].holders}


def test_some_permits_name_their_parcels_by_the_numbers_of_before(world: World) -> None:
    old = [permit for permit in world.permits if permit.site.parcels[0].district]

    assert 0 < len(old) < len(world.permits)


def test_a_finished_land_dossier_stands_on_its_parcels_certificate(world: World) -> None:
    codes = {certificate.dossier_code for parcel in world.parcels for certificate in parcel.certificates} - {None}
    land = {dossier.code for dossier in world.dossiers if dossier.procedure.field_code == "G13-TN02"}

    assert codes
    assert codes <= land


def test_a_world_without_a_parcel_is_refused() -> None:
    with pytest.raises(ValueError, match="parcel"):
        World(seed=1, parcels=0)


def test_a_world_has_the_sizes_that_were_asked_for() -> None:
    counts = World(seed=1, dossiers=30, parcels=44, works=50).record_counts()

    assert (counts["dossier"], counts["land_parcel"], counts["construction_works"]) == (30, 44, 50)
    assert 0 < counts["construction_permit"] < 30
