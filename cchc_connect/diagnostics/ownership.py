"""Whose records they are: connections that are gone and own records still, and owners that nobody declared."""

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.connections import pulled_connections, released_connections, stored_connections
from cchc_connect.database.tables import claim
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.sync.senders import connections_by_type

OWNERSHIP = "ownership"
"""Subject of findings about owners."""


def ownership_findings(config: Config, database: SharedDatabase | None) -> Iterator[Finding]:
    """Yield the findings on owners: those of the configuration, and where there is a database those of its rows.

    Args:
        config: the loaded configuration.
        database: the shared database; None if there is none yet.

    Raises:
        DatabaseUnusable: it cannot be queried.
    """
    if database is None:
        yield from _undeclared(config, {})
        return
    with database.reading() as connection:
        yield from _undeclared(config, _overlaps(connection))
        yield from _left_behind(config, connection)


def _undeclared(config: Config, overlaps: dict[str, int]) -> Iterator[Finding]:
    """Yield a warning for each record type that several sources can send and whose owner is not declared."""
    for record_type, names in connections_by_type(config).items():
        pulled = [name for name in names if not config.connections[name].is_program]
        senders = names if record_type in overlaps else pulled
        if len(senders) < 2 or record_type in config.ownership:  # noqa: PLR2004  # one sender needs no owner
            continue
        context = {"connections": ", ".join(senders), "first": senders[0], "record_type": record_type}
        claims = overlaps.get(record_type, 0)
        code = "ownership.overlapping" if claims else "ownership.undeclared"
        yield Finding.warning(OWNERSHIP, code, {**context, "claims": claims} if claims else context)


def _overlaps(connection: Connection) -> dict[str, int]:
    """Return by record type how many records several connections send."""
    counted = select(claim.c.record_type, func.count(claim.c.record_key.distinct())).group_by(claim.c.record_type)
    return {row[0]: row[1] for row in connection.execute(counted)}


def _left_behind(config: Config, connection: Connection) -> Iterator[Finding]:
    """Yield a warning for each connection that was pulled, is gone from the configuration and has rows still."""
    pulled, released = pulled_connections(connection), released_connections(connection)
    for name, stored in sorted(stored_connections(connection).items()):
        if name in config.connections or name in released:
            continue
        context = {"name": name, "records": stored.owned}
        if name not in pulled and stored.owned:
            yield Finding.good(name, "ownership.unconfigured_program", context)
        elif stored.has_state:
            more = {"claims": stored.claims, "listings": stored.listings, "quarantined": stored.quarantined}
            yield Finding.warning(OWNERSHIP, "ownership.left_behind", {**context, **more})
