"""Rules of audit log entries: what a body holds, how chains are numbered, where many keys and persons are kept."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from cchc_connect.database.audit.chain import COMMANDS_CHAIN, GENESIS_HASH, RUNS_CHAIN, EntryNumber, parse_entry_number
from cchc_connect.database.audit.entries import (
    AuditEntry,
    AuditKind,
    Decision,
    Disclosure,
    append,
    entry_of_body,
    keys_digest_of_body,
)
from cchc_connect.database.audit.subjects import Subjects, subject_hash
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import audit_entry, audit_key, audit_subject
from tests.audit_log import broken_entry
from tests.databases import DATABASE_KINDS, prepared_address

AT = datetime(2026, 8, 1, 2, 30, tzinfo=UTC)

FULL = AuditEntry(
    at=AT,
    kind=AuditKind.READ,
    request_id="a.1",
    run_id="a",
    official="cb-017",
    account="svc",
    consumer="000.00.05.H09",
    provider="000.00.07.H09",
    purpose="construction_permit",
    agreement="sxd-tnmt-2026-01@2",
    acts=("nd-217-2026", "luat-91-2025"),
    dossier="H09.5-260801-0001",
    procedure="1.009994",
    record_type="land_parcel",
    fields={"scheme": "plain", "holders.id_number": "masked"},
    keys=("25747/12/7", "25747/12/8"),
    count=2,
    decision=Decision.RELEASED,
    reasons=("no_agreement",),
    answer_sha512="ab" * 64,
    disclosure=Disclosure.DELAYED,
    disclosed_from=date(2027, 1, 1),
    details={"range": {"first": 1, "last": 9}},
)


@pytest.fixture(params=DATABASE_KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SharedDatabase]:
    with (
        prepared_address(request.param, tmp_path) as address,
        SharedDatabase(address, create_or_upgrade=True) as opened,
    ):
        yield opened


def bodies(database: SharedDatabase) -> list[str]:
    with database.reading() as connection:
        ordered = select(audit_entry.c.body).order_by(audit_entry.c.chain, audit_entry.c.entry)
        return list(connection.execute(ordered).scalars())


def test_an_entry_is_read_back_as_it_was_written(database: SharedDatabase) -> None:
    with database.writing() as connection:
        append(connection, FULL, chain=COMMANDS_CHAIN)

    (body,) = bodies(database)
    assert entry_of_body(body) == FULL
    assert json.dumps(json.loads(body), ensure_ascii=False, sort_keys=True, separators=(",", ":")) == body


def test_what_does_not_apply_is_not_in_the_body(database: SharedDatabase) -> None:
    with database.writing() as connection:
        append(connection, AuditEntry(at=AT, kind=AuditKind.PULL), chain=RUNS_CHAIN)

    (body,) = bodies(database)
    assert body == '{"at":"2026-08-01T02:30:00.000000Z","chain":"runs","count":0,"entry":1,"kind":"pull"}'
    assert entry_of_body(body) == AuditEntry(at=AT, kind=AuditKind.PULL)


def test_each_chain_has_its_own_numbers_and_hashes(database: SharedDatabase) -> None:
    with database.writing() as connection:
        numbers = [append(connection, FULL, chain=chain) for chain in (RUNS_CHAIN, COMMANDS_CHAIN, RUNS_CHAIN)]

    assert numbers == [EntryNumber("runs", 1), EntryNumber("commands", 1), EntryNumber("runs", 2)]
    with database.reading() as connection:
        rows = connection.execute(select(audit_entry).where(audit_entry.c.chain == "runs")).all()
        assert broken_entry(connection) is None
    expected = GENESIS_HASH
    for row in rows:
        expected = hashlib.sha256(f"{expected}\n{row.body}".encode()).hexdigest()
        assert row.hash == expected


def test_more_keys_than_fit_stand_in_their_own_table(database: SharedDatabase) -> None:
    """The body has their number and digest; a key that occurs twice counts once."""
    keys = tuple(f"k{number:03}" for number in range(201))
    with database.writing() as connection:
        append(connection, replace(FULL, keys=(*reversed(keys), "k000")), chain=RUNS_CHAIN)

    (body,) = bodies(database)
    digest = keys_digest_of_body(body)
    assert digest is not None
    pairs = json.dumps([["land_parcel", key] for key in keys], separators=(",", ":"))
    assert (digest.count, digest.sha256) == (201, hashlib.sha256(pairs.encode()).hexdigest())
    assert entry_of_body(body).keys == ()
    with database.reading() as connection:
        stored = connection.execute(select(audit_key).order_by(audit_key.c.record_key)).all()
    assert [tuple(row) for row in stored] == [("runs", 1, "land_parcel", key) for key in keys]


def test_persons_stand_in_the_index_and_only_their_digest_in_the_body(database: SharedDatabase) -> None:
    subjects = Subjects(key_id="2026", hashes=frozenset({subject_hash(b"k" * 32, "001099000001")}))
    with database.writing() as connection:
        append(connection, FULL, chain=RUNS_CHAIN, subjects=subjects)
        append(connection, FULL, chain=RUNS_CHAIN, subjects=subjects)

    digests = [json.loads(body)["subjects"]["sha256"] for body in bodies(database)]
    assert len(set(digests)) == 2
    assert "001099000001" not in "".join(bodies(database))
    with database.reading() as connection:
        rows = connection.execute(select(audit_subject)).all()
    assert [(row.subject, row.key_id, row.entry) for row in rows] == [(*subjects.hashes, "2026", n) for n in (1, 2)]


def test_an_entry_in_another_place_does_not_fit(database: SharedDatabase) -> None:
    """Its body names chain and number, also where somebody made the hashes fit."""
    with database.writing() as connection:
        append(connection, FULL, chain=RUNS_CHAIN)

    (body,) = bodies(database)
    assert (json.loads(body)["chain"], json.loads(body)["entry"]) == ("runs", 1)


def test_an_entry_of_a_former_program_is_read_with_todays_names() -> None:
    former = {
        "at": "2025-03-01T00:00:00.000000Z",
        "run_id": "r",
        "route": "portal",
        "receiver": "G22",
        "account": "",
        "purpose": "p",
        "legal_basis": "l",
        "record_type": "dossier",
        "record_keys": ["A", "B"],
        "kind": "withdrawal",
        "outcomes": ["delivered", "retry"],
    }

    entry = entry_of_body(json.dumps(former))

    assert (entry.kind, entry.consumer, entry.keys, entry.count) == (AuditKind.PUSH, "G22", ("A", "B"), 2)
    assert (entry.message_kind, entry.outcome, entry.account) == ("withdrawal", "delivered retry", None)


@pytest.mark.parametrize("text", ["runs", "runs/", "/1", "runs/x", "runs/-1", ""])
def test_a_text_that_writes_no_number_is_none(text: str) -> None:
    assert parse_entry_number(text) is None
