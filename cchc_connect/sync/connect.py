"""From a connection's table to its transport."""

from cchc_connect.adapter import Adapter
from cchc_connect.clock import Clock, SystemClock
from cchc_connect.connections import ConnectionTable
from cchc_connect.database.pace import SharedPace
from cchc_connect.database.shared import SharedDatabase
from cchc_connect.transport import (
    Anonymous,
    Endpoint,
    Hours,
    Pace,
    Policy,
    RequestsTransport,
    Shelf,
    Surroundings,
)
from cchc_connect.transport.hours import Span


class Connecting:
    """Opens transports to connections, with what their processes share on the way."""

    def __init__(
        self, database: SharedDatabase | None = None, clock: Clock | None = None, shelf: Shelf | None = None
    ) -> None:
        """Share quotas by `database` and sessions by `shelf`; without them each process is alone."""
        self._database = database
        self._clock = clock or SystemClock()
        self._shelf = shelf

    def __call__(self, name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float) -> RequestsTransport:
        """Return the transport to the connection `name`; its secrets are taken from where they lie, now.

        Raises:
            ConfigurationError: a secret cannot be read, or an address is none to go to.
        """
        hours = Hours(tuple(map(Span.of, table.hours))) if table.hours else None
        surroundings = Surroundings(now=self._clock.now, pace=self._pace(name, table, adapter), shelf=self._shelf)
        return RequestsTransport(
            endpoint(name, table, adapter), Policy(deadline_s=deadline_s, hours=hours), surroundings
        )

    def _pace(self, name: str, table: ConnectionTable, adapter: Adapter) -> Pace | None:
        rate = adapter.dialect.rate if table.rate is None else table.rate.rate
        if rate is None or self._database is None:
            return None
        return SharedPace(self._database, name, rate, self._clock.now)


def endpoint(name: str, table: ConnectionTable, adapter: Adapter) -> Endpoint:
    """Return the far end of the connection `name`, with its secrets.

    Raises:
        ConfigurationError: a secret or a certificate cannot be read, or an address is none to go to.
    """
    return Endpoint(
        name=name,
        base_url=table.base_url,
        dialect=adapter.dialect,
        authentication=Anonymous() if table.account is None else table.account.authentication(),
        other_origins=frozenset(table.origins),
    )


connect = Connecting()
"""Opens transports that share nothing with other processes."""
