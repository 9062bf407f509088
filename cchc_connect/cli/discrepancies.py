"""`discrepancies`: list fields in which agencies contradict each other, and record how that was handled."""

from collections.abc import Mapping, Sequence
from typing import Any

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext, UnmaskedOptions
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.shown_discrepancies import ShownDiscrepancies
from cchc_connect.cli.unmasked import denial_documents, require_reason, show_masking, unmasked_view
from cchc_connect.clock import SystemClock, to_timestamp_text
from cchc_connect.database.reading.discrepancies import Discrepancy, DiscrepancyState, discrepancies
from cchc_connect.database.writing.discrepancies import set_discrepancy_state
from cchc_connect.errors import UsageMistake
from cchc_connect.record_fields import field_name, field_value, record_model

MAX_VALUE_LENGTH = 40
"""Maximum characters of a value in a table; JSON contains the complete value."""

EQUAL_LENGTH = 8
"""Characters, or a few more, of what two long values have in common that are shown before their difference."""

HEAD = ("number", "record_type", "record_key", "field", "connection", "owner")
COLUMNS = ("number", "record_type", "record_key", "field", "connection", "value", "owner", "owner_value", "detected_at")


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
    denials, documents = shown.denials, [_document(discrepancy, shown) for discrepancy in shown.discrepancies]
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
    command.console.document({"number": number, "state": state, "note": note.strip()})
    word = command.console.term("discrepancy_state", state)
    command.console.message("discrepancy_view.resolved", number=number, state=word)
    return ExitCode.DONE


def _show_handling(documents: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Write the notes of those that were handled, and how to handle the first that was not."""
    for document in documents:
        if document["note"]:
            console.message("discrepancy_view.noted", number=document["number"], note=document["note"])
    unhandled = [document["number"] for document in documents if document["state"] == DiscrepancyState.OPEN]
    if unhandled:
        console.message("discrepancy_view.resolve", number=unhandled[0])


def _document(discrepancy: Discrepancy, shown: ShownDiscrepancies) -> Mapping[str, Any]:
    resolved_at = discrepancy.resolved_at
    return {
        **{name: getattr(discrepancy, name) for name in HEAD},
        "detected_at": to_timestamp_text(discrepancy.detected_at),
        "state": discrepancy.state.value,
        "note": discrepancy.note,
        "resolved_at": None if resolved_at is None else to_timestamp_text(resolved_at),
        "value": shown.value(discrepancy),
        "owner_value": shown.owner_value(discrepancy),
    }


def _row(document: Mapping[str, Any], console: Console) -> list[object]:
    model, name = record_model(document["record_type"]), document["field"]
    value, owner_value = (field_value(model, name, document[column], console) for column in ("value", "owner_value"))
    values = dict(zip(("value", "owner_value"), differing_excerpts(value, owner_value), strict=True))
    detected_at = local_time(document["detected_at"], console.language)
    cells = {**document, **values, "field": field_name(model, name, console), "detected_at": detected_at}
    cells["record_type"] = console.term("record_name", document["record_type"])
    return [*(cells[column] for column in COLUMNS), console.term("discrepancy_state", document["state"])]


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
