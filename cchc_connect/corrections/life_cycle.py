"""The life of a correction request: opened, sent, reminded, answered, changed, closed.

Each step is stored with its entry of the audit log in the transaction of the caller. An entry names keys of records and
paths of fields; no value, no reason and no note is in it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from unicodedata import category

from sqlalchemy import Connection, func, select, update

from cchc_connect.clock import to_timestamp_text
from cchc_connect.corrections.findings import CorrectionFinding
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
from cchc_connect.database.audit.chain import COMMANDS_CHAIN
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append
from cchc_connect.database.reading.discrepancies import DiscrepancyState
from cchc_connect.database.tables import correction_event, discrepancy
from cchc_connect.database.writing.discrepancies import assign_discrepancy, set_discrepancy_state
from cchc_connect.errors import NotFound, UsageMistake
from cchc_schemas import vietnamese_day
from cchc_schemas.correction_periods import CorrectionPeriod

MAX_TEXT = 2000
"""Characters of a reason, a note or a proposed value."""

_UNSTORABLE = frozenset({"Cc", "Cs"})
"""Unicode categories of characters that no database stores, or no reader sees."""


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
        UsageMistake: the reason is empty or too long, a proposed value is not for one field, or the same was asked for
            and is not closed.
    """
    reason = checked_text(new.reason, "reason")
    if new.proposed_value is not None and len(finding.fields) != 1:
        raise UsageMistake("corrections.value_of_one_field")
    _require_not_asked(connection, finding)
    values = {**_values(finding, new), "reason": reason, "opened_at": to_timestamp_text(acted_by.at)}
    inserted = connection.execute(requests_table.insert().values(**values).returning(requests_table.c.id))
    request = request_numbered(connection, inserted.scalar_one())
    if finding.kind is FindingKind.DISCREPANCY and finding.number is not None:
        now = to_timestamp_text(acted_by.at)
        set_discrepancy_state(connection, finding.number, DiscrepancyState.REPORTED, reason, now)
        assign_discrepancy(connection, finding.number, new.official, new.due_on)
    return record_step(connection, request, CorrectionStep.OPENED, acted_by, note=reason)


def _values(finding: CorrectionFinding, new: NewCorrection) -> Mapping[str, Any]:
    """Return the columns of a new request."""
    return {
        **{name: getattr(finding, name) for name in ("record_type", "record_key", "rule", "connection")},
        **{name: getattr(new, name) for name in ("owner", "requested_by", "official")},
        "proposed_value": None if new.proposed_value is None else checked_text(new.proposed_value, "value"),
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


def answer_request(
    connection: Connection,
    number: int,
    state: CorrectionState,
    acted_by: ActedBy,
    *,
    note: str | None = None,
    until: date | None = None,
) -> CorrectionRequest:
    """Store what the agency answered, and return the request.

    A request whose correction arrived already is closed by the answer `corrected`.

    Args:
        connection: a write transaction.
        number: number of the request.
        state: `corrected`, `rejected` or `more_time`.
        acted_by: who stores it.
        note: why; needed to refuse and for more time.
        until: the new last day; needed for more time.

    Raises:
        NotFound: there is no such request, or it is closed.
        UsageMistake: the reason or the new last day is missing, or does not fit.
    """
    request = require_open(connection, number)
    _require_complete(state, note, until)
    if until is not None and not_over(until, acted_by.day) <= request.due_on:
        raise UsageMistake("corrections.until_earlier", day=until, due_on=request.due_on)
    explanation = None if note is None else checked_text(note, "note")
    values: dict[str, Any] = {"state": state, "explanation": explanation, "answered_at": to_timestamp_text(acted_by.at)}
    if until is not None:
        values["due_on"] = until.isoformat()
    request = _changed(connection, request, values)
    request = record_step(connection, request, CorrectionStep.ANSWERED, acted_by, note=explanation)
    if state is CorrectionState.CORRECTED and request.changed_at is not None:
        return close_request(connection, request, CorrectionState.CORRECTED, acted_by)
    return request


def _require_complete(state: CorrectionState, note: str | None, until: date | None) -> None:
    is_longer = state is CorrectionState.MORE_TIME
    if state not in {CorrectionState.CORRECTED, CorrectionState.REJECTED, CorrectionState.MORE_TIME}:
        raise UsageMistake("corrections.no_answer", state=state)
    if is_longer != (until is not None):
        raise UsageMistake("corrections.until_missing" if is_longer else "corrections.until_unfitting")
    if note is None and state is not CorrectionState.CORRECTED:
        raise UsageMistake("corrections.note_missing")


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


def checked_text(text: str, argument: str) -> str:
    """Return a text that an official wrote, without blanks around it and without control characters.

    Raises:
        UsageMistake: it is empty or too long.
    """
    stripped = "".join(sign for sign in text if sign in "\n\t" or category(sign) not in _UNSTORABLE).strip()
    if not stripped:
        raise UsageMistake("corrections.text_empty", argument=argument)
    if len(stripped) > MAX_TEXT:
        raise UsageMistake("corrections.text_too_long", argument=argument, most=MAX_TEXT)
    return stripped


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
