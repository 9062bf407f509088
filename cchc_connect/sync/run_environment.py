"""What a run uses beside its configuration and database: clock, transports, callbacks."""

import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from cchc_connect.adapter import Adapter
from cchc_connect.clock import Clock, SystemClock
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.sync.concurrency import Executor
from cchc_connect.sync.run_context import Progress, never, no_progress
from cchc_connect.transport import Transport

TransportOpener = Callable[[str, ConnectionTable, Adapter, float], AbstractContextManager[Transport]]
"""Opens the transport to a connection: its name, table, adapter and a call's deadline in seconds."""


def _new_run_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, kw_only=True)
class RunEnvironment:
    """Everything that a run uses beside its configuration and database. Tests replace parts of it."""

    clock: Clock = field(default_factory=SystemClock)
    """Gives the time; a time without offset is Vietnamese time."""
    open_transport: TransportOpener | None = None
    """Opens transports. None: over the network, with the rate limits and sessions that all processes share."""
    executor: Executor | None = None
    """Runs the jobs. None: threads of this process, as many as the configuration allows."""
    progress: Progress = no_progress
    """Callback for the progress; several threads call it."""
    new_run_id: Callable[[], str] = _new_run_id
    """Returns the id of a new run."""
    is_stopping: Callable[[], bool] = never
    """Returns whether the run was asked to end. The run then ends after the current page or messages."""
    sleep: Callable[[float], None] = time.sleep
    """Waits for a number of seconds before a broken transaction is repeated."""
    prefetch: int = 1
    """Pages fetched ahead while one is translated and one is written; 0: these stages
    run one after the other without threads; the threads of `executor` are separate."""
