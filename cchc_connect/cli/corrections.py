"""`corrections`: ask agencies to correct their records, store their answers, remind them, and close what is settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import iso_suggestion, local_date, local_time
from cchc_connect.clock import SystemClock, to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.corrections.administration import (
    CorrectionSubject,
    CorrectionTerm,
    close_correction,
    of_owner,
    open_correction,
    remind_corrections,
    store_answer,
)
from cchc_connect.corrections.answers import Answer
from cchc_connect.corrections.owner_files import field_names, finding_words
from cchc_connect.corrections.owners import require_agency
from cchc_connect.corrections.requests import (
    CorrectionEvent,
    CorrectionFilter,
    CorrectionRequest,
    CorrectionState,
    correction_requests,
    events_of,
    request_numbered,
)
from cchc_connect.corrections.terms import DEFAULT_KIND, correction_terms
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake
from cchc_connect.privacy.outside_names import shown_name
from cchc_schemas import vietnamese_day
from cchc_schemas.legal_acts import legal_acts

COLUMNS = ("number", "owner", "record_type", "record_key", "field", "due_on", "official", "state")

INSTANTS = ("opened_at", "sent_at", "reminded_at", "answered_at", "changed_at", "closed_at")

SHOWN = ("finding", "owner", "requested_by", "official", "kind", "due_on", "reason", "proposed_value", "explanation")


@dataclass(frozen=True, kw_only=True)
class OpenOptions:
    """What is asked of an agency, as it was typed."""

    because: str
    value: str | None
    kind: str | None
    due: str | None
    official: str | None
    owner: str | None


def open_one(command: CommandContext, subject: CorrectionSubject, options: OpenOptions) -> ExitCode:
    """Open a request, and show it."""
    config, console = Config.load(command.config), command.console
    due_on = typed_day(options.due, "--due")
    term = CorrectionTerm(kind=options.kind or DEFAULT_KIND, due_on=due_on, official=options.official)
    with existing_database(command, None) as opened:
        request = open_correction(
            config,
            opened,
            subject,
            options.because,
            term,
            proposed_value=options.value,
            owner=options.owner,
        )
    console.document(request_document(request))
    console.message("correction_view.opened", number=request.number, agency=request.owner, **_due(request, console))
    console.message("correction_view.export", agency=request.owner)
    return ExitCode.DONE


def list_requests(
    command: CommandContext, database: str | None, owner: str | None, *, overdue: bool, everything: bool
) -> ExitCode:
    """List the requests that are not closed, what is due first; with `everything` all of them."""
    console, today = command.console, vietnamese_day(SystemClock().now())
    with existing_database(command, database) as opened:
        owners = None if owner is None else _codes(command, opened, database, owner, today)
        selected = CorrectionFilter(
            owners=owners, overdue_on=today if overdue else None, include_closed=everything and not overdue
        )
        requests = correction_requests(opened, selected)
    console.document({"requests": [request_document(request) for request in requests]})
    if not requests:
        console.message("correction_view.none")
        return ExitCode.DONE
    show_table(requests, console)
    console.message("correction_view.see_one", number=requests[0].number)
    return ExitCode.DONE


def show_request(command: CommandContext, database: str | None, number: int) -> ExitCode:
    """Show one request with everything that happened to it.

    Raises:
        NotFound: there is none with this number.
    """
    console = command.console
    with existing_database(command, database) as opened, opened.reading() as connection:
        request, events = request_numbered(connection, number), events_of(connection, number)
    document = request_document(request)
    console.document({**document, "events": [_event_document(event) for event in events]})
    console.heading("correction_view.request", number=number, state=_state(request, console))
    words = {**document, "finding": finding_words(request, console), **_due(request, console)}
    words["kind"] = _kind_words(request)
    console.line(f"{console.term('record_name', request.record_type)} {request.shown_key}", hanging=2)
    console.line(f"{console.text('correction_view.field')}: {field_names(request, console)}", hanging=2)
    for name in SHOWN:
        if words[name]:
            console.line(f"{console.text(f'correction_view.{name}')}: {words[name]}", hanging=2)
    if request.changed_at is not None and request.closed_at is None:
        changed_at = local_time(request.changed_at, console.language)
        console.message("correction_view.changed_since", number=number, at=changed_at)
    _show_events(events, console)
    return ExitCode.DONE


def answer_one(command: CommandContext, number: int, response: str, note: str | None, until: str | None) -> ExitCode:
    """Store what an agency answered."""
    config, state = Config.load(command.config), CorrectionState(response)
    with existing_database(command, None) as opened:
        agency_answer = Answer(state=state, note=note, until=typed_day(until, "--until"))
        stored = store_answer(config, opened, number, agency_answer)
    return _show_done(stored.request, stored.outcome.value, command.console)


def close_one(command: CommandContext, number: int, end: str | None, note: str) -> ExitCode:
    """Close a request."""
    config, state = Config.load(command.config), None if end is None else CorrectionState(end)
    with existing_database(command, None) as opened:
        request = close_correction(config, opened, number, note, state=state)
    return _show_done(request, "closed", command.console)


def remind(command: CommandContext, owner: str | None, within_days: int) -> ExitCode:
    """Show what agencies are to be reminded of, by agency, and store that they were."""
    config, console = Config.load(command.config), command.console
    with existing_database(command, None) as opened:
        reminded = remind_corrections(config, opened, owner=owner, within_days=within_days)
    console.document({"requests": [request_document(request) for request in reminded]})
    if not reminded:
        console.message("correction_view.none_due")
        return ExitCode.DONE
    for agency in dict.fromkeys(request.owner for request in reminded):
        console.heading("correction_view.reminder", agency=agency)
        show_table([request for request in reminded if request.owner == agency], console)
        console.message("correction_view.export", agency=agency)
    return ExitCode.DONE


def list_periods(command: CommandContext) -> ExitCode:
    """List the kinds of requests with their periods and acts."""
    console, periods = command.console, correction_terms(Config.load(command.config)).periods
    documents: list[dict[str, Any]] = [
        {
            "kind": period.id,
            "days": period.days,
            "unit": period.unit.value,
            "act": period.act,
            "article": period.article,
            "verified": period.is_verified,
            "vi": period.vi,
            "en": period.en,
            "source": period.source,
        }
        for period in periods.values()
    ]
    console.document({"periods": documents})
    rows = [
        (
            document["kind"],
            document[console.language.value],
            _days(document, console),
            _basis(document["act"], document["article"]),
            console.term("correction_verified", "yes" if document["verified"] else "no"),
        )
        for document in documents
    ]
    columns = ("kind", "words", "period", "act", "verified")
    console.table(OutputTable(headings=[f"correction_view.{name}" for name in columns], rows=rows))
    return ExitCode.DONE


def show_table(requests: Sequence[CorrectionRequest], console: Console) -> None:
    """Write requests as a table."""
    rows = [
        (
            request.number,
            request.owner,
            console.term("record_name", request.record_type),
            request.shown_key,
            field_names(request, console),
            _due(request, console)["due_on"],
            request.official or "-",
            _state(request, console),
        )
        for request in requests
    ]
    console.table(OutputTable(headings=[f"correction_view.{name}" for name in COLUMNS], rows=rows))


def request_document(request: CorrectionRequest) -> dict[str, Any]:
    """Return a request, JSON-ready, as it may be shown."""
    names = ("number", "finding_number", "record_type", "rule", "connection", "owner", "requested_by", "kind", "act")
    return {
        **{name: getattr(request, name) for name in (*names, "article", "official")},
        "finding": request.finding.value,
        "record_key": request.shown_key,
        "fields": [shown_name(path) for path in request.fields],
        "due_on": request.due_on.isoformat(),
        "overdue": request.is_overdue(vietnamese_day(SystemClock().now())),
        "reason": request.shown_reason,
        "proposed_value": request.shown_proposal,
        "state": request.state.value,
        "explanation": request.shown_explanation,
        **{name: _instant(getattr(request, name)) for name in INSTANTS},
    }


def typed_day(written: str | None, option: str) -> date | None:
    """Return the day that was typed for an option; None if it was not.

    Raises:
        UsageMistake: it is no day in ISO form.
    """
    if written is None:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        mistake = UsageMistake("cli.day_unreadable", option=option, value=written, suggestion=iso_suggestion(written))
    raise mistake


def _codes(
    command: CommandContext, opened: SharedDatabase, database: str | None, owner: str, today: date
) -> frozenset[str]:
    """Return all codes of an agency; of a database that is named, only the one that was typed.

    Raises:
        UsageMistake: there is no such agency.
    """
    with opened.reading() as connection:
        if database is not None:
            require_agency(connection, owner.strip(), ())
            return frozenset({owner.strip()})
        return frozenset(of_owner(Config.load(command.config), connection, owner, today).owners or ())


def _show_done(request: CorrectionRequest, step: str, console: Console) -> ExitCode:
    console.document(request_document(request))
    console.message(f"correction_view.{step}", number=request.number, state=_state(request, console))
    return ExitCode.DONE


def _state(request: CorrectionRequest, console: Console) -> str:
    """Return the state in words, with what makes it urgent or settled."""
    is_late = request.is_overdue(vietnamese_day(SystemClock().now()))
    remarks = {"closed": request.closed_at is not None, "overdue": is_late}
    remarks["changed"] = request.changed_at is not None and request.closed_at is None
    words = [console.text(f"correction_remark.{name}") for name, holds in remarks.items() if holds]
    return ", ".join([console.term("correction_state", request.state.value), *words])


def _show_events(events: Sequence[CorrectionEvent], console: Console) -> None:
    rows = [
        (
            local_time(event.at, console.language),
            console.term("correction_step", event.step.value),
            console.term("correction_state", event.state.value),
            local_date(event.due_on.isoformat(), console.language),
            event.official or "-",
            event.shown_note or "",
            event.audit_entry,
        )
        for event in events
    ]
    columns = ("at", "step", "state", "due_on", "official", "note", "audit_entry")
    console.line()
    console.table(OutputTable(headings=[f"correction_view.{name}" for name in columns], rows=rows))


def _event_document(event: CorrectionEvent) -> Mapping[str, Any]:
    return {
        "at": to_timestamp_text(event.at),
        "step": event.step.value,
        "state": event.state.value,
        "due_on": event.due_on.isoformat(),
        "official": event.official,
        "note": event.shown_note,
        "audit_entry": event.audit_entry,
    }


def _due(request: CorrectionRequest, console: Console) -> dict[str, str]:
    return {"due_on": local_date(request.due_on.isoformat(), console.language) or "-"}


def _kind_words(request: CorrectionRequest) -> str:
    basis = _basis(request.act, request.article)
    return request.kind if basis == "-" else f"{request.kind} ({basis})"


def _basis(act: str | None, article: str | None) -> str:
    known_act = legal_acts().get(act or "")
    number = act if known_act is None else known_act.number
    return " ".join(filter(None, (number, article))) or "-"


def _days(document: Mapping[str, Any], console: Console) -> str:
    if document["days"] is None:
        return console.text("correction_view.no_days")
    return console.text(f"correction_period.{document['unit']}", days=document["days"])


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else to_timestamp_text(moment)
