"""Reads what is due on a route in one run: in the order of the feed, and once the quota is used up what needs none."""

from cchc_connect.database.outbox import deliveries
from cchc_connect.database.outbox.deliveries import Delivery
from cchc_connect.sync.push_permission import Choice
from cchc_connect.sync.run_context import RunContext

DELIVERY_BATCH_SIZE = 2000
"""Deliveries read from the outbox at a time."""


class DueMessages:
    """The messages that are due on one route."""

    def __init__(self, route_name: str, run_context: RunContext) -> None:
        """Prepare; nothing is read."""
        self._route_name = route_name
        self._run_context = run_context
        self._after = 0
        """Sequence of the last message that was read without records that wait for their quota."""
        self._had_effect = False
        """Whether something before it left or was set aside, so that there may be more."""

    def next(self, *, without_records: bool) -> list[Delivery]:
        """Return the next messages; without records those that may leave although the quota is used up."""
        if not without_records:
            self._after, self._had_effect = 0, False
            return self._read(None)
        ready = self._read(self._after)
        if not ready and self._had_effect:
            self._had_effect = False
            ready = self._read(0)
        self._after = ready[-1].sequence if ready else self._after
        return ready

    def note(self, choice: Choice) -> None:
        """Note what became of the messages that were read last."""
        self._had_effect |= bool(choice.leaving or choice.outside)

    def _read(self, after: int | None) -> list[Delivery]:
        name, now = self._route_name, self._run_context.clock.now()
        return self._run_context.read(
            lambda connection: deliveries.due(connection, name, now, DELIVERY_BATCH_SIZE, without_records_after=after)
        )
