"""Executors run the jobs of a run. The engine uses the protocol only, so another executor can be passed in."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

Job = Callable[[], None]
"""The work for one connection or route. It reports its own failures and raises only errors that end the run."""


class Executor(Protocol):
    """Runs independent jobs."""

    def run(self, jobs: Sequence[Job]) -> None:
        """Run all jobs to their end, then raise the error of the first one in `jobs` that failed, if any."""
        ...


class ThreadExecutor:
    """Runs jobs in threads of this process. Threads suffice, because the jobs mostly wait for responses."""

    def __init__(self, max_jobs: int) -> None:
        """Run at most `max_jobs` jobs at the same time."""
        self._max_jobs = max_jobs

    def run(self, jobs: Sequence[Job]) -> None:
        """Run all jobs to their end, then raise the error of the first one in `jobs` that failed, if any."""
        with ThreadPoolExecutor(max_workers=self._max_jobs, thread_name_prefix="sync") as pool:
            futures = [pool.submit(job) for job in jobs]
        for future in futures:
            future.result()
