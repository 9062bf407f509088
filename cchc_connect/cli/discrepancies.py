"""`discrepancies`: where agencies contradict each other, and what a person did about it."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from cchc_connect.cli.console import Screen, Table
from cchc_connect.cli.context import existing_database, where
from cchc_connect.cli.exit_codes import ExitCode, Misused
from cchc_connect.cli.formatting import local
from cchc_connect.cli.names import check_name
from cchc_connect.cli.session import Session
from cchc_connect.clock import SystemClock, stamp
from cchc_connect.database.state.cursors import stream_states
from cchc_connect.database.writing.discrepancies import State, discrepancies, settle
from cchc_connect.privacy.masking import HIDDEN, masked_field
from cchc_schemas import RECORD_TYPES

LONGEST = 40
"""Characters of a value in a table; JSON shows it whole."""

COLUMNS = ("number", "record_type", "record_key", "field", "connection", "value", "owner", "owner_value", "detected_at")


def list_discrepancies(
    session: Session,
    database: str | None,
    names: tuple[str | None, str | None],
    *,
    ended: bool,
    unmasked: bool,
) -> ExitCode:
    """List discrepancies, oldest first, of the connection and record type in `names` where they are given.

    Raises:
        Misused: a name stands for nothing.
    """
    screen, (connection, record_type) = session.screen, names
    with existing_database(session, database) as opened, opened.reading() as reading:
        found = discrepancies(reading, ended=ended)
        speakers = {*(one["connection"] for one in found), *(state.connection for state in stream_states(reading))}
    check_name("cli.connection_unknown", connection, speakers)
    check_name("cli.record_type_unknown", record_type, RECORD_TYPES)
    chosen = [
        _document(one, unmasked=unmasked)
        for one in found
        if connection in {None, one["connection"]} and record_type in {None, one["record_type"]}
    ]
    screen.document({"masked": not unmasked, "discrepancies": chosen})
    if not chosen:
        screen.say("discrepancy_view.none")
        return ExitCode.DONE
    headings = [f"discrepancy_view.{name}" for name in (*COLUMNS, "state")]
    screen.table(Table(headings=headings, rows=[_row(one, screen) for one in chosen]))
    for one in chosen:
        if one["note"]:
            screen.say("discrepancy_view.noted", number=one["number"], note=one["note"])
    screen.say("discrepancy_view.resolve", number=chosen[0]["number"], where=where(database))
    return ExitCode.DONE


def resolve(session: Session, database: str | None, number: int, state: str, note: str) -> ExitCode:
    """Write down what a person did about a discrepancy, and why.

    Raises:
        Misused: the note says nothing.
        Rejected: there is no such discrepancy, or it has ended.
    """
    if not note.strip():
        raise Misused("cli.note_empty")
    with existing_database(session, database) as opened, opened.writing() as connection:
        settle(connection, number, State(state), note.strip(), stamp(SystemClock().now()))
    session.screen.document({"number": number, "state": state, "note": note.strip()})
    word = session.screen.word("discrepancy_state", state)
    session.screen.say("discrepancy_view.resolved", number=number, state=word)
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


def _row(one: Mapping[str, Any], screen: Screen) -> list[object]:
    values = {name: _cut(one[name]) for name in ("value", "owner_value")}
    told = {**one, **values, "detected_at": local(one["detected_at"], screen.language)}
    return [*(told[name] for name in COLUMNS), screen.word("discrepancy_state", one["state"])]


def _cut(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
