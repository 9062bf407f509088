"""What is said of rules that find nothing: the property that they read was in no item that the source showed.

Little is imported: `status` shows it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from unicodedata import normalize

from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import closest, suggestion


def notes_by_source(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], tuple[Message, ...]]:
    """Return a sentence on each rule that finds nothing, by connection and record type; without sources that have none.

    Args:
        rows: connection, record_type, property, items, present and is_read of each property, as `source_property` has
            them.
    """
    unseen, seen = dict[tuple[str, str], dict[str, int]](), dict[tuple[str, str], list[str]]()
    for row in rows:
        source = row["connection"], row["record_type"]
        if row["present"]:
            seen.setdefault(source, []).append(row["property"])
        elif row["is_read"] and row["items"]:
            unseen.setdefault(source, {})[row["property"]] = row["items"]
    return {source: tuple(unseen_notes(names, seen.get(source, []))) for source, names in unseen.items()}


def unseen_notes(unseen: Mapping[str, int], seen_names: Collection[str]) -> Iterator[Message]:
    """Yield a sentence on each rule that found nothing.

    Args:
        unseen: property that a rule reads and no item had -> number of items.
        seen_names: properties that items had.
    """
    by_case: dict[str, list[str]] = {}
    for name in seen_names:
        by_case.setdefault(name.casefold(), []).append(name)
    for name, items in unseen.items():
        respelled = by_case.get(normalize("NFC", name).casefold(), [])
        if len(respelled) == 1:
            yield Message("drift_change.respelled", {"property": name, "detail": respelled[0]})
        else:
            last_steps = {seen.rpartition(".")[2]: seen for seen in seen_names}
            meant = closest(name, seen_names) or last_steps.get(closest(name.rpartition(".")[2], last_steps) or "")
            asking = "" if meant is None else suggestion(meant, [meant])
            context = {"property": name, "items": items, "suggestion": asking}
            yield Message("drift_change.never_seen", context)
