"""What an adapter is: a translator of one agency's system, and nothing more.

An adapter never sees the database, the cursor or the retry loop. It says what its source is (the
profile), how to ask for a page, how a wire item becomes a record's fields, and how records become wire
messages. Asking is written as a generator: it *yields* a request and *receives* the answer, so that the
same adapter works over any carrier, blocking or not::

    def fetch(self, ask: Ask) -> Exchange[Page]:
        answer = yield HttpRequest(method="GET", path="/parcels", params={"after": ask.position or ""})
        ...
        return Page(items=items, next=following)

The contracts are protocols: nothing here needs to be inherited.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeAlias, runtime_checkable

from pydantic import BaseModel

from cchc_connect.http import Dialect, Exchange
from cchc_connect.wire.codecs import Unreadable
from cchc_schemas import Record

Item: TypeAlias = Mapping[str, Any]
"""One wire item as the source wrote it; it is read in the adapter and nowhere else."""


class Deletes(StrEnum):
    """How a source tells that something is gone."""

    NEVER = "never"
    """It does not tell."""
    TOMBSTONES = "tombstones"
    """It lists the keys that are gone (`Page.gone`)."""
    ABSENCE = "absence"
    """What a complete listing lacks is gone."""


class Order(StrEnum):
    """In which order a source lists what changed."""

    NONE = "none"
    """In any; only a pass that came to its end tells up to when the source was read."""
    ASCENDING = "ascending"
    """Oldest change first; a pass that broke off and cannot be taken up has still been read up to there."""


@dataclass(frozen=True, kw_only=True)
class SourceProfile:
    """What a source can be relied on for; the engine behaves from it."""

    changed_since: bool
    """Does it honour `Ask.since`? False: every run lists everything and unchanged items are recognised."""
    deletes: Deletes = Deletes.NEVER
    late_by: timedelta = timedelta(minutes=10)
    """How far behind the watermark a change may still appear (late commits, clock skew)."""
    granularity: timedelta = timedelta(seconds=1)
    """Grain of its change times: a source that dates by the day asks for whole days again."""
    order: Order = Order.NONE
    retention: timedelta | None = None
    """How long it can tell what changed; after a longer pause everything is read. None: for ever."""
    partitions: tuple[str, ...] = ()
    """Parts in which it is listed (communes, say), each with a cursor of its own; none: as a whole."""
    by_key: bool = False
    """Does it honour `Ask.key`?"""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What the engine wants next from a source."""

    since: datetime | None
    """Only what changed at or after this instant (UTC, closed range); None: everything."""
    position: str | None = field(repr=False)
    """Where to go on, as the page before said in `Page.next`; None: at the beginning."""
    until: datetime | None = None
    """No need for what changed after this instant; a source that cannot tell may list it all the same."""
    partition: str = ""
    """The part of the listing that is asked for, one of the profile's `partitions`."""
    key: str | None = None
    """Only the item with this source key, for a source whose profile says `by_key`; None: all items."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a source's answer."""

    items: Sequence[Item] = field(repr=False)
    next: str | None = field(repr=False)
    """Position of the page after this one; None only where the source showed that this is the last."""
    total: int | None = None
    """How many items the source says the whole listing has, where it says so."""
    gone: Sequence[str] = ()
    """Source keys of what is gone, for a source with tombstones; what is among `items` is there all the same."""


class Source(Protocol):
    """One listing of an agency's system that becomes one type of record."""

    @property
    def record_type(self) -> type[Record]:
        """The record its items become."""
        ...

    @property
    def profile(self) -> SourceProfile:
        """What the source can be relied on for."""
        ...

    @property
    def mapping_version(self) -> int:
        """Raise it with every change of `translate`: then unchanged items are read anew, once."""
        ...

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for one page.

        Raises:
            StartOver: the source does not know the position, or not what changed since then, any more.
        """
        ...

    def key(self, item: Item) -> str:
        """Return the source's own stable identifier of `item`, "" where the item lacks it."""
        ...

    def changed_at(self, item: Item) -> datetime | Unreadable | None:
        """Return when the source last changed `item` (aware); None where it does not say."""
        ...

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the record's fields; a value that cannot be read is `Unreadable`, never an exception."""
        ...


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One record on its way out."""

    record: Record
    idempotency_key: str
    """The same over every attempt of the same change."""
    known: bool
    """Did this target accept an earlier version of this record from us?"""


FREE_TEXT = "free_text"
"""Stands for a reason that is no code."""

_REASON = re.compile(r"(?!.*[0-9]{9})[A-Za-z0-9_.:/+-]{1,100}")


class Outcome(StrEnum):
    """What became of one outgoing record."""

    DELIVERED = "delivered"
    DUPLICATE = "duplicate"
    """The target already had exactly this."""
    REFUSED = "refused"
    """Never again as it stands; it becomes a dead letter."""
    RETRY = "retry"
    """Later."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The target's answer for one outgoing record."""

    outcome: Outcome
    reason: str = ""
    """The target's code or a rule id. Free text may hold personal values: of that only is kept that it was some."""

    def __post_init__(self) -> None:
        """Let go of what is no code: the reason is stored, and shown to whoever looks after dead letters."""
        if self.reason and not _REASON.fullmatch(self.reason):
            object.__setattr__(self, "reason", FREE_TEXT)


class Target(Protocol):
    """One service of an agency's system that takes one type of record."""

    @property
    def record_type(self) -> type[Record]:
        """The record it takes."""
        ...

    @property
    def batch_limit(self) -> int:
        """How many records go into one message at the most."""
        ...

    def deliver(self, batch: Sequence[Outgoing]) -> Exchange[Sequence[Receipt]]:
        """Send one message; return a receipt for each record of `batch`, in its order.

        Where the target refuses a batch as a whole, the receipts of all its records are `REFUSED`; the
        engine then sends each alone, so that one bad record never holds the others.
        """
        ...


@runtime_checkable
class TakesInParallel(Protocol):
    """What a target may say beside: how many messages it takes at the same time."""

    @property
    def parallel(self) -> int:
        """Messages under way at once; where a target does not say, it is one."""
        ...


@runtime_checkable
class LimitsFields(Protocol):
    """What a target may say beside: how long its texts may be."""

    @property
    def field_limits(self) -> Mapping[str, int]:
        """Characters of a record's text field at the most; the engine cuts what is longer and keeps that on record."""
        ...


def parallel_of(target: Target) -> int:
    """Return how many messages a target takes at the same time."""
    return target.parallel if isinstance(target, TakesInParallel) else 1


def field_limits_of(target: Target) -> Mapping[str, int]:
    """Return how long a target's texts may be, by the record's field."""
    return target.field_limits if isinstance(target, LimitsFields) else {}


class Adapter(Protocol):
    """One agency's system, configured."""

    @property
    def dialect(self) -> Dialect:
        """How the system talks."""
        ...

    @property
    def sources(self) -> Sequence[Source]:
        """What can be pulled, in the order in which it should be."""
        ...

    @property
    def targets(self) -> Sequence[Target]:
        """What can be pushed."""
        ...


class AdapterFactory(Protocol):
    """What an entry point of the group `cchc_connect.adapters` names: usually the adapter's class."""

    @property
    def Options(self) -> type[BaseModel]:  # noqa: N802  # it is a class
        """The model of the connection's `options` table in cchc.toml.

        A class says `Options: ClassVar = ItsOptions`: that satisfies mypy and pyright alike.
        """
        ...

    def __call__(self, options: Any, /) -> Adapter:
        """Return the adapter for validated options."""
        ...
