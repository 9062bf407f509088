"""Rules of a purge: what is old enough and needed by nothing is deleted, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cchc_connect.adapter import DeleteDetection, DeliveryStatus, SourceProfile
from cchc_connect.config.durations import RetentionTable
from cchc_connect.database.audit.retention_rules import MIN_RETENTION_YEARS
from cchc_connect.database.direct.queries import latest_runs
from cchc_connect.database.maintenance import MarkName, next_sequence, read_mark
from cchc_connect.database.outbox.dead_letters import dead_letters
from cchc_connect.database.reading.change_feed import change_rows, follow
from cchc_connect.database.reading.history import history, record_at, records_at
from cchc_connect.database.reading.records import records
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.runs import begin_run, finish_run
from cchc_connect.database.state.source_properties import DriftKind, DriftState, PropertyDrift, store_drifts
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import delivery, discrepancy, drift, quarantine, run_counter
from cchc_connect.errors import NotFound, Unreachable
from cchc_connect.exports.exporter import export
from cchc_connect.sync.pull import Pull
from cchc_connect.sync.purge import Purge, PurgeReport
from cchc_connect.sync.run_context import RunContext
from cchc_schemas import Dossier
from tests.audit_log import broken_entry
from tests.sync.memory_systems import START, DossierRegister, NoRequestTransport, dossier_codes, dossier_fields
from tests.sync.test_push import Office

A, B = dossier_codes(2)
DAY = timedelta(days=1)
NEVER = RetentionTable(runs=None, deliveries=None, quarantine=None, discrepancies=None, corrections=None)
HUNDRED_DAYS = NEVER.model_copy(update={"history": 100 * DAY})


@pytest.fixture
def office(address: str) -> Iterator[Office]:
    with SharedDatabase(address) as database:
        yield Office(database)


def purge(office: Office, retention: RetentionTable = HUNDRED_DAYS, *routes: str) -> PurgeReport:
    return Purge(office.run_context, retention, routes, MIN_RETENTION_YEARS).run()


def version(office: Office, code: str, status: int) -> None:
    """Store a version of a dossier, and let a day go by."""
    office.holds([dossier_fields(A, status=status if code == A else 4), dossier_fields(B)])
    office.clock.advance(DAY)


def feed(office: Office) -> list[tuple[str, int]]:
    """Return the last character of the key and the version of each change."""
    with office.database.reading() as connection:
        return [(row["record_key"][-1], row["version"]) for row in change_rows(connection)]


def test_replaced_versions_are_deleted_and_the_latest_of_each_record_stays(office: Office) -> None:
    for status in (1, 2, 3):
        version(office, A, status)
    office.clock.advance(100 * DAY)

    report = purge(office)

    assert report.rows["history"] == 2
    assert feed(office) == [("2", 1), ("1", 3)]
    assert sorted(record.code for record in records(office.database, Dossier)) == [A, B]
    assert [entry.version for entry in history(office.database, Dossier, A)] == [3]


def test_a_deleted_record_keeps_its_last_version(office: Office) -> None:
    """A reader of the feed learns of the deletion, and the row keeps its values."""
    version(office, A, 1)
    profile = SourceProfile(changed_since=False, deletes=DeleteDetection.ABSENCE)
    desk = DossierRegister([dossier_fields(B)], profile=profile)
    stream = Stream(connection="desk", record_type="dossier", agency="H09.1")
    for _ in range(2):
        Pull(desk, stream, NoRequestTransport(), office.run_context).run()
    office.clock.advance(101 * DAY)

    purge(office)

    assert feed(office) == [("2", 1), ("1", 2)]


def test_the_state_of_every_instant_within_the_age_is_still_known(office: Office) -> None:
    """A version that was replaced after the beginning of the age is kept, however old it is itself."""
    version(office, A, 1)
    office.clock.advance(200 * DAY)
    version(office, A, 2)
    version(office, A, 3)
    office.clock.advance(97 * DAY)

    purge(office)

    then = office.clock.now() - 100 * DAY
    assert feed(office) == [("1", 1), ("2", 1), ("1", 2), ("1", 3)]
    first = record_at(office.database, Dossier, A, then)
    assert first is not None
    assert first.status == 1


def test_a_question_about_a_purged_time_is_refused(office: Office, tmp_path: Path) -> None:
    """It is not answered with None, as if the record had not existed."""
    for status in (1, 2, 3):
        version(office, A, status)
    office.clock.advance(100 * DAY)
    purge(office)

    with pytest.raises(NotFound, match="complete only from"):
        record_at(office.database, Dossier, A, START + DAY / 2)
    with pytest.raises(NotFound, match="complete only from"):
        list(records_at(office.database, Dossier, START))
    with pytest.raises(NotFound, match="complete only from"):
        export(office.database, Dossier, tmp_path / "dossiers.ndjson", at=START)
    assert list(tmp_path.glob("*.ndjson")) == []
    assert record_at(office.database, Dossier, A, START + 2 * DAY) is not None


def read(office: Office, after: int, *, accept_purged: bool = False) -> list[int]:
    ended: list[bool] = []
    rows = follow(
        office.database,
        after,
        accept_purged=accept_purged,
        is_stopping=lambda: bool(ended),
        sleep=lambda _: ended.append(True),
    )
    return [change.sequence for change in rows]


def test_a_reader_whose_position_was_purged_is_told(office: Office) -> None:
    """One that starts anew, that stopped later, or that accepts what is left gets the latest version of each record."""
    for status in (1, 2, 3):
        version(office, A, status)
    office.clock.advance(100 * DAY)
    purge(office)

    with pytest.raises(NotFound) as refused:
        read(office, 1)

    assert refused.value.code == "maintenance.feed_purged"
    assert read(office, 1, accept_purged=True) == [2, 4]
    assert read(office, 0) == [2, 4]
    assert read(office, 3) == [4]


def test_a_reader_that_a_purge_overtakes_is_told(office: Office) -> None:
    """It has read a thousand versions when further ones are deleted that it has not read."""
    codes = list(dossier_codes(1100))
    for status in (1, 2):
        office.holds([dossier_fields(code, status=status) for code in codes])
        office.clock.advance(DAY)
    office.clock.advance(100 * DAY)
    rows = follow(office.database, 0)
    first = [next(rows).sequence for _ in range(1000)]

    purge(office)

    assert first[-1] == 1000
    with pytest.raises(NotFound):
        next(rows)


def test_what_a_route_has_not_read_is_kept_and_the_route_is_named(office: Office) -> None:
    version(office, A, 1)
    office.push()
    version(office, A, 2)
    version(office, A, 3)
    office.clock.advance(100 * DAY)

    held_back = purge(office, HUNDRED_DAYS, "portal")

    assert (held_back.rows["history"], held_back.held_back_by) == (0, "portal")
    office.push()
    freed = purge(office, HUNDRED_DAYS, "portal")
    assert (freed.rows["history"], freed.held_back_by) == (2, None)


def test_a_version_in_a_message_that_is_not_delivered_is_kept(office: Office) -> None:
    """The message is sent later with the content that it had."""
    version(office, A, 1)
    office.push(*[Unreachable("transport.no_response")] * 2)
    version(office, A, 2)
    office.clock.advance(100 * DAY)
    office.dossiers.received.clear()

    purge(office, HUNDRED_DAYS)
    office.push()

    sent = [outgoing.record.model_dump() for (outgoing,) in office.dossiers.received]
    assert [record["status"] for record in sent if record["code"] == A] == [1, 2]


def test_the_last_delivered_message_of_a_record_is_kept(office: Office) -> None:
    """It is why the next message is sent as a change of a record that the target has."""
    for status in (1, 2, 3):
        version(office, A, status)
        office.push()
    office.clock.advance(100 * DAY)

    report = purge(office, RetentionTable())
    version(office, A, 5)
    office.push()

    assert report.rows["deliveries"] == 2
    assert office.dossiers.received[-1][0].previously_delivered


def test_an_outdated_dead_letter_is_deleted_and_one_worth_sending_is_kept(office: Office) -> None:
    office.dossiers.outcomes = {A: DeliveryStatus.REFUSED, B: DeliveryStatus.REFUSED}
    version(office, A, 1)
    office.push()
    version(office, A, 2)
    office.push()
    office.clock.advance(100 * DAY)

    report = purge(office, RetentionTable())

    assert report.rows["deliveries"] == 1
    assert [dead.is_worth_sending for dead in dead_letters(office.database)] == [True, True]


def test_the_audit_log_stays_whole(office: Office) -> None:
    for status in (1, 2, 3):
        version(office, A, status)
        office.push()
    office.clock.advance(1000 * DAY)

    purge(office, RetentionTable(history=DAY), "portal")

    with office.database.reading() as connection:
        assert broken_entry(connection) is None


def a_run(office: Office, run_id: str, *, is_finished: bool = True) -> None:
    now = office.clock.now()
    with office.database.writing() as connection:
        begin_run(connection, run_id, now)
    if is_finished:
        report: dict[str, Any] = {"run_id": run_id, "finished_at": f"{now:%Y-%m-%d}", "outcome": "done"}
        with office.database.writing() as connection:
            finish_run(connection, report)
    with office.database.writing() as connection:
        values = {"run_id": run_id, "kind": "pull", "name": "desk", "record_type": "dossier", "partition": ""}
        connection.execute(run_counter.insert().values(**values, counts="{}"))
    office.clock.advance(DAY)


def test_old_runs_are_deleted_with_their_counters_but_the_latest_finished_one(office: Office) -> None:
    """`status` shows it, also if nothing has run for years."""
    for run_id in ("first", "second", "third"):
        a_run(office, run_id)
    a_run(office, "killed", is_finished=False)
    office.clock.advance(400 * DAY)

    report = purge(office, RetentionTable())

    with office.database.reading_directly() as direct:
        assert [run["run_id"] for run in latest_runs(direct, 9)] == ["third"]
    with office.database.reading() as connection:
        assert list(connection.execute(select(run_counter.c.run_id)).scalars()) == ["third"]
    assert report.rows["runs"] == 3


def test_what_a_deleted_run_told_of_a_source_is_deleted_with_it(office: Office) -> None:
    """What is held or was accepted stays, and what a later run told again."""
    a_run(office, "old")
    office.clock.advance(400 * DAY)
    a_run(office, "new")
    desk = Stream(connection="desk", record_type="dossier", agency="H09.1")
    with office.database.writing() as connection:
        for name, state, run_id in (
            ("told", DriftState.TOLD, "old"),
            ("told-again", DriftState.TOLD, "old"),
            ("told-again", DriftState.TOLD, "new"),
            ("held", DriftState.HELD, "old"),
            ("accepted", DriftState.ACCEPTED, "old"),
        ):
            store_drifts(
                connection, desk, [PropertyDrift(property=name, kind=DriftKind.EMPTIED)], state, run_id, "2026"
            )

    purge(office, RetentionTable())

    with office.database.reading() as connection:
        assert {*connection.execute(select(drift.c.property)).scalars()} == {"told-again", "held", "accepted"}


@pytest.mark.parametrize("name", ["quarantine", "discrepancies"])
def test_what_is_resolved_is_deleted_and_what_is_open_stays(office: Office, name: str) -> None:
    times = {None: "open", "2026-03-02T08:00:00.000000Z": "old", "2026-03-11T08:00:00.000000Z": "new"}
    with office.database.writing() as connection:
        for resolved_at, word in times.items():
            if name == "quarantine":
                head = {"connection": "desk", "record_type": "dossier", "partition": "", "source_key": word}
                values = {"item_hash": b"", "faults": "[]", "run_id": "run", "first_seen": "2026"}
                connection.execute(quarantine.insert().values(**head, **values, resolved_at=resolved_at))
            else:
                state = "dismissed" if resolved_at is None else "ended"
                head = {"record_type": "dossier", "record_key": word, "field": "name", "connection": "desk"}
                values = {"owner": "x", "detected_at": "2026", "state": state}
                connection.execute(discrepancy.insert().values(**head, **values, resolved_at=resolved_at))
    office.clock.advance(181 * DAY)

    report = purge(office, RetentionTable())

    column = quarantine.c.source_key if name == "quarantine" else discrepancy.c.record_key
    with office.database.reading() as connection:
        assert set(connection.execute(select(column)).scalars()) == {"open", "new"}
    assert report.rows[name] == 1


def test_a_dry_run_counts_what_a_purge_deletes(office: Office) -> None:
    for status in (1, 2, 3):
        version(office, A, status)
        office.push()
    office.clock.advance(100 * DAY)
    retention = RetentionTable(history=50 * DAY)
    before = feed(office)

    dry_run = RunContext(run_id="run", database=office.database, clock=office.clock, token=None)
    counted = Purge(dry_run, retention, ["portal"], MIN_RETENTION_YEARS).run()

    assert (feed(office), counted.dry_run) == (before, True)
    assert counted.rows == purge(office, retention, "portal").rows
    assert counted.total == 4


def test_many_rows_are_deleted_in_several_transactions(office: Office) -> None:
    """And a purge that is asked to stop continues at the next one."""
    codes = list(dossier_codes(700))
    for status in (1, 2):
        office.holds([dossier_fields(code, status=status) for code in codes])
        office.push()
        office.clock.advance(DAY)
    office.clock.advance(100 * DAY)
    retention = RetentionTable(history=50 * DAY)
    stops = iter([False, False, False, True, True, True, True, True, True])

    stopping = replace(office.run_context, is_stopping=lambda: next(stops))
    first = Purge(stopping, retention, ["portal"], MIN_RETENTION_YEARS).run()
    second = purge(office, retention, "portal")

    assert 0 < first.total < 1400
    assert first.total + second.total == 1400
    with office.database.reading() as connection:
        assert read_mark(connection, MarkName.PURGE) is not None


def test_sequences_go_on_after_a_purge(office: Office) -> None:
    for status in (1, 2, 3):
        version(office, A, status)
    office.clock.advance(100 * DAY)
    with office.database.reading() as connection:
        following = next_sequence(connection)

    purge(office)

    with office.database.reading() as connection:
        assert next_sequence(connection) == following == 5
        assert connection.execute(select(delivery)).all() == []
