"""Correction requests of a configuration and its shared database: open, answer, remind, close; assign discrepancies.

Each function is one transaction, with its entries of the audit log; the clock of the machine counts unless another
instant is given. Officials are named by the id of `[officials]`, never by a person's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from cchc_connect.clock import SystemClock
from cchc_connect.config.file import Config
from cchc_connect.corrections import life_cycle
from cchc_connect.corrections.answers import Answer, AnswerOutcome, StoredAnswer, answers_of
from cchc_connect.corrections.findings import CorrectionFinding, discrepancy_finding, quarantine_finding, record_finding
from cchc_connect.corrections.life_cycle import ActedBy, NewCorrection
from cchc_connect.corrections.owners import configured_agencies, require_agency
from cchc_connect.corrections.requests import (
    CorrectionFilter,
    CorrectionRequest,
    CorrectionState,
    request_numbered,
    selected_requests,
)
from cchc_connect.corrections.settling import has_changed
from cchc_connect.corrections.terms import DEFAULT_KIND, correction_terms
from cchc_connect.corrections.texts import checked_text
from cchc_connect.database.names import require_known
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake
from cchc_connect.sharing.operator import operating_user, operator_agency
from cchc_connect.sharing.stored_agreements import agency_tree
from cchc_schemas import vietnamese_day

REMIND_BEFORE_DAYS = 2
"""Days before its last day from which an agency is reminded of a request."""


@dataclass(frozen=True, kw_only=True)
class CorrectionSubject:
    """What a request is about: a discrepancy, a quarantine entry, or fields of a record. One of them is named."""

    discrepancy: int | None = None
    quarantine: int | None = None
    record_type: str | None = None
    record_key: str | None = None
    fields: Sequence[str] = ()

    def finding(self, config: Config, connection: Connection) -> CorrectionFinding:
        """Return the finding.

        Raises:
            UsageMistake: none or several are named, or there is no such record type or field.
            NotFound: there is no such discrepancy, entry or record.
        """
        is_record = self.record_type is not None or self.record_key is not None or bool(self.fields)
        if (self.discrepancy is not None) + (self.quarantine is not None) + is_record != 1:
            raise UsageMistake("corrections.one_subject")
        if self.discrepancy is not None:
            return discrepancy_finding(config, connection, self.discrepancy)
        if self.quarantine is not None:
            return quarantine_finding(config, connection, self.quarantine)
        if self.record_type is None or self.record_key is None:
            raise UsageMistake("corrections.one_subject")
        return record_finding(config, connection, self.record_type, self.record_key, self.fields)


@dataclass(frozen=True, kw_only=True)
class CorrectionTerm:
    """Until when an agency is to answer, and who looks after it."""

    kind: str = DEFAULT_KIND
    """Kind of request, a row of the periods."""
    due_on: date | None = None
    """Last Vietnamese day; None: by the period of the kind."""
    official: str | None = None
    """Id of the official in charge; None: who runs the program, if `[officials]` has that user."""


def open_correction(  # noqa: PLR0913  # what is asked of whom, why and until when
    config: Config,
    database: SharedDatabase,
    subject: CorrectionSubject,
    reason: str,
    term: CorrectionTerm | None = None,
    *,
    proposed_value: str | None = None,
    owner: str | None = None,
    at: datetime | None = None,
) -> CorrectionRequest:
    """Ask the agency that provides a record to correct it, and return the request; the operator of `config` asks.

    The `reason` names no person, and the `proposed_value`, what should stand in the one field that is named, is no
    personal one: the agency reads both. It is the agency `owner`, else the one that provides the record.

    Raises:
        ConfigurationError: the configuration names no operator, or its periods or holidays have faults.
        UsageMistake: a name is unknown, no last day is known, the reason or the proposed value is personal, the field
            cannot have the value, or the same is asked for already.
        NotFound: there is no such discrepancy, entry or record.
    """
    chosen, terms, acted_by = term or CorrectionTerm(), correction_terms(config), acting(config, at)
    requested_by, due_on = operator_agency(config), terms.due_on(chosen.kind, acted_by.day, chosen.due_on)
    with database.writing() as connection:
        finding = subject.finding(config, connection)
        new = NewCorrection(
            owner=_asked_agency(config, connection, finding, owner, acted_by.day),
            requested_by=requested_by,
            period=terms.period(chosen.kind),
            due_on=due_on,
            reason=reason,
            proposed_value=proposed_value,
            official=_in_charge(config, chosen, acted_by),
        )
        return life_cycle.open_request(connection, finding, new, acted_by)


def _asked_agency(
    config: Config, connection: Connection, finding: CorrectionFinding, owner: str | None, day: date
) -> str:
    """Return the agency that is asked: the one that is named, else the one that provides the record."""
    if owner is not None:
        return known_agency(config, connection, owner, day)
    if finding.owner is None:
        raise UsageMistake("corrections.owner_unknown")
    return finding.owner


def known_agency(config: Config, connection: Connection, code: str, day: date) -> str:
    """Return the code of an agency that there is, without blanks around it.

    Raises:
        UsageMistake: neither the configuration nor a record nor an earlier request names it.
    """
    agency = checked_text(code, "owner")
    if agency in agency_tree(connection, config.agreements.agencies_from, day):
        return agency
    officials = (official.agency for official in config.officials.values())
    operator = () if config.operator is None else (config.operator.agency,)
    require_agency(connection, agency, [*configured_agencies(config).values(), *officials, *operator])
    return agency


def _in_charge(config: Config, term: CorrectionTerm, acted_by: ActedBy) -> str | None:
    """Return the id of the official in charge: who is named, else who acts."""
    return acted_by.official if term.official is None else checked_official(config, term.official, acted_by.day)


def answer_correction(  # noqa: PLR0913  # what is answered, and by whom
    config: Config,
    database: SharedDatabase,
    number: int,
    state: CorrectionState,
    *,
    note: str | None = None,
    until: date | None = None,
    at: datetime | None = None,
) -> CorrectionRequest:
    """Store what the agency answered: `corrected`, `rejected` with a note, or `more_time` with a note and a last day.

    The same answer as the last one changes nothing. An answer to a closed request is kept in its history, and the
    outcome stays.

    Raises:
        NotFound: there is no such request.
        UsageMistake: the note or the last day is missing or does not fit.
    """
    return store_answer(config, database, number, Answer(state=state, note=note, until=until), at=at).request


def store_answer(
    config: Config, database: SharedDatabase, number: int, agency_answer: Answer, *, at: datetime | None = None
) -> StoredAnswer:
    """Store what the agency answered as `answer_correction` does, and return what became of the answer too."""
    acted_by, checked = acting(config, at), agency_answer.checked()
    with database.writing() as connection:
        request = request_numbered(connection, number)
        if list(answers_of(connection, number))[-1:] == [checked]:
            return StoredAnswer(request=request, outcome=AnswerOutcome.REPEATED)
        return life_cycle.answer_request(connection, number, checked, acted_by)


def close_correction(
    config: Config,
    database: SharedDatabase,
    number: int,
    note: str,
    *,
    state: CorrectionState | None = None,
    at: datetime | None = None,
) -> CorrectionRequest:
    """Close a request; with what the agency answered, or as withdrawn where it did not, unless a state is named.

    Raises:
        NotFound: there is no such request, or it is closed.
        UsageMistake: the note is empty or too long, the state is none in which a request ends, or it is `corrected`
            and nothing changed at the source.
    """
    if state in {CorrectionState.OPEN, CorrectionState.MORE_TIME}:
        raise UsageMistake("corrections.no_end", state=state)
    acted_by = acting(config, at)
    with database.writing() as connection:
        request = life_cycle.require_open(connection, number)
        by_answer = CorrectionState.WITHDRAWN if request.awaits_owner else request.state
        end = state or by_answer
        if end is CorrectionState.CORRECTED and not has_changed(connection, request, acted_by):
            raise UsageMistake("corrections.nothing_changed", number=number, agency=request.owner)
        return life_cycle.close_request(connection, request_numbered(connection, number), end, acted_by, note)


def remind_corrections(
    config: Config,
    database: SharedDatabase,
    *,
    owner: str | None = None,
    within_days: int = REMIND_BEFORE_DAYS,
    at: datetime | None = None,
) -> Sequence[CorrectionRequest]:
    """Return what agencies are to be reminded of, and store that they were: once a Vietnamese day.

    Args:
        config: the configuration.
        database: the shared database.
        owner: code of the agency that is reminded; None: all.
        within_days: days before its last day from which a request is among them; overdue ones always are.
        at: instant, aware; None: now.
    """
    acted_by = acting(config, at)
    last_day = acted_by.day + timedelta(days=within_days)
    with database.writing() as connection:
        due = [
            request
            for request in selected_requests(connection, of_owner(config, connection, owner, acted_by.day))
            if request.awaits_owner and request.due_on <= last_day
            if request.reminded_at is None or vietnamese_day(request.reminded_at) < acted_by.day
        ]
        return [life_cycle.mark_reminded(connection, request, acted_by) for request in due]


def assign_discrepancy_to(
    config: Config, database: SharedDatabase, number: int, term: CorrectionTerm, *, at: datetime | None = None
) -> date:
    """Give a discrepancy an official in charge and a last day, which is returned.

    Raises:
        ConfigurationError: the periods or holidays of the configuration have faults.
        UsageMistake: there is no such official or kind, or no last day is known.
        NotFound: there is no such discrepancy, or it has ended.
    """
    acted_by = acting(config, at)
    due_on = correction_terms(config).due_on(term.kind, acted_by.day, term.due_on)
    in_charge = _in_charge(config, term, acted_by)
    with database.writing() as connection:
        life_cycle.record_assignment(connection, number, in_charge, due_on, acted_by)
    return due_on


def acting(config: Config, at: datetime | None = None) -> ActedBy:
    """Return who acts: the user of the machine, who is an official if `[officials]` has that user today."""
    user, moment = operating_user(), at or SystemClock().now()
    row = config.officials.get(user)
    day = vietnamese_day(moment)
    is_official = row is not None and (row.valid_to is None or day <= row.valid_to)
    return ActedBy(at=moment, official=user if is_official else None, account=user)


def checked_official(config: Config, name: str, day: date) -> str:
    """Return the id of an official who is in office on a Vietnamese day.

    Raises:
        UsageMistake: there is no such official, or no longer.
    """
    officials = config.officials.items()
    in_office = [official for official, row in officials if row.valid_to is None or day <= row.valid_to]
    require_known("corrections.official_unknown", name, sorted(in_office))
    return name


def of_owner(config: Config, connection: Connection, owner: str | None, day: date) -> CorrectionFilter:
    """Return a filter for the open requests to an agency, under all its codes and those of agencies it followed.

    Raises:
        UsageMistake: there is no such agency.
    """
    if owner is None:
        return CorrectionFilter()
    tree = agency_tree(connection, config.agreements.agencies_from, day)
    agency = known_agency(config, connection, owner, day)
    return CorrectionFilter(owners=tree.codes(tree.as_provider(agency)))
