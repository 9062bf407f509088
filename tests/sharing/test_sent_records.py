"""What leaves as a record on a route is what the treatments make of its document, as far as a record can hold that."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from cchc_connect.sharing.agreements import Treatment
from cchc_connect.sharing.sent_records import SentRecords, without
from cchc_connect.sharing.treatments import treated
from cchc_schemas import RECORD_TYPES, Dossier, LandParcel, PartialDate, Record, from_document, to_document
from cchc_schemas.personal import models_in
from cchc_schemas.record_paths import leaves
from tests.quick import scaled
from tests.schemas.invented import DOSSIER, PARCEL, records_of

KEY = b"key of the tests"

PARCEL_KEY = dict.fromkeys(("scheme", "commune_code", "map_sheet", "parcel_number"), Treatment.PLAIN)


def sendable(record_class: type[Record], drawn: Mapping[str, Treatment]) -> Mapping[str, Treatment]:
    """Return drawn fields with those that every record must have, without what no record can hold."""
    fields = dict(drawn)
    while faults := list(SentRecords(record_class, fields, pseudonym_key=KEY).unsendable()):
        for fault in faults:
            if fault.rule == "required":
                below = [path for path in leaves(record_class) if f"{path}.".startswith(f"{fault.field}.")]
                fields |= dict.fromkeys(below, Treatment.PLAIN)
            else:
                fields.pop(fault.field, None)
    return fields


def completed(model: type[BaseModel], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what leaves of a document with the default of every field that does not leave."""
    return {
        name: completed_value(field, document[name])
        if name in document
        else to_jsonable_python(field.get_default(call_default_factory=True, validated_data={}))
        for name, field in model.model_fields.items()
    }


def completed_value(field: FieldInfo, value: Any) -> object:
    parts = list(models_in(field.annotation))
    if parts and value.__class__ is list:
        return [completed(parts[0], element) for element in value]
    return completed(parts[0], value) if parts and value is not None else value


@pytest.mark.parametrize("record_class", RECORD_TYPES.values(), ids=RECORD_TYPES.keys())
@given(drawn=st.data())
@settings(
    max_examples=scaled(25),
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_a_sent_record_is_what_the_treatments_make_of_its_document(
    record_class: type[Record], drawn: st.DataObject
) -> None:
    record = drawn.draw(records_of(record_class))
    treatments = st.sampled_from([Treatment.PLAIN, *Treatment])
    granted = drawn.draw(st.dictionaries(st.sampled_from(sorted(leaves(record_class))), treatments))
    fields = sendable(record_class, granted)

    sent = SentRecords(record_class, fields, pseudonym_key=KEY).sent(record)

    leaving = treated(record_class, to_document(record), fields, pseudonym_key=KEY)
    assert to_document(sent) == completed(record_class, leaving)


def test_what_is_not_granted_in_a_part_is_unknown_there() -> None:
    fields = {**PARCEL_KEY, "holders.kind": Treatment.PLAIN, "holders.name": Treatment.MASKED}

    sent = SentRecords(LandParcel, fields).sent(from_document(LandParcel, {**PARCEL}))

    assert isinstance(sent, LandParcel)
    (holder,) = sent.holders
    assert (holder.name, holder.id_number, holder.birth) == ("***", None, None)
    assert (sent.area_m2, sent.uses, sent.previous_keys) == (None, (), ())


def test_of_a_day_its_year_leaves_as_a_date() -> None:
    fields = {**PARCEL_KEY, "certificates.serial": Treatment.PLAIN, "certificates.issued_on": Treatment.YEAR}
    parcel = from_document(LandParcel, {**PARCEL, "certificates": [{"serial": "BA 123456", "issued_on": "2015-03-02"}]})

    sent = SentRecords(LandParcel, fields).sent(parcel)

    assert isinstance(sent, LandParcel)
    assert sent.certificates[0].issued_on == PartialDate(2015)


def test_a_pseudonym_without_a_key_is_withheld() -> None:
    fields = {**without(Dossier, frozenset()), "applicant_id": Treatment.PSEUDONYM}
    dossier = from_document(Dossier, DOSSIER)

    named = SentRecords(Dossier, fields, pseudonym_key=KEY).sent(dossier)
    withheld = SentRecords(Dossier, fields).sent(dossier)

    assert isinstance(named, Dossier)
    assert isinstance(withheld, Dossier)
    assert (len(named.applicant_id or ""), withheld.applicant_id) == (32, None)


def test_a_record_of_which_everything_leaves_is_the_record_itself() -> None:
    dossier = from_document(Dossier, DOSSIER)

    assert SentRecords(Dossier, without(Dossier, frozenset())).sent(dossier) is dossier


@pytest.mark.parametrize(
    ("field", "treatment"),
    [
        ("applicant_name", Treatment.EXISTS),
        ("received_at", Treatment.YEAR),
        ("result_papers", Treatment.EXISTS),
    ],
)
def test_what_a_record_cannot_hold_is_named(field: str, treatment: Treatment) -> None:
    fields = {**without(Dossier, frozenset({field})), field: treatment}

    faults = list(SentRecords(Dossier, fields).unsendable())

    assert [(fault.field, fault.rule) for fault in faults] == [(field, treatment.value)]


def test_a_masked_day_cannot_be_sent() -> None:
    fields = {**without(LandParcel, frozenset()), "holders.birth": Treatment.MASKED}

    assert [fault.rule for fault in SentRecords(LandParcel, fields).unsendable()] == ["masked"]
