"""A sealed and anchored audit log of every kind of entry, and how to verify a copy of its database."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cchc_connect.database.audit.chain import COMMANDS_CHAIN, RUNS_CHAIN
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, Decision, append
from cchc_connect.database.audit.keys import SealKey
from cchc_connect.database.audit.sealing import seal_log
from cchc_connect.database.audit.subjects import Subjects, subject_hash
from cchc_connect.database.audit.verification import AuditVerification, verify_log
from cchc_connect.database.direct.connection import DirectConnection
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.runs import begin_run, finish_run

BEGIN = datetime(2026, 8, 1, tzinfo=UTC)
SUBJECT_KEY = bytes(range(32))
ROUNDS = 12
"""Runs, each of which ends with a seal."""


@dataclass(frozen=True, kw_only=True)
class SealedLog:
    """A log with its key and anchor."""

    content: bytes
    """The SQLite file."""
    key: SealKey
    anchor: Path

    def copy(self) -> sqlite3.Connection:
        """Return a connection to a copy in memory."""
        copy = sqlite3.connect(":memory:", isolation_level=None)
        copy.deserialize(self.content)
        return copy

    def verify(self, copy: sqlite3.Connection) -> AuditVerification:
        """Verify a copy with the public key and the anchor."""
        direct = DirectConnection(copy, "named")
        return verify_log(direct, [self.key.public], [self.anchor], BEGIN + timedelta(days=400))


def subjects_of(*numbers: str) -> Subjects:
    return Subjects(key_id="2026", hashes=frozenset(subject_hash(SUBJECT_KEY, number) for number in numbers))


def entries_of_round(number: int, at: datetime) -> list[tuple[str, AuditEntry, Subjects]]:
    """Return the entries of one run and of the commands beside it."""
    keys = tuple(f"25747/{number}/{parcel}" for parcel in range(205 if number % 4 == 0 else 3))
    push = {"kind": AuditKind.PUSH, "run_id": f"run-{number}", "consumer": "G22", "record_type": "land_parcel"}
    persons = subjects_of(f"0010990{number:05}", "001099000001")
    return [
        (RUNS_CHAIN, AuditEntry(at=at, kind=AuditKind.PULL, run_id=f"run-{number}", count=number), subjects_of()),
        (RUNS_CHAIN, AuditEntry(at=at, **push, keys=keys, count=len(keys), outcome="leaving"), persons),  # type: ignore[arg-type]  # the same members
        (
            COMMANDS_CHAIN,
            AuditEntry(at=at, kind=AuditKind.REFUSED, official="cb-1", reasons=("purpose",)),
            subjects_of(),
        ),
        (
            RUNS_CHAIN,
            AuditEntry(at=at, **push, keys=keys, count=len(keys), outcome="delivered", decision=Decision.RELEASED),  # type: ignore[arg-type]  # as above
            persons,
        ),
    ]


def sealed_log(folder: Path) -> SealedLog:
    """Make a log of `ROUNDS` runs, with a seal and a line of the anchor after each."""
    key, anchor, path = SealKey.create("audit-2026", folder / "audit.key"), folder / "anchor", folder / "log.db"
    with SharedDatabase(path, create_or_upgrade=True) as database:
        for number in range(1, ROUNDS + 1):
            at = BEGIN + timedelta(hours=number)
            with database.writing() as connection:
                begin_run(connection, f"run-{number}", at)
                for chain, entry, subjects in entries_of_round(number, at):
                    append(connection, entry, chain=chain, subjects=subjects)
                finish_run(connection, {"run_id": f"run-{number}", "finished_at": "", "outcome": "done"})
            report = seal_log(database, key, (anchor,), at)
            assert report.is_new
            assert not report.anchor_faults
    with closing(sqlite3.connect(path)) as stored:
        stored.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        stored.execute("PRAGMA journal_mode = DELETE")
        content = stored.serialize()
    return SealedLog(content=content, key=key, anchor=anchor)
