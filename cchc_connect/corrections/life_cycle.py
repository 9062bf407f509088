"""The life of a correction request: opened, sent, reminded, answered, changed, closed.

Each step is stored with its entry of the audit log in the transaction of the caller. An entry names keys of records and
paths of fields; no value, no reason and no note is in it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from cchc_connect.clock import to_timestamp_text
from cchc_connect.corrections.answers import Answer, AnswerOutcome, StoredAnswer
from cchc_connect.corrections.findings import CorrectionFinding, stored_document
from cchc_connect.corrections.proposed_values import checked_value, is_same_value
from cchc_connect.corrections.requests import (
    CorrectionFilter,
    CorrectionRequest,
    CorrectionState,
    CorrectionStep,
    FindingKind,
    request_numbered,
    selected_requests,
    table as requests_table,
)
from cchc_connect.corrections.terms import not_over
from cchc_connect.corrections.texts import checked_reason, checked_text
from cchc_connect.database.audit.chain import COMMANDS_CHAIN
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append
from cchc_connect.database.reading.discrepancies import DiscrepancyState
from cchc_connect.database.tables import correction_event, discrepancy
from cchc_connect.database.writing.discrepancies import assign_discrepancy, set_discrepancy_state
from cchc_connect.errors import NotFound, UsageMistake
from cchc_schemas import vietnamese_day
from cchc_schemas.correction_periods import CorrectionPeriod
from cchc_schemas.record_paths import values_at


@dataclass(frozen=True, kw_only=True)
class ActedBy:
    """Who does a step, and when."""

    at: datetime
    """Aware."""
    official: str | None = None
    """Id of the official; None for a run."""
    account: str | None = None
    """User of the machine who ran the program."""
    run_id: str | None = None
    chain: str = COMMANDS_CHAIN
    """Chain of the audit log: that of the runs under the lease of a run."""

    @property
    def day(self) -> date:
        """Return the Vietnamese day."""
        return vietnamese_day(self.at)


@dataclass(frozen=True, kw_only=True)
class NewCorrection:
    """What is asked of an agency."""

    owner: str
    """Code of the agency that is asked."""
    requested_by: str
    """Code of the agency that asks."""
    period: CorrectionPeriod
    due_on: date
    reason: str
    proposed_value: str | None = None
    official: str | None = None
    """Id of the official in charge."""


def open_request(
    connection: Connection, finding: CorrectionFinding, new: NewCorrection, acted_by: ActedBy
) -> CorrectionRequest:
    """Store a request and return it; a discrepancy on which it is based becomes reported, with the same last day.

    Args:
        connection: a write transaction.
        finding: what it is based on.
        new: what is asked of whom, until when.
        acted_by: who asks.

    Raises:
        UsageMistake: the reason is empty, too long or names a person, a proposed value is not for one field, is
            personal, stands there already or is none that the field can have, or the same was asked for and is not
            closed.
    """
    reason = checked_reason(new.reason)
    proposed_value = _proposed_value(connection, finding, new, acted_by.day)
    _require_not_asked(connection, finding)
    texts = {"reason": reason, "proposed_value": proposed_value}
    values = {**_values(finding, new), **texts, "opened_at": to_timestamp_text(acted_by.at)}
    inserted = connection.execute(requests_table.insert().values(**values).returning(requests_table.c.id))
    request = request_numbered(connection, inserted.scalar_one())
    if finding.kind is FindingKind.DISCREPANCY and finding.number is not None:
        now = to_timestamp_text(acted_by.at)
        set_discrepancy_state(connection, finding.number, DiscrepancyState.REPORTED, reason, now)
        assign_discrepancy(connection, finding.number, new.official, new.due_on)
    return record_step(connection, request, CorrectionStep.OPENED, acted_by, note=reason)


def _proposed_value(connection: Connection, finding: CorrectionFinding, new: NewCorrection, day: date) -> str | None:
    """Return the proposed value, which the field can have and does not have yet; None if there is none."""
    if new.proposed_value is None:
        return None
    if len(finding.fields) != 1:
        raise UsageMistake("corrections.value_of_one_field")
    value, (path,) = checked_text(new.proposed_value, "value"), finding.fields
    document = stored_document(connection, finding.sequence)
    checked_value(finding.record_type, path, value, document, day)
    present = list(values_at(document, path))
    if present and all(is_same_value(finding.record_type, path, each, value) for each in present):
        raise UsageMistake("corrections.value_present", field=path)
    return value


def _values(finding: CorrectionFinding, new: NewCorrection) -> Mapping[str, Any]:
    """Return the columns of a new request."""
    return {
        **{name: getattr(finding, name) for name in ("record_type", "record_key", "rule", "connection")},
        **{name: getattr(new, name) for name in ("owner", "requested_by", "official")},
        "finding": finding.kind,
        "finding_number": finding.number,
        "fields": json.dumps(finding.fields),
        "kind": new.period.id,
        "act": new.period.act,
        "article": new.period.article,
        "due_on": new.due_on.isoformat(),
        "state": CorrectionState.OPEN,
        "seen_sequence": finding.sequence,
    }


def answer_request(connection: Connection, number: int, agency_answer: Answer, acted_by: ActedBy) -> StoredAnswer:
    """Store what the agency answered, and return the request with what became of the answer.

    A request whose correction arrived already is closed by the answer `corrected`. Of a closed request the answer is
    in its history alone: its outcome stays.

    Args:
        connection: a write transaction.
        number: number of the request.
        agency_answer: what the agency answered, checked.
        acted_by: who stores it.

    Raises:
        NotFound: there is no such request.
        UsageMistake: the new last day is over, or not after the one that holds.
    """
    request = request_numbered(connection, number)
    if request.closed_at is not None:
        late = replace(request, state=agency_answer.state, due_on=agency_answer.until or request.due_on)
        record_step(connection, late, CorrectionStep.ANSWERED, acted_by, note=agency_answer.note)
        return StoredAnswer(request=request, outcome=AnswerOutcome.LATE)
    if agency_answer.until is not None and not_over(agency_answer.until, acted_by.day) <= request.due_on:
        raise UsageMistake("corrections.until_earlier", day=agency_answer.until, due_on=request.due_on)
    answered_at = to_timestamp_text(acted_by.at)
    values: dict[str, Any] = {
        "state": agency_answer.state,
        "explanation": agency_answer.note,
        "answered_at": answered_at,
    }
    if agency_answer.until is not None:
        values["due_on"] = agency_answer.until.isoformat()
    request = _changed(connection, request, values)
    request = record_step(connection, request, CorrectionStep.ANSWERED, acted_by, note=agency_answer.note)
    if agency_answer.state is CorrectionState.CORRECTED and request.changed_at is not None:
        request = close_request(connection, request, CorrectionState.CORRECTED, acted_by)
    return StoredAnswer(request=request, outcome=AnswerOutcome.ANSWERED)


def close_request(
    connection: Connection,
    request: CorrectionRequest,
    state: CorrectionState,
    acted_by: ActedBy,
    note: str | None = None,
) -> CorrectionRequest:
    """Close a request in a state, forget its proposed value, and return it. The caller checked that it is not closed.

    Raises:
        UsageMistake: the note is empty or too long.
    """
    checked = None if note is None else checked_text(note, "note")
    values = {"state": state, "closed_at": to_timestamp_text(acted_by.at), "proposed_value": None}
    request = _changed(connection, request, values)
    return record_step(connection, request, CorrectionStep.CLOSED, acted_by, note=checked)


def mark_sent(connection: Connection, request: CorrectionRequest, acted_by: ActedBy) -> CorrectionRequest:
    """Store that a request was written into a file for the agency, and return it."""
    request = _changed(connection, request, {"sent_at": to_timestamp_text(acted_by.at)})
    return record_step(connection, request, CorrectionStep.SENT, acted_by, consumer=request.owner)


def mark_reminded(connection: Connection, request: CorrectionRequest, acted_by: ActedBy) -> CorrectionRequest:
    """Store that the agency was reminded of a request, and return it."""
    request = _changed(connection, request, {"reminded_at": to_timestamp_text(acted_by.at)})
    return record_step(connection, request, CorrectionStep.REMINDED, acted_by)


def mark_changed(
    connection: Connection, request: CorrectionRequest, sequence: int | None, acted_by: ActedBy
) -> CorrectionRequest:
    """Store that a field came with another value, in the version `sequence`, and return the request."""
    values = {"changed_at": to_timestamp_text(acted_by.at), "seen_sequence": sequence}
    request = _changed(connection, request, values)
    return record_step(connection, request, CorrectionStep.CHANGED, acted_by)


def mark_seen(connection: Connection, request: CorrectionRequest, sequence: int) -> None:
    """Store up to which version of the record changes were looked for."""
    _changed(connection, request, {"seen_sequence": sequence})


def require_open(connection: Connection, number: int) -> CorrectionRequest:
    """Return a request that is not closed.

    Raises:
        NotFound: there is none with this number, or it is closed.
    """
    request = request_numbered(connection, number)
    if request.closed_at is not None:
        raise NotFound("corrections.closed", number=number)
    return request


def record_step(
    connection: Connection,
    request: CorrectionRequest,
    step: CorrectionStep,
    acted_by: ActedBy,
    *,
    note: str | None = None,
    consumer: str | None = None,
) -> CorrectionRequest:
    """Store a step with its entry in the audit log, and return the request."""
    entry = _entry(request, step, acted_by, consumer)
    number = append(connection, entry, chain=acted_by.chain)
    of_request = correction_event.c.request == request.number
    last = connection.execute(select(func.max(correction_event.c.event)).where(of_request)).scalar_one()
    values = {
        "request": request.number,
        "event": (last or 0) + 1,
        "at": to_timestamp_text(acted_by.at),
        "step": step,
        "state": request.state,
        "due_on": request.due_on.isoformat(),
        "official": acted_by.official,
        "note": note,
        "audit_entry": str(number),
    }
    connection.execute(correction_event.insert().values(**values))
    return request


def _entry(request: CorrectionRequest, step: CorrectionStep, acted_by: ActedBy, consumer: str | None) -> AuditEntry:
    """Return the entry of a step. The source key of an item may be a person's number: its number stands for it."""
    is_item = request.finding is FindingKind.QUARANTINE
    details: Mapping[str, Any] = {
        "correction_request": request.number,
        "step": step.value,
        "state": request.state.value,
        "due_on": request.due_on.isoformat(),
        "finding": request.finding.value,
        "paths": [] if is_item else list(request.fields),
        **({} if request.finding_number is None else {"finding_number": request.finding_number}),
    }
    return AuditEntry(
        at=acted_by.at,
        kind=AuditKind.CORRECTION,
        run_id=acted_by.run_id,
        official=acted_by.official,
        account=acted_by.account,
        consumer=consumer,
        provider=request.owner,
        connection=request.connection,
        acts=() if request.act is None else (request.act,),
        record_type=request.record_type,
        keys=() if is_item else (request.record_key,),
        count=1,
        details=details,
    )


def record_assignment(connection: Connection, number: int, official: str | None, due_on: date, by: ActedBy) -> None:
    """Give a discrepancy its official and last day, with an entry in the audit log.

    Raises:
        NotFound: there is no such discrepancy, or it has ended.
    """
    assign_discrepancy(connection, number, official, due_on)
    row = connection.execute(select(discrepancy).where(discrepancy.c.id == number)).one()
    details = {"step": "assigned", "finding": FindingKind.DISCREPANCY.value, "finding_number": number}
    entry = AuditEntry(
        at=by.at,
        kind=AuditKind.CORRECTION,
        official=by.official,
        account=by.account,
        connection=row.owner,
        record_type=row.record_type,
        keys=(row.record_key,),
        count=1,
        details={**details, "paths": [row.field], "due_on": due_on.isoformat(), "assignee": official or ""},
    )
    append(connection, entry, chain=by.chain)


def _changed(connection: Connection, request: CorrectionRequest, values: Mapping[str, Any]) -> CorrectionRequest:
    connection.execute(update(requests_table).where(requests_table.c.id == request.number).values(**values))
    return request_numbered(connection, request.number)


def _require_not_asked(connection: Connection, finding: CorrectionFinding) -> None:
    of_record = CorrectionFilter(record=(finding.record_type, finding.record_key))
    for request in selected_requests(connection, of_record):
        is_same_finding = request.finding is finding.kind or FindingKind.QUARANTINE not in {
            request.finding,
            finding.kind,
        }
        if is_same_finding and set(request.fields) & set(finding.fields):
            raise UsageMistake("corrections.asked_already", number=request.number)
