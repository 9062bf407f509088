"""A plot of seconds against size as SVG: both axes logarithmic, one line for each system."""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10

from tests.benchmarks.figures import Figures
from tests.benchmarks.systems import PULLS

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 50, 130, 30, 40
COLOURS = ("#1b6ca8", "#c1440e", "#4f8a10", "#7b4fa3", "#b8860b", "#008b8b", "#a0335a", "#555555", "#2f4f4f", "#cc79a7")

Line = Sequence[tuple[int, float]]
"""Sizes and seconds of one system."""


def plot(figures: Figures) -> str:
    """Return an SVG with a panel for each job and database."""
    panels: dict[tuple[str, str], dict[str, list[tuple[int, float]]]] = {}
    for case in sorted(figures):
        if case.job not in PULLS or case.latency_ms:
            continue
        for system, figure in figures[case].items():
            panels.setdefault((case.database, case.job), {}).setdefault(system, []).append((case.size, figure.seconds))
    systems = sorted({system for lines in panels.values() for system in lines})
    colours = {system: COLOURS[index % len(COLOURS)] for index, system in enumerate(systems)}
    columns = max(1, len({job for _, job in panels}))
    rows = -(-len(panels) // columns)
    drawn = [
        f'<g transform="translate({index % columns * WIDTH} {index // columns * HEIGHT})">'
        f"{_panel(f'{job}, {database}', lines, colours)}</g>"
        for index, ((database, job), lines) in enumerate(panels.items())
    ]
    size = f'width="{columns * WIDTH}" height="{rows * HEIGHT}"'
    style = 'font-family="sans-serif" font-size="11"'
    body = "\n".join(drawn)
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{ground}\n{body}\n</svg>\n'


def _panel(title: str, lines: Mapping[str, Line], colours: Mapping[str, str]) -> str:
    sizes = [size for line in lines.values() for size, _ in line]
    seconds = [duration for line in lines.values() for _, duration in line]
    across = _Axis(sizes, LEFT, WIDTH - RIGHT)
    up = _Axis(seconds, HEIGHT - BOTTOM, TOP)
    parts = [f'<text x="{LEFT}" y="16" font-weight="bold">{escape(title)}</text>']
    for size in sorted(set(sizes)):
        x = across.pixel(size)
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{size:,}</text>')
    for power in range(up.low, up.high + 1):
        y = up.pixel(10**power)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{10.0**power:g} s</text>')
    ends = sorted((up.pixel(line[-1][1]), system) for system, line in lines.items())
    labels = _spread([y for y, _ in ends])
    for (_, system), label in zip(ends, labels, strict=True):
        points = [(across.pixel(size), up.pixel(duration)) for size, duration in lines[system]]
        points_text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        colour = colours[system]
        parts.append(f'<polyline points="{points_text}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in points]
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{label + 4:.0f}" fill="{colour}">{escape(system)}</text>')
    return "".join(parts)


class _Axis:
    """A logarithmic axis from pixel `start` to pixel `end`, over integer powers of ten."""

    def __init__(self, values: Sequence[float], start: int, end: int) -> None:
        self.low, self.high = floor(log10(min(values))), ceil(log10(max(values)))
        self.high = max(self.high, self.low + 1)
        self._start, self._end = start, end

    def pixel(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (log10(value) - self.low) / (self.high - self.low)
        return self._start + share * (self._end - self._start)


def _spread(positions: Sequence[float]) -> list[float]:
    """Move labels down until none overlaps the one before."""
    moved: list[float] = []
    for position in positions:
        moved.append(max(position, moved[-1] + 12) if moved else position)
    return moved
