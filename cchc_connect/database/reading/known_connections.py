"""The connections that a database knows, for the refusal of a name that it does not."""

from collections.abc import Collection

from sqlalchemy import Connection, Table, select

from cchc_connect.database.names import require_known
from cchc_connect.database.reading.call_checks import require_text
from cchc_connect.database.tables import cursor


def require_connection(
    transaction: Connection, name: str | None, listed_in: Table, configured: Collection[str] = ()
) -> None:
    """Check that `name`, if any, is a connection that was ever requested, has rows in a table, or is configured.

    Raises:
        UsageMistake: it is not, or it is no text.
    """
    if name is None:
        return
    require_text("connection", name)
    stored = (transaction.scalars(select(table.c.connection).distinct()) for table in (listed_in, cursor))
    names = {*configured, *(connection for connections in stored for connection in connections)}
    require_known("names.connection_unknown", name, sorted(names))
