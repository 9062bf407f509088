"""Masks personal values of records and wire items before they are shown.

In a record, the annotations of its type (marks) tell which fields are personal. A wire item, the raw form in which a
source sends a record, has no marks, so all its texts and long numbers are hidden, except codes that name no person:
of dossiers, parcels, procedures, communes and agencies.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel

from cchc_connect.privacy.outside_names import looks_like_person, shown_name
from cchc_schemas import mask
from cchc_schemas.admin_units import COMMUNE_CODE
from cchc_schemas.codes import (
    AGENCY_CODE,
    CRS_NAME,
    DOSSIER_CODE,
    FIELD_CODE,
    NATIONAL_PARCEL_ID,
    PARCEL_KEY,
    PROCEDURE_CODE,
)
from cchc_schemas.personal import models_in, personal_marks
from cchc_schemas.record_paths import leaves

HIDDEN = "***"

PUBLIC_CODES = (DOSSIER_CODE, AGENCY_CODE, PROCEDURE_CODE, FIELD_CODE, COMMUNE_CODE, PARCEL_KEY, CRS_NAME)
"""Codes whose form no personal value has."""

_SHORT_NUMBER = re.compile(r"[0-9]{1,5}")
"""Number of a map sheet, parcel or commune; identity, tax and telephone numbers and days have more digits."""

_HAS_LETTER = re.compile(r"[b-z]")

_MAX_SHOWN_DIGITS = 8
"""Digits of a number that is still shown; identity, tax and telephone numbers have nine or more."""


def masked_record(record: BaseModel) -> dict[str, Any]:
    """Return a record as JSON-ready fields, personal values masked by the marks of its type."""
    document = record.model_dump(mode="json")
    marks = personal_marks(type(record))
    for name, shown in document.items():
        value = getattr(record, name)
        if name in marks:
            document[name] = None if value is None else mask(value, marks[name].visible)
        else:
            document[name] = _masked_value(value, shown)
    return document


def _masked_value(value: object, shown: object) -> object:
    match value:
        case BaseModel():
            return masked_record(value)
        case tuple():
            parts, documents = cast("Sequence[object]", value), cast("Sequence[object]", shown)
            return [_masked_value(*pair) for pair in zip(parts, documents, strict=True)]
        case _:
            return shown


def masked_document(model: type[BaseModel], document: Mapping[str, object]) -> dict[str, object]:
    """Return a stored document of a record or part, personal values masked by the marks of `model`."""
    return {name: masked_field(model, name, value) for name, value in document.items()}


def masked_field(model: type[BaseModel], name: str, value: object) -> object:
    """Return the stored value of one field, masked by the marks of `model`; an unknown field is hidden."""
    if value is None:
        return None
    if name not in model.model_fields:
        return HIDDEN
    marks = personal_marks(model)
    if name in marks:
        return mask(value, marks[name].visible)
    return _masked_stored_value(tuple(models_in(model.model_fields[name].annotation)), value)


def masked_leaf(model: type[BaseModel] | None, path: str, value: object) -> str:
    """Return a value at a path of a record, "holders.name", masked by the mark of its field; unknown ones are hidden.

    A part is hidden, as it has fields of its own.
    """
    leaf = None if model is None else leaves(model).get(path)
    if leaf is None:
        return HIDDEN
    return str(value) if leaf.mark is None else mask(value, leaf.mark.visible)


def _masked_stored_value(models: Sequence[type[BaseModel]], value: object) -> object:
    match value:
        case list():
            return [_masked_stored_value(models, part) for part in cast("Sequence[object]", value)]
        case Mapping() if models:
            document = cast("Mapping[str, object]", value)
            # A field may allow several parts; the stored keys show which of them this is.
            model = next((model for model in models if document.keys() <= model.model_fields.keys()), models[0])
            return masked_document(model, document)
        case _:
            return value


def masked_item(value: object) -> object:
    """Return a wire item with its structure and names unchanged and its texts and long numbers hidden.

    Codes that name no person are shown: somebody must find the record at the source.

    Names that look like a person are masked too: some systems list persons by their identity numbers.

    >>> masked_item({"hoTen": "Nguyễn Thị Mẫu", "soTo": "12", "cccd": 74000000000, "074000000000": {}})
    {'hoTen': '***', 'soTo': '12', 'cccd': '***', '***0000': {}}
    """
    match value:
        case Mapping():
            return masked_members(cast("Mapping[object, object]", value))
        case str():
            return value if not value or _is_public_code(value) else HIDDEN
        case list() | tuple():
            return [masked_item(part) for part in cast("Sequence[object]", value)]
        case int() if len(str(abs(value))) > _MAX_SHOWN_DIGITS:
            return HIDDEN
        case _:
            return value


def masked_members(members: Mapping[Any, object]) -> dict[str, object]:
    """Return all members, masked as in `masked_item`; names that are alike once masked are numbered."""
    shown: dict[str, object] = {}
    numbers: dict[str, int] = {}
    for name, part in members.items():
        shown_as = alike = shown_name(str(name))
        while shown_as in shown:
            numbers[alike] = numbers.get(alike, 1) + 1
            shown_as = f"{alike} ({numbers[alike]})"
        shown[shown_as] = masked_item(part)
    return shown


def _is_public_code(text: str) -> bool:
    """True if a text has the form of a code that names no person; twelve digits may be a person's number."""
    if NATIONAL_PARCEL_ID.fits(text):
        return _HAS_LETTER.search(text) is not None
    return _SHORT_NUMBER.fullmatch(text) is not None or (
        any(code.fits(text) for code in PUBLIC_CODES) and not looks_like_person(text)
    )
