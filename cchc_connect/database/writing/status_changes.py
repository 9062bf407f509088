"""Judges a dossier's new status by the one that is stored: notes unusual changes, keeps a status that is undecided.

Sources skip statuses, and a pull sees only the last one, so an unusual change is written like any other, with the note
`transition_unusual`. It stays on the record until the status changes again.

Where a source says that a request is pending (correcting, cancelling) the dossier keeps its last national status: the
adapter sends the status that a dossier without a former one gets, with the note `status_kept`.
"""

import json

from cchc_connect.database.writing.incoming import IncomingRecord, serialize
from cchc_schemas import Dossier, DossierStatus, from_document, is_usual_transition
from cchc_schemas.dossiers import STATUS_KEPT

STATUS = "status"
UNUSUAL = "transition_unusual"
JUDGED_TYPES = frozenset({Dossier.record_type})
"""Types of records with a status whose changes are judged."""


def settle_status(incoming: IncomingRecord, document: bytes, notes: str | None) -> None:
    """Complete an incoming dossier by the stored version that it replaces; settling it again changes nothing.

    Args:
        incoming: the dossier; its record gets the stored status where that is to be kept, and notes are added.
        document: the stored version, JSON.
        notes: the notes on it, as stored.
    """
    keeps, was_unusual = _has_note(incoming.notes, STATUS_KEPT), _has_note(notes, UNUSUAL)
    if incoming.record.document == document and not was_unusual:
        return
    stored, sent = json.loads(document), json.loads(incoming.record.document)
    before, after = DossierStatus(stored[STATUS]), DossierStatus(sent[STATUS])
    if keeps and before != after:
        incoming.record, after = serialize(from_document(Dossier, {**sent, STATUS: before})), before
    if not is_usual_transition(before, after) or (was_unusual and before == after):
        incoming.notes = _with_note(incoming.notes, UNUSUAL)


def _has_note(notes: str | None, rule: str) -> bool:
    return notes is not None and rule in notes and [STATUS, rule] in json.loads(notes)


def _with_note(notes: str | None, rule: str) -> str | None:
    return notes if _has_note(notes, rule) else json.dumps([*(json.loads(notes) if notes else []), [STATUS, rule]])
