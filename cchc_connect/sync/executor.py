"""Where the jobs of a run are carried out; the engine knows only the protocol."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

Job = Callable[[], None]
"""One connection's or route's work; it reports its own failures and raises only what ends the run."""


class Executor(Protocol):
    """Carries out independent jobs."""

    def run(self, jobs: Sequence[Job]) -> None:
        """Carry out all jobs; when all have ended, raise the first error that one raised."""
        ...


class ThreadExecutor:
    """Carries out jobs in threads of this process; the work is waiting for other people's servers."""

    def __init__(self, parallel: int) -> None:
        """Allow `parallel` jobs at a time."""
        self._parallel = parallel

    def run(self, jobs: Sequence[Job]) -> None:
        """Carry out all jobs; when all have ended, raise the first error that one raised."""
        with ThreadPoolExecutor(max_workers=self._parallel, thread_name_prefix="sync") as pool:
            futures = [pool.submit(job) for job in jobs]
        for future in futures:
            future.result()
