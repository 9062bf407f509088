"""The performance targets: what is compared, mostly as a ratio within one run, and the limit."""

from dataclasses import dataclass

from tests.benchmarks.figures import Case, Figures
from tests.benchmarks.measure import PUSH_LATENCY_MS, PUSHED
from tests.benchmarks.register import BATCH_LIMIT, PAGE_SIZE, PARALLEL
from tests.benchmarks.systems import Job

SINGLE_PROCESS = ("tuned", "threads", "hashed")
SMALL, USUAL, MILLION = 20_000, 200_000, 1_000_000
LATENCY_MS = 100
"""Latency at which a first load consists mostly of waiting for pages."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A limit for the time of `system` relative to the fastest of `peers`."""

    name: str
    job: Job
    system: str = "ours"
    peers: tuple[str, ...] = ()
    """Names of the systems to compare with; the fastest counts."""
    size: int
    """Minimum number of parcels or statuses for which the target applies."""
    at_most: float | None = None
    """Maximum of our time (or memory) divided by the peer's."""
    at_least: float | None = None
    """Minimum of the peer's time divided by ours."""
    latency_ms: int = 0

    @property
    def limit(self) -> str:
        """The limit as text, such as `<= 1.4`."""
        return f"<= {self.at_most}" if self.at_most is not None else f">= {self.at_least}"

    def applies(self, case: Case) -> bool:
        """True if the target applies to a case."""
        return case.job == self.job and case.size >= self.size and case.latency_ms == self.latency_ms

    def is_met(self, measured: float) -> bool:
        """True if `measured` is within the limit."""
        return measured <= self.at_most if self.at_most is not None else measured >= (self.at_least or 0)

    def measured(self, case: Case, medians: Figures) -> float | None:
        """Return the ratio, None if one of the two was not run."""
        systems = medians[case]
        peer_seconds = [systems[peer].seconds for peer in self.peers if peer in systems]
        if self.system not in systems or not peer_seconds:
            return None
        ratio = systems[self.system].seconds / min(peer_seconds)
        return ratio if self.at_most is not None else 1 / ratio


@dataclass(frozen=True, kw_only=True)
class SecondsTarget(Target):
    """A limit for our own time, in seconds."""

    def measured(self, case: Case, medians: Figures) -> float | None:
        """Return our time in seconds, None if it was not run."""
        return medians[case][self.system].seconds if self.system in medians[case] else None


@dataclass(frozen=True, kw_only=True)
class MemoryTarget(Target):
    """A limit for our own memory, in MiB, up to the usual size."""

    def applies(self, case: Case) -> bool:
        """True if the target applies to a case."""
        return super().applies(case) and case.size <= USUAL

    def measured(self, case: Case, medians: Figures) -> float | None:
        """Return our peak in MiB, None if it was not run."""
        return medians[case][self.system].peak_mib if self.system in medians[case] else None


@dataclass(frozen=True, kw_only=True)
class GrowthTarget(Target):
    """A limit for the memory of a million parcels relative to the usual size."""

    def measured(self, case: Case, medians: Figures) -> float | None:
        """Return our peak divided by that at the usual size, None if one of the two was not run."""
        usual = medians.get(case._replace(size=USUAL), {})
        if self.system not in medians[case] or self.system not in usual:
            return None
        return medians[case][self.system].peak_mib / usual[self.system].peak_mib


@dataclass(frozen=True, kw_only=True)
class WaitingTarget(Target):
    """A limit for our time relative to waiting for one response after the other."""

    def measured(self, case: Case, medians: Figures) -> float | None:
        """Return our time divided by the waiting time, None if it was not run."""
        return medians[case][self.system].seconds / waiting_s(case) if self.system in medians[case] else None


@dataclass(frozen=True, kw_only=True)
class PushTarget(Target):
    """A limit for the share of the receiver's maximum rate that is reached."""

    def measured(self, case: Case, medians: Figures) -> float | None:
        """Return the time at the maximum rate divided by ours, None if it was not run."""
        return waiting_s(case) / medians[case][self.system].seconds if self.system in medians[case] else None


def waiting_s(case: Case) -> float:
    """Return the seconds of waiting for pages or waves of messages one after the other; 0.0 without latency."""
    requests = {
        Job.INITIAL: case.size / PAGE_SIZE,
        Job.RESYNC: case.size / PAGE_SIZE,
        Job.PUSH: case.size / BATCH_LIMIT / PARALLEL,
    }
    return requests.get(Job(case.job), 0) * case.latency_ms / 1000


TARGETS: tuple[Target, ...] = (
    Target(name="initial: best single-process loop", job=Job.INITIAL, peers=SINGLE_PROCESS, size=SMALL, at_most=1.4),
    Target(name="initial: dlt, JSON columns", job=Job.INITIAL, peers=("dlt-json",), size=SMALL, at_least=3.5),
    Target(name="initial: dlt, Arrow", job=Job.INITIAL, peers=("dlt-arrow",), size=SMALL, at_least=1.0),
    Target(name="initial: Singer", job=Job.INITIAL, peers=("singer",), size=SMALL, at_least=5.0),
    Target(
        name="initial, halves: two processes",
        job=Job.INITIAL,
        system="ours-halves",
        peers=("processes",),
        size=SMALL,
        at_most=1.3,
    ),
    Target(name="resync: raw item hash", job=Job.RESYNC, peers=("hashed",), size=SMALL, at_most=1.3),
    Target(name="resync: dlt, JSON columns", job=Job.RESYNC, peers=("dlt-json",), size=SMALL, at_least=10.0),
    Target(name="incremental: tuned loop", job=Job.INCREMENTAL, peers=("tuned",), size=SMALL, at_most=1.5),
    MemoryTarget(name="initial: peak MiB", job=Job.INITIAL, size=SMALL, at_most=160.0),
    GrowthTarget(name="initial: peak, a million over 200,000", job=Job.INITIAL, size=MILLION, at_most=1.2),
    WaitingTarget(name="initial: pages times latency", job=Job.INITIAL, size=USUAL, at_most=1.1, latency_ms=LATENCY_MS),
    PushTarget(name="push: the target's limit", job=Job.PUSH, size=PUSHED, at_least=0.8, latency_ms=PUSH_LATENCY_MS),
    SecondsTarget(name="help: seconds", job=Job.HELP, size=SMALL, at_most=0.2),
    SecondsTarget(name="status: seconds", job=Job.STATUS, size=SMALL, at_most=0.5),
)
