"""Whether the connections of `cchc.toml` and the province's list of databases name each other rightly."""

from collections.abc import Iterator

from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.quality.registered import configured_codes, listed_databases


def registered_database_findings(config: Config, database: SharedDatabase) -> Iterator[Finding]:
    """Yield a warning for each code that the list does not have, and each connection that `cchc.toml` does not have.

    Args:
        config: the loaded configuration.
        database: the shared database.

    Raises:
        DatabaseUnusable: it cannot be queried.
    """
    with database.reading() as connection:
        listed = listed_databases(connection, config)
    codes = sorted(each.code for each in listed)
    for code, names in configured_codes(config).items():
        if code not in codes:
            for name in names:
                context = {"code": code, "suggestion": suggestion(code, codes)}
                yield Finding.warning(name, "registered_databases.unknown", context)
    for each in listed:
        for name in each.connections:
            if name not in config.connections:
                context = {"connection": name, "code": each.code, "suggestion": suggestion(name, config.connections)}
                yield Finding.warning(name, "registered_databases.not_configured", context)
