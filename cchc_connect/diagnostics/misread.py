"""Findings about times and days of a first page that are written in another spelling than the field map says."""

from collections.abc import Iterator, Sequence
from itertools import islice

from cchc_connect.adapter import Source
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.errors import CchcError
from cchc_connect.messages import Message
from cchc_connect.sync.error_policy import adapter_boundary
from cchc_connect.wire.field_map import MappedItem
from cchc_connect.wire.json import Item, RawItem
from cchc_connect.wire.misread_times import MisreadTime, misread_times

MAX_ITEMS = 50
"""Items of a page that are looked at."""


def misread_findings(subject: str, connection: str, source: Source, items: Sequence[Item]) -> Iterator[Finding]:
    """Yield a warning for each field whose codec does not read what the source sends, with the codecs that do.

    An item that the adapter fails at is passed over: it is a fault of the page already.

    Args:
        subject: connection and record type.
        connection: name of the connection.
        source: the source.
        items: the items of its first page.
    """
    seen = dict[str, MisreadTime]()
    for item in islice(items, MAX_ITEMS):
        try:
            with adapter_boundary(connection=connection, record_type=source.record_type.record_type):
                mapped = _mapped(source, item)
                misread_of_item = () if mapped is None else tuple(misread_times(mapped))
        except CchcError:
            continue
        for misread in misread_of_item:
            seen.setdefault(misread.field, misread)
    for misread in seen.values():
        message = misread_message(misread)
        yield Finding.warning(subject, message.code, message.context)


def misread_message(misread: MisreadTime) -> Message:
    """Return the sentence about a misread field, with what to write."""
    context: dict[str, object] = {"field": misread.field, "property": misread.property, "codec": misread.codec}
    if misread.is_day:
        return Message("misread.day_for_instant", context)
    return Message("misread.codec", {**context, "codecs": ", ".join(misread.codecs), "first": misread.codecs[0]})


def _mapped(source: Source, item: Item) -> MappedItem | None:
    """Return the fields of an item; None for one that cannot be parsed, or whose adapter has no field map."""
    try:
        properties = item.read() if isinstance(item, RawItem) else item
    except ValueError:
        return None
    fields = source.translate(properties)
    return fields if isinstance(fields, MappedItem) else None
