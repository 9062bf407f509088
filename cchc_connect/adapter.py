"""Contracts that an adapter implements. An adapter translates between one agency's system and the shared records.

An adapter has no access to database, cursor or retry loop. It describes its source (the profile), requests a page,
turns a wire item into the fields of a record, and turns records into wire messages. A conversation with the
system is a generator: it *yields* a request and *receives* the response, so the same adapter works over a blocking
and over an asynchronous transport::

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        params = {"after": page_request.page_token or ""}
        response = yield HttpRequest(method="GET", path="/parcels", params=params)
        listing = Listing.model_validate(response.json())
        return Page(items=listing.parcels, next_page_token=listing.after)

The contracts are protocols: an adapter inherits from none of them. An unexpected exception in an adapter puts
its own stream or route on hold (`SourceHeld`, code `source.adapter_failed`) and no other. In `Source.translate` it
quarantines the item.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from cchc_connect.http import Conversation, Dialect
from cchc_connect.messages import Message
from cchc_connect.wire.codecs import Unreadable
from cchc_connect.wire.json import Item
from cchc_schemas import Record


class DeleteDetection(StrEnum):
    """How the deletion of an item at the source is detected."""

    NEVER = "never"
    """The source reports no deletions."""
    TOMBSTONES = "tombstones"
    """The source lists the keys of deleted items (`Page.deleted_keys`)."""
    ABSENCE = "absence"
    """An item that is missing from a complete listing is deleted."""


class ListingOrder(StrEnum):
    """In which order a source lists changed items."""

    NONE = "none"
    """No particular order; only a pass (a reading from first to last page) that was completed moves the watermark."""
    ASCENDING = "ascending"
    """Oldest change first. A pass that is interrupted and cannot be resumed moves the watermark to where it
    stopped, so that what it read is not read again.
    """


class ListingEnd(StrEnum):
    """Whether the last page of a listing shows that nothing follows it."""

    PROVEN = "proven"
    """The source showed that this is the last page: it linked earlier pages and links none now, its total is reached,
    or the page is empty, or shorter than a page is known to be.
    """
    UNPROVEN = "unproven"
    """The listing stopped without showing that it ended: a full page without a link, a total or a count.

    The pass counts as incomplete, unless the connection says `end = "no_link"`.
    """


@dataclass(frozen=True, kw_only=True)
class SourceProfile:
    """Capabilities of a source. The engine decides from them how it pulls the source.

    Example:
        `SourceProfile(changed_since=True, deletes=DeleteDetection.TOMBSTONES, timestamp_resolution=timedelta(days=1))`
        describes a source that filters by change date, dates changes by the day and lists the keys of deleted items.
    """

    changed_since: bool
    """Whether it honours `PageRequest.since`. False: every run lists everything, unchanged items are found by hash."""
    deletes: DeleteDetection = DeleteDetection.NEVER
    lookback: timedelta = timedelta(minutes=10)
    """How far before the watermark each pull begins, because changes may appear late (late commits, clock skew)."""
    timestamp_resolution: timedelta = timedelta(seconds=1)
    """Resolution of its change times. The start of a pull is rounded down to it: a day means whole days again."""
    order: ListingOrder = ListingOrder.NONE
    retention: timedelta | None = None
    """How long the source keeps changes. If the watermark is older, everything is read. None: without limit."""
    partitions: tuple[str, ...] = ()
    """Parts that are listed separately (communes, for instance), each with its own cursor. Empty: one listing."""
    by_key: bool = False
    """Whether it honours `PageRequest.source_key`."""


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """Request of the engine for one page of a source."""

    since: datetime | None
    """Only items changed at or after this instant (UTC, inclusive); None: all items."""
    page_token: str | None = field(repr=False)
    """Page token: the `Page.next_page_token` of the page before; None: the first page."""
    until: datetime | None = None
    """Items changed after this instant (UTC) are not needed; a source that cannot filter by it may list them anyway."""
    partition: str = ""
    """The part of the listing to fetch, one of the profile's `partitions`; "" where the profile has none."""
    source_key: str | None = None
    """Only the item with this source key, for a source whose profile has `by_key`; None: all items."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a listing."""

    items: Sequence[Item] = field(repr=False)
    next_page_token: str | None = field(repr=False)
    """Page token of the next page; None on the last page, and then `end` says whether it is known to be the last.
    Printable text of at most 8,000 characters. A token or a page that comes twice in one pass puts the stream on hold.
    """
    total: int | None = None
    """Number of items in the complete listing as announced by the source; None where it announces none. A pass that
    sees fewer items than this counts as incomplete and deletes nothing.
    """
    total_has_deleted: bool = False
    """Whether `total` counts the items of `deleted_keys` too: they were marked items of the listing."""
    deleted_keys: Sequence[str] = ()
    """Source keys of deleted items (tombstones). A key that is also among `items` is not deleted."""
    end: ListingEnd = ListingEnd.PROVEN
    """Whether the source showed that this is the last page. Only looked at where `next_page_token` is None."""
    snapshot: str = ""
    """State of the listing, such as the hash of a file: only a listing of another state confirms an absence. The last
    page decides; printable text of at most 200 characters, "" where there is none."""
    next_is_probe: bool = False
    """Whether `next_page_token` is a question beyond what may be the end: the source gave no link, the adapter asks on.

    If the page that answers it repeats one of the pass, the source ignores the question, and the pass ends there,
    unproven, without a hold. An adapter whose source answers with an error returns an empty page, `UNPROVEN` too.
    """
    ends_part: bool = False
    """Whether a part of the listing that is asked for by itself (a month, say) ends here; it may have been empty."""
    lacks: Sequence[Message] = ()
    """What the options name and the response lacks, such as a total: a run goes on, `check` and the kit tell it."""


class Source(Protocol):
    """One listing of an agency's system. Its items become records of one type."""

    @property
    def record_type(self) -> type[Record]:
        """Class of the records that its items become, for instance `LandParcel`."""
        ...

    @property
    def profile(self) -> SourceProfile:
        """Capabilities of the source."""
        ...

    @property
    def mapping_version(self) -> int:
        """Version of `translate`. Increase it with every change: then unchanged items are read again, once."""
        ...

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Fetch one page: yield requests, receive their responses, return the page.

        It is called once for each page. A later run, in another process, may continue from a stored page token.

        Args:
            page_request: which page, and which filters.

        Raises:
            StartOver: the source does not recognise the page token any more, or cannot list what changed since
                `page_request.since` any more.
            SourceHeld: the response is implausible. The stream is put on hold: the next run tries again, and the first
                success ends the hold.
        """
        ...

    def key(self, item: Item) -> str:
        """Return the source's own identifier of `item`, at most 1,000 characters; "" if it has none.

        An item without a key is identified by the key of its record. A key that moves to another record, as row numbers
        do, is no identity: the record keeps what it is, under the key that names it now.
        """
        ...

    def changed_at(self, item: Item) -> datetime | Unreadable | None:
        """Return when the source last changed `item`, with a UTC offset; None if the source does not say."""
        ...

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the values of the record's fields, field name -> value.

        A value that cannot be read is an `Unreadable`, not an exception: so every fault of the item is reported at
        once. An item whose translation raises is quarantined with the fault `translation_failed`.
        """
        ...


@runtime_checkable
class VersionedSource(Protocol):
    """Optional part of a source: it lists former versions of its items beside the current ones."""

    def is_current(self, item: Item) -> bool | None:
        """Return False for a former version, by the source's own mark or dates; None if the source does not say.

        A former version is counted as outdated and is never a record, whatever its key and wherever it is listed. A
        record that it was before passes to the current version.
        """
        ...


@runtime_checkable
class ListsDrafts(Protocol):
    """Optional part of a source: it lists items that are no records yet, such as dossiers that have no number yet."""

    def is_draft(self, item: Item) -> bool:
        """Return whether `item` is no record yet. It is left out and counted, and it is no fault."""
        ...


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One record that is being delivered to a target, or withdrawn from it."""

    record: Record
    """The record without its withheld fields; texts that are too long for the target are already cut.

    In a withdrawal it is the last version before the record was deleted.
    """
    idempotency_key: str
    """32 hexadecimal digits, the same in every attempt to deliver the same change, and of no other change."""
    previously_delivered: bool
    """Whether this target already accepted an earlier version of this record from us, and did not withdraw it since."""
    sequence: int = 0
    """Number of the change in our feed. It rises with each version of a record, also after a restored backup: a target
    that can compare ignores a message with a lower number than it has of this record."""
    version: int = 0
    """Version of the record, from 1 on; after a restored backup a number may come again."""


FREE_TEXT = "free_text"
"""Replaces a reason that is not a code."""

_REASON_CODE = re.compile(r"(?!.*[0-9]{9})[A-Za-z0-9_.:/+-]{1,100}")


class DeliveryStatus(StrEnum):
    """Result of delivering one outgoing record."""

    DELIVERED = "delivered"
    """The target accepted the record."""
    DUPLICATE = "duplicate"
    """The target already had exactly this version of the record."""
    REFUSED = "refused"
    """The target will never accept this message unchanged; it becomes a dead letter."""
    RETRY = "retry"
    """Not accepted now; a later attempt may succeed."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The target's result for one outgoing record.

    >>> Receipt(status=DeliveryStatus.REFUSED, reason="commune_unknown").reason
    'commune_unknown'
    >>> Receipt(status=DeliveryStatus.REFUSED, reason="Unknown applicant: Nguyen Van A").reason
    'free_text'
    """

    status: DeliveryStatus
    reason: str = ""
    """The target's error code or a rule id: at most 100 characters out of A-Z a-z 0-9 _ . : / + -, without nine digits
    in a row. Anything else is replaced by `free_text`, because it may hold personal values.
    """

    def __post_init__(self) -> None:
        """Replace a free-text reason by `free_text`: the reason is stored and is shown with the dead letters."""
        if self.reason and not _REASON_CODE.fullmatch(self.reason):
            object.__setattr__(self, "reason", FREE_TEXT)


class Target(Protocol):
    """One service of an agency's system that accepts one type of record."""

    @property
    def record_type(self) -> type[Record]:
        """Class of the records that it accepts."""
        ...

    @property
    def batch_limit(self) -> int:
        """Maximum number of records in one message, 1 or more."""
        ...

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one message with the records of `batch`: yield requests, receive their responses.

        If the target refuses a batch as a whole, return `REFUSED` for all its records. The engine then sends each
        record alone, so that one bad record does not block the others.

        Returns:
            A list or tuple with one receipt for each record of `batch`, in the same order.

        Raises:
            Rejected: the target will never accept the message; all its records count as `REFUSED`.
            Retriable: the target does not work now; the records are sent again later, with the same idempotency keys.
            SourceHeld: the response is implausible. The route is put on hold: the next run tries again, and the first
                success ends the hold.
        """
        ...


@runtime_checkable
class ParallelTarget(Protocol):
    """Optional part of a target: it accepts several messages at the same time."""

    @property
    def max_parallel(self) -> int:
        """Maximum number of messages under way at the same time. A target without this property gets one at a time."""
        ...


@runtime_checkable
class FieldLimits(Protocol):
    """Optional part of a target: the lengths of its text fields are limited."""

    @property
    def max_lengths(self) -> Mapping[str, int]:
        """Field of the record -> maximum length in characters. The engine cuts longer texts and counts the cuts."""
        ...


@runtime_checkable
class WithdrawalTarget(Protocol):
    """Optional part of a target: it takes withdrawals. Without it the receiver keeps deleted records; they are counted.

    A withdrawal stands in the order of its record's other messages. There is none for a record that the target never
    had. It has receipts, an idempotency key, attempts and entries in the audit log as every message, and a refused one
    becomes a dead letter.
    """

    def withdraw(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one message that withdraws the records of `batch`: after it the receiver no longer holds them.

        A record that the receiver does not hold counts as `DUPLICATE`. The rest is as for `Target.deliver`.
        """
        ...


def takes_withdrawals(target: Target) -> bool:
    """Return whether a target takes withdrawals."""
    return isinstance(target, WithdrawalTarget)


def max_parallel_of(target: Target) -> int:
    """Return how many messages a target accepts at the same time; 1 unless it is a `ParallelTarget`."""
    return target.max_parallel if isinstance(target, ParallelTarget) else 1


def max_lengths_of(target: Target) -> Mapping[str, int]:
    """Return the maximum lengths of a target's texts in characters, by field of the record; empty: no limits."""
    return target.max_lengths if isinstance(target, FieldLimits) else {}


class Adapter(Protocol):
    """One agency's system as one connection configures it."""

    @property
    def dialect(self) -> Dialect:
        """How the system uses HTTP: the meaning of its responses, its headers, login and rate limit."""
        ...

    @property
    def sources(self) -> Sequence[Source]:
        """Listings that can be pulled, in the order in which they are pulled; empty: nothing to pull."""
        ...

    @property
    def targets(self) -> Sequence[Target]:
        """Services to which records can be pushed, one for each record type; empty: nothing to push."""
        ...


class AdapterFactory(Protocol):
    """Makes an adapter from its options: usually its class, named by an entry point of `cchc_connect.adapters`."""

    @property
    def Options(self) -> type[BaseModel]:  # noqa: N802  # it is a class
        """Pydantic model of the connection's `options` table in cchc.toml.

        A class declares it as `Options: ClassVar = RegistryOptions`, which both mypy and pyright accept.
        """
        ...

    def __call__(self, options: Any, /) -> Adapter:
        """Return the adapter for `options`, an instance of `Options`."""
        ...
