"""Sets of seconds as sorted intervals: union, intersection, difference, length."""

from collections.abc import Iterable
from typing import Self


class Intervals:
    """A set of seconds: intervals of whole seconds since 1970 (UTC), each without its end, sorted and apart.

    >>> Intervals([(0, 10), (20, 30)]) - Intervals([(5, 25)])
    Intervals([(0, 5), (25, 30)])
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Iterable[tuple[int, int]] = ()) -> None:
        """Take intervals in any order, which may overlap; empty ones are left out."""
        joined = list[tuple[int, int]]()
        for start, end in sorted(part for part in parts if part[0] < part[1]):
            if joined and start <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(end, joined[-1][1])
            else:
                joined.append((start, end))
        self.parts = tuple(joined)

    def __or__(self, operand: Self) -> Self:
        return type(self)((*self.parts, *operand.parts))

    def __and__(self, operand: Self) -> Self:
        shared, index = list[tuple[int, int]](), 0
        for start, end in self.parts:
            while index < len(operand.parts) and operand.parts[index][1] <= start:
                index += 1
            position = index
            while position < len(operand.parts) and operand.parts[position][0] < end:
                shared.append((max(start, operand.parts[position][0]), min(end, operand.parts[position][1])))
                position += 1
        return type(self)(shared)

    def __sub__(self, operand: Self) -> Self:
        if not operand.parts or not self.parts:
            return self
        first, last = self.parts[0][0], self.parts[-1][1]
        ends = [first, *(instant for part in operand.parts for instant in part), last]
        return self & type(self)(zip(ends[::2], ends[1::2], strict=True))

    def __contains__(self, instant: int) -> bool:
        return any(start <= instant < end for start, end in self.parts)

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __eq__(self, operand: object) -> bool:
        return isinstance(operand, Intervals) and self.parts == operand.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def __repr__(self) -> str:
        return f"Intervals({list(self.parts)})"

    @property
    def seconds(self) -> int:
        """Return how many seconds are in the set."""
        return sum(end - start for start, end in self.parts)
