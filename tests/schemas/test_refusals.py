"""A record that is refused names fields in the paths of its faults, each fault once, and no value."""

import json

import pytest
from pydantic import ValidationError

from cchc_schemas import RECORD_TYPES, Dossier, LandParcel, Record

PARCEL = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "45", "parcel_number": "123"}


def paths(refusal: pytest.ExceptionInfo[ValidationError]) -> list[str]:
    return [".".join(map(str, fault["loc"])) for fault in refusal.value.errors()]


def test_the_constructor_names_each_faulty_field_once() -> None:
    fields = {**PARCEL, "area_m2": "-1.5", "commune_code": 7, "uses": [{"code": "?", "catalogue": "-"}], "foo": 1}
    with pytest.raises(ValidationError) as refusal:
        LandParcel(**fields)  # pyright: ignore[reportArgumentType]  # wrong on purpose
    assert sorted(paths(refusal)) == ["area_m2", "commune_code", "foo", "uses.0.code"]
    assert "-1.5" not in str(refusal.value)


def test_a_mapping_and_a_json_document_are_refused_in_the_same_words() -> None:
    fields = {"code": "x", "agency_code": "", "status": 77, "received_at": "yesterday"}
    with pytest.raises(ValidationError) as mapping:
        Dossier.model_validate(fields)
    with pytest.raises(ValidationError) as document:
        Dossier.model_validate_json(json.dumps(fields))
    assert paths(mapping) == paths(document)
    assert paths(mapping) == ["code", "procedure_code", "agency_code", "status", "received_at"]


@pytest.mark.parametrize("record_class", RECORD_TYPES.values())
@pytest.mark.parametrize("value", ["", 5, -1.5, [], {}, [{}], "\x00", True, [5]])
def test_no_path_of_any_record_has_the_label_of_a_validator(record_class: type[Record], value: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        record_class.model_validate(dict.fromkeys(record_class.model_fields, value))
    labels = {step for fault in refusal.value.errors() for step in fault["loc"] if isinstance(step, str)}
    assert not labels & {"quickly", "exactly"}
    assert len(set(paths(refusal))) == len(paths(refusal))
