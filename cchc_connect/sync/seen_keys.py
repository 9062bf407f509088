"""The source keys that a pass saw: eight bytes each, so that a million keys fit into memory."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

BUCKETS = 64
"""Number of arrays over which the hashes are distributed."""


class SeenKeys:
    """A set of keys that stores only a 64-bit hash of each key.

    If two keys have the same hash (about once in ten million passes over a million keys), a vanished record stays
    until a later pass. A collision never deletes a record.
    """

    def __init__(self) -> None:
        """Create an empty set."""
        self._buckets = [array("q") for _ in range(BUCKETS)]
        self._is_sorted = True
        self._distinct: int | None = None

    def add(self, keys: Iterable[str]) -> None:
        """Add keys; a key may be added more than once."""
        buckets = self._buckets
        for key in keys:
            key_hash = hash(key)
            buckets[key_hash % BUCKETS].append(key_hash)
        self._is_sorted, self._distinct = False, None

    def times(self, key: str) -> int:
        """Return how many times a key was added."""
        key_hash, is_sorted = hash(key), self._is_sorted
        bucket = self._buckets[key_hash % BUCKETS]
        if is_sorted:
            return bisect_right(bucket, key_hash) - bisect_left(bucket, key_hash)
        return bucket.count(key_hash)

    def __len__(self) -> int:
        """Return the number of different keys."""
        if self._distinct is None:
            self._distinct = sum(len(set(bucket)) for bucket in self._buckets)
        return self._distinct

    def __bool__(self) -> bool:
        return any(self._buckets)

    def __contains__(self, key: str) -> bool:
        self._sort()
        key_hash = hash(key)
        bucket = self._buckets[key_hash % BUCKETS]
        index = bisect_left(bucket, key_hash)
        return index < len(bucket) and bucket[index] == key_hash

    def _sort(self) -> None:
        if not self._is_sorted:
            self._buckets = [array("q", sorted(bucket)) for bucket in self._buckets]
            self._is_sorted = True
