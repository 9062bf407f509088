"""Peak memory of a process and all its descendants, including those that have ended.

The peak is the sum of the processes' own peaks, as if all were reached at the same moment, and a page that two of them
share is counted twice: it is never less than the memory in use at once. Linux keeps the peak of each process
(`VmHWM`), so polling every few milliseconds misses only the growth between the last poll and the end of a process; for
the largest one not even that, because the system reports it to the waiting parent (`ru_maxrss`).
"""

import resource
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

LOOK_INTERVAL_S = 0.02
"""Seconds between polls; polling two processes takes a fifth of a millisecond."""


class MemoryWatch:
    """Polls a process and its descendants from another thread while the block runs."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._peaks: dict[int, int] = {}
        """The peak of each process, KiB, including processes that have ended."""
        self._ended = Event()
        self._thread = Thread(target=self._watch)

    def peak_kib(self, largest_kib: int) -> int:
        """Return the sum of all peaks.

        Args:
            largest_kib: `ru_maxrss` of the process and its descendants: the peak of the largest of them, but never
                less than this process's own, which the system counts for one that is about to be started.
        """
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        largest = max(self._peaks.values(), default=0)
        unseen = largest_kib - largest if largest_kib > own or not largest else 0
        return sum(self._peaks.values()) + max(0, unseen)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.is_set():
            # A known process stays watched even if its parent has ended.
            pending = {self._root, *self._peaks}
            seen: set[int] = set()
            while pending:
                process = pending.pop()
                seen.add(process)
                pending |= set(_children(process)) - seen
                if peak := _peak_kib(process):
                    self._peaks[process] = peak
            self._ended.wait(LOOK_INTERVAL_S)


def _children(process: int) -> list[int]:
    """Return the children of all threads of a process."""
    children: list[int] = []
    with suppress(OSError):  # it has ended
        for task in Path(f"/proc/{process}/task").iterdir():
            with suppress(OSError):  # the thread has
                children += map(int, (task / "children").read_text(encoding="ascii").split())
    return children


def _peak_kib(process: int) -> int:
    """Return the peak of a process, KiB; 0 if it has ended."""
    with suppress(OSError):  # it has ended
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
