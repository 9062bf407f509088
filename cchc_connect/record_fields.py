"""Names and values of record fields in the reader's language.

English output uses the identifiers of the fields. Vietnamese output uses the Vietnamese term that stands in brackets
in the description of each field: "Area by the papers (diện tích pháp lý)".
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from functools import cache
from types import MappingProxyType
from typing import Any, cast, get_args

from pydantic import BaseModel

from cchc_connect.messages.catalogue import Language, Wording
from cchc_connect.messages.values import day_text, instant_text, number_text
from cchc_schemas import RECORD_TYPES, CodeUnknown, PartialDate, Record, code_list
from cchc_schemas.codes import ListedCode
from cchc_schemas.personal import models_in

PART_OF = " – "
"""Between the name of a list or part and that of its field: names contain commas, and a fault follows a colon."""

BETWEEN_FIELDS: Mapping[str, str] = MappingProxyType({"en": ", ", "vi": "; "})
BETWEEN_PARTS: Mapping[str, str] = MappingProxyType({"en": "; ", "vi": " | "})
"""Between the fields of a part, and between the parts of a list: Vietnamese names of fields contain commas."""

UNITS: Mapping[str, str] = MappingProxyType({"m2": "m²", "vnd": "VND", "s": "s"})
"""Last part of a field's name -> its unit."""

_TERM = re.compile(r"\(([^()]+)\)")
_ENUM_TABLES: Mapping[str, str] = MappingProxyType(
    {
        "AgencyKind": "agency_kind",
        "ApplicantKind": "applicant_kind",
        "DatabaseLevel": "database_level",
        "HolderKind": "holder_kind",
        "PermitStatus": "permit_status",
        "ProcedureLevel": "procedure_level",
        "RestrictionKind": "restriction_kind",
        "Satisfaction": "satisfaction",
        "WorksGrade": "works_grade",
    }
)
"""Enumerations whose names stand in the message catalogue, and the table."""

_ENUM_CODE_LISTS: Mapping[str, str] = MappingProxyType({"Channel": "channels", "DossierStatus": "dossier_status"})
"""Enumerations whose names stand in a code list of the records."""


def record_model(record_type: str) -> type[BaseModel] | None:
    """Return the record of a record type; None if this program has no such record type."""
    return RECORD_TYPES.get(record_type)


def field_name(model: type[BaseModel] | None, path: str, wording: Wording) -> str:
    """Return the name of a field, given by its dotted path in a record: "uses.0.area_m2".

    In Vietnamese an element of a list is counted from 1. A part of the path that no description explains is
    returned as it is.
    """
    if not path:
        return wording.text("fault.whole")
    if wording.language is not Language.VIETNAMESE:
        return path
    names = list[str]()
    models = [] if model is None else [model]
    for step in path.split("."):
        if step.isdecimal() and names:
            names[-1] = f"{names[-1]} {int(step) + 1}"
            continue
        owners = [owner for owner in models if step in owner.model_fields]
        names.append(_field_term(owners[0], step) if owners else step)
        models = [part for owner in owners for part in models_in(owner.model_fields[step].annotation)]
    return PART_OF.join(names)


def field_heading(model: type[BaseModel] | None, path: str, wording: Wording) -> str:
    """Return the name of a field above or before its values: a Vietnamese term has its unit, as identifiers do.

    >>> from cchc_schemas import LandParcel
    >>> field_heading(LandParcel, "area_m2", Wording(Language.VIETNAMESE))
    'diện tích đo đạc (m²)'
    """
    name, unit = field_name(model, path, wording), unit_of(path)
    return f"{name} ({unit})" if unit and name != path else name


def unit_of(name: str) -> str:
    """Return the unit that the name of a field ends with; "" if there is none.

    >>> unit_of("legal_area_m2")
    'm²'
    """
    stem, _, unit = name.rpartition("_")
    return UNITS.get(unit, "") if stem else ""


def vietnamese_term(description: str) -> str | None:
    """Return the Vietnamese term in a description, which stands in brackets; None if there is none.

    >>> vietnamese_term("Area by the papers (diện tích pháp lý)")
    'diện tích pháp lý'
    """
    term = _TERM.search(description)
    return term and term[1]


def field_value(model: type[BaseModel] | None, name: str, value: object, wording: Wording) -> str:
    """Return the JSON-ready value of a field as text: codes with their names, instants in Vietnamese time.

    Args:
        model: record or part that has the field; None if it is unknown.
        name: name of the field.
        value: its value as stored, possibly masked.
        wording: words of the reader's language.
    """
    return _value(() if model is None else _kinds(model, name), value, wording)


def is_code(model: type[BaseModel], name: str) -> bool:
    """True if the values of a field are codes of a list."""
    return any(isinstance(kind, ListedCode) for kind in _kinds(model, name))


def record_term(record_class: type[Record], wording: Wording) -> str:
    """Return the name of a record type: in Vietnamese the term in the first line of its description."""
    term = _TERM.search(record_class.__doc__ or "") if wording.language is Language.VIETNAMESE else None
    return term[1] if term else record_class.record_type


@cache
def _field_term(model: type[BaseModel], name: str) -> str:
    """Return the Vietnamese term of a field, its identifier if its description has none."""
    term = _TERM.search(model.model_fields[name].description or "")
    return term[1] if term else name


@cache
def _kinds(model: type[BaseModel], name: str) -> tuple[object, ...]:
    """Return what is known of a field's values: types and metadata."""
    field = model.model_fields.get(name)
    return () if field is None else (*field.metadata, *nested_types(field.annotation))


def _value(kinds: Sequence[object], value: object, wording: Wording) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return wording.text("value.yes" if value else "value.no")
        case list():
            elements = cast("list[object]", value)
            if any(isinstance(element, list) for element in elements):  # coordinates
                return json.dumps(elements)
            has_parts = any(isinstance(element, Mapping) for element in elements)
            separator = BETWEEN_PARTS[wording.language] if has_parts else ", "
            return separator.join(_value(kinds, element, wording) for element in elements) or "-"
        case Mapping():
            return _part(kinds, cast("Mapping[str, object]", value), wording)
        case _:
            return _scalar(kinds, value, wording)


def _part(kinds: Sequence[object], part: Mapping[str, object], wording: Wording) -> str:
    """Return the fields of a part that have a value."""
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    model = next((model for model in models if part.keys() <= model.model_fields.keys()), None)
    return BETWEEN_FIELDS[wording.language].join(
        f"{field_heading(model, name, wording)}: {field_value(model, name, value, wording)}"
        for name, value in part.items()
        if value not in (None, [], "")
    )


def _scalar(kinds: Sequence[object], value: object, wording: Wording) -> str:
    for kind in kinds:
        if isinstance(kind, ListedCode):
            return named_code(kind.code_list, value, wording)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return member_name(kind, value, wording)
    if datetime in kinds:
        return _instant(str(value), wording.language)
    if PartialDate in kinds:
        return day_text(value, wording.language)
    return number_text(value, wording.language) if Decimal in kinds or isinstance(value, float) else str(value)


def _instant(stored: str, language: Language) -> str:
    try:
        return instant_text(datetime.fromisoformat(stored), language)
    except ValueError:  # masked
        return stored


def member_name(kind: type[Enum], value: object, wording: Wording) -> str:
    """Return the word for a member of an enumeration; its value if the catalogue has none."""
    if kind.__name__ in _ENUM_CODE_LISTS:
        return named_code(_ENUM_CODE_LISTS[kind.__name__], value, wording)
    try:
        member = kind(value)
    except ValueError:
        return str(value)
    key = member.name.lower() if issubclass(kind, IntEnum) else str(member.value)
    return wording.term(_ENUM_TABLES[kind.__name__], key) if kind.__name__ in _ENUM_TABLES else str(value)


def named_code(list_name: str, code: object, wording: Wording) -> str:
    """Return the name of a code with the code in brackets; the code alone if its list lacks the code or the name."""
    try:
        columns = code_list(list_name).entry(str(code)).columns
    except CodeUnknown:
        return str(code)
    name = columns.get(wording.language) or columns.get("vi") or columns.get("name_vi")
    return f"{name} ({code})" if name else str(code)


def nested_types(annotation: object) -> Iterator[Any]:
    """Walk through unions, tuples and `Annotated`, metadata included."""
    yield annotation
    for argument in get_args(annotation):
        yield from nested_types(argument)
