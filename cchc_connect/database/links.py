"""The links of the shared database: what joins a dossier with its permits, and a parcel with its old numbers."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, delete

from cchc_connect.database.bulk import chunks, insert_rows
from cchc_connect.database.relations import Target
from cchc_connect.database.tables import record_link


def write_links(
    connection: Connection, record_type: str, links: Mapping[str, Sequence[Target]], known: Collection[str]
) -> None:
    """Store the links of records, by their key; those whose key is among `known` may have had others before."""
    forget = delete(record_link).where(record_link.c.record_type == record_type)
    for keys in chunks(list(known)):
        connection.execute(forget.where(record_link.c.record_key.in_(keys)))
    rows = [(record_type, key, *target) for key, targets in links.items() for target in targets]
    insert_rows(connection, record_link, rows)
