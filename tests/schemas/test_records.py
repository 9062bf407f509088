"""Reading and writing: every fault at once, notes beside the record, documents that come back equal."""

import json
import pickle
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

from cchc_schemas import (
    RECORD_TYPES,
    Dossier,
    Fault,
    LandParcel,
    Note,
    Record,
    RecordInvalid,
    from_document,
    personal_fields,
    to_document,
)
from tests.quick import scaled
from tests.schemas.invented import DOSSIER, PARCEL, records_of

SECRETS = ("Nguyễn Thị Mẫu", "Mẫu", "074187000123", "0900000123", "mau@example.org")

limited_examples = settings(max_examples=scaled(25))
"""Generating a record takes milliseconds; 25 examples cover every record type more than once."""

SHOWN: list[Callable[[Record], str]] = [str, repr, lambda record: f"{record}", lambda record: repr([record])]
"""The ways in which a record may be written to a log."""

EVERY_RECORD = st.sampled_from(list(RECORD_TYPES.values())).flatmap(records_of)


def test_every_fault_of_a_record_is_reported_at_once() -> None:
    broken = {
        **PARCEL,
        "commune_code": "99999",
        "parcel_number": None,
        "area_m2": "0",
        "uses": [{"code": "ODT", "area_m2": "12,5"}],
        "colour": "red",
    }

    with pytest.raises(RecordInvalid) as refusal:
        LandParcel.read(broken)

    assert refusal.value.record_type == "land_parcel"
    assert refusal.value.faults == (
        Fault("commune_code", "commune_code_unknown"),
        Fault("parcel_number", "missing"),
        Fault("area_m2", "area_not_positive"),
        Fault("uses.0.catalogue", "missing"),
        Fault("uses.0.area_m2", "decimal_parsing"),
        Fault("colour", "field_unknown"),
    )


def test_irregular_codes_are_read_with_a_note_at_their_path() -> None:
    fields = {**DOSSIER, "procedure_code": "1.001612-TH2", "field_code": "BTC-NSNN"}

    record, notes = (reading := Dossier.read(fields)).record, reading.notes

    assert record.procedure_code == "1.001612-TH2"
    assert notes == (Note("procedure_code", "procedure_code_irregular"), Note("field_code", "field_code_irregular"))


def test_a_note_names_the_element_of_a_list() -> None:
    uses = [{"code": "ODT", "catalogue": "TT 08/2024/TT-BTNMT"}, {"code": "thổ cư", "catalogue": "cũ"}]

    reading = LandParcel.read({**PARCEL, "uses": uses})

    assert reading.notes == (Note("uses.1.code", "land_use_code_unknown"),)


def test_the_constructor_refuses_what_reading_forgives() -> None:
    with pytest.raises(ValidationError) as refusal:
        Dossier.model_validate({**DOSSIER, "procedure_code": "1.001612-TH2"})

    assert "procedure_code_irregular" in {details["type"] for details in refusal.value.errors()}


def test_an_irregular_record_is_known_as_such_after_it_was_stored() -> None:
    stored = to_document(Dossier.read({**DOSSIER, "field_code": "LVK"}).record)

    record = from_document(Dossier, stored)

    assert record.irregularities() == (Note("field_code", "field_code_irregular"),)


def test_a_regular_record_has_no_notes() -> None:
    reading = LandParcel.read(PARCEL)

    assert reading.notes == ()
    assert reading.record.irregularities() == ()


@limited_examples
@pytest.mark.repeats
@given(EVERY_RECORD)
def test_a_document_makes_the_record_it_was_made_of(record: Record) -> None:
    document = to_document(record)
    again = from_document(type(record), json.loads(json.dumps(document)))

    assert again == record
    assert (again.key, again.order_key, hash(again)) == (record.key, record.order_key, hash(record))
    assert to_document(again) == document


@limited_examples
@pytest.mark.repeats
@given(EVERY_RECORD)
def test_what_may_be_written_is_read_without_irregularities(record: Record) -> None:
    assert record.irregularities() == ()


def test_a_document_of_another_record_type_is_refused() -> None:
    with pytest.raises(RecordInvalid):
        from_document(LandParcel, to_document(Dossier.read(DOSSIER).record))


def test_a_record_cannot_be_changed() -> None:
    record = Dossier.read(DOSSIER).record

    with pytest.raises(ValidationError):
        record.code = "H09-250801-0007"  # type: ignore[misc]  # the refusal is what is tested


@pytest.mark.parametrize("record", [LandParcel.read(PARCEL).record, Dossier.read(DOSSIER).record])
@pytest.mark.parametrize("show", SHOWN)
def test_a_shown_record_shows_no_personal_value(record: Record, show: Callable[[Record], str]) -> None:
    shown = show(record)

    assert not [secret for secret in SECRETS if secret in shown]
    assert "***0123" in shown


def test_a_refusal_shows_no_value_neither_in_its_text_nor_behind_it() -> None:
    unreadable = {**DOSSIER, **dict.fromkeys(personal_fields(Dossier), SECRETS[0] + "\x00"), SECRETS[0]: 1}

    with pytest.raises(RecordInvalid) as refusal:
        Dossier.read(unreadable)

    shown = "".join(traceback.format_exception(refusal.value)) + repr(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None
    assert not [secret for secret in SECRETS if secret in shown]


def test_a_strict_refusal_shows_no_value_in_its_text() -> None:
    with pytest.raises(ValidationError) as refusal:
        Dossier.model_validate({**DOSSIER, "applicant_name": "Nguyễn Thị Mẫu\x00"})

    assert "Nguyễn" not in str(refusal.value)


def test_a_refusal_survives_the_way_to_another_process() -> None:
    refusal = RecordInvalid("dossier", (Fault("code", "missing"),))

    returned = pickle.loads(pickle.dumps(refusal))  # noqa: S301  # our own bytes

    assert (returned.record_type, returned.faults) == (refusal.record_type, refusal.faults)


def test_a_value_no_reader_could_read_is_refused_by_every_field_under_the_reader_s_rule() -> None:
    class Unread:
        rule = "wire_format"

    for record_type in RECORD_TYPES.values():
        with pytest.raises(RecordInvalid) as refusal:
            record_type.read({name: Unread() for name in record_type.model_fields})

        assert refusal.value.faults == tuple(Fault(name, "wire_format") for name in record_type.model_fields)


def test_record_types_keep_their_order() -> None:
    assert list(RECORD_TYPES) == [
        "land_parcel",
        "land_change",
        "construction_permit",
        "construction_works",
        "procedure",
        "dossier",
        "dossier_step",
        "tax_notice",
        "agency",
        "registered_database",
        "satisfaction_rating",
        "feedback",
    ]
    assert all(record.record_type == name for name, record in RECORD_TYPES.items())


def test_a_record_without_a_key_of_its_own_cannot_be_made() -> None:
    with pytest.raises(TypeError):
        Record()  # type: ignore[abstract]  # the refusal is what is tested
