"""Rules of the retention of the audit log: what is removed, what stays, and that the rest can be verified."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import Config, RunEnvironment, Synchronizer, SystemClock
from cchc_connect.cli import main
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append, record_command
from cchc_connect.database.audit.keys import SealKey
from cchc_connect.database.audit.sealing import seal_log
from cchc_connect.database.audit.verification import AuditVerification, VerificationOutcome, verify_audit_log
from cchc_connect.messages import Message
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sync.memory_systems import dossier_codes

CODES = tuple(dossier_codes(4))
YEAR = timedelta(days=366)


@pytest.fixture
def aged(setting: ReceivingSetting) -> ReceivingSetting:
    """Give a sealed and anchored log of four years: one run a year, with an entry of a command before it."""
    SealKey.create("audit", Path("audit.key"))
    setting.audit = {
        "key": {"file": str(Path("audit.key").absolute())},
        "public_keys": {"audit": {"file": str(Path("audit.key.pub").absolute())}},
        "anchors": [f"file:{Path('anchor').absolute()}"],
    }
    for code in CODES:
        with setting.database() as database:
            record_command(database, AuditEntry(at=setting.clock.now(), kind=AuditKind.REVEAL, official="cb-1"))
        setting.holds(*dossiers(code))
        setting.sync()
        setting.clock.advance(YEAR)
    return setting


def purge(setting: ReceivingSetting) -> int:
    config = Config.from_tables(setting.tables, Path("cchc.toml"))
    with setting.database() as database:
        report = Synchronizer(config, database, RunEnvironment(clock=setting.clock)).purge()
    return report.audit_entries


def verify(setting: ReceivingSetting) -> AuditVerification:
    with setting.database() as database:
        return verify_audit_log(
            database, {"audit": Path("audit.key.pub")}, [Path("anchor")], clock=_At(setting.clock.now())
        )


class _At(SystemClock):
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def test_nothing_is_removed_before_five_years(aged: ReceivingSetting) -> None:
    assert purge(aged) == 0
    assert verify(aged).outcome is VerificationOutcome.INTACT


def test_whole_sealed_segments_are_removed_and_the_rest_is_intact(aged: ReceivingSetting) -> None:
    aged.clock.advance(3 * YEAR)
    before = verify(aged).entries

    removed = purge(aged)

    after = verify(aged)
    assert removed > 0
    assert (after.outcome, after.fault) == (VerificationOutcome.INTACT, None)
    assert after.entries == before - removed + 1
    aged.clock.advance(2 * YEAR)
    assert purge(aged) > 0
    assert verify(aged).outcome is VerificationOutcome.INTACT
    assert main(["status", "--db", aged.address]) == 0


def test_the_last_entry_of_a_chain_stays(aged: ReceivingSetting) -> None:
    """So numbers and hashes go on, and a log that is empty is one that was emptied."""
    aged.clock.advance(50 * YEAR)

    assert purge(aged) > 0

    with aged.database() as database, database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT chain, count(*) FROM audit_entry GROUP BY chain").all()
    assert {chain for chain, _ in rows} == {"runs", "commands"}
    assert verify(aged).outcome is VerificationOutcome.INTACT


@pytest.mark.parametrize("after", [timedelta(0), 2 * YEAR])
def test_what_is_removed_without_an_entry_is_missing(aged: ReceivingSetting, after: timedelta) -> None:
    aged.clock.advance(3 * YEAR + after)
    purge(aged)
    with aged.database() as database, database.writing() as connection:
        first = connection.exec_driver_sql("SELECT min(entry) FROM audit_entry WHERE chain = 'runs'").scalar_one()
        connection.exec_driver_sql(f"DELETE FROM audit_entry WHERE chain = 'runs' AND entry = {first}")  # noqa: S608  # a number

    assert verify(aged).outcome is VerificationOutcome.BROKEN


def test_a_segment_ends_where_a_run_does(setting: ReceivingSetting) -> None:
    """So no outcome is left of which the fields stood in an entry that was removed."""
    key, at = SealKey.create("audit", Path("audit.key")), setting.clock.now()
    with setting.database() as database:
        for run_id, is_sealed_within in (("r-1", False), ("r-2", True), ("r-3", False)):
            with database.writing() as connection:
                leaving = append(connection, _push(at, run_id, outcome="leaving"), chain="runs")
            if is_sealed_within:
                seal_log(database, key, (), at)
            with database.writing() as connection:
                append(connection, _push(at, run_id, outcome="delivered", leaving=leaving.entry), chain="runs")
            if not is_sealed_within:
                seal_log(database, key, (), at)
            at += 2 * YEAR
        setting.clock.advance(8 * YEAR)

        assert purge(setting) == 2

        seal_log(database, key, (), setting.clock.now())
        outcome = verify_audit_log(database, {"audit": Path("audit.key.pub")}, clock=_At(setting.clock.now()))
    assert (outcome.outcome, outcome.fault) == (VerificationOutcome.INTACT, None)


def test_an_outcome_whose_announcement_is_missing_is_found(setting: ReceivingSetting) -> None:
    key, at = SealKey.create("audit", Path("audit.key")), setting.clock.now()
    with setting.database() as database:
        with database.writing() as connection:
            append(connection, _push(at, "r-1", outcome="delivered", leaving=7), chain="runs")
        seal_log(database, key, (), at)
        outcome = verify_audit_log(database, {"audit": Path("audit.key.pub")}, clock=_At(setting.clock.now()))

    assert outcome.fault == Message("audit_fault.entry_missing", {"entry": "runs/7"})


def _push(at: datetime, run_id: str, **members: Any) -> AuditEntry:
    return AuditEntry(
        at=at, kind=AuditKind.PUSH, run_id=run_id, keys=("K1",), count=1, message_kind="record", **members
    )


def test_what_was_never_sealed_is_kept(setting: ReceivingSetting) -> None:
    setting.holds(*dossiers(CODES[0]))
    setting.sync()
    setting.clock.advance(10 * YEAR)

    assert purge(setting) == 0


def test_a_change_of_the_key_is_proved_after_its_entry_was_removed(aged: ReceivingSetting) -> None:
    path = aged.write_configuration()
    assert main(["--config", str(path), "audit", "new-key", "next.key", "--key-id", "audit-2"]) == 0
    aged.audit["key"], aged.audit["key_id"] = {"file": str(Path("next.key").absolute())}, "audit-2"
    for clock_years in (1, 1):
        with aged.database() as database:
            record_command(database, AuditEntry(at=aged.clock.now(), kind=AuditKind.REVEAL, official="cb-2"))
        aged.sync()
        aged.clock.advance(clock_years * YEAR)
    aged.clock.advance(8 * YEAR)
    assert purge(aged) > 0
    keys = {"audit": Path("audit.key.pub"), "audit-2": Path("next.key.pub")}
    check = partial(verify_audit_log, anchors=[Path("anchor")], clock=_At(aged.clock.now()))

    with aged.database() as database:
        outcome = check(database, keys)

    assert (outcome.outcome, outcome.fault) == (VerificationOutcome.INTACT, None)
