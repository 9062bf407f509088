"""Keeps a stored value where an item does not have its property at all, of a source that writes null for no value."""

import json
from collections.abc import Container, Sequence
from typing import Any, cast

from cchc_connect.database.writing.claims import Document
from cchc_connect.database.writing.incoming import IncomingRecord

PROPERTY_MISSING = "property_missing"
"""Rule of the note on a field whose stored value stays, as the item does not have its property."""


def kept_values(incoming: IncomingRecord, stored_document: bytes, kept_fields: Container[str]) -> Document:
    """Return the stored values that stay, and add a note on each; calling it again changes nothing.

    Args:
        incoming: the item, with the fields whose property it lacks.
        stored_document: the record as it is stored.
        kept_fields: fields of which a missing property says nothing.
    """
    fields = [name for name in incoming.missing if name in kept_fields]
    if not fields:
        return {}
    document, stored = json.loads(incoming.record.document), json.loads(stored_document)
    values = {name: stored[name] for name in fields if stored.get(name) and not document.get(name)}
    if values:
        notes = json.loads(incoming.notes or "[]")
        incoming.notes = json.dumps([*notes, *([name, PROPERTY_MISSING] for name in values)])
    return values


def same_document(first: bytes, second: bytes) -> bool:
    """True if two documents have the same content.

    An older program may have formatted it differently, and an older version of the record lacks the fields that the
    newer one has as null.
    """
    return first == second or _stated(json.loads(first)) == _stated(json.loads(second))


def _stated(value: Any) -> Any:
    """Return the members of a document that have a value, at any depth."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return {name: _stated(member) for name, member in members if member is not None}
    if isinstance(value, list):
        return [_stated(part) for part in cast("Sequence[Any]", value)]
    return value
