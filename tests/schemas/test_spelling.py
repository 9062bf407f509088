"""A thing has one spelling: two spellings of an identifier are one key, and what was changed is noted."""

import json
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import TypeAdapter, ValidationError

from cchc_schemas import (
    RECORD_TYPES,
    CertificateSerial,
    ConstructionPermit,
    Dossier,
    DossierCode,
    DossierStep,
    FieldCode,
    LandParcel,
    MapSheetNumber,
    NationalParcelId,
    Note,
    ParcelKey,
    ParcelNumber,
    ParcelRef,
    Record,
    Text,
    from_document,
    to_document,
)
from cchc_schemas.codes import DossierReference
from cchc_schemas.spelling import RESPELLED, Irregularities, one_spelling, vietnamese_spelling, whole_number
from cchc_schemas.text import KeyText
from tests.quick import scaled
from tests.schemas.invented import DOSSIER, PARCEL, records_of

SAME = [
    (MapSheetNumber, "45", ["45.0", "45,00", "045", " 45 ", "４５", "\u200b45"]),
    (ParcelNumber, "123", ["0123.0", "123.000", "123\ufeff"]),
    (ParcelNumber, "0", ["00", "0.0"]),
    (ParcelNumber, "12a", ["12а", "12\u00ada"]),  # the last letter is Cyrillic
    (ParcelNumber, "604-1", ["604\u20131", "604\u20111"]),
    (MapSheetNumber, "DC 12", ["DC  12", "DC\u00a012", "DC\u200912"]),
    (MapSheetNumber, "BĐ 7", ["B\u00d0 7", "B\u0189 7"]),
    (CertificateSerial, "BĐ123456", ["B\u00d0 123456", "b\u00f0123456", "ВĐ 123 456"]),
    (DossierCode, "H09-250801-0007", ["h09-250801-0007", "H09 - 250801 - 0007", "Н09\u2013250801\u20130007"]),
    (DossierReference, "H09-250801-0007", ["H09 -250801- 0007"]),
    (FieldCode, "G07-LĐ06", ["G07-L\u00d006", "g07-lđ06"]),
    (NationalParcelId, "w3gvk1h2m8q0", ["W3GVK1H2M8Q0", "w3gv k1h2 m8q0"]),
    (ParcelKey, "gso-2025-07:25747:45:123", ["gso-2025-07:25747.0:45.0:0123", "GSO-2025-07:25747:45 :123"]),
    (KeyText, "CT 01-Đ", ["CT  01-Đ", "CT 01\u2011\u00d0"]),
    (Text, "Đường Hòa Bình", ["\u00d0ường Hòa Bình", unicodedata.normalize("NFD", "Đường Hòa Bình")]),
]

DIFFERENT = [
    (ParcelNumber, ["12", "12a", "12A", "12.5", "1.2", "12-0"]),
    (MapSheetNumber, ["45", "4.5", "450", "DC 45", "DC45"]),
    (CertificateSerial, ["BD123456", "BĐ123456", "BA0123456", "BA123456"]),
    (KeyText, ["1", "1.0", "01"]),
]
"""Texts that are not the same thing: a rule that unites them would lose a record."""


@pytest.mark.parametrize(("kind", "canonical", "spellings"), SAME)
@pytest.mark.parametrize("context", [None, "lenient"])
def test_two_spellings_of_a_thing_are_one(kind: Any, canonical: str, spellings: list[str], context: str | None) -> None:
    read = reader(kind)

    for spelling in [canonical, *spellings]:
        assert read(spelling, context=Irregularities() if context else None) == canonical


@pytest.mark.parametrize(("kind", "texts"), DIFFERENT)
def test_different_things_stay_apart(kind: Any, texts: list[str]) -> None:
    assert len({reader(kind)(text) for text in texts}) == len(texts)


@cache
def reader(kind: Any) -> Callable[..., str]:
    """Return the reader of a type; to make one takes much longer than to read a text."""
    return TypeAdapter[str](kind).validate_python


ODD = "019.,-ABDĐÐðƉđHНа０-１–\u2011 \u00a0\u200b\u00ad\u0309oO/"


@st.composite
def altered(draw: st.DrawFn, text: str) -> str:
    """Insert odd characters in up to three places of a text."""
    for _ in range(draw(st.integers(0, 3))):
        position = draw(st.integers(0, len(text)))
        text = text[:position] + draw(st.sampled_from(ODD)) + text[position:]
    return text


@pytest.mark.parametrize(("kind", "canonical", "spellings"), SAME)
@given(draws=st.data())
def test_the_spelling_of_a_stored_value_is_final(
    kind: Any, canonical: str, spellings: list[str], draws: st.DataObject
) -> None:
    """Reading again what was stored changes nothing, or the key of a record would move with every reading."""
    read = reader(kind)
    text = draws.draw(st.one_of(altered("1"), st.sampled_from([canonical, *spellings]).flatmap(altered)))
    try:
        once = read(text, context=Irregularities())
    except ValidationError:
        return  # no spelling of anything

    again = Irregularities()
    assert read(once, context=again) == once
    assert RESPELLED not in again


@given(text=st.text(st.sampled_from(ODD), max_size=20))
def test_each_step_is_final(text: str) -> None:
    once = one_spelling(text)
    number = whole_number(once)

    assert one_spelling(once) == once
    assert vietnamese_spelling(vietnamese_spelling(text)) == vietnamese_spelling(text)
    assert number is None or whole_number(number) == number


SPACES = st.sampled_from(["", " ", "\u00a0", "\u200b", "\ufeff"])


@given(
    number=st.integers(0, 10**6), zeros=st.integers(0, 3), fraction=st.integers(0, 3), around=st.tuples(SPACES, SPACES)
)
def test_a_number_has_one_spelling_whatever_program_wrote_it(
    number: int, zeros: int, fraction: int, around: tuple[str, str]
) -> None:
    text = f"{around[0]}{'0' * zeros}{number}{'.' if fraction else ''}{'0' * fraction}{around[1]}"

    assert reader(ParcelNumber)(text) == str(number)


@pytest.mark.parametrize("record_type", RECORD_TYPES.values(), ids=list(RECORD_TYPES))
@settings(max_examples=scaled(40))
@given(draws=st.data())
def test_the_key_of_a_stored_record_is_final(record_type: type[Record], draws: st.DataObject) -> None:
    record = draws.draw(records_of(record_type))

    assert from_document(record_type, to_document(record)).key == record.key


def test_what_was_respelled_is_noted_with_its_path() -> None:
    fields = {**PARCEL, "map_sheet": "45.0", "certificates": [{"serial": "B\u00d0 123456"}]}

    reading = LandParcel.read(fields)

    assert reading.record.key == "gso-2025-07:25747:45:123"
    assert set(reading.notes) == {Note("map_sheet", RESPELLED), Note("certificates.0.serial", RESPELLED)}


def test_a_usual_spelling_is_not_noted() -> None:
    """Spaces around a text, composed letters, and capitals and spaces of serials are no other spelling."""
    address = unicodedata.normalize("NFD", "Đường số 3")
    fields = {**PARCEL, "map_sheet": " 45 ", "address": address, "certificates": [{"serial": "ba 123456"}]}

    assert LandParcel.read(fields).notes == ()


def test_a_note_on_a_spelling_stands_beside_the_note_on_an_irregular_code() -> None:
    notes = Dossier.read({**DOSSIER, "procedure_code": "1.013225-TH2", "summary": "\u00d0ơn xin cấp phép"}).notes

    assert set(notes) == {Note("summary", RESPELLED), Note("procedure_code", "procedure_code_irregular")}


def test_references_have_the_spelling_of_the_keys_that_they_name() -> None:
    reference = ParcelRef.model_validate(
        {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "45.0", "parcel_number": "0123"}
    )
    parcel = LandParcel.read({**PARCEL, "map_sheet": "045", "parcel_number": "123.0"}).record

    assert reference.parcel_key == parcel.key


def test_steps_of_one_action_in_two_spellings_are_one_step() -> None:
    step = {"dossier_code": "H09-250801-0007", "at": "2026-03-02T01:15:00Z", "status": 4}
    first = DossierStep.read({**step, "action": "Ti\u1ebfp nh\u1eadn \u0111\u01a1n"}).record
    second = DossierStep.read(
        {**step, "dossier_code": "h09-250801-0007", "action": "Ti\u1ebfp  nh\u1eadn \u00f0\u01a1n"}
    ).record

    assert first.key == second.key


def test_works_and_permits_are_linked_by_one_spelling() -> None:
    fields = {"permit_code": "GP 1", "works_code": "CT\u00a001", "name": "Nhà", "kind": "5", "status": "permit_issued"}
    permit = ConstructionPermit.read({**fields, "scheme": "gso-2025-07", "commune_code": "25747"}).record

    assert permit.works_code == "CT 01"


def with_look_alikes(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with U+00D0 and U+00F0 wherever it has Đ and đ."""
    text = json.dumps(document, ensure_ascii=False)
    changed: dict[str, Any] = json.loads(text.replace("Đ", "\u00d0").replace("đ", "\u00f0"))
    return changed


@pytest.mark.parametrize("record_type", RECORD_TYPES.values(), ids=list(RECORD_TYPES))
@settings(max_examples=scaled(25))
@given(draws=st.data())
def test_every_text_of_a_record_has_the_vietnamese_letter(record_type: type[Record], draws: st.DataObject) -> None:
    record = draws.draw(records_of(record_type))

    reading = record_type.read(with_look_alikes(to_document(record)))

    assert to_document(reading.record) == to_document(record_type.read(to_document(record)).record)
