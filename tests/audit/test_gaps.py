"""Rules of gaps in the audit log: a sealed entry accounts for each, and each that is accepted is told."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.audit.chain import canonical_json, chained_hash
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, record_command
from cchc_connect.database.audit.keys import SealKey
from cchc_connect.database.audit.retention import erase_subject_index
from cchc_connect.database.audit.sealing import seal_log
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.audit.verification import AuditVerification, VerificationOutcome, verify_audit_log
from cchc_connect.database.shared_database import SharedDatabase
from tests.audit.sealed_log import BEGIN, SealedLog, sealed_log
from tests.sync.memory_systems import ManualClock

PERSON = "001099000001"
HOUR, YEAR = timedelta(hours=1), timedelta(days=366)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SealedLog:
    return sealed_log(Path(tmp_path_factory.mktemp("log")))


def forge(copy: sqlite3.Connection, **members: object) -> None:
    """Append an entry that fits the chain of commands, as whoever writes the database can."""
    query = "SELECT entry, hash FROM audit_entry WHERE chain = 'commands' ORDER BY entry DESC LIMIT 1"
    entry, entry_hash = copy.execute(query).fetchone()
    common = {"chain": "commands", "count": 0, "entry": entry + 1, "kind": "purge"}
    body = canonical_json({**common, "at": to_timestamp_text(BEGIN + timedelta(days=399)), **members})
    row = (entry + 1, body, chained_hash(entry_hash, body))
    copy.execute("INSERT INTO audit_entry VALUES ('commands', ?, ?, ?)", row)


def test_an_entry_without_a_seal_accounts_for_no_erased_index(log: SealedLog) -> None:
    with log.copy() as copy:
        copy.execute("DELETE FROM audit_subject")
        without = log.verify(copy)
        forge(copy, erased_subject_keys=["2026"])
        verification = log.verify(copy)

    assert without.outcome is VerificationOutcome.BROKEN
    assert verification.outcome is VerificationOutcome.UNCHECKED
    assert verification.fault is not None
    assert (verification.fault.code, verification.fault.context) == (
        "audit_fault.gap_not_sealed",
        {"account": "commands/13"},
    )
    assert verification.notes == ()


def test_an_entry_without_a_seal_does_not_hide_what_is_broken(log: SealedLog) -> None:
    with log.copy() as copy:
        copy.execute("DELETE FROM audit_subject")
        copy.execute("DELETE FROM audit_entry WHERE chain = 'runs' AND entry <= 3")
        forge(copy, erased_subject_keys=["2026"])
        verification = log.verify(copy)

    assert verification.outcome is VerificationOutcome.BROKEN


@pytest.fixture
def indexed(tmp_path: Path) -> SharedDatabase:
    """Give a database with a person in the subject index of 2026."""
    database = SharedDatabase(tmp_path / "log.db", create_or_upgrade=True)
    entry = AuditEntry(at=BEGIN, kind=AuditKind.REVEAL, official="cb-1")
    record_command(database, entry, SubjectKeys(tmp_path / "subjects").subjects_of([PERSON], BEGIN))
    return database


@pytest.mark.parametrize(
    ("erased_at", "code"),
    [
        (BEGIN + HOUR, "audit_gap.subjects_early"),
        (datetime(2031, 12, 31, 16, 59, tzinfo=UTC), "audit_gap.subjects_early"),
        (datetime(2031, 12, 31, 17, tzinfo=UTC), "audit_gap.subjects"),
    ],
    ids=["in its year", "a minute too early", "after five years, in Vietnamese time"],
)
def test_an_erased_index_is_told_and_so_is_one_within_the_retention(
    indexed: SharedDatabase, tmp_path: Path, erased_at: datetime, code: str
) -> None:
    key = SealKey.create("audit", tmp_path / "audit.key")
    erase_subject_index(indexed, 2026, SubjectKeys(tmp_path / "subjects"), erased_at)
    seal_log(indexed, key, (), erased_at)

    verification = verify(indexed, tmp_path)
    indexed.close()

    assert verification.outcome is VerificationOutcome.INTACT
    (note,) = verification.notes
    assert note.code == code
    assert {name: note.context[name] for name in ("entry", "account", "at")} == {
        "entry": "commands/1",
        "account": "commands/2",
        "at": erased_at,
    }


def test_a_seal_earlier_than_the_one_before_is_told(indexed: SharedDatabase, tmp_path: Path) -> None:
    """A clock that went back is no fault, but the age of what was removed is judged by such instants."""
    key = SealKey.create("audit", tmp_path / "audit.key")
    seal_log(indexed, key, (), BEGIN + 3 * HOUR)
    record_command(indexed, AuditEntry(at=BEGIN, kind=AuditKind.REVEAL, official="cb-1"))
    seal_log(indexed, key, (), BEGIN + HOUR)

    verification = verify(indexed, tmp_path)
    indexed.close()

    assert verification.outcome is VerificationOutcome.INTACT
    assert [(note.code, note.context) for note in verification.notes] == [
        ("audit_gap.seal_earlier", {"seal": 2, "seals": 1})
    ]


def verify(database: SharedDatabase, folder: Path, *anchors: Path) -> AuditVerification:
    return verify_audit_log(database, {"audit": folder / "audit.key.pub"}, anchors, clock=ManualClock(BEGIN + 9 * YEAR))


def test_the_log_of_a_restored_backup_fits_the_beginning_of_the_anchor(indexed: SharedDatabase, tmp_path: Path) -> None:
    """The whole anchor shows the loss, and a new one gets every seal that there is."""
    key, anchor = SealKey.create("audit", tmp_path / "audit.key"), tmp_path / "anchor"
    seal_log(indexed, key, (anchor,), BEGIN)
    with (
        closing(sqlite3.connect(tmp_path / "log.db")) as source,
        closing(sqlite3.connect(tmp_path / "back.db")) as copy,
    ):
        source.backup(copy)
    record_command(indexed, AuditEntry(at=BEGIN, kind=AuditKind.REVEAL, official="cb-1"))
    seal_log(indexed, key, (anchor,), BEGIN + HOUR)
    indexed.close()

    with SharedDatabase(tmp_path / "back.db") as restored:
        with_all_seals = verify(restored, tmp_path, anchor)
        beginning = tmp_path / "beginning"
        lines = anchor.read_text(encoding="utf-8").splitlines(keepends=True)
        beginning.write_text("".join(lines[: with_all_seals.seals]), encoding="utf-8")
        beginning_only = verify(restored, tmp_path, beginning)
        record_command(restored, AuditEntry(at=BEGIN, kind=AuditKind.REVEAL, official="cb-2"))
        faults = seal_log(restored, key, (anchor, tmp_path / "new"), BEGIN + 2 * HOUR).anchor_faults
        afterwards = verify(restored, tmp_path, tmp_path / "new")

    assert with_all_seals.fault is not None
    assert (with_all_seals.outcome, with_all_seals.fault.code) == (
        VerificationOutcome.BROKEN,
        "audit_fault.anchor_differs",
    )
    assert (beginning_only.outcome, beginning_only.unsealed) == (VerificationOutcome.INTACT, 0)
    assert [fault.code for fault in faults] == ["audit.anchor_differs"]
    assert (afterwards.outcome, afterwards.seals) == (VerificationOutcome.INTACT, 2)
    assert len((tmp_path / "new").read_text(encoding="utf-8").splitlines()) == 2
