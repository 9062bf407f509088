"""Values that a correction request proposes (giá trị đề nghị): one that its field can have, and none that is personal.

The agency reads a proposed value in its file as it was typed. A personal one would leave by no agreement, so it is
refused: the paper that says it goes to the agency by the way that is meant for papers.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Message
from cchc_connect.record_fields import nested_types
from cchc_schemas import RECORD_TYPES, PartialDate, Record, vietnamese_day
from cchc_schemas.admin_units import AdminScheme
from cchc_schemas.faults import Fault, faults_of
from cchc_schemas.personal import models_in
from cchc_schemas.record_paths import Leaf, leaves, parts

AHEAD = frozenset(
    {
        *("expires_on", "effective_on", "valid_from", "valid_to", "exempt_until"),
        *("due_on", "due_at", "due_original_at", "due_before", "due_after"),
    }
)
"""Names of fields whose day may lie ahead; a day in any other field says what has happened."""

EXAMPLES: Mapping[type, str] = MappingProxyType(
    {
        bool: "true",
        int: "3",
        Decimal: "260.5",
        datetime: "2026-07-01T08:15:00+07:00",
        PartialDate: "2026-07-01",
    }
)
"""Type of a field -> a value as it is written, for messages."""

_SCHEME = "scheme"
"""Field that says by which list of administrative units the codes beside it are judged."""


def checked_value(record_type: str, path: str, value: str, document: Mapping[str, Any] | None, day: date) -> None:
    """Check that a field can have a proposed value.

    Args:
        record_type: record type.
        path: path of the one field that is named; positions in lists do not count.
        value: the value as it was typed.
        document: the record as it is stored; None where there is none.
        day: Vietnamese day of the request.

    Raises:
        UsageMistake: the field is none of the record, has fields of its own or is personal, or cannot have the value.
    """
    record_class, field = RECORD_TYPES.get(record_type), field_path(path)
    leaf = None if record_class is None else leaves(record_class).get(field)
    if record_class is None or leaf is None:
        is_part = record_class is not None and field in parts(record_class)
        raise UsageMistake("corrections.value_of_part" if is_part else "corrections.value_of_no_field", field=path)
    if leaf.mark is not None:
        raise UsageMistake("corrections.value_personal", field=field)
    fault = _fault(record_class, leaf, value, document)
    if fault is not None:
        raise UsageMistake("corrections.value_unfit", field=field, problem=_problem(leaf, fault), record=record_type)
    if _lies_ahead(record_class, leaf, value, day):
        problem = Message("corrections.value_ahead", {"today": day})
        raise UsageMistake("corrections.value_unfit", field=field, problem=problem, record=record_type)


def is_same_value(record_type: str, path: str, stored: object, proposed: str) -> bool:
    """True if a stored value is the proposed one, however the two are written: 260.50 is 260.5.

    >>> is_same_value("land_parcel", "area_m2", "260.50", "260.5"), is_same_value("land_parcel", "area_m2", "26", "260")
    (True, False)
    """
    if str(stored) == proposed:
        return True
    with suppress(ValidationError, KeyError):  # an irregular value that is stored is no strict one
        read = _adapter(RECORD_TYPES[record_type], field_path(path)).validate_python
        return bool(read(stored) == read(proposed))
    return False


def field_path(path: str) -> str:
    """Return the path of a field without positions in lists.

    >>> field_path("uses.0.area_m2")
    'uses.area_m2'
    """
    return ".".join(step for step in path.split(".") if not step.isdigit())


def _fault(record_class: type[Record], leaf: Leaf, value: str, document: Mapping[str, Any] | None) -> Fault | None:
    """Return the rule that a value breaks; None if a record may have it under some list of administrative units."""
    stated = (document or {}).get(_SCHEME)
    schemes = [str(scheme) for scheme in AdminScheme] if stated is None else [stated]
    faults = [next(_faults(record_class, leaf, value, scheme), None) for scheme in schemes]
    return None if None in faults else faults[0]


def _faults(record_class: type[Record], leaf: Leaf, value: str, scheme: str) -> Iterator[Fault]:
    """Yield the faults of the one field, in a document that has no other field but the scheme of its codes."""
    try:
        record_class.model_validate(_partial(record_class, leaf.path.split("."), value, scheme))
    except ValidationError as error:
        faults = faults_of(error)
        yield from (fault for fault in faults if field_path(fault.path) == leaf.path)


def _partial(model: type[BaseModel], steps: list[str], value: str, scheme: str) -> Mapping[str, object]:
    """Return the fields of a model with a value at a path, and with the scheme beside each field of the path."""
    step, *below = steps
    annotation = model.model_fields[step].annotation
    inner = next((part for part in models_in(annotation) if below and below[0] in part.model_fields), None)
    member: object = value if inner is None else _partial(inner, below, value, scheme)
    beside = {_SCHEME: scheme} if _SCHEME in model.model_fields else {}
    return {**beside, step: [member] if _is_list(annotation) else member}


def _is_list(annotation: object) -> bool:
    return any(get_origin(kind) in {tuple, list} for kind in nested_types(annotation))


@cache
def _adapter(model: type[BaseModel], path: str) -> TypeAdapter[Any]:
    """Return what reads one value of a field, and one element where the field is a list."""
    step, _, below = path.partition(".")
    field = model.model_fields[step]
    if below:
        first = below.partition(".")[0]
        return _adapter(next(part for part in models_in(field.annotation) if first in part.model_fields), below)
    lists = [kind for kind in nested_types(field.annotation) if get_origin(kind) in {tuple, list}]
    kind: Any = lists[0].__args__[0] if lists else field.annotation
    for constraint in () if lists else field.metadata:
        kind = Annotated[kind, constraint]
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    return adapter


def _problem(leaf: Leaf, fault: Fault) -> Message:
    """Return what is wrong with a value, and what the field may have."""
    rule = Message(f"fault.{fault.rule}")
    example = next((example for kind, example in EXAMPLES.items() if kind in leaf.types), "")
    if fault.detail and fault.rule.endswith("_unknown"):
        return Message("fault_detail.allowed", {"rule": rule, "detail": fault.detail})
    detail = fault.detail or example
    return Message("fault_detail.form", {"rule": rule, "detail": detail}) if detail else rule


def _lies_ahead(record_class: type[Record], leaf: Leaf, value: str, day: date) -> bool:
    """True if a value is a day to come in a field that says what has happened."""
    if not leaf.has_year or leaf.path.rpartition(".")[2] in AHEAD:
        return False
    read = _adapter(record_class, leaf.path).validate_python(value)
    return vietnamese_day(read) > day if isinstance(read, datetime) else read.earliest() > day
