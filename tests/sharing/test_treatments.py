"""What leaves of a document: the granted fields, each treated; what is not named is withheld at every depth."""

from typing import Any, TypeVar

import pytest
from pydantic import BaseModel, create_model

from cchc_connect.sharing.agreements import Treatment
from cchc_connect.sharing.granted_fields import expanded_fields
from cchc_connect.sharing.treatments import agreement_key, pseudonym, treated
from cchc_schemas import RECORD_TYPES, LandParcel, Record
from cchc_schemas.land import RightHolder
from cchc_schemas.personal import models_in
from cchc_schemas.record_paths import key_fields, leaves, parts
from tests.sharing.invented_agreements import PARCEL

Model = TypeVar("Model", bound=BaseModel)


def leaving(**fields: str) -> dict[str, object]:
    """Return what leaves of the parcel; a path is written with `__` for the point."""
    granted = {path.replace("__", "."): Treatment(treatment) for path, treatment in fields.items()}
    return treated(LandParcel, PARCEL, expanded_fields(LandParcel, granted))


def test_nothing_is_granted_by_nothing() -> None:
    assert leaving() == {}


def test_a_part_of_a_list_leaves_with_its_granted_fields_alone() -> None:
    assert leaving(holders__kind="plain", area_m2="plain") == {
        "area_m2": "100.5",
        "holders": [{"kind": "individual"}, {"kind": "organization"}],
    }


def test_a_part_that_is_granted_as_a_whole_leaves_with_its_fields() -> None:
    assert leaving(uses="plain", restrictions="plain", geometry="plain") == {
        "uses": PARCEL["uses"],
        "restrictions": [],
        "geometry": PARCEL["geometry"],
    }


def test_masking_shows_four_signs_of_a_number_and_nothing_of_a_name() -> None:
    assert leaving(holders__name="masked", holders__id_number="masked", holders__birth="masked") == {
        "holders": [
            {"name": "***", "id_number": "***0123", "birth": "***"},
            {"name": "***", "id_number": None, "birth": None},
        ]
    }


@pytest.mark.parametrize("field", ["address", "uses", "holders__share", "previous_keys"])
def test_a_text_without_mark_is_withheld_rather_than_masked(field: str) -> None:
    assert "Khu phố" not in str(leaving(**{field: "masked"}))
    assert str(leaving(**{field: "masked"})) in {"{}", "{'uses': [{}]}", "{'holders': [{}, {}]}"}


def test_a_year_is_all_that_leaves_of_a_day() -> None:
    assert leaving(holders__birth="year", uses__expires_on="year", certificates__issued_on="year") == {
        "uses": [{"expires_on": "2067"}],
        "certificates": [{"issued_on": "2011"}],
        "holders": [{"birth": "1987"}, {"birth": None}],
    }
    assert leaving(area_m2="year", address="year") == {}


def test_the_year_of_an_instant_is_that_of_its_vietnamese_day() -> None:
    document = {"code": "a", "received_at": "2025-12-31T17:00:00.000000Z"}

    assert treated(RECORD_TYPES["dossier"], document, {"received_at": Treatment.YEAR}) == {"received_at": "2026"}


@pytest.mark.parametrize("birth", ["31/12/1987", "Bà A sinh 1987", "", "19870", "1987-13", ["1987", "Bà A"]])
def test_of_what_is_no_day_no_year_leaves(birth: object) -> None:
    """A document of another version may have any text there."""
    document = {"holders": [{"kind": "individual", "birth": birth}]}
    fields = {"holders.kind": Treatment.PLAIN, "holders.birth": Treatment.YEAR}

    assert treated(LandParcel, document, fields) == {"holders": [{"kind": "individual"}]}


@pytest.mark.parametrize("received", ["ngày 31 tháng 12", "2025-12-31T25:00:00Z", "2025-12-31T17:00:00", "12:00"])
def test_of_what_is_no_instant_no_year_leaves(received: str) -> None:
    assert treated(RECORD_TYPES["dossier"], {"received_at": received}, {"received_at": Treatment.YEAR}) == {}


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("074000000999 Nguyễn A", "***"),
        ("số của bà Nguyễn Thị Mẫu", "***"),
        ("AB12-CD34", "***"),
        ("074000000123; 074000000999", "***0999"),
        ("0912 345 678", "***5678"),
        ("B1234567", "***4567"),
        ("٠١٢٣٤٥٦٧", "***"),
        (74000000123, "***0123"),
    ],
)
def test_of_a_number_digits_are_shown_and_letters_never(number: object, shown: str) -> None:
    document = {"holders": [{"id_number": number}]}

    assert treated(LandParcel, document, {"holders.id_number": Treatment.MASKED}) == {"holders": [{"id_number": shown}]}


def test_whether_there_is_a_value_says_no_more() -> None:
    shown = leaving(holders="exists", national_id="exists", in_dispute="exists", restrictions="exists")

    assert shown == {"national_id": False, "holders": True, "restrictions": False, "in_dispute": True}


def test_a_pseudonym_is_the_same_within_an_agreement_and_needs_its_key() -> None:
    fields = {"holders.id_number": Treatment.PSEUDONYM, "holders.name": Treatment.PSEUDONYM}
    first, second = agreement_key(b"k" * 32, "a"), agreement_key(b"k" * 32, "b")

    shown = treated(LandParcel, PARCEL, fields, pseudonym_key=first)

    assert shown == {"holders": [{"id_number": pseudonym(first, "074 000 000 123")}, {"id_number": None}]}
    assert pseudonym(first, "074000000123") != pseudonym(second, "074000000123")
    assert treated(LandParcel, PARCEL, fields) == {"holders": [{}, {}]}


def test_what_the_record_does_not_have_is_withheld() -> None:
    document = {**PARCEL, "secret": 1, "holders": [{"kind": "individual", "secret": 1}]}

    assert "secret" not in str(
        treated(LandParcel, document, {"secret": Treatment.PLAIN, "holders.kind": Treatment.PLAIN})
    )


def test_a_table_where_a_value_was_granted_is_withheld() -> None:
    """A document of another version may have a part where there was a text."""
    for value in ({"street": "x"}, ["a", {"street": "x"}]):
        assert treated(LandParcel, {"address": value}, {"address": Treatment.PLAIN}) == {}
    assert treated(LandParcel, {"holders": "text"}, {"holders.name": Treatment.PLAIN}) == {}


@pytest.mark.parametrize("record_type", RECORD_TYPES.values(), ids=RECORD_TYPES)
def test_a_field_that_a_record_gets_later_leaves_nowhere(record_type: type[Record]) -> None:
    """At the top and in every part: granted as a whole before, the part has the new field only afterwards."""
    every_field = dict.fromkeys(record_type.model_fields, Treatment.PLAIN)
    granted = expanded_fields(record_type, every_field)
    grown = with_new_field(record_type)

    assert [path for path in leaves(grown) if path.split(".")[-1] == "new_field"] != []
    assert "canary" not in str(treated(grown, document_of(grown), granted))
    assert "value" in str(treated(grown, document_of(grown), granted))
    assert len(parts(grown)) == len(parts(record_type))


def test_a_field_that_becomes_a_part_leaves_nowhere() -> None:
    granted = expanded_fields(LandParcel, {"address": Treatment.PLAIN, "area_m2": Treatment.PLAIN})
    grown = create_model("Grown", __base__=LandParcel, address=(RightHolder | None, None))

    assert treated(grown, {"address": {"name": "canary"}, "area_m2": "1"}, granted) == {"area_m2": "1"}


def test_the_key_fields_of_every_record_are_those_that_change_its_key() -> None:
    keys = {name: key_fields(record) for name, record in RECORD_TYPES.items()}

    assert [name for name, fields in keys.items() if not fields] == []
    assert (
        keys.items()
        >= {
            "land_parcel": ("scheme", "commune_code", "map_sheet", "parcel_number"),
            "land_change": ("change_id",),
            "construction_permit": ("permit_code",),
            "construction_works": ("works_code",),
            "procedure": ("code",),
            "dossier": ("code",),
            "dossier_step": ("dossier_code", "at", "action", "action_code"),
        }.items()
    )


def with_new_field(model: type[Model]) -> type[Model]:
    """Return a model with the field `new_field` in itself and in every part, at any depth."""
    fields: dict[str, Any] = {"new_field": (str | None, None)}
    for name, field in model.model_fields.items():
        for part in parts_in(field.annotation):
            fields[name] = (with_new_field(part) | None, None)
    return create_model(f"Grown{model.__name__}", __base__=model, **fields)


def parts_in(annotation: object) -> list[type[BaseModel]]:
    return list(dict.fromkeys(models_in(annotation)))


def document_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return a document with a text in every field, `canary` in the new ones."""
    document = dict[str, Any]()
    for name, field in model.model_fields.items():
        inner = parts_in(field.annotation)
        value = "canary" if name == "new_field" else "value"
        document[name] = [document_of(part) for part in inner] or value
    return document
