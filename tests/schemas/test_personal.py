"""Personal data is known from the type, at any depth, and masked wherever a record is shown."""

from typing import Annotated

import pytest
from hypothesis import given, strategies as st

from cchc_schemas import (
    RECORD_TYPES,
    Dossier,
    DossierStatus,
    LandParcel,
    Part,
    PersonalClass,
    SensitivePersonal,
    Text,
    mask,
    personal_fields,
)
from cchc_schemas.personal import PersonalMark

PERSONAL: dict[str, set[str]] = {
    "land_parcel": {"holders.name", "holders.id_number", "holders.birth", "holders.address"},
    "land_change": set(),
    "construction_permit": {"investor_name", "investor_code"},
    "construction_works": set(),
    "procedure": set(),
    "dossier": {
        *("applicant_name", "applicant_id", "applicant_phone", "applicant_email"),
        *("supplements.asked_by", "supplements.received_by"),
        *("submitted_papers.file_name", "submitted_papers.file_link", "result_papers.name", "result_papers.file_link"),
    },
    "dossier_step": {"handler_name"},
    "tax_notice": {"taxpayer_name", "taxpayer_code", "file_link", "handler_name"},
    "agency": set(),
    "registered_database": set(),
    "satisfaction_rating": set(),
    "feedback": {"sender_name", "sender_id", "sender_phone", "content"},
}


class Patient(Part):
    """A part with data of both classes."""

    illness: SensitivePersonal[Text]
    parents: tuple[Annotated[Text, PersonalMark(PersonalClass.BASIC)], ...] = ()


class Ward(Part):
    """A part with parts."""

    patients: tuple[Patient, ...]


@pytest.mark.parametrize("name", RECORD_TYPES)
def test_the_personal_fields_of_a_record_are_those_of_the_contract(name: str) -> None:
    assert set(personal_fields(RECORD_TYPES[name])) == PERSONAL[name]


def test_the_class_of_personal_data_is_found_at_any_depth() -> None:
    assert personal_fields(Ward) == {
        "patients.illness": PersonalClass.SENSITIVE,
        "patients.parents": PersonalClass.BASIC,
    }


def test_personal_fields_are_masked_inside_parts_of_parts() -> None:
    shown = repr(Ward(patients=(Patient(illness="sốt", parents=("Trần Văn Mẫu",)),)))

    assert shown == "Ward(patients=(Patient(illness='***', parents='***'),))"


def test_what_is_absent_is_shown_as_absent() -> None:
    shown = repr(Dossier(code="H09-250801-0007", procedure_code="1.013225", status=DossierStatus.REGISTERED))

    assert "applicant_name=None" in shown


@given(st.text(), st.integers(0, 9))
def test_a_mask_leaves_at_most_the_end_and_never_more_than_half(text: str, visible: int) -> None:
    masked = mask(text, visible)

    assert masked.startswith("***")
    assert len(masked) - 3 in {0, visible}
    assert (len(masked) - 3) * 2 <= len(text)
    assert text.endswith(masked[3:])


def test_the_mark_reaches_the_json_schema() -> None:
    holder = LandParcel.model_json_schema()["$defs"]["RightHolder"]["properties"]

    assert [holder[name].get("x-personal") for name in ("kind", "name", "id_number")] == [None, "basic", "basic"]
    assert Patient.model_json_schema()["properties"]["illness"]["x-personal"] == "sensitive"
