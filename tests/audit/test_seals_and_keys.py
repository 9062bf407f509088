"""Rules of what the seals and digests of the audit log cover, and of when a missing seal is told."""

import fcntl
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.audit.chain import COMMANDS_CHAIN, GENESIS_HASH, RUNS_CHAIN, canonical_json, chained_hash
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append
from cchc_connect.database.audit.keys import SealKey, decoded_signature, public_key_path
from cchc_connect.database.audit.sealing import overdue_since, seal_log
from cchc_connect.database.audit.verification import AuditVerification, VerificationOutcome, verify_log
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import audit_entry, audit_key
from tests.audit.sealed_log import BEGIN, SealedLog, sealed_log
from tests.databases import DATABASE_KINDS, prepared_address

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SealedLog:
    return sealed_log(Path(tmp_path_factory.mktemp("log")))


@pytest.fixture(params=DATABASE_KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SharedDatabase]:
    with (
        prepared_address(request.param, tmp_path) as address,
        SharedDatabase(address, create_or_upgrade=True) as opened,
    ):
        yield opened


@pytest.fixture
def key(tmp_path: Path) -> SealKey:
    return SealKey.create("audit", tmp_path / "audit.key")


def add(database: SharedDatabase, after: timedelta, *, chain: str = COMMANDS_CHAIN, keys: tuple[str, ...] = ()) -> None:
    entry = AuditEntry(at=BEGIN + after, kind=AuditKind.READ, record_type="land_parcel", keys=keys)
    with database.writing() as connection:
        append(connection, entry, chain=chain)


def overdue(database: SharedDatabase, after: timedelta) -> bool:
    with database.reading() as connection:
        return overdue_since(connection, BEGIN + after) is not None


def verify(database: SharedDatabase, key: SealKey) -> AuditVerification:
    with database.reading_directly() as connection:
        return verify_log(connection, [key.public], [], BEGIN + timedelta(days=400))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_key SET record_type = 'dossier'",
        "INSERT INTO audit_key VALUES ('ghost', 1, 'land_parcel', 'k')",
        "INSERT INTO audit_subject (subject, key_id, chain, entry) VALUES (zeroblob(16), '2026', 'ghost', 1)",
    ],
    ids=["another record type", "keys of no entry", "persons of no entry"],
)
def test_a_changed_row_beside_the_entries_is_a_fault(log: SealedLog, change: str) -> None:
    with log.copy() as copy:
        assert copy.execute(change).rowcount > 0
        verification = log.verify(copy)

    assert verification.outcome is VerificationOutcome.BROKEN


def test_a_line_break_that_moves_from_one_key_to_another_is_a_fault(database: SharedDatabase, key: SealKey) -> None:
    """The same signs in the same order are other keys."""
    keys = (*(f"p{number:03}" for number in range(201)), "x\ny")
    add(database, HOUR, keys=keys)
    seal_log(database, key, (), BEGIN + HOUR)
    assert verify(database, key).outcome is VerificationOutcome.INTACT

    with database.writing() as connection:
        for former, present in (("p200", "p200\nx"), ("x\ny", "y")):
            of_key = audit_key.c.record_key == former
            connection.execute(audit_key.update().where(of_key).values(record_key=present))

    assert verify(database, key).outcome is VerificationOutcome.BROKEN


def test_a_digest_of_a_former_program_is_checked_as_it_was_made(database: SharedDatabase, key: SealKey) -> None:
    """It was over the keys alone; the type of record is that of the body all the same."""
    document = {"at": to_timestamp_text(BEGIN), "chain": "commands", "count": 2, "entry": 1, "kind": "read"}
    digest = {"count": 2, "sha256": hashlib.sha256(b"k1\nk2").hexdigest()}
    body = canonical_json({**document, "record_type": "land_parcel", "keys_digest": digest})
    with database.writing() as connection:
        row = {"chain": "commands", "entry": 1, "body": body, "hash": chained_hash(GENESIS_HASH, body)}
        connection.execute(audit_entry.insert().values(**row))
        for record_key in ("k1", "k2"):
            key_row = {"chain": "commands", "entry": 1, "record_type": "land_parcel", "record_key": record_key}
            connection.execute(audit_key.insert().values(**key_row))
    seal_log(database, key, (), BEGIN)
    assert verify(database, key).outcome is VerificationOutcome.INTACT

    with database.writing() as connection:
        connection.execute(audit_key.update().values(record_type="dossier"))

    assert verify(database, key).outcome is VerificationOutcome.BROKEN


@pytest.mark.parametrize("chain", [RUNS_CHAIN, COMMANDS_CHAIN])
def test_a_clock_that_was_ahead_once_does_not_stop_the_rule(database: SharedDatabase, key: SealKey, chain: str) -> None:
    """The wait is counted from the latest seal where an entry lies in the future."""
    add(database, timedelta(0), chain=chain)
    seal_log(database, key, (), BEGIN)
    add(database, timedelta(days=200), chain=chain)
    add(database, HOUR, chain=chain)

    assert not overdue(database, 4 * HOUR)
    assert overdue(database, 4 * HOUR + timedelta(seconds=1))

    seal_log(database, key, (), BEGIN + 5 * HOUR)
    assert not overdue(database, 100 * HOUR)


def test_a_seal_of_a_clock_that_was_ahead_does_not_stop_the_rule(database: SharedDatabase, key: SealKey) -> None:
    add(database, timedelta(days=200))
    seal_log(database, key, (), BEGIN + timedelta(days=200))
    add(database, HOUR)

    assert not overdue(database, 5 * HOUR)
    assert overdue(database, 6 * HOUR)


def test_without_a_credible_instant_the_seal_is_overdue(database: SharedDatabase, key: SealKey) -> None:
    """Nothing tells since when the entry waits; a seal ends it."""
    add(database, timedelta(days=200))
    assert overdue(database, HOUR)

    seal_log(database, key, (), BEGIN + HOUR)
    assert not overdue(database, 2 * HOUR)


def test_an_entry_of_a_machine_whose_clock_is_a_little_ahead_waits_as_any_other(
    database: SharedDatabase, key: SealKey
) -> None:
    add(database, timedelta(0))
    seal_log(database, key, (), BEGIN)
    add(database, timedelta(days=3, seconds=2))

    assert not overdue(database, timedelta(days=3))


def test_a_new_key_is_for_its_owner_only_and_replaces_none(key: SealKey, tmp_path: Path) -> None:
    """And where there is one of that name already, no public key is left beside it."""
    path, foreign = tmp_path / "audit.key", tmp_path / "foreign.key"
    assert [file.stat().st_mode & 0o777 for file in (path, public_key_path(path))] == [0o600, 0o644]
    foreign.write_bytes(b"another's")

    for existing in (path, foreign):
        with pytest.raises(FileExistsError):
            SealKey.create("audit", existing)

    assert SealKey.read("audit", path.read_text(encoding="utf-8")).public.pem() == key.public.pem()
    assert foreign.read_bytes() == b"another's"
    assert not public_key_path(foreign).exists()


@pytest.mark.parametrize("signature", ["ạ", "????", "QQ=", ""])
def test_a_text_that_is_no_base64_is_no_signature(signature: str) -> None:
    assert decoded_signature(signature) == b""


def test_a_seal_does_not_wait_for_an_anchor_that_another_process_holds(
    database: SharedDatabase, key: SealKey, tmp_path: Path
) -> None:
    """It is told, and the next seal brings what is missing."""
    anchor = tmp_path / "anchor"
    add(database, timedelta(0))
    with anchor.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        faults = seal_log(database, key, (anchor,), BEGIN).anchor_faults
    assert [(fault.code, fault.context["path"]) for fault in faults] == [("audit.anchor_locked", anchor)]

    assert not seal_log(database, key, (anchor,), BEGIN).anchor_faults
    assert len(anchor.read_text(encoding="utf-8").splitlines()) == 1
