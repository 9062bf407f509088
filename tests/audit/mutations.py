"""Ways to rewrite a sealed audit log for somebody who may write the whole database and has not the key.

Each returns what it did. It changes every row that the program wrote there, so that only what is kept elsewhere, the
public key and the anchor, can show it.
"""

import base64
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from random import Random

from cchc_connect.database.audit.chain import GENESIS_HASH, Head, canonical_json, chained_hash
from cchc_connect.database.audit.keys import SealKey
from cchc_connect.database.audit.seals import Seal, canonical_heads

Mutation = Callable[[sqlite3.Connection, Random], str]

CHAINS = ("runs", "commands")


def _entry(log: sqlite3.Connection, random: Random) -> tuple[str, int, str, str]:
    rows = log.execute("SELECT chain, entry, body, hash FROM audit_entry").fetchall()
    chain, entry, body, entry_hash = random.choice(rows)
    return chain, entry, body, entry_hash


def flip(text: str, random: Random) -> str:
    """Return a text of which one bit is another; it stays UTF-8."""
    octets = bytearray(text.encode())
    while True:
        position, bit = random.randrange(len(octets)), random.randrange(7)
        changed = bytes(octets[:position]) + bytes([octets[position] ^ 1 << bit]) + bytes(octets[position + 1 :])
        if changed[position] and changed[position] < 0x80 and octets[position] < 0x80:
            return changed.decode()


def rehash(log: sqlite3.Connection, *chains: str) -> None:
    """Make every hash of these chains fit, and lower what the runs have stored of their last entries."""
    for chain in chains or CHAINS:
        previous = GENESIS_HASH
        rows = log.execute("SELECT entry, body FROM audit_entry WHERE chain = ? ORDER BY entry", (chain,)).fetchall()
        for entry, body in rows:
            previous = chained_hash(previous, body)
            log.execute("UPDATE audit_entry SET hash = ? WHERE chain = ? AND entry = ?", (previous, chain, entry))
    log.execute(
        "UPDATE run SET last_audit_entry = min(last_audit_entry, "
        "(SELECT coalesce(max(entry), 0) FROM audit_entry WHERE chain = 'runs'))"
    )


def reseal(log: sqlite3.Connection, key: SealKey, *, key_id: str) -> None:
    """Make every seal again over the heads that are there now, with another key."""
    previous: Seal | None = None
    for seal_id, at, heads in log.execute("SELECT id, at, heads FROM audit_seal ORDER BY id").fetchall():
        present = [head for head in (_present(log, head) for head in json.loads(heads)) if head is not None]
        digest = GENESIS_HASH if previous is None else previous.digest
        unsigned = Seal(id=seal_id, at=at, key_id=key_id, heads=tuple(present), previous=digest, signature="")
        signature = base64.b64encode(key.sign(unsigned.signed_content)).decode()
        previous = replace(unsigned, signature=signature)
        log.execute(
            "UPDATE audit_seal SET key_id = ?, heads = ?, previous = ?, signature = ? WHERE id = ?",
            (key_id, canonical_heads(present), digest, signature, seal_id),
        )


def _present(log: sqlite3.Connection, head: Mapping[str, object]) -> Head | None:
    row = log.execute(
        "SELECT chain, entry, hash FROM audit_entry WHERE chain = ? AND entry <= ? ORDER BY entry DESC LIMIT 1",
        (head["chain"], head["entry"]),
    ).fetchone()
    return None if row is None else Head(*row)


def bit_of_entry(log: sqlite3.Connection, random: Random) -> str:
    chain, entry, body, entry_hash = _entry(log, random)
    column, value = random.choice((("body", body), ("hash", entry_hash)))
    values = (flip(value, random), chain, entry)
    log.execute(f"UPDATE audit_entry SET {column} = ? WHERE chain = ? AND entry = ?", values)  # noqa: S608  # two names
    return f"a bit of {column} of {chain}/{entry}"


def bit_of_seal(log: sqlite3.Connection, random: Random) -> str:
    column = random.choice(("at", "key_id", "heads", "previous", "signature"))
    seal_id, value = random.choice(log.execute(f"SELECT id, {column} FROM audit_seal").fetchall())  # noqa: S608  # as above
    log.execute(f"UPDATE audit_seal SET {column} = ? WHERE id = ?", (flip(value, random), seal_id))  # noqa: S608  # as above
    return f"a bit of {column} of seal {seal_id}"


def rewritten_entry(log: sqlite3.Connection, random: Random) -> str:
    """Change an entry and make the whole chain fit."""
    chain, entry, body, _ = _entry(log, random)
    document = {**json.loads(body), "consumer": "X99"}
    values = (canonical_json(document), chain, entry)
    log.execute("UPDATE audit_entry SET body = ? WHERE chain = ? AND entry = ?", values)
    rehash(log, chain)
    return f"{chain}/{entry} rewritten, hashes fit"


def dropped_entry(log: sqlite3.Connection, random: Random) -> str:
    chain, entry, _, _ = _entry(log, random)
    log.execute("DELETE FROM audit_entry WHERE chain = ? AND entry = ?", (chain, entry))
    if random.random() < 0.5:
        return f"{chain}/{entry} dropped"
    _renumber(log, chain)
    rehash(log, chain)
    return f"{chain}/{entry} dropped, hashes fit"


def _renumber(log: sqlite3.Connection, chain: str) -> None:
    """Number the entries of a chain anew, in their bodies too."""
    rows = log.execute("SELECT entry, body FROM audit_entry WHERE chain = ? ORDER BY entry", (chain,)).fetchall()
    log.execute("DELETE FROM audit_entry WHERE chain = ?", (chain,))
    for number, (_, body) in enumerate(rows, start=1):
        document = canonical_json({**json.loads(body), "entry": number, "chain": chain})
        log.execute("INSERT INTO audit_entry VALUES (?, ?, ?, '')", (chain, number, document))


def swapped_entries(log: sqlite3.Connection, random: Random) -> str:
    (chain, first, first_body, first_hash), (_, second, body, entry_hash) = _two_of_a_chain(log, random)
    for entry, stored in ((first, (body, entry_hash)), (second, (first_body, first_hash))):
        log.execute("UPDATE audit_entry SET body = ?, hash = ? WHERE chain = ? AND entry = ?", (*stored, chain, entry))
    if random.random() < 0.5:
        _renumber(log, chain)
        rehash(log, chain)
    return f"{chain}/{first} and {second} swapped"


def _two_of_a_chain(log: sqlite3.Connection, random: Random) -> list[tuple[str, int, str, str]]:
    rows = log.execute("SELECT chain, entry, body, hash FROM audit_entry WHERE chain = ?", (random.choice(CHAINS),))
    return random.sample(rows.fetchall(), 2)


def inserted_entry(log: sqlite3.Connection, random: Random) -> str:
    """Add an entry before the last sealed one; one after it is told as not sealed, like every new entry."""
    rows = log.execute("SELECT chain, entry, body FROM audit_entry ORDER BY chain, entry").fetchall()
    chain, entry, body = random.choice([row for row, following in pairwise(rows) if row[0] == following[0]])
    log.execute("UPDATE audit_entry SET entry = -entry - 1 WHERE chain = ? AND entry > ?", (chain, entry))
    log.execute("UPDATE audit_entry SET entry = -entry WHERE chain = ? AND entry < 0", (chain,))
    log.execute("INSERT INTO audit_entry VALUES (?, ?, ?, '')", (chain, entry + 1, body))
    if random.random() < 0.5:
        _renumber(log, chain)
    rehash(log, chain)
    return f"an entry after {chain}/{entry}"


def cut_with_seals(log: sqlite3.Connection, random: Random) -> str:
    """Remove the end of all chains with every seal that covers it: what is left is as it once was."""
    (last,) = log.execute("SELECT max(id) FROM audit_seal").fetchone()
    keep = random.randrange(1, last)
    (heads,) = log.execute("SELECT heads FROM audit_seal WHERE id = ?", (keep,)).fetchone()
    log.execute("DELETE FROM audit_seal WHERE id > ?", (keep,))
    for head in json.loads(heads):
        for table in ("audit_entry", "audit_key", "audit_subject"):
            values = (head["chain"], head["entry"])
            log.execute(f"DELETE FROM {table} WHERE chain = ? AND entry > ?", values)  # noqa: S608  # three names
    rehash(log)
    return f"cut with the seals after {keep}"


def all_new_without_seals(log: sqlite3.Connection, random: Random) -> str:
    done = rewritten_entry(log, random)
    log.execute("DELETE FROM audit_seal")
    return f"{done}, no seals"


def all_new_with_late_seals_dropped(log: sqlite3.Connection, random: Random) -> str:
    """Change what only late seals cover, and drop those."""
    (last,) = log.execute("SELECT max(id) FROM audit_seal").fetchone()
    keep = random.randrange(1, last)
    (heads,) = log.execute("SELECT heads FROM audit_seal WHERE id = ?", (keep,)).fetchone()
    entry = next(head["entry"] for head in json.loads(heads) if head["chain"] == "runs") + 1
    (body,) = log.execute("SELECT body FROM audit_entry WHERE chain = 'runs' AND entry = ?", (entry,)).fetchone()
    changed = canonical_json({**json.loads(body), "consumer": "X99"})
    log.execute("UPDATE audit_entry SET body = ? WHERE chain = 'runs' AND entry = ?", (changed, entry))
    rehash(log, "runs")
    log.execute("DELETE FROM audit_seal WHERE id > ?", (keep,))
    return f"runs/{entry} rewritten, seals after {keep} dropped"


def all_new_with_another_key(log: sqlite3.Connection, random: Random) -> str:
    """Change an entry, and make every seal with a key of the attacker's, under the same name or another."""
    done, key_id = rewritten_entry(log, random), random.choice(("audit-2026", "audit-2027"))
    reseal(log, _another_key(key_id), key_id=key_id)
    return f"{done}, sealed anew as {key_id}"


def _another_key(key_id: str) -> SealKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  # of this one

    return SealKey(key_id=key_id, key=Ed25519PrivateKey.generate())


def swapped_chains(log: sqlite3.Connection, random: Random) -> str:
    """Give each chain the other's name; in half of the cases bodies, hashes and seals say so too."""
    for table in ("audit_entry", "audit_key", "audit_subject"):
        for old, new in (("runs", "x"), ("commands", "runs"), ("x", "commands")):
            log.execute(f"UPDATE {table} SET chain = ? WHERE chain = ?", (new, old))  # noqa: S608  # as above
    if random.random() < 0.5:
        for chain in CHAINS:
            _renumber(log, chain)
        rehash(log)
        key_id = random.choice(("audit-2026", "audit-2027"))
        reseal(log, _another_key(key_id), key_id=key_id)
    log.execute("UPDATE run SET last_audit_entry = 1")
    return "chains swapped"


def beginning_removed(log: sqlite3.Connection, random: Random) -> str:
    """Remove the oldest entries up to a sealed head, in half of the cases with an entry that says so."""
    seals = log.execute("SELECT id, heads FROM audit_seal").fetchall()
    seal_id, heads = random.choice(seals[:-1])
    head = random.choice(json.loads(heads))
    for table in ("audit_entry", "audit_key", "audit_subject"):
        values = (head["chain"], head["entry"])
        log.execute(f"DELETE FROM {table} WHERE chain = ? AND entry <= ?", values)  # noqa: S608  # as above
    if random.random() < 0.5:
        return f"everything before seal {seal_id} of {head['chain']}"
    row = "SELECT entry, hash FROM audit_entry WHERE chain = 'commands' ORDER BY entry DESC LIMIT 1"
    last, last_hash = log.execute(row).fetchone()
    segment = {"chain": head["chain"], "first": 1, "last": head["entry"], "hash": head["hash"]}
    at = random.choice(("2026-09-01T00:00:00.000000Z", "2026-08-02T00:00:00.000000Z"))
    members = {"chain": "commands", "entry": last + 1, "kind": "purge", "at": at, "removed": [segment]}
    body = canonical_json(members)
    added = ("commands", last + 1, body, chained_hash(last_hash, body))
    log.execute("INSERT INTO audit_entry VALUES (?, ?, ?, ?)", added)
    return f"everything before seal {seal_id} of {head['chain']}, declared"


def rows_beside(log: sqlite3.Connection, random: Random) -> str:
    """Change what stands beside the entries: the keys of records, or the index of persons."""
    table = random.choice(("audit_key", "audit_subject"))
    column = "record_key" if table == "audit_key" else "subject"
    chain, entry, value = random.choice(log.execute(f"SELECT chain, entry, {column} FROM {table}").fetchall())  # noqa: S608  # as above
    values = f"WHERE chain = ? AND entry = ? AND {column} = ?"
    if random.random() < 0.5:
        log.execute(f"DELETE FROM {table} {values}", (chain, entry, value))  # noqa: S608  # as above
        return f"a row of {table} dropped"
    replacement = f"{value}x" if isinstance(value, str) else bytes(16)
    log.execute(f"UPDATE {table} SET {column} = ? {values}", (replacement, chain, entry, value))  # noqa: S608  # as above
    return f"a row of {table} changed"


MUTATIONS: tuple[Mutation, ...] = (
    bit_of_entry,
    bit_of_seal,
    rewritten_entry,
    dropped_entry,
    swapped_entries,
    inserted_entry,
    cut_with_seals,
    all_new_without_seals,
    all_new_with_late_seals_dropped,
    all_new_with_another_key,
    swapped_chains,
    beginning_removed,
    rows_beside,
)


def mutations(number: int, seed: int) -> Iterator[tuple[Mutation, Random]]:
    """Yield so many mutations, each kind in turn, with the random numbers of each."""
    for index in range(number):
        yield MUTATIONS[index % len(MUTATIONS)], Random(f"{seed}-{index}")  # repeatable
