"""The targets of the engine's speed, each a ratio within one run: what is compared and how far it may go."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.measure import PUSH_LATENCY_MS, PUSHED
from tests.benchmarks.register import BATCH_LIMIT, PARALLEL

SINGLE_PROCESS = ("tuned", "threads", "hashed")
LIMIT_S = PUSHED / BATCH_LIMIT / PARALLEL * PUSH_LATENCY_MS / 1000
"""Seconds that the target's own limit makes a push of all statuses take."""

Measured = Mapping[str, tuple[float, float]]
"""Seconds and peak MiB of each system."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One target."""

    name: str
    job: str
    ours: str = "ours"
    others: tuple[str, ...] = ()
    """The fastest of these is compared with."""
    size: int
    """From this size on."""
    most: float | None = None
    """Our time, or memory, over theirs may be at most this."""
    least: float | None = None
    """Their time over ours must be at least this."""
    latency_ms: int = 0

    @property
    def wanted(self) -> str:
        """What is wanted, in signs."""
        return f"<= {self.most}" if self.most is not None else f">= {self.least}"

    def applies(self, job: str, size: int, latency_ms: int) -> bool:
        """Say whether it is about such a case."""
        return job == self.job and size >= self.size and latency_ms == self.latency_ms

    def is_met(self, measured: float) -> bool:
        """Say whether `measured` is good enough."""
        return measured <= self.most if self.most is not None else measured >= (self.least or 0)

    def measured(self, size: int, found: Measured) -> float | None:
        """Return the ratio; None where one of the two was not run."""
        del size
        theirs = [found[other][0] for other in self.others if other in found]
        if self.ours not in found or not theirs:
            return None
        ratio = found[self.ours][0] / min(theirs)
        return ratio if self.most is not None else 1 / ratio


@dataclass(frozen=True, kw_only=True)
class MemoryTarget(Target):
    """A limit of our own memory, MiB."""

    def measured(self, size: int, found: Measured) -> float | None:
        """Return our peak."""
        del size
        return found[self.ours][1] if self.ours in found else None


@dataclass(frozen=True, kw_only=True)
class PushTarget(Target):
    """How much of the target's own limit is reached."""

    def measured(self, size: int, found: Measured) -> float | None:
        """Return the limit's time over ours."""
        return LIMIT_S * size / PUSHED / found[self.ours][0] if self.ours in found else None


TARGETS: tuple[Target, ...] = (
    Target(name="initial: best single-process loop", job="initial", others=SINGLE_PROCESS, size=20_000, most=1.4),
    Target(name="initial: dlt, JSON columns", job="initial", others=("dlt-json",), size=20_000, least=3.5),
    Target(name="initial: dlt, Arrow", job="initial", others=("dlt-arrow",), size=20_000, least=1.0),
    Target(name="initial: Singer", job="initial", others=("singer",), size=20_000, least=5.0),
    Target(
        name="initial, halves: two processes",
        job="initial",
        ours="ours-halves",
        others=("processes",),
        size=20_000,
        most=1.3,
    ),
    Target(name="resync: raw item hash", job="resync", others=("hashed",), size=20_000, most=1.3),
    Target(name="resync: dlt, JSON columns", job="resync", others=("dlt-json",), size=20_000, least=10.0),
    Target(name="incremental: tuned loop", job="incremental", others=("tuned",), size=20_000, most=1.5),
    MemoryTarget(name="initial: peak MiB", job="initial", size=20_000, most=160.0),
    PushTarget(name="push: the target's limit", job="push", size=PUSHED, least=0.8, latency_ms=PUSH_LATENCY_MS),
)
