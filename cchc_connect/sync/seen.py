"""Which source keys a pass has seen, in eight bytes each: a million keys fit where their texts would not."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

BUCKETS = 64


class SeenKeys:
    """A set of keys that knows each by a hash of 64 bits.

    Two keys of one hash (about once in ten million passes over a million keys) make a vanished record stay
    until a later pass; none is ever deleted by it.
    """

    def __init__(self) -> None:
        """Begin with no key."""
        self._buckets = [array("q") for _ in range(BUCKETS)]
        self._is_sorted = True

    def add(self, keys: Iterable[str]) -> None:
        """Take note of keys; one may come more than once."""
        buckets = self._buckets
        for key in keys:
            known_by = hash(key)
            buckets[known_by % BUCKETS].append(known_by)
        self._is_sorted = False

    def __len__(self) -> int:
        """Return how many different keys there are."""
        self._sort()
        return sum(map(len, self._buckets))

    def __bool__(self) -> bool:
        return any(self._buckets)

    def __contains__(self, key: str) -> bool:
        self._sort()
        known_by = hash(key)
        bucket = self._buckets[known_by % BUCKETS]
        place = bisect_left(bucket, known_by)
        return place < len(bucket) and bucket[place] == known_by

    def _sort(self) -> None:
        if not self._is_sorted:
            self._buckets = [array("q", sorted(set(bucket))) for bucket in self._buckets]
            self._is_sorted = True
