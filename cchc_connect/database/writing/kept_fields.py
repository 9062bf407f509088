"""Keeps a stored value where an item does not have its property at all, of a source that writes null for no value."""

import json
from collections.abc import Container

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
    """True if two documents have the same content; an older program may have formatted it differently."""
    return first == second or json.loads(first) == json.loads(second)
