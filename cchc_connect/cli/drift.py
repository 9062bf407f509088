"""`drift`: list what sources send otherwise than before, and accept it."""

from collections.abc import Mapping
from typing import Any

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.direct.queries import read_properties
from cchc_connect.database.state.drifts import Drift, accept_drift, drifts
from cchc_connect.database.state.source_properties import DriftState
from cchc_connect.database.state.unseen_rules import notes_by_source

COLUMNS = ("connection", "record_type", "property", "state", "detected_at", "change")


def show_drift(
    command: CommandContext, database: str | None, connection: str | None, *, include_accepted: bool
) -> ExitCode:
    """List drift of one connection or of all, and the rules that find nothing.

    Raises:
        UsageMistake: there is no such connection.
    """
    console = command.console
    with existing_database(command, database) as opened:
        listed = list(drifts(opened, connection, include_accepted=include_accepted))
        with opened.reading_directly() as direct:
            by_source = notes_by_source(read_properties(direct))
    documents = [_document(drift, console) for drift in listed]
    notes = [
        {"connection": name, "record_type": of_type, "message": console.sentence(note)}
        for (name, of_type), of_source in by_source.items()
        if connection in {None, name}
        for note in of_source
    ]
    console.document({"drift": documents, "rules_that_find_nothing": notes})
    if not documents and not notes:
        console.message("drift_view.none")
    if documents:
        rows = [_row(document, console) for document in documents]
        console.table(OutputTable(headings=[f"drift_view.{name}" for name in COLUMNS], rows=rows))
    for note in notes:
        label = f"{note['connection']} {note['record_type']}"
        console.message("sync_view.note", place=label, note=note["message"])
    held = next((drift for drift in listed if drift.state is DriftState.HELD), None)
    if held is not None:
        console.message("drift_view.accept", connection=held.connection, property=held.property)
    return ExitCode.DONE


def _document(drift: Drift, console: Console) -> dict[str, Any]:
    return {
        **{name: getattr(drift, name) for name in ("connection", "record_type", "property", "detail", "because")},
        "kind": drift.kind.value,
        "affected": drift.affected,
        "items": drift.items,
        "state": drift.state.value,
        "detected_at": to_timestamp_text(drift.detected_at),
        "accepted_at": drift.accepted_at and to_timestamp_text(drift.accepted_at),
        "change": console.sentence(drift.message),
    }


def _row(document: Mapping[str, Any], console: Console) -> list[object]:
    cells = {
        **document,
        "record_type": console.term("record_name", document["record_type"]),
        "state": console.term("drift_state", document["state"]),
        "detected_at": local_time(document["detected_at"], console.language),
    }
    return [cells[column] for column in COLUMNS]


def accept_property(
    command: CommandContext, database: str | None, names: tuple[str, str, str | None], because: str
) -> ExitCode:
    """Accept drift of the property in `names`: connection, property and record type.

    Raises:
        UsageMistake: there is no reason, or no such connection or record type.
        NotFound: nothing of this property is otherwise.
    """
    connection, name, record_type = names
    with existing_database(command, database) as opened:
        accepted = accept_drift(opened, connection, name, because=because, record_type=record_type)
    command.console.document({"connection": connection, "property": name, "record_types": accepted})
    command.console.message("drift_view.accepted", connection=connection, property=name)
    return ExitCode.DONE
