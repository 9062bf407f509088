"""What another agency says of a fact that is not its own, kept beside the owner's value."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update

from cchc_connect.database.statements import chunks, insert_sql
from cchc_connect.database.tables import discrepancy
from cchc_schemas import Record

Voice = tuple[str, Mapping[str, Any]]
"""A connection and the document of the record as that connection has it."""


def write_discrepancies(connection: Connection, record: Record, *, owner: Voice, other: Voice, now: str) -> None:
    """Keep, field by field, where `other` differs from `owner`; a difference that ended is forgotten.

    A difference that was known already keeps its age; where nothing changed nothing is written.
    """
    here = (
        (discrepancy.c.record_type == record.record_type)
        & (discrepancy.c.record_key == record.key)
        & (discrepancy.c.connection == other[0])
    )
    known = {row.field: row for row in connection.execute(select(discrepancy).where(here))}
    rows: list[tuple[str, ...]] = []
    for name, value in other[1].items():
        if value == owner[1].get(name):
            continue
        said, owned = _text(value), _text(owner[1].get(name))
        before = known.pop(name, None)
        if before is not None and (before.value, before.owner_value, before.owner) == (said, owned, owner[0]):
            continue
        since = now if before is None else before.since
        if before is not None:
            connection.execute(delete(discrepancy).where(here & (discrepancy.c.field == name)))
        rows.append((record.record_type, record.key, name, other[0], said, owned, owner[0], since))
    if known:
        connection.execute(delete(discrepancy).where(here & discrepancy.c.field.in_(list(known))))
    if rows:
        connection.exec_driver_sql(insert_sql(discrepancy), rows)


def follow_owner(connection: Connection, owner: str, documents: Mapping[str, Mapping[str, Any]], kind: str) -> None:
    """Bring the open discrepancies of records up to their owner's new words; one that ended is forgotten.

    `documents` are the records of type `kind` that `owner` changed, by record key.
    """
    for keys in chunks(list(documents)):
        concerned = (discrepancy.c.record_type == kind) & discrepancy.c.record_key.in_(keys)
        for row in connection.execute(select(discrepancy).where(concerned & (discrepancy.c.connection != owner))).all():
            here = concerned & (discrepancy.c.record_key == row.record_key) & (discrepancy.c.field == row.field)
            here &= discrepancy.c.connection == row.connection
            owned = _text(documents[row.record_key].get(row.field))
            if row.value == owned:
                connection.execute(delete(discrepancy).where(here))
            elif (row.owner_value, row.owner) != (owned, owner):
                connection.execute(update(discrepancy).where(here).values(owner_value=owned, owner=owner))


def discrepancies(connection: Connection) -> list[RowMapping]:
    """Return every open discrepancy, oldest first."""
    return list(connection.execute(select(discrepancy).order_by(discrepancy.c.since)).mappings())


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
