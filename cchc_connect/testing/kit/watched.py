"""A configuration whose adapter is watched: a function sees each page of its sources and may return another one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import PrivateAttr

from cchc_connect.adapter import Adapter, Outgoing, Page, PageRequest, Receipt, Source, Target
from cchc_connect.config.file import Config
from cchc_connect.http import Conversation, Dialect
from cchc_connect.local_sources.contract import LocalSystem

PageWatch = Callable[[Source, PageRequest, Page], Page]
"""Sees each page that a source returns, and returns what the engine gets in its place."""

DeliveryWatch = Callable[[Sequence[Outgoing]], None]
"""Sees each batch before it is delivered."""


@dataclass(frozen=True, kw_only=True)
class WatchedAdapter:
    """An adapter, some of whose sources and targets are watched."""

    dialect: Dialect
    sources: Sequence[Source]
    targets: Sequence[Target]


class WatchedConfig(Config):
    """A configuration whose adapters are watched."""

    _page_watch: PageWatch | None = PrivateAttr(default=None)
    _delivery_watch: DeliveryWatch | None = PrivateAttr(default=None)

    def watch(self, pages: PageWatch | None = None, deliveries: DeliveryWatch | None = None) -> None:
        """Watch the pages and deliveries of all adapters from now on; None: watch them no more."""
        self._page_watch, self._delivery_watch = pages, deliveries

    def adapter(self, name: str) -> Adapter:
        """Return a new adapter for the connection `name`; see `Config.adapter`."""
        adapter = super().adapter(name)
        pages, deliveries = self._page_watch, self._delivery_watch
        if pages is None and deliveries is None:
            return adapter
        if isinstance(adapter, LocalSystem):
            if pages is not None:
                for source in adapter.sources:
                    _exchange_class(source, {"fetch": _watched_local_fetch(source, pages)})
            return adapter
        return WatchedAdapter(
            dialect=adapter.dialect,
            sources=[source if pages is None else _watched_source(source, pages) for source in adapter.sources],
            targets=[
                target if deliveries is None else _watched_target(target, deliveries) for target in adapter.targets
            ],
        )


def _watched_source(source: Source, watch: PageWatch) -> Source:
    """Return the source itself, its class exchanged for a subclass whose `fetch` lets `watch` see its pages.

    A wrapper would lose the optional parts of a source: type checks at run time look at the class.
    """
    own_fetch: Callable[[Any, PageRequest], Conversation[Page]] = type(source).fetch

    def fetch(self: Any, page_request: PageRequest) -> Conversation[Page]:
        page = yield from own_fetch(self, page_request)
        return watch(self, page_request, page)

    _exchange_class(source, {"fetch": fetch})
    return source


def _watched_local_fetch(source: Source, watch: PageWatch) -> Callable[[Any, PageRequest], Page]:
    """Return the `fetch` of a watched source without HTTP, which returns its page."""
    own_fetch = cast("Callable[[Any, PageRequest], Page]", type(source).fetch)

    def fetch(self: Any, page_request: PageRequest) -> Page:
        return watch(self, page_request, own_fetch(self, page_request))

    return fetch


def _watched_target(target: Target, watch: DeliveryWatch) -> Target:
    own_deliver: Callable[[Any, Sequence[Outgoing]], Conversation[Sequence[Receipt]]] = type(target).deliver

    def deliver(self: Any, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        watch(batch)
        return (yield from own_deliver(self, batch))

    _exchange_class(target, {"deliver": deliver})
    return target


def _exchange_class(part: object, members: dict[str, Any]) -> None:
    own_class = type(part)
    watched_class = type(
        own_class.__name__, (own_class,), {"__slots__": (), "__module__": own_class.__module__, **members}
    )
    object.__setattr__(part, "__class__", watched_class)
