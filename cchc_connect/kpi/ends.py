"""When a dossier ended: only while its status is one in which it ends, the last end, fields before history."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from cchc_connect.kpi.instants import seconds_of
from cchc_connect.kpi.pauses import Entry

REGISTERED, REFUSED, WITHDRAWN, STOPPED, PROCESSED, RETURNED = 1, 3, 7, 8, 9, 10

CLOSING = frozenset({REFUSED, WITHDRAWN, STOPPED, PROCESSED, RETURNED})
"""Statuses in which a dossier ends."""

_FIELDS: Mapping[int, str] = {
    PROCESSED: "processed_at",
    RETURNED: "returned_at",
    REFUSED: "refused_at",
    WITHDRAWN: "withdrawn_at",
    STOPPED: "stopped_at",
}

_SEARCHED: Mapping[int, Sequence[int]] = {
    PROCESSED: (PROCESSED, RETURNED),
    RETURNED: (PROCESSED, RETURNED),
    STOPPED: (PROCESSED, RETURNED, STOPPED),
    REFUSED: (PROCESSED, RETURNED, REFUSED),
    WITHDRAWN: (WITHDRAWN,),
}
"""Status of a dossier -> the statuses by which its end is told, in this order. Source: QĐ 766/QĐ-TTg (2022), 2.1."""


def end_of_dossier(document: Mapping[str, Any], steps: Sequence[Entry], seen: Sequence[Entry]) -> int | None:
    """Return the second at which a dossier ended; None if it is open, or nobody says when.

    The first version that was stored tells no end: the dossier may have ended long before it was first read.
    """
    status = document["status"]
    if status not in CLOSING:
        return None
    last_steps = list(_closing_at_the_end(steps))
    last_seen = [entry for entry in _closing_at_the_end(_entered(seen)) if entry is not seen[0]]
    for told_by in _SEARCHED[status]:
        by_field = seconds_of(document[_FIELDS[told_by]])
        if by_field is not None:
            return by_field
        for history in (last_steps, last_seen):
            by_history = next((entry.at for entry in history if entry.status == told_by), None)
            if by_history is not None:
                return by_history
    return None


def _closing_at_the_end(history: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the entries after the dossier was taken up the last time, the last one first."""
    return takewhile(lambda entry: entry.status in CLOSING, reversed(history))


def _entered(seen: Sequence[Entry]) -> list[Entry]:
    """Return of each run of one status its first entry: a later version may differ in another field."""
    return [entry for number, entry in enumerate(seen) if number == 0 or seen[number - 1].status != entry.status]
