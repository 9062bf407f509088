"""What opens the transport to a connection in a run: over HTTP, or to a system without it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from cchc_connect.adapter import Adapter
from cchc_connect.clock import VietnameseClock
from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.local_sources.contract import LocalSystem
from cchc_connect.sync.connector import TransportFactory
from cchc_connect.sync.local_transport import LocalTransport
from cchc_connect.sync.pull_jobs import ConnectionOpener
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.run_environment import RunEnvironment
from cchc_connect.transport import FileTokenStore, TokenStore, Transport
from cchc_connect.transport.auth.token_store import usable_runtime_folder
from cchc_connect.transport.retry_policy import always, random_request_id


def connection_opener(
    config: Config,
    database: SharedDatabase,
    environment: RunEnvironment,
    *,
    dry_run: bool,
    run_context: RunContext | None = None,
) -> ConnectionOpener:
    """Return what opens the transport to a connection.

    Args:
        config: the loaded configuration.
        database: shares rate limits between processes.
        environment: gives the time, and may have transports of its own.
        dry_run: use stored sessions and store none.
        run_context: the run whose requests they are; the ids of its requests begin with its own. None before a run.
    """
    clock = VietnameseClock(environment.clock)
    token_store = _token_store(config, is_read_only=dry_run)
    new_request_id = random_request_id if run_context is None else run_context.new_request_id
    factory = TransportFactory(database, clock, token_store, new_request_id)

    def open_connection(
        name: str, adapter: Adapter, may_send: Callable[[int], None] = always
    ) -> AbstractContextManager[Transport]:
        table = config.connections[name]
        if isinstance(adapter, LocalSystem):
            return LocalTransport(name, table, adapter, clock)
        open_transport = environment.open_transport or partial(factory, may_send=may_send)
        return open_transport(name, table, adapter, config.run.deadline_s)

    return open_connection


def _token_store(config: Config, *, is_read_only: bool) -> TokenStore | None:
    """Return the token store that processes share: the configured folder, else the runtime folder, else None."""
    if config.run.session_folder is not None:
        return FileTokenStore(config.run.session_folder, is_read_only=is_read_only)
    folder = usable_runtime_folder(is_read_only=is_read_only)
    return None if folder is None else FileTokenStore(folder, is_read_only=is_read_only)
