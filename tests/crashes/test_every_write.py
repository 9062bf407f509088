"""A run is disturbed at each write of its database in turn: lost 0, duplicated 0, corrupt 0.

strace counts the calls of a thread and lets the chosen one fail, or kills the process before it. The chosen number
is the same for every process it traces, so a process reaches its n-th own call by making fewer or more calls to
/dev/null before it begins.
"""

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from cchc_connect.cli.exit_codes import ExitCode
from tests.crashes.fork_server import KILLED
from tests.crashes.losses import NO_LOSSES
from tests.crashes.small_province import SmallProvince

STRIDE = 720
"""The quick tests disturb every 720th call."""

PARTS = 4

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
pytestmark = needs_strace


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens at a system call, and the allowed exit codes of a run that meets it."""

    call: str
    injection: str
    endings: frozenset[int]

    def tracer(self, number: int, log: Path) -> list[str]:
        """Return the beginning of a command line that disturbs call `number` of each thread and logs failures."""
        # To kill, strace must stop at every call; to fail a call, only at calls of its kind.
        fast = [] if "KILL" in self.injection else ["--seccomp-bpf"]
        inject = ["-e", f"inject={self.call}:{self.injection.format(number)}"]
        return ["strace", "-f", "-qqq", "-Z", *fast, "-o", str(log), "-e", f"trace={self.call}", *inject]


LOUD_OR_WHOLE = frozenset({ExitCode.DATABASE, ExitCode.DONE})
"""The failure is reported, or had no effect: a write-ahead log that could not be checkpointed stays a log."""

FAULTS = {
    "killed": Fault(call="pwrite64", injection="signal=KILL:when={}", endings=frozenset({KILLED})),
    "a write that fails": Fault(call="pwrite64", injection="error=EIO:when={}", endings=LOUD_OR_WHOLE),
    "a disk that is full from then on": Fault(
        call="pwrite64", injection="error=ENOSPC:when={}+", endings=LOUD_OR_WHOLE
    ),
    "a flush that fails": Fault(call="fdatasync", injection="error=EIO:when={}", endings=LOUD_OR_WHOLE),
}

each_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
QUICK = ("killed", "a disk that is full from then on")
"""The faults of the quick tests; a single failing write or flush is left to the long test."""


@pytest.fixture(scope="module")
def calls(hamlet: SmallProvince, tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """Give the number of calls of each kind that an undisturbed run makes, all in one thread."""
    log = tmp_path_factory.mktemp("calls") / "log"
    tracer = ["strace", "-f", "-qqq", "--seccomp-bpf", "-o", str(log), "-e", "trace=pwrite64,fdatasync"]
    with hamlet.fork_server().traced_by(tracer) as nursery:
        before = len(log.read_text(encoding="utf-8").splitlines())
        assert nursery.run(hamlet.new_trial(), in_turn=True) == 0
    lines = [line.split(maxsplit=1) for line in log.read_text(encoding="utf-8").splitlines()[before:]]
    calling = [(thread, call.partition("(")[0]) for thread, call in lines if call.startswith(("pwrite64", "fdatasync"))]
    assert len({thread for thread, _ in calling}) == 1
    return Counter(call for _, call in calling)


def disturb(hamlet: SmallProvince, fault: Fault, chosen: range, log: Path) -> Counter[int]:
    """Disturb a run at each chosen call and let the next one finish without losses; return the exit codes."""
    ended: Counter[int] = Counter()
    with hamlet.fork_server().traced_by(fault.tracer(chosen.stop, log)) as nursery:
        for number in chosen:
            url = hamlet.new_trial()
            ended[nursery.run(url, in_turn=True, elsewhere=(fault.call, chosen.stop - number))] += 1
            assert hamlet.finish(url) == NO_LOSSES, f"{fault.call} {number}"
    return ended


@pytest.mark.parametrize("fault", [FAULTS[name] for name in QUICK], ids=QUICK)
def test_the_next_run_completes_after_a_fault_at_some_calls(
    hamlet: SmallProvince, fault: Fault, calls: Counter[str], tmp_path: Path
) -> None:
    """Disturbed at every 720th call, the next run completes: lost 0, duplicated 0, corrupt 0."""
    chosen = range(1, calls[fault.call] + 1, STRIDE)

    ended = disturb(hamlet, fault, chosen, tmp_path / "log")

    assert set(ended) <= fault.endings
    assert met(fault, ended, tmp_path / "log") >= len(chosen)


@pytest.mark.long
@each_fault
@pytest.mark.parametrize("part", range(PARTS))
def test_the_next_run_completes_after_a_fault_at_any_call(
    hamlet: SmallProvince, fault: Fault, calls: Counter[str], part: int, tmp_path: Path
) -> None:
    """Disturbed at every call, the next run completes: lost 0, duplicated 0, corrupt 0."""
    chosen = range(1 + part, calls[fault.call] + 1, PARTS)

    ended = disturb(hamlet, fault, chosen, tmp_path / "log")

    assert set(ended) <= fault.endings
    assert met(fault, ended, tmp_path / "log") >= len(chosen)


def met(fault: Fault, ended: Counter[int], log: Path) -> int:
    """Return how many faults the runs met."""
    failed = [line for line in log.read_text(encoding="utf-8").splitlines() if "INJECTED" in line]
    return ended[KILLED] if KILLED in fault.endings else len(failed)
