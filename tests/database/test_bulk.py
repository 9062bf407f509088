"""Statements over many rows: whatever is written twice in one transaction is as it was written last."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from cchc_connect import SharedDatabase
from cchc_connect.database.bulk import insert_rows, update_rows, upsert_rows
from cchc_connect.database.tables import run


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address) as opened:
        yield opened


def row(run_id: str, outcome: str) -> tuple[object, ...]:
    values = {"run_id": run_id, "started_at": "2026-03-02T08:00:00.000000Z", "outcome": outcome}
    return tuple(values.get(column.name) for column in run.columns)


def outcomes(database: SharedDatabase) -> dict[str, str]:
    with database.reading() as connection:
        return {stored.run_id: stored.outcome for stored in connection.execute(select(run.c.run_id, run.c.outcome))}


def test_a_row_that_is_replaced_twice_in_one_transaction_is_as_replaced_last(database: SharedDatabase) -> None:
    with database.writing() as connection:
        upsert_rows(connection, run, [row("a", "first"), row("b", "first")])
        upsert_rows(connection, run, [row("a", "second")])

    assert outcomes(database) == {"a": "second", "b": "first"}


def test_a_replaced_row_stays_as_it_was_changed_before_others_are_replaced(database: SharedDatabase) -> None:
    with database.writing() as connection:
        upsert_rows(connection, run, [row("a", "first")])
        connection.execute(run.update().values(outcome="changed"))
        upsert_rows(connection, run, [row("b", "first")])

    assert outcomes(database) == {"a": "changed", "b": "first"}


def test_a_row_that_is_updated_twice_in_one_transaction_is_as_updated_last(database: SharedDatabase) -> None:
    with database.writing() as connection:
        insert_rows(connection, run, [row("a", "first"), row("b", "first")])
        update_rows(connection, run, ["outcome"], [("second", "a"), ("second", "b")])
        update_rows(connection, run, ["outcome"], [("third", "a")])

    assert outcomes(database) == {"a": "third", "b": "second"}
