"""A run that is stopped by each write of its database in turn: lost 0, duplicated 0, corrupt 0.

strace counts a thread's calls and lets the chosen one fail, or kills the process before it is made. What is
chosen is the same for each process it watches, so a process comes to its n-th own call by making fewer or
more calls elsewhere before it begins.
"""

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from cchc_connect.cli.exits import ExitCode
from tests.crashes.hamlet import Hamlet
from tests.crashes.losses import NOTHING
from tests.crashes.nursery import KILLED

STRIDE = 360
"""The quick tests disturb each 360th call."""

PARTS = 4

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
pytestmark = needs_strace


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens at a call, and how a run that meets it may end."""

    call: str
    what: str
    endings: frozenset[int]

    def tracer(self, number: int, log: Path) -> list[str]:
        """Return the beginning of a command line that disturbs that call of each thread, and notes what failed."""
        # Killing needs every call to be stopped at, failing only those of the one kind.
        fast = [] if "KILL" in self.what else ["--seccomp-bpf"]
        inject = ["-e", f"inject={self.call}:{self.what.format(number)}"]
        return ["strace", "-f", "-qqq", "-Z", *fast, "-o", str(log), "-e", f"trace={self.call}", *inject]


LOUD_OR_WHOLE = frozenset({ExitCode.DATABASE, ExitCode.DONE})
"""The database's failure is told, or did not matter: a log that could not be folded into its file stays a log."""

FAULTS = {
    "killed": Fault(call="pwrite64", what="signal=KILL:when={}", endings=frozenset({KILLED})),
    "a write that fails": Fault(call="pwrite64", what="error=EIO:when={}", endings=LOUD_OR_WHOLE),
    "a disk that is full from then on": Fault(call="pwrite64", what="error=ENOSPC:when={}+", endings=LOUD_OR_WHOLE),
    "a flush that fails": Fault(call="fdatasync", what="error=EIO:when={}", endings=LOUD_OR_WHOLE),
}

each_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
QUICK = ("killed", "a disk that is full from then on")
"""A disk that is full fails from its write on; a single write or flush that fails is left to the long test."""


@pytest.fixture(scope="module")
def calls(hamlet: Hamlet, tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """Give how many calls of each kind an undisturbed run makes, all by one thread."""
    log = tmp_path_factory.mktemp("calls") / "log"
    tracer = ["strace", "-f", "-qqq", "--seccomp-bpf", "-o", str(log), "-e", "trace=pwrite64,fdatasync"]
    with hamlet.nursery().under(tracer) as nursery:
        before = len(log.read_text(encoding="utf-8").splitlines())
        assert nursery.run(hamlet.begin_trial(), in_turn=True) == 0
    lines = [line.split(maxsplit=1) for line in log.read_text(encoding="utf-8").splitlines()[before:]]
    calling = [(thread, call.partition("(")[0]) for thread, call in lines if call.startswith(("pwrite64", "fdatasync"))]
    assert len({thread for thread, _ in calling}) == 1
    return Counter(call for _, call in calling)


def disturb(hamlet: Hamlet, fault: Fault, chosen: range, log: Path) -> Counter[int]:
    """Disturb a run at each chosen call, let the next finish and count the losses; return how the first ended."""
    ended: Counter[int] = Counter()
    with hamlet.nursery().under(fault.tracer(chosen.stop, log)) as nursery:
        for number in chosen:
            url = hamlet.begin_trial()
            ended[nursery.run(url, in_turn=True, elsewhere=(fault.call, chosen.stop - number))] += 1
            assert hamlet.finish(url) == NOTHING, f"{fault.call} {number}"
    return ended


@pytest.mark.parametrize("fault", [FAULTS[name] for name in QUICK], ids=QUICK)
def test_the_next_run_makes_good_what_a_call_of_the_database_spoilt(
    hamlet: Hamlet, fault: Fault, calls: Counter[str], tmp_path: Path
) -> None:
    """Stopped at every so many calls, the next run completes: lost 0, duplicated 0, corrupt 0."""
    chosen = range(1, calls[fault.call] + 1, STRIDE)

    ended = disturb(hamlet, fault, chosen, tmp_path / "log")

    assert set(ended) <= fault.endings
    assert met(fault, ended, tmp_path / "log") >= len(chosen)


@pytest.mark.long
@each_fault
@pytest.mark.parametrize("part", range(PARTS))
def test_the_next_run_makes_good_what_any_call_of_the_database_spoilt(
    hamlet: Hamlet, fault: Fault, calls: Counter[str], part: int, tmp_path: Path
) -> None:
    """Stopped at every single call, the next run completes: lost 0, duplicated 0, corrupt 0."""
    chosen = range(1 + part, calls[fault.call] + 1, PARTS)

    ended = disturb(hamlet, fault, chosen, tmp_path / "log")

    assert set(ended) <= fault.endings
    assert met(fault, ended, tmp_path / "log") >= len(chosen)


def met(fault: Fault, ended: Counter[int], log: Path) -> int:
    """Return how many faults the runs met."""
    failed = [line for line in log.read_text(encoding="utf-8").splitlines() if "INJECTED" in line]
    return ended[KILLED] if KILLED in fault.endings else len(failed)
