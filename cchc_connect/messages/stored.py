"""Values of a message in JSON, stored so that the message is the same sentence when it is read again.

Plain values are stored as text, as scripts that read reports expect. What would read differently as text keeps its
type: messages within a message, lists, decimal numbers, yes and no, nothing, instants and days. `render_message` takes
both forms.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, cast

from cchc_connect.messages.catalogue import Message, Messages
from cchc_connect.messages.values import INSTANT_PLACEHOLDERS


def stored_context(context: Mapping[str, object]) -> dict[str, Any]:
    """Return the values of a message, JSON-ready; `render_message` makes the same sentence of them."""
    return {name: _stored(name, value) for name, value in context.items()}


def _stored(name: str, value: object) -> object:
    stored: object = value
    match value:
        case None | bool() | float():
            pass
        case Message():
            stored = {"code": value.code, "context": stored_context(value.context)}
        case Messages():
            stored = {"lines": [_stored(name, line) for line in value.lines]}
        case date():
            form = "instant" if isinstance(value, datetime) else "day"
            stored = value.isoformat() if name in INSTANT_PLACEHOLDERS else {form: value.isoformat()}
        case list() | tuple() | set() | frozenset():
            stored = [_stored(name, part) for part in cast("Collection[object]", value)]
        case _:
            stored = str(value)
    return stored
