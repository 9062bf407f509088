"""Looks at the end of a run whether corrections arrived that agencies were asked for, and closes what is settled.

A request tells that its field changed as soon as the field comes with another value. It is closed as corrected where
that settles it: the discrepancy ended, the item became a record, the note of quality is gone, the proposed value is
there, or the agency had said that it corrected its record. A discrepancy that ended because the other side changed its
value closes the request as withdrawn. Values are compared, and neither stored nor logged.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from cchc_connect.corrections.findings import noted_rules, stored_document
from cchc_connect.corrections.life_cycle import ActedBy, close_request, mark_changed, mark_seen
from cchc_connect.corrections.proposed_values import is_same_value
from cchc_connect.corrections.requests import (
    CorrectionFilter,
    CorrectionRequest,
    CorrectionState,
    FindingKind,
    selected_requests,
)
from cchc_connect.database.bulk import batches
from cchc_connect.database.reading.discrepancies import DiscrepancyState
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import discrepancy, quarantine
from cchc_schemas import RECORD_TYPES
from cchc_schemas.record_paths import values_at


def touched_requests(connection: Connection) -> Sequence[CorrectionRequest]:
    """Return the open requests of which something changed since they were looked at, by few queries for all of them."""
    requests = selected_requests(connection, CorrectionFilter())
    if not requests:
        return []
    sequences = _present_sequences(connection, requests)
    open_numbers = {
        FindingKind.DISCREPANCY: _open_numbers(connection, requests, FindingKind.DISCREPANCY),
        FindingKind.QUARANTINE: _open_numbers(connection, requests, FindingKind.QUARANTINE),
    }
    return [
        request
        for request in requests
        if (request.finding in open_numbers and request.finding_number not in open_numbers[request.finding])
        or sequences.get((request.record_type, request.record_key), request.seen_sequence) != request.seen_sequence
    ]


def settle_requests(connection: Connection, acted_by: ActedBy) -> int:
    """Note changes of what is asked for, close what they settle, and return how many requests were closed.

    Args:
        connection: a write transaction.
        acted_by: the run, with its chain.
    """
    return sum(_settle(connection, request, acted_by) for request in touched_requests(connection))


def _present_sequences(connection: Connection, requests: Sequence[CorrectionRequest]) -> Mapping[tuple[str, str], int]:
    """Return the sequence of the present version of each record, by type and key."""
    keys_by_type = dict[str, set[str]]()
    for request in requests:
        if request.finding is not FindingKind.QUARANTINE and request.record_type in RECORD_TYPES:
            keys_by_type.setdefault(request.record_type, set()).add(request.record_key)
    sequences = dict[tuple[str, str], int]()
    for record_type, keys in keys_by_type.items():
        table = record_table(record_type)
        query = select(table.c.record_key, table.c.sequence)
        for batch in batches(sorted(keys)):
            for row in connection.execute(query.where(table.c.record_key.in_(batch))):
                sequences[record_type, row.record_key] = row.sequence
    return sequences


def _open_numbers(connection: Connection, requests: Sequence[CorrectionRequest], kind: FindingKind) -> set[int | None]:
    """Return the numbers of those discrepancies or quarantine entries that are open."""
    numbers = [request.finding_number for request in requests if request.finding is kind]
    is_discrepancy = kind is FindingKind.DISCREPANCY
    number = discrepancy.c.id if is_discrepancy else quarantine.c.id
    is_open = discrepancy.c.state != DiscrepancyState.ENDED if is_discrepancy else quarantine.c.resolved_at.is_(None)
    return {
        row.id
        for batch in batches(numbers)
        for row in connection.execute(select(number).where(number.in_(batch), is_open))
    }


def _settle(connection: Connection, request: CorrectionRequest, acted_by: ActedBy) -> bool:
    """Settle one request; return whether it is closed."""
    if request.finding is FindingKind.QUARANTINE:
        if _is_item_open(connection, request):
            return False
        request = mark_changed(connection, request, None, acted_by)
        close_request(connection, request, CorrectionState.CORRECTED, acted_by)
        return True
    request = _with_changes(connection, request, acted_by)
    if request.finding is FindingKind.DISCREPANCY and _has_ended(connection, request):
        is_corrected = request.changed_at is not None or request.state is CorrectionState.CORRECTED
        state = CorrectionState.CORRECTED if is_corrected else CorrectionState.WITHDRAWN
        close_request(connection, request, state, acted_by)
        return True
    if request.changed_at is not None and _is_settled(connection, request):
        close_request(connection, request, CorrectionState.CORRECTED, acted_by)
        return True
    return False


def has_changed(connection: Connection, request: CorrectionRequest, acted_by: ActedBy) -> bool:
    """Return whether what was asked for came otherwise since, after that was noted; of an item whether it is gone."""
    if request.finding is FindingKind.QUARANTINE:
        return not _is_item_open(connection, request)
    return _with_changes(connection, request, acted_by).changed_at is not None


def _with_changes(connection: Connection, request: CorrectionRequest, acted_by: ActedBy) -> CorrectionRequest:
    """Return a request after it was noted whether a field of it changed."""
    row = _record(connection, request)
    if row is None or row["sequence"] == request.seen_sequence:
        return request
    before, after = (stored_document(connection, sequence) for sequence in (request.seen_sequence, row["sequence"]))
    is_changed = before is not None and any(
        list(values_at(before, path)) != list(values_at(after, path)) for path in request.fields
    )
    if is_changed or row["deleted_at"] is not None:
        return mark_changed(connection, request, row["sequence"], acted_by)
    mark_seen(connection, request, row["sequence"])
    return request


def _is_settled(connection: Connection, request: CorrectionRequest) -> bool:
    """True if a change settles a request that is based on no discrepancy."""
    if request.state is CorrectionState.CORRECTED:
        return True
    row = _record(connection, request)
    if row is None or row["deleted_at"] is not None:
        return False
    if request.finding is FindingKind.QUALITY_NOTE:
        return not any(request.rule in noted_rules(row["notes"], path) for path in request.fields)
    if request.proposed_value is None:
        return False
    stored = list(values_at(stored_document(connection, row["sequence"]), request.fields[0]))
    proposed, field = request.proposed_value, request.fields[0]
    return len(stored) == 1 and is_same_value(request.record_type, field, stored[0], proposed)


def _record(connection: Connection, request: CorrectionRequest) -> Mapping[str, Any] | None:
    if request.record_type not in RECORD_TYPES:
        return None
    table = record_table(request.record_type)
    columns = select(table.c.sequence, table.c.deleted_at, table.c.notes)
    row = connection.execute(columns.where(table.c.record_key == request.record_key)).mappings().one_or_none()
    return None if row is None else dict(row)


def _is_item_open(connection: Connection, request: CorrectionRequest) -> bool:
    is_same = (quarantine.c.id == request.finding_number) & (quarantine.c.source_key == request.record_key)
    is_open = quarantine.c.resolved_at.is_(None)
    return connection.execute(select(quarantine.c.id).where(is_same, is_open)).first() is not None


def _has_ended(connection: Connection, request: CorrectionRequest) -> bool:
    is_same = (
        (discrepancy.c.id == request.finding_number)
        & (discrepancy.c.record_type == request.record_type)
        & (discrepancy.c.record_key == request.record_key)
    )
    is_open = discrepancy.c.state != DiscrepancyState.ENDED
    return connection.execute(select(discrepancy.c.id).where(is_same, is_open)).first() is None
