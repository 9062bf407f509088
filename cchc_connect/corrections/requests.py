"""Correction requests (yêu cầu chỉnh sửa dữ liệu) as they are stored, and what happened to each.

A finding goes to the agency that provides the record, with a reason and a last day. The agency answers that it
corrected its record, that it refuses, or that it needs more time. A request is closed by whoever asked, or by a run
that sees the correction arrive.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, select

from cchc_connect.clock import from_timestamp_text
from cchc_connect.corrections.proposed_values import field_path
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import correction_event, correction_request
from cchc_connect.errors import NotFound
from cchc_connect.privacy.masking import masked_leaf
from cchc_connect.privacy.outside_names import shown_name, shown_text
from cchc_schemas import RECORD_TYPES

table = correction_request


class FindingKind(StrEnum):
    """What a request is based on."""

    DISCREPANCY = "discrepancy"
    """Two connections send different values of one field."""
    QUARANTINE = "quarantine"
    """An item did not become a record."""
    QUALITY_NOTE = "quality_note"
    """A rule of quality noted the field."""
    OBSERVED = "observed"
    """An official saw it."""


class CorrectionState(StrEnum):
    """What is known of a request."""

    OPEN = "open"
    """The agency has not answered."""
    MORE_TIME = "more_time"
    """The agency needs more time, until the last day that now holds."""
    CORRECTED = "corrected"
    """The agency says that it corrected its record, or the correction arrived."""
    REJECTED = "rejected"
    """The agency refuses, and says why."""
    WITHDRAWN = "withdrawn"
    """Nothing needs to be corrected any more."""


AWAITING = (CorrectionState.OPEN, CorrectionState.MORE_TIME)
"""States in which the agency has still to answer."""


class CorrectionStep(StrEnum):
    """What happened to a request."""

    OPENED = "opened"
    SENT = "sent"
    """It was written into a file for the agency."""
    REMINDED = "reminded"
    ANSWERED = "answered"
    CHANGED = "changed"
    """The field came with another value since it was asked for."""
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class CorrectionRequest:
    """One request to an agency to correct its record."""

    number: int
    """Number by which `cchc-connect corrections show` names it."""
    finding: FindingKind
    finding_number: int | None
    """Number of the discrepancy or quarantine entry; None where there is none."""
    record_type: str
    record_key: str
    """Key of the record; of an item in quarantine its source key."""
    fields: tuple[str, ...]
    """Paths of the fields concerned."""
    rule: str | None
    """Rule that was broken; None where an official saw something, or values differ."""
    connection: str | None
    """Connection that brought the record or item."""
    owner: str
    """Code of the agency that is asked."""
    requested_by: str
    """Code of the agency that asks."""
    kind: str
    """Kind of request, which has its period: a row of `correction_periods`."""
    act: str | None
    article: str | None
    due_on: date
    """Last Vietnamese day, which still counts."""
    reason: str = field(repr=False)
    """Why, as it was written."""
    proposed_value: str | None = field(repr=False)
    """Value that should stand there, of a field that is not personal; forgotten when the request is closed."""
    official: str | None
    """Id of the official in charge at the agency that asks."""
    state: CorrectionState
    explanation: str | None = field(repr=False)
    """What the agency wrote last."""
    opened_at: datetime
    sent_at: datetime | None
    reminded_at: datetime | None
    answered_at: datetime | None
    changed_at: datetime | None
    """When a field came with another value since it was asked for."""
    closed_at: datetime | None
    seen_sequence: int | None
    """Sequence of the version of the record up to which changes were looked for."""

    @property
    def awaits_owner(self) -> bool:
        """Whether the agency has still to answer."""
        return self.closed_at is None and self.state in AWAITING

    @property
    def shown_key(self) -> str:
        """Return the key for display: that of an item in quarantine may be a person's number."""
        return shown_name(self.record_key) if self.finding is FindingKind.QUARANTINE else self.record_key

    @property
    def shown_reason(self) -> str:
        """Return the reason for display, without what looks like a person."""
        return shown_text(self.reason)

    @property
    def shown_explanation(self) -> str | None:
        """Return what the agency wrote last for display, without what looks like a person."""
        return None if self.explanation is None else shown_text(self.explanation)

    @property
    def shown_proposal(self) -> str | None:
        """Return the proposed value for display; one of a personal field, as earlier programs stored, is masked."""
        if self.proposed_value is None:
            return None
        return masked_leaf(RECORD_TYPES.get(self.record_type), field_path(self.fields[0]), self.proposed_value)

    def is_overdue(self, day: date) -> bool:
        """True if the agency has not answered although its last day is before a Vietnamese day."""
        return self.awaits_owner and self.due_on < day


@dataclass(frozen=True, kw_only=True)
class CorrectionEvent:
    """One step of a request; each has its entry in the audit log."""

    at: datetime
    step: CorrectionStep
    state: CorrectionState
    due_on: date
    official: str | None
    """Id of the official who did it; None for a run."""
    note: str | None = field(repr=False)
    audit_entry: str
    """Entry in the audit log, `CHAIN/ENTRY`."""

    @property
    def shown_note(self) -> str | None:
        """Return the note for display, without what looks like a person."""
        return None if self.note is None else shown_text(self.note)


@dataclass(frozen=True, kw_only=True)
class CorrectionFilter:
    """Which requests are read; what is None does not limit them."""

    owners: Collection[str] | None = None
    """Codes of the agency that is asked."""
    state: CorrectionState | None = None
    overdue_on: date | None = None
    """Only those that are overdue on this Vietnamese day."""
    record: tuple[str, str] | None = None
    """Record type and key."""
    include_closed: bool = False

    def condition(self) -> ColumnElement[bool]:
        """Return the condition of a query."""
        conditions = list[ColumnElement[bool]]()
        if not self.include_closed:
            conditions.append(table.c.closed_at.is_(None))
        if self.owners is not None:
            conditions.append(table.c.owner.in_(sorted(self.owners)))
        if self.record is not None:
            conditions += [table.c.record_type == self.record[0], table.c.record_key == self.record[1]]
        if self.state is not None:
            conditions.append(table.c.state == self.state)
        if self.overdue_on is not None:
            is_late = table.c.due_on < self.overdue_on.isoformat()
            conditions += [is_late, table.c.closed_at.is_(None), table.c.state.in_(AWAITING)]
        return and_(table.c.id > 0, *conditions)


def correction_requests(
    database: SharedDatabase, correction_filter: CorrectionFilter | None = None
) -> Sequence[CorrectionRequest]:
    """Return the requests that are not closed, or those of a filter; what is due first comes first."""
    with database.reading() as connection:
        return selected_requests(connection, correction_filter or CorrectionFilter())


def selected_requests(connection: Connection, correction_filter: CorrectionFilter) -> Sequence[CorrectionRequest]:
    """Return the requests of a filter; what is due first comes first."""
    query = select(table).where(correction_filter.condition()).order_by(table.c.due_on, table.c.id)
    return [_request(row) for row in connection.execute(query).mappings()]


def request_numbered(connection: Connection, number: int) -> CorrectionRequest:
    """Return one request.

    Raises:
        NotFound: there is none with this number.
    """
    row = connection.execute(select(table).where(table.c.id == number)).mappings().one_or_none()
    if row is None:
        raise NotFound("corrections.no_request", number=number)
    return _request(row)


def events_of(connection: Connection, number: int) -> Sequence[CorrectionEvent]:
    """Return what happened to a request, in order."""
    query = select(correction_event).where(correction_event.c.request == number).order_by(correction_event.c.event)
    return [
        CorrectionEvent(
            at=from_timestamp_text(row["at"]),
            step=CorrectionStep(row["step"]),
            state=CorrectionState(row["state"]),
            due_on=date.fromisoformat(row["due_on"]),
            official=row["official"],
            note=row["note"],
            audit_entry=row["audit_entry"],
        )
        for row in connection.execute(query).mappings()
    ]


_SAME_NAMES = (
    *("finding_number", "record_type", "record_key", "rule", "connection", "owner", "requested_by", "kind", "act"),
    *("article", "reason", "proposed_value", "official", "explanation", "seen_sequence"),
)


def _request(row: RowMapping) -> CorrectionRequest:
    return CorrectionRequest(
        number=row["id"],
        finding=FindingKind(row["finding"]),
        fields=tuple(json.loads(row["fields"])),
        due_on=date.fromisoformat(row["due_on"]),
        state=CorrectionState(row["state"]),
        opened_at=from_timestamp_text(row["opened_at"]),
        sent_at=_instant(row["sent_at"]),
        reminded_at=_instant(row["reminded_at"]),
        answered_at=_instant(row["answered_at"]),
        changed_at=_instant(row["changed_at"]),
        closed_at=_instant(row["closed_at"]),
        **{name: row[name] for name in _SAME_NAMES},
    )


def _instant(stored: str | None) -> datetime | None:
    return None if stored is None else from_timestamp_text(stored)
