"""The targets of the engine's speed, nearly all ratios within one run: what is compared and how far it may go."""

from dataclasses import dataclass

from tests.benchmarks.figures import Case, Figures
from tests.benchmarks.measure import PUSH_LATENCY_MS, PUSHED
from tests.benchmarks.register import BATCH_LIMIT, PAGE_SIZE, PARALLEL
from tests.benchmarks.systems import Job

SINGLE_PROCESS = ("tuned", "threads", "hashed")
SMALL, USUAL, MILLION = 20_000, 200_000, 1_000_000
LATENCY_MS = 100
"""The latency at which waiting for one page after the other is most of a first load."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One target."""

    name: str
    job: Job
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

    def applies(self, case: Case) -> bool:
        """Say whether it is about such a case."""
        return case.job == self.job and case.size >= self.size and case.latency_ms == self.latency_ms

    def is_met(self, measured: float) -> bool:
        """Say whether `measured` is good enough."""
        return measured <= self.most if self.most is not None else measured >= (self.least or 0)

    def measured(self, case: Case, found: Figures) -> float | None:
        """Return the ratio; None where one of the two was not run."""
        systems = found[case]
        theirs = [systems[other].seconds for other in self.others if other in systems]
        if self.ours not in systems or not theirs:
            return None
        ratio = systems[self.ours].seconds / min(theirs)
        return ratio if self.most is not None else 1 / ratio


@dataclass(frozen=True, kw_only=True)
class SecondsTarget(Target):
    """A limit of our own time, seconds."""

    def measured(self, case: Case, found: Figures) -> float | None:
        """Return our time."""
        return found[case][self.ours].seconds if self.ours in found[case] else None


@dataclass(frozen=True, kw_only=True)
class MemoryTarget(Target):
    """A limit of our own memory, MiB, up to the usual size."""

    def applies(self, case: Case) -> bool:
        """Say whether it is about such a case."""
        return super().applies(case) and case.size <= USUAL

    def measured(self, case: Case, found: Figures) -> float | None:
        """Return our peak."""
        return found[case][self.ours].peak_mib if self.ours in found[case] else None


@dataclass(frozen=True, kw_only=True)
class GrowthTarget(Target):
    """How much more memory a million take than the usual size."""

    def measured(self, case: Case, found: Figures) -> float | None:
        """Return our peak over that at the usual size; None where one of the two was not run."""
        usual = found.get(case._replace(size=USUAL), {})
        if self.ours not in found[case] or self.ours not in usual:
            return None
        return found[case][self.ours].peak_mib / usual[self.ours].peak_mib


@dataclass(frozen=True, kw_only=True)
class WaitingTarget(Target):
    """How much longer we take than the waiting for one answer after the other does."""

    def measured(self, case: Case, found: Figures) -> float | None:
        """Return our time over the waiting."""
        return found[case][self.ours].seconds / waiting_s(case) if self.ours in found[case] else None


@dataclass(frozen=True, kw_only=True)
class PushTarget(Target):
    """How much of the target's own limit is reached."""

    def measured(self, case: Case, found: Figures) -> float | None:
        """Return the limit's time over ours."""
        return waiting_s(case) / found[case][self.ours].seconds if self.ours in found[case] else None


def waiting_s(case: Case) -> float:
    """Return the seconds of pure waiting, each page or wave of messages after the one before; 0.0: nothing waits."""
    requests = {
        Job.INITIAL: case.size / PAGE_SIZE,
        Job.RESYNC: case.size / PAGE_SIZE,
        Job.PUSH: case.size / BATCH_LIMIT / PARALLEL,
    }
    return requests.get(Job(case.job), 0) * case.latency_ms / 1000


TARGETS: tuple[Target, ...] = (
    Target(name="initial: best single-process loop", job=Job.INITIAL, others=SINGLE_PROCESS, size=SMALL, most=1.4),
    Target(name="initial: dlt, JSON columns", job=Job.INITIAL, others=("dlt-json",), size=SMALL, least=3.5),
    Target(name="initial: dlt, Arrow", job=Job.INITIAL, others=("dlt-arrow",), size=SMALL, least=1.0),
    Target(name="initial: Singer", job=Job.INITIAL, others=("singer",), size=SMALL, least=5.0),
    Target(
        name="initial, halves: two processes",
        job=Job.INITIAL,
        ours="ours-halves",
        others=("processes",),
        size=SMALL,
        most=1.3,
    ),
    Target(name="resync: raw item hash", job=Job.RESYNC, others=("hashed",), size=SMALL, most=1.3),
    Target(name="resync: dlt, JSON columns", job=Job.RESYNC, others=("dlt-json",), size=SMALL, least=10.0),
    Target(name="incremental: tuned loop", job=Job.INCREMENTAL, others=("tuned",), size=SMALL, most=1.5),
    MemoryTarget(name="initial: peak MiB", job=Job.INITIAL, size=SMALL, most=160.0),
    GrowthTarget(name="initial: peak, a million over 200,000", job=Job.INITIAL, size=MILLION, most=1.2),
    WaitingTarget(name="initial: pages times latency", job=Job.INITIAL, size=USUAL, most=1.1, latency_ms=LATENCY_MS),
    PushTarget(name="push: the target's limit", job=Job.PUSH, size=PUSHED, least=0.8, latency_ms=PUSH_LATENCY_MS),
    SecondsTarget(name="help: seconds", job=Job.HELP, size=SMALL, most=0.25),
    SecondsTarget(name="status: seconds", job=Job.STATUS, size=SMALL, most=0.5),
)
