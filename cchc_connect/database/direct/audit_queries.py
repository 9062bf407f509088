"""Every query of the direct reader on the audit log."""

from collections.abc import Iterator

from cchc_connect.database.direct.connection import DirectConnection, StoredRow


def audit_chains(connection: DirectConnection) -> list[str]:
    """Return the names of the audit log's chains."""
    return _chains(connection, "audit_entry")


def chains_beside(connection: DirectConnection) -> list[str]:
    """Return the names of the chains of which there are keys of records or persons."""
    return sorted({*_chains(connection, "audit_key"), *_chains(connection, "audit_subject")})


def stored_entries(connection: DirectConnection, chain: str) -> Iterator[StoredRow]:
    """Yield every entry of a chain of the audit log, by number."""
    return connection.stream(
        "SELECT entry, body, hash FROM audit_entry WHERE chain = :chain ORDER BY entry", chain=chain
    )


def first_audit_entry(connection: DirectConnection, chain: str) -> int:
    """Return the smallest number of an entry that a chain still has, 0 if it has none."""
    return connection.number("SELECT min(entry) FROM audit_entry WHERE chain = :chain", chain=chain)


def audit_bodies(connection: DirectConnection, chain: str) -> Iterator[tuple[int, str, str]]:
    """Yield number, body and hash of every entry of a chain, by number."""
    query = "SELECT entry, body, hash FROM audit_entry WHERE chain = :chain ORDER BY entry"
    yield from connection.stream_values(query, chain=chain)


def audit_keys(connection: DirectConnection, chain: str) -> Iterator[tuple[int, str, str]]:
    """Yield entry, type of record and key of every row of `audit_key` of a chain, by these and their code points."""
    collate = "COLLATE BINARY" if connection.is_file else 'COLLATE "C"'
    order = f"entry, record_type {collate}, record_key {collate}"
    query = f"SELECT entry, record_type, record_key FROM audit_key WHERE chain = :chain ORDER BY {order}"  # noqa: S608  # our own text
    yield from connection.stream_values(query, chain=chain)


def audit_subjects(connection: DirectConnection, chain: str) -> Iterator[tuple[int, bytes, str]]:
    """Yield entry, hash and key id of every row of the subject index of a chain, by entry and hash."""
    query = "SELECT entry, subject, key_id FROM audit_subject WHERE chain = :chain ORDER BY entry, subject, key_id"
    yield from connection.stream_values(query, chain=chain)


def audit_seals(connection: DirectConnection, after: int, limit: int) -> list[StoredRow]:
    """Return the seals that follow a number, by number."""
    columns = "id, at, key_id, heads, previous, signature"
    query = f"SELECT {columns} FROM audit_seal WHERE id > :after ORDER BY id LIMIT :number"  # noqa: S608  # our own text
    return connection.rows(query, after=after, number=limit)


def audit_removals(connection: DirectConnection) -> Iterator[str]:
    """Yield the bodies of the entries that say which segments of the audit log were removed."""
    query = "SELECT body FROM audit_entry WHERE body LIKE :pattern ORDER BY chain, entry"
    for row in connection.stream(query, pattern='%"removed":%'):
        yield row["body"]


def stored_entry(connection: DirectConnection, chain: str, entry: int) -> StoredRow | None:
    """Return one entry."""
    query = "SELECT entry, body, hash FROM audit_entry WHERE chain = :chain AND entry = :entry"
    return connection.first(query, chain=chain, entry=entry)


def audit_entries_before(connection: DirectConnection, chain: str, before: int | None, limit: int) -> list[StoredRow]:
    """Return the entries of a chain before a number, the latest first; without number those at its end."""
    query = "SELECT entry, body, hash FROM audit_entry WHERE chain = :chain"
    if before is None:
        return connection.rows(f"{query} ORDER BY entry DESC LIMIT :number", chain=chain, number=limit)
    query = f"{query} AND entry < :before ORDER BY entry DESC LIMIT :number"
    return connection.rows(query, chain=chain, before=before, number=limit)


def keys_of_audit_entry(connection: DirectConnection, chain: str, entry: int) -> list[str]:
    """Return the keys of records that an entry has beside its body."""
    query = "SELECT record_key FROM audit_key WHERE chain = :chain AND entry = :entry ORDER BY record_key"
    return [row["record_key"] for row in connection.rows(query, chain=chain, entry=entry)]


def entries_with_key(connection: DirectConnection, chain: str, record_key: str) -> list[int]:
    """Return the numbers of the entries that have this key beside their body."""
    query = "SELECT DISTINCT entry FROM audit_key WHERE chain = :chain AND record_key = :record_key"
    return [row["entry"] for row in connection.rows(query, chain=chain, record_key=record_key)]


def _chains(connection: DirectConnection, table: str) -> list[str]:
    """Return the chains of a table, with one step through its index for each."""
    chains: list[str] = []
    query = f"SELECT min(chain) AS chain FROM {table}"  # noqa: S608  # one of three names
    row = connection.first(query)
    while row is not None and row["chain"] is not None:
        chains.append(row["chain"])
        row = connection.first(f"{query} WHERE chain > :last", last=chains[-1])
    return chains
