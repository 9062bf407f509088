"""No personal value leaves in an export, whatever the record, the format and the language."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from cchc_connect import SharedDatabase, export
from cchc_schemas import RECORD_TYPES, LandParcel, Record, personal_fields, to_document
from cchc_schemas.personal import models_in, personal_marks
from tests.canaries.values import written_forms
from tests.databases import prepared_address
from tests.exports.conftest import FieldsSource, Store
from tests.exports.readers import FORMATS, contents
from tests.quick import scaled
from tests.schemas.invented import PARCEL, records_of
from tests.sync.pulled_database import PulledDatabase

PERSONAL_TYPES = [record_class for record_class in RECORD_TYPES.values() if personal_fields(record_class)]


def is_list(value: object) -> bool:
    return isinstance(value, list)


def with_canaries(model: Any, document: Mapping[str, Any], numbers: Iterator[int]) -> dict[str, Any]:
    """Return a document in which every personal field holds a value that stands nowhere else."""
    marks = personal_marks(model)
    changed = dict[str, Any]()
    for name, value in document.items():
        parts = list(models_in(model.model_fields[name].annotation))
        if name in marks:
            number = next(numbers)
            changed[name] = f"{1100 + number}-11-{number % 28 + 1:02}" if name == "birth" else f"Bí Mật {number:07}Q"
        elif parts and is_list(value):
            changed[name] = [with_canaries(parts[0], part, numbers) for part in value]
        else:
            changed[name] = value
    return changed


def personal_values(model: Any, document: Mapping[str, Any]) -> Iterator[str]:
    marks = personal_marks(model)
    for name, value in document.items():
        parts = list(models_in(model.model_fields[name].annotation))
        if name in marks:
            yield value
        elif parts and is_list(value):
            yield from (text for part in value for text in personal_values(parts[0], part))


@pytest.mark.parametrize("record_class", PERSONAL_TYPES, ids=lambda kind: kind.record_type)
@given(drawn=st.data())
@settings(
    max_examples=scaled(5),
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_no_personal_value_stands_in_any_file(record_class: type[Record], drawn: st.DataObject) -> None:
    """Neither plain nor escaped, quoted or encoded, in a file with provenance and Vietnamese words too."""
    lists = st.lists(records_of(record_class), min_size=1, max_size=3, unique_by=lambda record: record.key)
    numbers = count(1)
    documents = [with_canaries(record_class, to_document(record), numbers) for record in drawn.draw(lists)]
    canaries = {value for document in documents for value in personal_values(record_class, document)}

    with (
        tempfile.TemporaryDirectory() as folder,
        prepared_address("sqlite", Path(folder)) as address,
        SharedDatabase(address) as database,
    ):
        PulledDatabase(database).pull("register", FieldsSource(record_class, documents))
        for ending in FORMATS if "geometry" in documents[0] else set(FORMATS) - {"geojson"}:
            path = Path(folder, f"a.{ending}")
            report = export(database, record_class, path, language="vi", provenance=True)
            text = contents(path)
            assert report.rows == len(documents)
            assert ("***" in text) == bool(canaries)
            assert [form for canary in canaries for form in written_forms(canary) if form in text] == []


def test_the_report_names_the_masked_fields(store: Store) -> None:
    report = export(store(LandParcel, PARCEL), LandParcel, "a.csv")

    assert report.masked_fields == ("holders.name", "holders.id_number", "holders.birth", "holders.address")


def test_the_last_digits_of_a_number_may_stay(store: Store) -> None:
    export(store(LandParcel, PARCEL), LandParcel, "a.ndjson")

    (holder,) = json.loads(Path("a.ndjson").read_bytes())["holders"]
    assert holder == {
        "kind": "individual",
        "name": "***",
        "id_number": "***0123",
        "birth": "***",
        "address": None,
        "share": None,
    }
