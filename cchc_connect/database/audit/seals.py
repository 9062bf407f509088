"""Seals: signed lists of the last entry of each chain, of which each covers the whole seal before.

A seal signs its own number, instant and key id, the heads of all chains, and the SHA-256 of the whole seal before it,
with that one's signature. So whoever has not the key can neither change an entry before a seal nor leave a seal out.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Connection, Row, func, select, update

from cchc_connect.clock import from_timestamp_text, to_timestamp_text
from cchc_connect.database.audit.chain import GENESIS_HASH, EntryNumber, Head, canonical_json
from cchc_connect.database.audit.entries import head_of
from cchc_connect.database.audit.keys import SealKey, decoded_signature
from cchc_connect.database.tables import audit_entry, audit_seal

DOMAIN = b"cchc-connect audit seal 1\n"
"""Beginning of what a seal signs, so that no signature over something else is one of a seal."""

SEALS_AT_A_TIME = 1000
"""Seals that are read with one query."""


@dataclass(frozen=True, kw_only=True)
class Seal:
    """One seal."""

    id: int
    """From 1 on, without gaps."""
    at: str
    """Instant, UTC, as stored."""
    key_id: str
    heads: tuple[Head, ...]
    """By chain."""
    previous: str
    """SHA-256 of the whole seal before, in hexadecimal digits."""
    signature: str
    """Ed25519 signature in base64."""

    @property
    def signed_content(self) -> bytes:
        """Return what the signature is over."""
        return DOMAIN + canonical_json(self._signed_members()).encode()

    @property
    def line(self) -> str:
        """Return the whole seal as one line, as anchors keep it."""
        return canonical_json({**self._signed_members(), "signature": self.signature})

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the whole seal, in hexadecimal digits."""
        return hashlib.sha256(self.line.encode()).hexdigest()

    @property
    def signature_bytes(self) -> bytes:
        """Return the signature; empty where it is no base64."""
        return decoded_signature(self.signature)

    @classmethod
    def of_line(cls, line: str) -> Self | None:
        """Return the seal of a line, None if it is none."""
        try:
            document = json.loads(line)
            heads = tuple(Head(**head) for head in document.pop("heads"))
            seal = cls(heads=heads, **document)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        return seal if seal.line == line else None

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self | None:
        """Return the seal of a row of `audit_seal`, None if the row is none."""
        try:
            heads = tuple(Head(**head) for head in json.loads(row["heads"]))
        except (ValueError, TypeError):
            return None
        names = ("id", "at", "key_id", "previous", "signature")
        return cls(heads=heads, **{name: row[name] for name in names})

    def _signed_members(self) -> dict[str, object]:
        heads = [head._asdict() for head in self.heads]
        members = {"id": self.id, "at": self.at, "key_id": self.key_id, "previous": self.previous}
        return {**members, "heads": heads}


def add_seal(connection: Connection, key: SealKey, now: datetime) -> Seal | None:
    """Seal all chains in the write transaction of `connection`; None if no entry was added since the latest seal."""
    latest, heads = latest_seal(connection), current_heads(connection)
    if not heads or (latest is not None and latest.heads == heads and latest.key_id == key.key_id):
        return None
    unsigned = Seal(
        id=1 if latest is None else latest.id + 1,
        at=to_timestamp_text(now),
        key_id=key.key_id,
        heads=heads,
        previous=GENESIS_HASH if latest is None else latest.digest,
        signature="",
    )
    signature = base64.b64encode(key.sign(unsigned.signed_content)).decode()
    seal = replace(unsigned, signature=signature)
    stored_heads = canonical_heads(heads)
    connection.execute(audit_seal.insert().values(**{**vars(seal), "heads": stored_heads, "anchored_at": None}))
    return seal


def canonical_heads(heads: Sequence[Head]) -> str:
    """Return heads as `audit_seal` stores them."""
    return canonical_json([head._asdict() for head in heads])


def latest_seal(connection: Connection) -> Seal | None:
    """Return the latest seal, None if there is none."""
    row = connection.execute(select(audit_seal).order_by(audit_seal.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else _of_row(row)


def seals_backwards(connection: Connection, until: datetime, limit: int) -> Iterator[Seal]:
    """Yield the seals that were made until an instant, the latest first, at most `limit`."""
    latest = select(audit_seal).where(audit_seal.c.at <= to_timestamp_text(until)).order_by(audit_seal.c.id.desc())
    with connection.execute(latest.limit(limit).execution_options(yield_per=100)) as rows:
        yield from (seal for row in rows if (seal := _of_row(row)) is not None)


def seals_after(connection: Connection, seal_id: int, limit: int) -> list[Seal]:
    """Return the seals that follow, by number."""
    following = select(audit_seal).where(audit_seal.c.id > seal_id).order_by(audit_seal.c.id).limit(limit)
    return [seal for row in connection.execute(following) if (seal := _of_row(row)) is not None]


def mark_anchored(connection: Connection, seal_id: int, now: datetime) -> None:
    """Note that every anchor has the seals up to this one."""
    is_new = (audit_seal.c.id <= seal_id) & audit_seal.c.anchored_at.is_(None)
    connection.execute(update(audit_seal).where(is_new).values(anchored_at=to_timestamp_text(now)))


def current_heads(connection: Connection) -> tuple[Head, ...]:
    """Return the last entry of each chain, by chain."""
    heads: list[Head] = []
    chain: str | None = ""
    while chain is not None:  # a step through the key for each chain; a group would read every entry
        chain = connection.execute(select(func.min(audit_entry.c.chain)).where(audit_entry.c.chain > chain)).scalar()
        head = None if chain is None else head_of(connection, chain)
        heads += [] if head is None else [head]
    return tuple(sorted(heads))


def unsealed_since(connection: Connection, latest_credible: datetime) -> datetime | None:
    """Return the instant of the oldest entry that no seal covers, None if every one is sealed.

    For an entry that lies after `latest_credible` it is the instant of the latest seal.
    """
    latest = latest_seal(connection)
    sealed = {} if latest is None else {head.chain: head.entry for head in latest.heads}
    instants: list[str] = []
    for head in current_heads(connection):
        first = EntryNumber(head.chain, sealed.get(head.chain, 0) + 1)
        following = (audit_entry.c.chain == first.chain) & (audit_entry.c.entry >= first.entry)
        body = select(audit_entry.c.body).where(following).order_by(audit_entry.c.entry).limit(1)
        instants += [json.loads(stored)["at"] for stored in connection.execute(body).scalars()]
    if not instants:
        return None
    if latest is not None and max(instants) > to_timestamp_text(latest_credible):
        instants.append(latest.at)
    return from_timestamp_text(min(instants))


def _of_row(row: Row[*tuple[Any, ...]]) -> Seal | None:
    return Seal.of_row(row._asdict())  # pyright: ignore[reportPrivateUsage]  # public in SQLAlchemy
