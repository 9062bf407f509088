"""`discrepancies`: list fields in which agencies contradict each other, and record how that was handled."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from cchc_connect.cli.arguments import database_option, existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.record_fields import field_name, field_value, record_model
from cchc_connect.clock import SystemClock, to_timestamp_text
from cchc_connect.database.names import require_known
from cchc_connect.database.state.cursors import stream_states
from cchc_connect.database.writing.discrepancies import DiscrepancyState, discrepancies, set_discrepancy_state
from cchc_connect.errors import UsageMistake
from cchc_connect.privacy.masking import HIDDEN, masked_field
from cchc_schemas import RECORD_TYPES

MAX_VALUE_LENGTH = 40
"""Maximum characters of a value in a table; JSON contains the complete value."""

COLUMNS = ("number", "record_type", "record_key", "field", "connection", "value", "owner", "owner_value", "detected_at")


def list_discrepancies(
    command: CommandContext,
    database: str | None,
    names: tuple[str | None, str | None],
    *,
    include_ended: bool,
    unmasked: bool,
) -> ExitCode:
    """List discrepancies, oldest first, of the connection and record type in `names`; None stands for all.

    Raises:
        UsageMistake: a name is unknown.
    """
    console, (connection, record_type) = command.console, names
    with existing_database(command, database) as opened, opened.reading() as transaction:
        rows = discrepancies(transaction, include_ended=include_ended)
        connections = {
            *(row["connection"] for row in rows),
            *(state.connection for state in stream_states(transaction)),
        }
    require_known("names.connection_unknown", connection, connections)
    require_known("names.record_type_unknown", record_type, RECORD_TYPES)
    documents = [
        _document(row, unmasked=unmasked)
        for row in rows
        if connection in {None, row["connection"]} and record_type in {None, row["record_type"]}
    ]
    console.document({"masked": not unmasked, "discrepancies": documents})
    if not documents:
        console.message("discrepancy_view.none")
        return ExitCode.DONE
    headings = [f"discrepancy_view.{name}" for name in (*COLUMNS, "state")]
    console.table(OutputTable(headings=headings, rows=[_row(document, console) for document in documents]))
    for document in documents:
        if document["note"]:
            console.message("discrepancy_view.noted", number=document["number"], note=document["note"])
    console.message("discrepancy_view.resolve", number=documents[0]["number"], where=database_option(database))
    return ExitCode.DONE


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


def _document(row: RowMapping, *, unmasked: bool) -> Mapping[str, Any]:
    kind = RECORD_TYPES.get(row["record_type"])

    def shown(stored: str | None) -> object:
        value = json.loads(stored or "null")
        if unmasked:
            return value
        return HIDDEN if kind is None else masked_field(kind, row["field"], value)

    names = ("record_type", "record_key", "field", "connection", "owner", "detected_at", "state", "note", "resolved_at")
    values = {"value": shown(row["value"]), "owner_value": shown(row["owner_value"])}
    return {"number": row["id"], **{name: row[name] for name in names}, **values}


def _row(document: Mapping[str, Any], console: Console) -> list[object]:
    model, name = record_model(document["record_type"]), document["field"]
    values = {column: _cut(field_value(model, name, document[column], console)) for column in ("value", "owner_value")}
    detected_at = local_time(document["detected_at"], console.language)
    cells = {**document, **values, "field": field_name(model, name, console), "detected_at": detected_at}
    cells["record_type"] = console.term("record_name", document["record_type"])
    return [*(cells[column] for column in COLUMNS), console.term("discrepancy_state", document["state"])]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[: MAX_VALUE_LENGTH - 1]}…"
