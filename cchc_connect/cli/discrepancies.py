"""`discrepancies`: list fields in which agencies contradict each other, and record how that was handled."""

from collections.abc import Mapping, Sequence
from typing import Any

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext, UnmaskedOptions
from cchc_connect.cli.corrections import typed_day
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_date, local_time
from cchc_connect.cli.shown_discrepancies import ShownDiscrepancies
from cchc_connect.cli.unmasked import denial_documents, require_reason, show_masking, unmasked_view
from cchc_connect.clock import SystemClock, to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.corrections.administration import CorrectionTerm, assign_discrepancy_to
from cchc_connect.corrections.owners import agencies_of
from cchc_connect.corrections.terms import DEFAULT_KIND, correction_terms
from cchc_connect.database.reading.discrepancies import Discrepancy, DiscrepancyState, discrepancies
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.writing.discrepancies import set_discrepancy_state
from cchc_connect.errors import UsageMistake
from cchc_connect.privacy.outside_names import shown_text
from cchc_connect.record_fields import field_name, field_value, record_model
from cchc_schemas import vietnamese_day

MAX_VALUE_LENGTH = 40
"""Maximum characters of a value in a table; JSON contains the complete value."""

EQUAL_LENGTH = 8
"""Characters, or a few more, of what two long values have in common that are shown before their difference."""

HEAD = ("number", "record_type", "record_key", "field", "connection", "owner")
COLUMNS = (
    *("number", "record_type", "record_key", "field", "connection", "value", "owner", "owner_value"),
    *("detected_at", "due_on", "official"),
)


def list_discrepancies(
    command: CommandContext,
    database: str | None,
    names: tuple[str | None, str | None],
    looking: UnmaskedOptions,
    *,
    include_ended: bool,
) -> ExitCode:
    """List discrepancies, oldest first, of the connection and record type in `names`; None stands for all.

    Raises:
        UsageMistake: a name is unknown.
        AccessDenied: nothing may be shown unmasked.
    """
    require_reason(looking)
    console, (connection, record_type) = command.console, names
    with existing_database(command, database) as opened:
        listed = discrepancies(opened, connection=connection, record_type=record_type, include_ended=include_ended)
        view = unmasked_view(command, opened, looking)
        shown = ShownDiscrepancies(list(listed), command, view)
        agencies = _agencies(opened, shown.discrepancies)
    denials = shown.denials
    documents = [_document(discrepancy, shown, agencies) for discrepancy in shown.discrepancies]
    denied = {"denied": denial_documents(denials)} if looking.unmasked else {}
    masked = bool(denials) or not looking.unmasked
    console.document({"masked": masked, "discrepancies": documents, **denied})
    if not documents:
        console.message("discrepancy_view.none")
        return ExitCode.DONE
    headings = [f"discrepancy_view.{name}" for name in (*COLUMNS, "state")]
    console.table(OutputTable(headings=headings, rows=[_row(document, console) for document in documents]))
    _show_handling(documents, console)
    return show_masking(console, looking, denials) if looking.unmasked else ExitCode.DONE


def resolve_discrepancy(command: CommandContext, database: str | None, number: int, state: str, note: str) -> ExitCode:
    """Record how a person handled a discrepancy.

    Raises:
        UsageMistake: the note is empty.
        NotFound: there is no such discrepancy, or it has ended.
    """
    if not note.strip():
        raise UsageMistake("cli.note_empty")
    with existing_database(command, database) as opened, opened.writing() as connection:
        set_discrepancy_state(
            connection, number, DiscrepancyState(state), note.strip(), to_timestamp_text(SystemClock().now())
        )
    command.console.document({"number": number, "state": state, "note": shown_text(note.strip())})
    word = command.console.term("discrepancy_state", state)
    command.console.message("discrepancy_view.resolved", number=number, state=word)
    return ExitCode.DONE


def assign_discrepancy(
    command: CommandContext, number: int, official: str, due: str | None, kind: str | None
) -> ExitCode:
    """Give a discrepancy an official in charge and a last day.

    Raises:
        UsageMistake: there is no such official or kind, or no last day is known.
        NotFound: there is no such discrepancy, or it has ended.
    """
    config, console = Config.load(command.config), command.console
    with existing_database(command, None) as opened:
        term = CorrectionTerm(kind=kind or DEFAULT_KIND, due_on=typed_day(due, "--due"), official=official)
        due_on = assign_discrepancy_to(config, opened, number, term).isoformat()
    console.document({"number": number, "official": official, "due_on": due_on})
    day = local_date(due_on, console.language)
    console.message("discrepancy_view.assigned", number=number, official=official, due_on=day)
    if due is None:
        period = correction_terms(config).period(term.kind)
        days = console.text(f"correction_period.{period.unit}", days=period.days)
        verified = console.term("correction_verified", "yes" if period.is_verified else "no")
        console.message("discrepancy_view.by_period", kind=period.id, days=days, verified=verified)
    return ExitCode.DONE


def _agencies(database: SharedDatabase, listed: Sequence[Discrepancy]) -> Mapping[str, str]:
    """Return the agency of each connection that a discrepancy names."""
    names = ((name, each.record_type, each.record_key) for each in listed for name in (each.owner, each.connection))
    with database.reading() as connection:
        return agencies_of(connection, names)


def _show_handling(documents: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Write the notes of those that were handled, and how to handle the first that was not."""
    for document in documents:
        if document["note"]:
            console.message("discrepancy_view.noted", number=document["number"], note=document["note"])
    unhandled = [document["number"] for document in documents if document["state"] == DiscrepancyState.OPEN]
    if unhandled:
        console.message("discrepancy_view.resolve", number=unhandled[0])


def _document(discrepancy: Discrepancy, shown: ShownDiscrepancies, agencies: Mapping[str, str]) -> Mapping[str, Any]:
    resolved_at = discrepancy.resolved_at
    return {
        **{name: getattr(discrepancy, name) for name in HEAD},
        "detected_at": to_timestamp_text(discrepancy.detected_at),
        "state": discrepancy.state.value,
        "note": None if discrepancy.note is None else shown_text(discrepancy.note),
        "resolved_at": None if resolved_at is None else to_timestamp_text(resolved_at),
        "value": shown.value(discrepancy),
        "owner_value": shown.owner_value(discrepancy),
        "agency": agencies.get(discrepancy.connection),
        "owner_agency": agencies.get(discrepancy.owner),
        "due_on": None if discrepancy.due_on is None else discrepancy.due_on.isoformat(),
        "overdue": discrepancy.is_overdue(vietnamese_day(SystemClock().now())),
        "official": discrepancy.official,
    }


def _row(document: Mapping[str, Any], console: Console) -> list[object]:
    model, name = record_model(document["record_type"]), document["field"]
    value, owner_value = (field_value(model, name, document[column], console) for column in ("value", "owner_value"))
    values = dict(zip(("value", "owner_value"), differing_excerpts(value, owner_value), strict=True))
    detected_at = local_time(document["detected_at"], console.language)
    cells = {**document, **values, "field": field_name(model, name, console), "detected_at": detected_at}
    for column, agency in (("connection", "agency"), ("owner", "owner_agency")):
        if document[agency] is not None:
            cells[column] = f"{document[agency]} ({document[column]})"
    cells["due_on"] = _due(document, console)
    cells["official"] = document["official"] or "-"
    cells["record_type"] = console.term("record_name", document["record_type"])
    return [*(cells[column] for column in COLUMNS), console.term("discrepancy_state", document["state"])]


def _due(document: Mapping[str, Any], console: Console) -> str:
    """Return the last day, with a word where it is over."""
    if document["due_on"] is None:
        return "-"
    day = local_date(document["due_on"], console.language) or "-"
    return f"{day} ({console.text('correction_remark.overdue')})" if document["overdue"] else day


def differing_excerpts(value: str, owner_value: str) -> tuple[str, str]:
    """Return two values; of long ones the part where they begin to differ, from the beginning of its word.

    >>> use = "code: ODT; catalogue: TT 08/2024/TT-BTNMT; "
    >>> differing_excerpts(f"{use}area: 1000", f"{use}area: 643")
    ('… 08/2024/TT-BTNMT; area: 1000', '… 08/2024/TT-BTNMT; area: 643')
    """
    if max(len(value), len(owner_value)) <= MAX_VALUE_LENGTH:
        return value, owner_value
    pairs = enumerate(zip(value, owner_value, strict=False))
    equal = next(
        (index for index, (sign, owner_sign) in pairs if sign != owner_sign), min(len(value), len(owner_value))
    )
    start = max(0, value.rfind(" ", 0, max(0, equal - EQUAL_LENGTH)))
    return _excerpt(value, start), _excerpt(owner_value, start)


def _excerpt(text: str, start: int) -> str:
    shown = f"…{text[start:]}" if start else text
    return shown if len(shown) <= MAX_VALUE_LENGTH else f"{shown[: MAX_VALUE_LENGTH - 1]}…"
