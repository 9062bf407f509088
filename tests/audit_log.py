"""The audit log as tests look at it: its bodies, and the first entry that does not fit."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from cchc_connect.database.audit.chain import EntryNumber
from cchc_connect.database.audit.chains import first_broken_entry
from cchc_connect.database.direct.connection import DirectConnection, ParameterStyle
from cchc_connect.database.tables import audit_entry, audit_key


def broken_entry(connection: Connection) -> EntryNumber | None:
    """Return the first entry that does not fit its chain."""
    connection.execute(select(1))  # begins the transaction, in which the driver then reads
    style: ParameterStyle = "named" if connection.dialect.name == "sqlite" else "pyformat"
    return first_broken_entry(DirectConnection(connection.connection.dbapi_connection, style))


def documents(connection: Connection, **members: object) -> Sequence[dict[str, Any]]:
    """Return the bodies with these members, by chain and number; `keys` has also those of `audit_key`."""
    rows = connection.execute(select(audit_entry).order_by(audit_entry.c.chain, audit_entry.c.entry)).all()
    found_documents: list[dict[str, Any]] = []
    for row in rows:
        document: dict[str, Any] = json.loads(row.body)
        same = (audit_key.c.chain == row.chain) & (audit_key.c.entry == row.entry)
        if "keys_digest" in document:
            document["keys"] = list(connection.execute(select(audit_key.c.record_key).where(same)).scalars())
        if all(document.get(name) == value for name, value in members.items()):
            found_documents.append(document)
    return found_documents
