"""Documents of an older version are read on, and a receiver that needs one gets it."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft202012Validator

from cchc_schemas import (
    RECORD_TYPES,
    Dossier,
    DossierStatus,
    Procedure,
    Record,
    RecordInvalid,
    VersionUnknown,
    from_document,
    json_schema,
    to_document,
    to_version,
)
from cchc_schemas.versions import added_after, models_of, newest_document
from tests.schemas.invented import DOSSIER, records_of

FOLDER = Path(__file__).parents[2] / "schemas" / "json"

VERSION_1 = {
    "dossier": "785de5252ae2ff90d04cf33ce52297ec2025a322ec466ad15114f20a28a9f95a",
    "procedure": "be451cd01f9c9d6f71e1f9b80f02fd3c6a25a3563860807b7303397fbe9a0f45",
}
"""SHA-256 of the schemas with which version 1 was published; agencies validate with them."""

SECOND = [record for record in RECORD_TYPES.values() if record.record_version > 1]

limited = pytest.mark.parametrize("record", SECOND, ids=[record.record_type for record in SECOND])


@pytest.mark.parametrize("name", VERSION_1)
def test_the_schema_of_a_published_version_never_changes(name: str) -> None:
    content = (FOLDER / f"{name}.1.json").read_bytes()

    assert hashlib.sha256(content).hexdigest() == VERSION_1[name]


@limited
@given(draws=st.data())
def test_every_document_becomes_one_that_the_older_schema_accepts(record: type[Record], draws: st.DataObject) -> None:
    document = to_document(draws.draw(records_of(record)))

    older = to_version(record, document, 1)

    assert list(Draft202012Validator(json_schema(record, 1)).iter_errors(older)) == []  # pyright: ignore[reportUnknownMemberType]  # its stub has no types
    assert not added_after(record, 1) & older.keys()


@limited
@given(draws=st.data())
def test_an_older_document_is_the_same_after_a_way_up_and_down(record: type[Record], draws: st.DataObject) -> None:
    older = to_version(record, to_document(draws.draw(records_of(record))), 1)

    newer = to_version(record, older, record.record_version)

    assert to_version(record, newer, 1) == older
    assert {newer[name] for name in added_after(record, 1)} == {None}


@limited
@given(draws=st.data())
def test_the_newest_version_is_the_document_unchanged(record: type[Record], draws: st.DataObject) -> None:
    document = to_document(draws.draw(records_of(record)))
    before = json.dumps(document)

    assert to_version(record, document, record.record_version) == document
    assert json.dumps(document) == before


def test_a_document_of_version_1_is_read_on_and_says_nothing_of_what_it_did_not_know() -> None:
    written = to_version(Dossier, to_document(Dossier.read(DOSSIER).record), 1)

    dossier = from_document(Dossier, written)

    assert dossier.status is DossierStatus.IN_PROCESS
    assert (dossier.fees, dossier.supplements, dossier.is_authenticated, dossier.payment) == (None,) * 4


def test_only_records_have_fields_that_were_added_later() -> None:
    """`newest_document` completes the fields of records alone."""
    parts = {model for record in RECORD_TYPES.values() for model in models_of(record)} - set(RECORD_TYPES.values())

    assert [model.__name__ for model in parts if added_after(model, 1)] == []


@limited
@given(draws=st.data())
def test_a_stored_document_of_version_1_is_completed_as_reading_it_would(
    record: type[Record], draws: st.DataObject
) -> None:
    newest = to_document(draws.draw(records_of(record)))
    older = to_version(record, newest, 1)

    assert newest_document(record, older) == to_document(from_document(record, older))
    assert newest_document(record, newest) is newest


def test_known_to_be_none_is_not_unknown() -> None:
    dossier = Dossier.read({**DOSSIER, "fees": [], "supplements": []}).record

    assert to_document(dossier)["fees"] == []
    assert from_document(Dossier, to_document(dossier)).supplements == ()


@pytest.mark.parametrize("version", [0, 3, -1])
def test_a_version_that_never_was_is_refused(version: int) -> None:
    with pytest.raises(VersionUnknown, match="dossier has no version"):
        to_version(Dossier, {}, version)


def test_a_document_of_another_record_is_refused() -> None:
    with pytest.raises(RecordInvalid):
        to_version(Procedure, {"map_sheet": "45"}, 1)


@pytest.mark.parametrize("record", RECORD_TYPES.values(), ids=list(RECORD_TYPES))
def test_a_field_that_was_added_later_exists_and_is_optional(record: type[Record]) -> None:
    """Otherwise no document of the older version could be read."""
    faulty = [
        f"{model.__name__}.{name}"
        for model in models_of(record)
        for name in added_after(model, 1)
        if name not in model.model_fields or model.model_fields[name].default is not None
    ]
    versions = {since for model in models_of(record) for since in getattr(model, "added_in", {})}

    assert faulty == []
    assert max(versions, default=1) == record.record_version
