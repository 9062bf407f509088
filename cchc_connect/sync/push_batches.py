"""Splits due deliveries into messages."""

from collections.abc import Iterator, Mapping, Sequence

from cchc_connect.adapter import Target
from cchc_connect.database.outbox.deliveries import Delivery

Batch = list[Delivery]
"""The deliveries of one message."""


def batches(ready: Sequence[Delivery], targets: Mapping[str, Target]) -> Iterator[Batch]:
    """Yield the deliveries of one message each, in the order of the feed, up to the target's batch limit.

    A batch has one record type, withdraws all its records or none, and contains a record only once: its next version
    goes into the next message.

    Args:
        ready: due deliveries, in the order of the feed.
        targets: record type -> what takes its records.
    """
    batch: Batch = []
    keys: set[str] = set()
    for delivery in ready:
        must_split = bool(batch) and (
            (delivery.record_type, delivery.kind) != (batch[0].record_type, batch[0].kind)
            or len(batch) >= targets[delivery.record_type].batch_limit
            or delivery.record_key in keys
        )
        if must_split:
            yield batch
            batch, keys = [], set()
        batch.append(delivery)
        keys.add(delivery.record_key)
    if batch:
        yield batch
