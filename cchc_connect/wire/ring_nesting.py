"""Nest rings into polygons: each hole belongs to the smallest ring around it, and a ring in a hole is an island.

Esri lists all rings of all polygons in one list, outer rings clockwise and holes the other way (Esri REST API, geometry
objects). Servers do not keep to it, so that area and containment decide, and the direction does not. A ring is within
another one if none of its corners is outside; it may touch it.

Sources of the cases: pysal/pysal#852 and GeospatialPython/pyshp#202 (islands in holes), mbostock/shapefile#59 and
elastic/elasticsearch#9511 (holes that touch), tmontaigu/shapefile-rs#55 (direction).
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot, isqrt
from typing import TypeAlias

Position: TypeAlias = Sequence[float]
Ring: TypeAlias = Sequence[Position]
"""A closed ring: its first position is its last one."""

_Side: TypeAlias = tuple[float, float, float, float]

_LAYERS_PER_SIDE = 4
_MAX_COMPARISONS = 3_000_000
"""Sides and rings of one shape that are compared: some seconds of work."""
_PRECISION = 1e-9
"""Part of a coordinate within which two positions are one: a millimetre of a northing."""


@dataclass(slots=True)
class _Budget:
    """What may still be compared for one shape, so that time is bounded whatever a source sends."""

    remaining: int = _MAX_COMPARISONS

    def spend(self, comparisons: int) -> bool:
        """Return whether so many comparisons may be made, and count them."""
        self.remaining -= comparisons
        return self.remaining >= 0


@dataclass(slots=True)
class _Node:
    """A ring and where it lies."""

    ring: Ring
    number: int
    is_clockwise: bool
    size: float
    """Area, in square units of the coordinates."""
    box: tuple[float, float, float, float]
    border: "_Border | None" = None
    is_outer: bool = True
    holes: list[Ring] = field(default_factory=list[Ring])


@dataclass(frozen=True, slots=True)
class Nesting:
    """Polygons made of rings, and what was amiss with the rings."""

    polygons: list[list[Ring]]
    """Outer ring, counter-clockwise, then holes, clockwise (RFC 7946, 3.1.6)."""
    is_repeated: bool
    """Whether a ring was there twice; it is used once."""
    is_turned: bool
    """Whether a ring's direction says something else than where it lies."""


def nested(rings: Sequence[Ring]) -> Nesting:
    """Return the polygons that rings make, in the order of their outer rings.

    In a shape that would take too many comparisons, the smallest rings count as outer ones.
    """
    budget = _Budget()
    nodes, is_repeated = _distinct([_node(number, ring) for number, ring in enumerate(rings)])
    by_size = sorted(nodes, key=lambda node: -node.size)
    candidates = _larger_rings(by_size, budget)
    for node in by_size:
        parent = next((outer for outer in candidates(node) if _is_within(node, outer, budget)), None)
        node.is_outer = parent is None or not parent.is_outer
        if parent is not None and not node.is_outer:
            parent.holes.append(_wound(node, clockwise=True))
    return Nesting(
        polygons=[[_wound(node, clockwise=False), *node.holes] for node in nodes if node.is_outer],
        is_repeated=is_repeated,
        is_turned=any(node.is_outer is not node.is_clockwise for node in nodes if node.size),
    )


def _node(number: int, ring: Ring) -> _Node:
    doubled = _doubled_area(ring)
    xs, ys = [position[0] for position in ring], [position[1] for position in ring]
    return _Node(ring, number, doubled < 0, abs(doubled) / 2, (min(xs), min(ys), max(xs), max(ys)))


def _doubled_area(ring: Ring) -> float:
    """Return twice the signed area of a ring: positive if it runs counter-clockwise."""
    # Relative to the first corner: projected coordinates are large and would cost the sum precision.
    east, north = ring[0][0], ring[0][1]
    corners = [(corner[0] - east, corner[1] - north) for corner in ring]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(corners))


def _distinct(nodes: list[_Node]) -> tuple[list[_Node], bool]:
    """Return the rings without those that have the sides of an earlier one."""
    rings_by_box = Counter(node.box for node in nodes)
    seen = set[tuple[int, frozenset[frozenset[tuple[float, float]]]]]()
    distinct: list[_Node] = []
    for node in nodes:
        if rings_by_box[node.box] > 1:  # only then the ring may be there twice
            form = len(node.ring), _sides(node.ring)
            if form in seen:
                continue
            seen.add(form)
        distinct.append(node)
    return distinct, len(distinct) < len(nodes)


def _sides(ring: Ring) -> frozenset[frozenset[tuple[float, float]]]:
    corners = [(position[0], position[1]) for position in ring]
    return frozenset(map(frozenset, pairwise(corners)))


def _wound(node: _Node, *, clockwise: bool) -> Ring:
    return node.ring if node.is_clockwise is clockwise or not node.size else list(reversed(node.ring))


def _larger_rings(by_size: Sequence[_Node], budget: _Budget) -> Callable[[_Node], Iterator[_Node]]:
    """Return a function that yields the rings larger than one, the smallest first, whose extent is around its own.

    Rings stand in columns of the shape, so that thousands of them are not compared with each other.
    """
    west, east = min(node.box[0] for node in by_size), max(node.box[2] for node in by_size)
    width = (east - west) / (isqrt(len(by_size)) + 1) or 1.0
    columns = defaultdict[int, list[tuple[int, _Node]]](list)
    ranks: dict[int, int] = {}
    for rank, node in enumerate(by_size):
        ranks[node.number] = rank
        for column in range(int((node.box[0] - west) / width), int((node.box[2] - west) / width) + 1):
            columns[column].append((rank, node))

    def larger(node: _Node) -> Iterator[_Node]:
        rank, margin = ranks[node.number], _margin(node)
        column = columns[int((node.box[0] + node.box[2] - 2 * west) / 2 / width)]
        for index in range(bisect_left(column, rank, key=_rank) - 1, -1, -1):
            if not budget.spend(1):
                return
            if _is_around(column[index][1].box, node.box, margin):
                yield column[index][1]

    return larger


def _rank(ranked: tuple[int, _Node]) -> int:
    return ranked[0]


def _margin(node: _Node) -> float:
    return _PRECISION * max(map(abs, node.box))


def _is_around(
    outer: tuple[float, float, float, float], inner: tuple[float, float, float, float], margin: float
) -> bool:
    return (
        outer[0] <= inner[0] + margin
        and outer[1] <= inner[1] + margin
        and outer[2] >= inner[2] - margin
        and outer[3] >= inner[3] - margin
    )


def _is_within(inner: _Node, outer: _Node, budget: _Budget) -> bool:
    """True if no corner of `inner` is outside; where all corners are on the border, the middles of its sides decide."""
    border = outer.border = outer.border or _Border(outer, budget)
    sides = [border.side(position) for position in inner.ring]
    if any(side < 0 for side in sides):
        return False
    if any(side > 0 for side in sides):
        return True
    middles = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in pairwise(inner.ring)]
    sides = [border.side(middle) for middle in middles]
    return all(side >= 0 for side in sides) and any(side > 0 for side in sides)


class _Border:
    """The sides of a ring in layers from south to north, so that a position is compared with few of them."""

    def __init__(self, node: _Node, budget: _Budget) -> None:
        self._margin = _margin(node)
        _, self._south, _, north = node.box
        sides = [(start[0], start[1], end[0], end[1]) for start, end in pairwise(node.ring)]
        rise = sum(abs(y2 - y1) for _, y1, _, y2 in sides)
        layers = max(1, min(len(sides), int(_LAYERS_PER_SIDE * len(sides) * (north - self._south) / (rise or 1))))
        self._height = (north - self._south) / layers or 1.0
        self._layers = defaultdict[int, list[_Side]](list)
        for side in sides:
            first, last = sorted((side[1], side[3]))
            for layer in range(self._layer(first - self._margin), self._layer(last + self._margin) + 1):
                self._layers[layer].append(side)
        self._budget = budget

    def side(self, position: Position) -> int:
        """Return 1 for a position inside the ring, 0 on its border, -1 outside: a ray to the east counts crossings.

        Where nothing more may be compared it is -1, so that the ring is within none.
        """
        x, y = position[0], position[1]
        sides = self._layers.get(self._layer(y), ())
        if not self._budget.spend(len(sides)):
            return -1
        inside = False
        for side in sides:
            if _is_near(x, y, side, self._margin):
                return 0
            x1, y1, x2, y2 = side
            if (y1 > y) is not (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                inside = not inside
        return 1 if inside else -1

    def _layer(self, y: float) -> int:
        return int((y - self._south) // self._height)


def _is_near(x: float, y: float, side: _Side, margin: float) -> bool:
    """True if a position is on a side, within `margin`."""
    x1, y1, x2, y2 = side
    if not (min(x1, x2) - margin <= x <= max(x1, x2) + margin and min(y1, y2) - margin <= y <= max(y1, y2) + margin):
        return False
    dx, dy = x2 - x1, y2 - y1
    length = hypot(dx, dy)
    return length == 0 or abs(dx * (y - y1) - dy * (x - x1)) <= margin * length
