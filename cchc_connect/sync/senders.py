"""Which connections can send which records, by the configuration and by what was removed from the shared database."""

from collections.abc import Mapping

from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.connections import pulled_connections, released_connections
from cchc_connect.database.writing.ownership import Senders
from cchc_schemas import RECORD_TYPES


def senders_of(config: Config, database: SharedDatabase) -> Senders:
    """Return the connections of a configuration, and those that were removed from the database.

    Raises:
        DatabaseUnusable: the database cannot be read.
    """
    with database.reading() as connection:
        pulled, released = pulled_connections(connection), released_connections(connection)
    configured = config.connections.keys()
    return Senders(
        of_type=connections_by_type(config),
        gone=frozenset(pulled - released - configured),
        released=frozenset(released - configured),
    )


def connections_by_type(config: Config) -> Mapping[str, tuple[str, ...]]:
    """Return for each record type the connections that can send it, in the order of the configuration.

    A program can send every type.
    """
    by_type: dict[str, list[str]] = {record_type: [] for record_type in RECORD_TYPES}
    for name, table in config.connections.items():
        sources = () if table.is_program else config.adapter(name).sources
        for record_type in RECORD_TYPES if table.is_program else {each.record_type.record_type for each in sources}:
            by_type[record_type].append(name)
    return {record_type: tuple(names) for record_type, names in by_type.items()}
