"""Peak memory of a process and of every process that comes of it, whether or not that one has ended by then.

The peak is the sum of the processes' own peaks, as if all had theirs at the same moment, and a page that two of them
share is counted for both: it is never less than what was in memory at once. Linux keeps the peak of each process
(`VmHWM`), so looking every few milliseconds loses only what a process gains between the last look and its end; of the
largest one not even that, for the system tells it to who waits for the end (`ru_maxrss`).
"""

import resource
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

LOOKED_EACH_S = 0.02
"""A look at two processes takes a fifth of a millisecond."""


class MemoryWatch:
    """Looks at a process and its descendants from another thread while the block runs."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._peaks: dict[int, int] = {}
        """The peak of each process, KiB; that of one that has ended stays."""
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
            # Whoever is known stays watched, even when its parent has ended.
            waiting = {self._root, *self._peaks}
            seen: set[int] = set()
            while waiting:
                process = waiting.pop()
                seen.add(process)
                waiting |= set(_children(process)) - seen
                if peak := _peak_kib(process):
                    self._peaks[process] = peak
            self._ended.wait(LOOKED_EACH_S)


def _children(process: int) -> list[int]:
    """Return the children of a process, of whichever of its threads."""
    found: list[int] = []
    with suppress(OSError):  # it has ended
        for task in Path(f"/proc/{process}/task").iterdir():
            with suppress(OSError):  # the thread has
                found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def _peak_kib(process: int) -> int:
    """Return the peak that the system keeps; 0 where it keeps none any more."""
    with suppress(OSError):  # it has ended
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
