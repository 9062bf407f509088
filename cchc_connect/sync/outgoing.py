"""Routes, and outgoing records built from due deliveries.

An outgoing record is what of the record leaves, plus its idempotency key; a message to a target contains one or more of
them. They are built in a thread while others are being sent, so that sending waits for the target only.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from cchc_connect.adapter import Outgoing, Target, max_lengths_of, takes_withdrawals
from cchc_connect.database.outbox.deliveries import Delivery, DeliveryKind
from cchc_connect.database.outbox.queueing import RouteScope
from cchc_connect.sharing.route_grants import RouteAgreement, RouteGrants, TypeGrant
from cchc_schemas import RECORD_TYPES, Record, RecordInvalid, from_document

BUILD_BATCH_SIZE = 50
"""Deliveries that the thread builds in one task."""

ELLIPSIS = "…"
"""Last character of a text that was cut to the length that the target accepts."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route of the configuration with the services of its receiver."""

    name: str
    record_types: tuple[str, ...]
    """Record types that are sent."""
    connection: str
    """Name of the receiving connection; records that came from it are not sent back."""
    receiver: str
    """Code of the agency that receives the records (mã định danh cơ quan)."""
    account: str
    """Name of our account at the receiver, for the audit log; "" if it has none."""
    agreement: RouteAgreement
    """By which agreement it sends, and what of that it withholds."""
    targets: Mapping[str, Target] = field(default_factory=dict[str, Target])
    """Record type -> service of the receiver that accepts it."""
    configured: frozenset[str] = frozenset()
    """Names of all routes of the configuration: a stored route that is not among them may have been renamed to this."""

    @property
    def scope(self) -> RouteScope:
        """Return what the route sends to whom."""
        withdrawable = {record_type for record_type, target in self.targets.items() if takes_withdrawals(target)}
        return RouteScope(
            name=self.name,
            record_types=self.record_types,
            receiver=self.connection,
            withdrawable=frozenset(withdrawable & set(self.record_types)),
        )


class OutgoingBuilder:
    """Builds the outgoing records of one route."""

    def __init__(self, route: Route, *, ahead: bool) -> None:
        """Create the builder; without `ahead` there is no thread, and each record is built when it is requested."""
        self._max_lengths = {record_type: max_lengths_of(target) for record_type, target in route.targets.items()}
        self._grants: Mapping[str, TypeGrant] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="build") if ahead else None
        self._batches: dict[int, Future[dict[int, Outgoing]]] = {}

    def prepare(self, ready: Sequence[Delivery], grants: RouteGrants) -> None:
        """Start to build the records of these deliveries as `grants` say, and drop those of the deliveries before."""
        self._batches.clear()
        self._grants = grants.by_type
        if self._pool is None:
            return
        for start in range(0, len(ready), BUILD_BATCH_SIZE):
            deliveries = ready[start : start + BUILD_BATCH_SIZE]
            batch = self._pool.submit(self._build_batch, deliveries)
            self._batches.update({delivery.sequence: batch for delivery in deliveries})

    def build(self, delivery: Delivery) -> Outgoing:
        """Return the outgoing record of a delivery, and note on the delivery which fields were cut.

        Raises:
            RecordInvalid: the stored document is not a valid record any more.
        """
        batch = self._batches.get(delivery.sequence)
        return (batch and batch.result().get(delivery.sequence)) or self._build_outgoing(delivery)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _build_batch(self, deliveries: Sequence[Delivery]) -> dict[int, Outgoing]:
        """Return the outgoing records by sequence, without the invalid ones: those raise when they are requested."""
        outgoing_by_sequence: dict[int, Outgoing] = {}
        for delivery in deliveries:
            with suppress(RecordInvalid):
                outgoing_by_sequence[delivery.sequence] = self._build_outgoing(delivery)
        return outgoing_by_sequence

    def _build_outgoing(self, delivery: Delivery) -> Outgoing:
        record_type = delivery.record_type
        grant, is_record = self._grants[record_type], delivery.kind is DeliveryKind.RECORD
        stored = from_document(RECORD_TYPES[record_type], delivery.document)
        record = (grant.records if is_record else grant.withdrawals).sent(stored)
        shortened = dict(_shortened(record, self._max_lengths[record_type]))
        delivery.shortened_fields = tuple(shortened)
        return Outgoing(
            record=record.model_copy(update=shortened) if shortened else record,
            idempotency_key=delivery.idempotency_key or "",
            previously_delivered=delivery.previously_delivered,
            sequence=delivery.sequence,
            version=delivery.version,
        )


def _shortened(record: Record, limits: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield field and cut text for each text that is longer than the target accepts; the cut is visible (`…`)."""
    for name, max_length in limits.items():
        text = getattr(record, name, None)
        if isinstance(text, str) and len(text) > max_length:
            yield name, text[: max_length - len(ELLIPSIS)] + ELLIPSIS
