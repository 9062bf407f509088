"""The filters of quarantine and dead letters: each limits, all hold together, and an unknown name is refused."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from sqlalchemy import insert

from cchc_connect import SharedDatabase, UsageMistake, dead_letters, discrepancies, quarantine
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.tables import change, delivery, discrepancy, quarantine as entry_table, route
from cchc_schemas import Dossier

Row: TypeAlias = tuple[str, str, str, str, datetime]
LetterRow: TypeAlias = tuple[str, int, str, str, str, datetime]

EVENING = datetime(2026, 7, 1, 16, 30, tzinfo=UTC)  # 23:30 of the same Vietnamese day


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    entries = [
        ("one-stop", "dossier", "50123", '[["code", "missing", ""]]', EVENING),
        ("one-stop", "dossier_step", "50123@1", '[["status", "status_unknown", ""]]', EVENING + timedelta(hours=1)),
        ("land", "land_parcel", "p1", '[["area_m2", "missing", ""], ["map_sheet", "odd", ""]]', EVENING),
    ]
    letters = [
        ("to-portal", 1, "dossier", "A", "not_found", EVENING),
        ("to-portal", 2, "dossier_step", "B", "refused:not_ok", EVENING + timedelta(hours=1)),
        ("to-city", 3, "dossier", "A", "refused:free_text", EVENING),
    ]
    with SharedDatabase(address) as opened:
        _store(opened, entries, letters)
        yield opened


def _store(opened: SharedDatabase, entries: Sequence[Row], letters: Sequence[LetterRow]) -> None:
    with opened.writing() as connection:
        for name, record_type, key, faults, at in entries:
            row = {"connection": name, "record_type": record_type, "source_key": key, "faults": faults}
            stored = {"partition": "", "item_hash": b"", "run_id": "-", "first_seen": to_timestamp_text(at)}
            connection.execute(insert(entry_table).values(row | stored))
        for name in ("to-portal", "to-city"):
            connection.execute(insert(route).values(name=name, last_sequence=0))
        for name, sequence, record_type, key, reason, at in letters:
            version = {"sequence": sequence, "record_type": record_type, "record_key": key, "order_key": key}
            written = {"operation": "insert", "version": 1, "document": "{}", "connection": "one-stop", "run_id": "-"}
            connection.execute(insert(change).values(version | written | {"changed_at": to_timestamp_text(at)}))
            head = {"route": name, "sequence": sequence, "record_type": record_type, "record_key": key}
            stored_letter = {"state": "dead", "attempts": 1, "reason": reason, "finished_at": to_timestamp_text(at)}
            connection.execute(insert(delivery).values(head | stored_letter | {"kind": "record", "order_key": key}))


def test_each_filter_of_the_quarantine_limits(database: SharedDatabase) -> None:
    def keys(**filters: Any) -> list[str]:
        return [entry.source_key for entry in quarantine(database, **filters)]

    assert keys() == ["50123", "50123@1", "p1"]
    assert keys(connection="land") == ["p1"]
    assert keys(record_type=Dossier) == keys(record_type="dossier") == ["50123"]
    assert keys(rule="missing") == ["50123", "p1"]
    assert keys(rule="odd") == ["p1"]
    assert keys(rule="key_taken") == []
    assert keys(source_key="50123@1") == ["50123@1"]
    assert keys(since=date(2026, 7, 2)) == ["50123@1"]
    assert keys(until=date(2026, 7, 1)) == keys(until=EVENING) == ["50123", "p1"]
    assert keys(rule="missing", connection="one-stop") == ["50123"]


def test_each_filter_of_the_dead_letters_limits(database: SharedDatabase) -> None:
    def sequences(**filters: Any) -> list[int]:
        return [letter.sequence for letter in dead_letters(database, **filters)]

    assert sequences() == [3, 1, 2]
    assert sequences(route="to-portal") == [1, 2]
    assert sequences(record_type=Dossier) == [3, 1]
    assert sequences(reason="refused") == [3, 2]
    assert sequences(reason="refused:not_ok") == [2]
    assert sequences(reason="outage") == []  # a reason of the program that no letter has
    assert sequences(record_key="A") == [3, 1]
    assert sequences(since=date(2026, 7, 2)) == [2]
    assert sequences(until=date(2026, 7, 1)) == [3, 1]


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"connection": "one-stpo"}, "Did you mean 'one-stop'"),
        ({"record_type": "dosier"}, "Did you mean 'dossier'"),
        ({"rule": "misssing"}, "Did you mean 'missing'"),
        ({"source_key": 5}, "source_key must be a text"),
        ({"since": "2026-07-01"}, "since must be an instant"),
        ({"since": date(2026, 7, 2), "until": date(2026, 7, 1)}, "ends before it begins"),
    ],
)
def test_a_wrong_filter_of_the_quarantine_is_refused_at_the_call(
    database: SharedDatabase, filters: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageMistake, match=words):
        quarantine(database, **filters)


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"route": "to-porta"}, "Did you mean 'to-portal'"),
        ({"record_type": "dosier"}, "Did you mean 'dossier'"),
        ({"reason": "not_fond"}, "Did you mean 'not_found'"),
        ({"record_key": 5}, "record_key must be a text"),
        ({"until": 5}, "until must be an instant"),
    ],
)
def test_a_wrong_filter_of_the_dead_letters_is_refused_at_the_call(
    database: SharedDatabase, filters: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageMistake, match=words):
        dead_letters(database, **filters)


def test_discrepancies_are_selected_as_in_their_command(database: SharedDatabase) -> None:
    with database.writing() as connection:
        for record_type, key in (("dossier", "A"), ("land_parcel", "p1")):
            head = {"record_type": record_type, "record_key": key, "field": "name", "connection": "one-stop"}
            values = {"value": "1", "owner": "land", "owner_value": "2", "state": "open"}
            connection.execute(insert(discrepancy).values(head | values | {"detected_at": to_timestamp_text(EVENING)}))

    assert [each.record_key for each in discrepancies(database)] == ["A", "p1"]
    assert [each.record_key for each in discrepancies(database, record_type=Dossier)] == ["A"]
    assert [each.record_key for each in discrepancies(database, connection="one-stop")] == ["A", "p1"]
    mistakes: list[dict[str, Any]] = [{"connection": "one-stpo"}, {"record_type": "dosier"}, {"connection": 5}]
    for wrong in mistakes:
        with pytest.raises(UsageMistake):
            discrepancies(database, **wrong)
