"""What the shared database shows for a key, whoever owns it, beside what a connection sends for that key."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from cchc_connect.database.bulk import batches
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import change, claim
from cchc_connect.database.writing.claims import Document
from cchc_connect.database.writing.ownership import Owners

CLAIM_BATCH_SIZE = 1000
"""Claims in memory at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownRecord:
    """One live record as every reader gets it."""

    owner: str
    document: str = field(repr=False)


def shown_records(connection: Connection, record_type: str, record_keys: Sequence[str]) -> dict[str, ShownRecord]:
    """Return the live records with these keys, by key."""
    table = record_table(record_type)
    columns = select(table.c.record_key, table.c.connection, change.c.document)
    live = columns.join(change, change.c.sequence == table.c.sequence).where(table.c.deleted_at.is_(None))
    return {
        row.record_key: ShownRecord(owner=row.connection, document=row.document)
        for batch in batches(record_keys)
        for row in connection.execute(live.where(table.c.record_key.in_(batch)))
    }


def differing_owners(stream: Stream, sent: Document, shown: ShownRecord, owners: Owners) -> set[str]:
    """Return the other connections that own fields in which a record differs from what the stream's source sends.

    A value that the source does not have is no difference.
    """
    if sent == (document := json.loads(shown.document)):
        return set()
    stated = {name: value for name, value in sent.items() if value not in (None, [])}
    differing = [name for name, value in stated.items() if value != document.get(name)]
    return {owners.fields.get(name, shown.owner) for name in differing} - {stream.connection}


def differing_claims(connection: Connection, stream: Stream, owners: Owners) -> Iterator[tuple[str, set[str]]]:
    """Yield source key and differing owners of the stored claims of a stream that differ from the record shown."""
    after = ""
    while rows := _next_claims(connection, stream, after):
        shown = shown_records(connection, stream.record_type, list({key: None for _, key, _ in rows}))
        for source_key, record_key, document in rows:
            if record_key in shown:
                differing = differing_owners(stream, json.loads(document), shown[record_key], owners)
                if differing:
                    yield source_key, differing
        after = rows[-1][0]


def _next_claims(connection: Connection, stream: Stream, after: str) -> list[tuple[str, str, str]]:
    of_stream = (claim.c.record_type == stream.record_type) & (claim.c.connection == stream.connection)
    columns = select(claim.c.source_key, claim.c.record_key, claim.c.document).where(of_stream)
    following = columns.where(claim.c.source_key > after).order_by(claim.c.source_key).limit(CLAIM_BATCH_SIZE)
    return [(row[0], row[1], row[2]) for row in connection.execute(following)]


def owners_text(counted: Mapping[str, int]) -> str:
    """Return the names of owners for a message, the one with most records first.

    >>> owners_text({"desk": 1, "land": 3})
    'land (3), desk (1)'
    """
    ordered = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{owner} ({number})" for owner, number in ordered)
