"""Record links: references between records, such as from permits to their dossier and parcels."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, delete

from cchc_connect.database.bulk import chunks, insert_rows
from cchc_connect.database.tables import record_link
from cchc_connect.database.writing.relations import Target


def write_links(
    connection: Connection, record_type: str, links: Mapping[str, Sequence[Target]], existing: Collection[str]
) -> None:
    """Store the links of records by record key; the former links of those keys in `existing` are deleted."""
    former = delete(record_link).where(record_link.c.record_type == record_type)
    for keys in chunks(list(existing)):
        connection.execute(former.where(record_link.c.record_key.in_(keys)))
    rows = [(record_type, key, *target) for key, targets in links.items() for target in targets]
    insert_rows(connection, record_link, rows)
