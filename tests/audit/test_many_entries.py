"""A log of a million entries is verified in little memory, however long it is."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.database.audit.entries import HAS_PERSONS, AuditEntry, AuditKind, Decision, append_all, head_of
from cchc_connect.database.audit.keys import SealKey
from cchc_connect.database.audit.sealing import seal_log
from cchc_connect.database.audit.subjects import NO_SUBJECTS, Subjects, subject_hash
from cchc_connect.database.shared_database import SharedDatabase
from tests.audit.sealed_log import BEGIN, SUBJECT_KEY
from tests.coverage_switch import without_coverage

MESSAGES = 99
"""Messages that leave together: with what announces them, a hundred entries."""

ENTRIES_OF_SEAL = 20_000

MORE_MIB = 16
"""More entries may not need more memory than this on top."""

VERIFY = """
import json, resource, sys, time
from pathlib import Path
from typing import Any
from cchc_connect.database.audit.verification import verify_audit_log
from cchc_connect.database.shared_database import SharedDatabase
with SharedDatabase(Path("log.db")) as database:
    began_s = time.process_time()
    verification = verify_audit_log(database, {"audit": Path("audit.key.pub")}, [Path("anchor")])
    cpu_s = time.process_time() - began_s
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([verification.outcome, verification.entries, verification.unsealed, cpu_s, peak / 1024]))
"""


def together(first: int, number: int) -> Iterator[tuple[AuditEntry, Subjects]]:
    """Yield the entries of messages that leave together, of which the first one has a number in its chain."""
    keys = tuple(f"000.00.05.H09-{first:08}-{position:04}" for position in range(number))
    persons = frozenset(subject_hash(SUBJECT_KEY, f"001{first + position:09}") for position in range(number))
    push = AuditEntry(
        at=BEGIN,
        kind=AuditKind.PUSH,
        run_id=f"run-{first}",
        route="statuses",
        consumer="000.00.00.H09",
        provider="000.00.05.H09",
        purpose="progress_publication",
        agreement="statuses-2026@1",
        acts=("qd-766-2022",),
        record_type="dossier",
        message_kind="record",
    )
    fields = {f"field_{position}": "plain" for position in range(60)}
    announced = {"fields": fields, "keys": keys, "count": number, "outcome": "leaving", "details": {HAS_PERSONS: True}}
    yield _with(push, **announced), Subjects(key_id="2026", hashes=persons)
    for key in keys:
        members = {"keys": (key,), "count": 1, "outcome": "delivered", "leaving": first, "request_id": f"r.{key}"}
        yield _with(push, **members, decision=Decision.RELEASED), NO_SUBJECTS


def _with(entry: AuditEntry, **members: Any) -> AuditEntry:
    return AuditEntry(**{**vars(entry), **members})


def lengthened(database: SharedDatabase, key: SealKey, entries: int) -> None:
    """Append so many entries as runs do, a seal after each `ENTRIES_OF_SEAL`."""
    for _ in range(entries // ENTRIES_OF_SEAL):
        with database.writing() as connection:
            head = head_of(connection, RUNS_CHAIN)
            first = 1 if head is None else head.entry + 1
            last = first + ENTRIES_OF_SEAL
            batches = (together(number, MESSAGES) for number in range(first, last, MESSAGES + 1))
            append_all(connection, (entry for batch in batches for entry in batch), chain=RUNS_CHAIN)
        seal_log(database, key, (Path("anchor"),), BEGIN + timedelta(minutes=first // ENTRIES_OF_SEAL))


def verified(folder: Path) -> tuple[str, int, int, float, float]:
    """Verify in a process of its own; return outcome, entries, entries without seal, seconds of CPU and MiB."""
    command = [sys.executable, "-c", VERIFY]
    root = Path(__file__).parents[2]
    environment = {**without_coverage(os.environ), "PYTHONPATH": str(root)}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)  # ours
    outcome, entries, unsealed, cpu_s, mib = json.loads(ended.stdout)
    return outcome, entries, unsealed, cpu_s, mib


@pytest.mark.parametrize("number", [40_000, pytest.param(1_000_000, marks=pytest.mark.long)], ids=["few", "a million"])
def test_verification_needs_little_memory_however_long_the_log_is(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part is verified first; `pytest -s` shows the figures."""
    monkeypatch.chdir(tmp_path)
    key = SealKey.create("audit", Path("audit.key"))
    with SharedDatabase(Path("log.db"), create_or_upgrade=True) as database:
        lengthened(database, key, ENTRIES_OF_SEAL)
        *_, first_mib = verified(tmp_path)
        lengthened(database, key, number - ENTRIES_OF_SEAL)
    outcome, entries, unsealed, cpu_s, mib = verified(tmp_path)

    size_mib = Path("log.db").stat().st_size / 2**20
    print(
        f"\n{entries} entries, {size_mib:.0f} MiB: {cpu_s:.1f} s of CPU, {mib:.0f} MiB; the first part {first_mib:.0f}"
    )
    assert (outcome, entries, unsealed) == ("intact", number, 0)
    assert mib < first_mib + MORE_MIB
