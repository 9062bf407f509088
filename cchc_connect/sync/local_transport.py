"""Takes the place of a transport where a system is reached without HTTP: it guards opening hours and page limits."""

from contextlib import suppress
from types import TracebackType
from typing import Self

from cchc_connect.adapter import Page
from cchc_connect.clock import Clock
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.errors import SourceHeld
from cchc_connect.http import Conversation, HttpRequest, HttpResponse, Result
from cchc_connect.local_sources.contract import LocalSystem
from cchc_connect.privacy.adapter_failure import ContractBroken
from cchc_connect.sync.error_policy import adapter_boundary
from cchc_connect.transport import Traffic
from cchc_connect.transport.conversation import run_steps
from cchc_connect.transport.opening_hours import OpeningHours, TimeSpan
from cchc_connect.wire.json import RawItem
from cchc_connect.wire.page_limits import PageLimits


class LocalTransport:
    """What the sources of one system without HTTP share; at its end the system is closed."""

    traffic = Traffic()

    def __init__(self, name: str, table: ConnectionTable, system: LocalSystem, clock: Clock) -> None:
        """Prepare it; nothing is opened. `name` and `table` are those of the connection."""
        self._name = name
        self._system = system
        self._clock = clock
        self._hours = OpeningHours(tuple(map(TimeSpan.parse, table.opening_hours))) if table.opening_hours else None
        self._limits = PageLimits(max_items=table.max_page_items, max_item_bytes=table.max_item_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what the system holds open. A failure of that is logged and changes no result."""
        with (
            suppress(SourceHeld),
            adapter_boundary(connection=self._name, record_type=self._system.display_types, called=self._system.close),
        ):
            self._system.close()

    def send(self, request: HttpRequest, /) -> HttpResponse:
        """Refuse a request: there is no HTTP.

        Raises:
            ContractBroken: always.
        """
        raise ContractBroken("Page without a request", request)

    def run(self, conversation: Conversation[Result], /) -> Result:
        """Run a conversation that yields no request, such as that of a target, and return its result."""
        self.require_open()
        return run_steps(conversation, self.send)

    def require_open(self) -> None:
        """Check the opening hours.

        Raises:
            OutsideHours: the system may not be used now.
        """
        if self._hours is not None:
            self._hours.require_open(self._clock.now(), self._name)

    def require_within_limits(self, page: Page) -> None:
        """Check the number of items of a page and the size of each that came as JSON.

        Raises:
            PageTooLarge: there are too many, or one is too large.
        """
        self._limits.require_items(len(page.items))
        self._limits.require_item_bytes(
            max((len(item.raw) for item in page.items if isinstance(item, RawItem)), default=0)
        )
