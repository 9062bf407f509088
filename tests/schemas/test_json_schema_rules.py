"""A JSON Schema accepts what Python writes, and refuses what Python refuses for every rule that a schema can state."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from jsonschema import Draft202012Validator, ValidationError as Refusal
from jsonschema.validators import extend  # pyright: ignore[reportUnknownVariableType]  # its stub has no types
from pydantic import TypeAdapter, ValidationError

from cchc_schemas import (
    RECORD_TYPES,
    CertificateSerial,
    DossierCode,
    Instant,
    LandChange,
    ParcelKey,
    PartialDate,
    Record,
    Text,
    json_schema,
    to_document,
)
from cchc_schemas.faults import faults_of
from cchc_schemas.measures import AmountVnd, AreaM2, Duration, Quantity
from tests.quick import scaled
from tests.schemas.invented import records_of

SCHEMAS = Path(__file__).parents[2] / "schemas"

UNSTATED = frozenset({"commune_code_unknown", "crs_contradicted", "ring_not_closed"})
"""Rules for which Python refuses a document and a schema cannot; schemas/README.md lists them."""

Document: TypeAlias = dict[str, Any]
Steps: TypeAlias = tuple[str | int, ...]


def is_object(node: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(node, dict)


def is_array(node: object) -> TypeGuard[list[Any]]:
    return isinstance(node, list)


def _ecma_pattern(_: object, pattern: str, text: object, __: object) -> Iterator[Refusal]:
    """Check a pattern as ECMA does, where `$` matches at the end alone and not before a last line feed."""
    if isinstance(text, str) and re.search(pattern.replace("$", r"\Z"), text) is None:
        yield Refusal("the text does not match")


_Validator: Any = extend(Draft202012Validator, {"pattern": _ecma_pattern})  # type: ignore[no-untyped-call]  # typeshed has none


@cache
def validator(record_type: type[Record]) -> Any:
    return _Validator(json_schema(record_type))


def broken_rules(record_type: type[Record], document: Document) -> set[str]:
    """Return the rules for which Python does not write the document."""
    try:
        record_type.model_validate(document)
    except ValidationError as error:
        return {fault.rule for fault in faults_of(error)}
    return set()


def is_as_written(record_type: type[Record], document: Document) -> bool:
    """True if Python accepts the document and would write it so."""
    try:
        written = to_document(record_type.model_validate(document))
    except ValidationError:
        return False
    return as_json(written) == as_json({**written, **document})


def as_json(value: object) -> str:
    """Return a text that tells 1 from true and from 1.0, which are equal in Python."""
    return json.dumps(value, sort_keys=True)


def places(node: Any, path: Steps = ()) -> Iterator[Steps]:
    """Yield the path of every value in a document."""
    children: Any = node.items() if is_object(node) else enumerate(node) if is_array(node) else ()
    for step, child in children:
        yield (*path, step)
        yield from places(child, (*path, step))


def replaced(document: Document, path: Steps, change: Callable[[Any], Any]) -> Document:
    copy: Document = json.loads(json.dumps(document))
    node: Any = copy
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = change(node[path[-1]])
    return copy


INTERESTING = "019-+.:/TZEe \n\t\r\xa0\u2028\ufeff\x00\x1f\x7f\x85aAđỏ"


@st.composite
def altered(draw: st.DrawFn, text: str) -> str:
    """Insert, remove or replace up to three characters of a text."""
    for _ in range(draw(st.integers(1, 3))):
        position = draw(st.integers(0, len(text)))
        inserted = draw(st.one_of(st.just(""), st.sampled_from(INTERESTING)))
        text = text[:position] + inserted + text[position + draw(st.integers(0, 1)) :]
    return text


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**16), 10**16),
    st.sampled_from([-1, 0, 1, 11, 2**31 - 1, 2**31, 1.5, -0.5]),
    st.sampled_from(["", " ", "-1", "0", "0.0", "-0", "1E+14", "1E+15", "999999999999999.9", "1000000000000000"]),
    st.sampled_from(["2023-02-29", "2024-02-29", "1900-02-29", "2021-13", "0999", "2021-9-1", "74", "ODT", "A" * 4001]),
    st.sampled_from(["2026-03-02T01:15:00", "2026-03-02T01:15:00Z", "2026-02-30T01:15:00Z", "2026-03-02T24:00:00Z"]),
    st.sampled_from([[], {}, [1], [[]], [None], {"raw": None}, {"raw": "x"}, [[1, 2], [3, 4]], "Point", "LineString"]),
)


@cache
def samples(record_type: type[Record]) -> tuple[Document, ...]:
    """Return some invented documents; to invent one takes much longer than to change it."""
    documents: list[Document] = []

    @settings(max_examples=scaled(12), phases=[Phase.generate], database=None)
    @given(record=records_of(record_type))
    def invent(record: Record) -> None:
        documents.append(to_document(record))

    invent()
    return tuple(documents)


@st.composite
def spoilt(draw: st.DrawFn, record_type: type[Record]) -> Document:
    """Change one or two values of an invented document."""
    document = draw(st.sampled_from(samples(record_type)))
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(places(document))))
        kind = draw(st.sampled_from(["odd", "altered", "removed", "added"]))
        document = replaced(document, path, partial(_changed, draw, kind))
    return {name: value for name, value in document.items() if value != _REMOVED}


_REMOVED = "removed"


def _changed(draw: st.DrawFn, kind: str, value: Any) -> Any:
    if kind == "altered" and isinstance(value, str):
        return draw(altered(value))
    if kind == "removed":
        return dict(list(value.items())[1:]) if is_object(value) else _REMOVED
    if kind == "added":
        return {**value, "unknown": 1} if is_object(value) else [value]
    return draw(ODD)


def test_the_readme_lists_the_rules_that_no_schema_states() -> None:
    section = (SCHEMAS / "README.md").read_text(encoding="utf-8").partition("## The JSON Schemas")[2]

    assert all(f"| `{rule}` |" in section for rule in UNSTATED)


every_record = pytest.mark.parametrize("record_type", RECORD_TYPES.values(), ids=list(RECORD_TYPES))


@every_record
def test_a_schema_accepts_every_document_that_python_writes(record_type: type[Record]) -> None:
    refused = [
        error.message for document in samples(record_type) for error in validator(record_type).iter_errors(document)
    ]

    assert refused == []


@every_record
@settings(max_examples=scaled(80), suppress_health_check=[HealthCheck.nested_given])  # samples are drawn once
@given(draws=st.data())
def test_a_schema_refuses_a_document_exactly_if_python_would_not_write_it(
    record_type: type[Record], draws: st.DataObject
) -> None:
    """It may refuse more than Python's reader, which also takes what is not in its written form."""
    document = draws.draw(spoilt(record_type))

    accepted = validator(record_type).is_valid(document)

    if accepted:
        assert broken_rules(record_type, document) <= UNSTATED
    else:
        assert not is_as_written(record_type, document)


PARCEL_REFS = [
    {},
    {"raw": None},
    {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "45"},
    {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "45", "parcel_number": None},
    {"scheme": None, "commune_code": "25747", "map_sheet": "45", "parcel_number": "123"},
]


@pytest.mark.parametrize("reference", PARCEL_REFS)
def test_a_reference_that_names_no_parcel_is_refused(reference: Document) -> None:
    change = {"change_id": "1", "kind": "CN", "happened_at": "2026-03-02T01:15:00Z", "from_parcels": [reference]}

    assert broken_rules(LandChange, change) == {"parcel_not_named"}
    assert not validator(LandChange).is_valid(change)
    assert validator(LandChange).is_valid({**change, "from_parcels": [{**reference, "raw": "604 (tờ bản đồ số 3)"}]})


LEAVES: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "area": (AreaM2, ("228.4", "0.05", "1E-7", "1.50E+3", "999999999999999.99")),
    "amount": (AmountVnd, ("0", "-0", "0.00", "0E+3", "0E-8", "150000", "1E+5")),
    "duration": (Duration, ("0", "15", "0.5")),
    "quantity": (Quantity, ("-1000000000000000", "-1E+15", "-0.5", "0", "12.5", "9.99E+14", "1E+15")),
    "partial date": (
        PartialDate,
        ("1987", "1987-03", "1987-00", "2021-09-00", "2000-02-29", "2000-02-29", "2100-02-29", "2021-04-31"),
    ),
    "instant": (Instant, ("2026-03-02T01:15:00Z", "2024-02-29T23:59:59.5Z", "0400-02-29T00:00:00.000001Z")),
    "text": (Text, ("Khu phố 3", "a", "dòng một\ndòng hai", "1\t2")),
    "serial": (CertificateSerial, ("BA123456", "Đ 1", "CS-01/2.3")),
    "dossier code": (DossierCode, ("000.00.05.H09-210927-0001", "H09-250801-0007", "28.22.H17-210927-000001")),
    "parcel key": (ParcelKey, ("gso-2025-07:25747:45:123", "gso-2025-01:25747:4 5:12 3a")),
}
"""Types of single values, each with texts of which most are valid."""


@pytest.mark.parametrize(("leaf", "texts"), LEAVES.values(), ids=list(LEAVES))
@settings(max_examples=scaled(100))
@given(draws=st.data())
def test_a_pattern_matches_exactly_what_python_writes(leaf: Any, texts: tuple[str, ...], draws: st.DataObject) -> None:
    text = draws.draw(st.one_of(st.sampled_from(texts), st.sampled_from(texts).flatmap(altered)))
    adapter = TypeAdapter[Any](leaf)
    schema = adapter.json_schema(mode="serialization")
    try:
        written = adapter.dump_python(adapter.validate_python(text), mode="json")
    except ValidationError:
        written = None

    accepted = _Validator(schema).is_valid(text)

    if accepted:
        assert written is not None
    else:
        assert written != text
