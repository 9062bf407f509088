"""Making what leaves of what is due: the record as the target may have it, and the key of its effect.

A message is made while others are under way, so that what is sent next waits for the target only.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Self

from cchc_connect.adapter import Outgoing, field_limits_of
from cchc_connect.database.outbox.deliveries import Delivery
from cchc_connect.sync.route import Route
from cchc_schemas import RECORD_TYPES, Record, RecordInvalid, from_document

MADE_AT_ONCE = 50
"""Messages that are made together."""

ELLIPSIS = "…"
"""Ends a text that was shortened to what the target takes."""


class Making:
    """Makes the messages of one route."""

    def __init__(self, route: Route, *, ahead: bool) -> None:
        """Prepare; without `ahead` a message is made when it is asked for."""
        self._route = route.name
        self._limits = {kind: field_limits_of(target) for kind, target in route.targets.items()}
        self._withheld = {kind: _names_of(route.withhold, kind) for kind in route.record_types}
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="make") if ahead else None
        self._made: dict[int, Future[dict[int, Outgoing]]] = {}

    def begin(self, ready: Sequence[Delivery]) -> None:
        """Begin to make these messages, and forget those before."""
        self._made.clear()
        if self._maker is None:
            return
        for start in range(0, len(ready), MADE_AT_ONCE):
            some = ready[start : start + MADE_AT_ONCE]
            made = self._maker.submit(self._all, some)
            self._made.update({one.sequence: made for one in some})

    def outgoing(self, one: Delivery) -> Outgoing:
        """Return what leaves for a delivery.

        Raises:
            RecordInvalid: the record is none any more.
        """
        made = self._made.get(one.sequence)
        return (made and made.result().get(one.sequence)) or self._outgoing(one)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._maker is not None:
            self._maker.shutdown(wait=True, cancel_futures=True)

    def _all(self, some: Sequence[Delivery]) -> dict[int, Outgoing]:
        """Return what leaves, by sequence; what cannot be made is left out, and fails where it is asked for."""
        made: dict[int, Outgoing] = {}
        for one in some:
            with suppress(RecordInvalid):
                made[one.sequence] = self._outgoing(one)
        return made

    def _outgoing(self, one: Delivery) -> Outgoing:
        record: Record = from_document(RECORD_TYPES[one.record_type], one.document)
        kept_back: dict[str, object] = {name: _default(record, name) for name in self._withheld[one.record_type]}
        shortened = dict(_shortened(record, self._limits[one.record_type], kept_back.keys()))
        one.shortened = tuple(shortened)
        kept_back |= shortened
        identity = f"{self._route}/{one.record_type}/{one.record_key}/{one.sequence}"
        return Outgoing(
            record=record.model_copy(update=kept_back) if kept_back else record,
            idempotency_key=hashlib.sha256(identity.encode()).hexdigest()[:32],
            known=one.known,
        )


def _names_of(places: Iterable[str], record_type: str) -> list[str]:
    """Return the fields that places, `record_type.field`, name of a record type."""
    parted = (place.partition(".") for place in places)
    return [name for kind, _, name in parted if kind == record_type]


def _shortened(record: Record, limits: Mapping[str, int], withheld: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the texts that are longer than the target takes, cut so that one sees it."""
    for name, most in limits.items():
        text = getattr(record, name, None)
        if isinstance(text, str) and len(text) > most and name not in withheld:
            yield name, text[: most - len(ELLIPSIS)] + ELLIPSIS


def _default(record: Record, name: str) -> object:
    return type(record).model_fields[name].get_default(call_default_factory=True, validated_data={})
