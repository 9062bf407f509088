"""Threads of a run: stages of a pull that overlap, jobs that run in parallel, and a less frequent garbage collector.

Stages: the next page is fetched (`prefetch`) while this one is translated and the last one is written
(`BackgroundWriter`). Each queue holds a page or two, so memory does not grow with the source. An error in a stage is
raised where its result is consumed, in order, so that the pages before it are written as they would be without overlap.

Jobs: executors run the jobs of a run. The engine uses the protocol only, so another executor can be passed in.

Garbage collector: during a run Python's cyclic collector works less often (`relaxed_gc`). Records contain no cycles, so
reference counting frees them at the end of each page. With its default thresholds the collector would run several times
a page and examine everything that is loaded, which costs a third of a pull.
"""

import gc
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import Queue
from threading import Event, Thread
from typing import Generic, Protocol, TypeVar

Product = TypeVar("Product")

_WAIT_S = 0.1
"""Seconds between two attempts to empty the queue of a stage that is being stopped."""


GENERATION_0_THRESHOLD = 100_000
"""Threshold of generation 0, in new containers: about a page of a thousand records."""

GENERATION_1_THRESHOLD = 50
"""Threshold of generation 1, in collections of generation 0."""

GENERATION_2_THRESHOLD = 50
"""Threshold of generation 2, in collections of generation 1."""


@contextmanager
def prefetch(products: Iterator[Product], depth: int) -> Generator[Iterator[Product], None, None]:
    """Prefetch an iterator: a thread produces up to `depth` products ahead. With 0 there is no thread.

    Yields:
        An iterator over the same products. An exception of `products` is raised in the place of its product.
    """
    if depth == 0:
        yield products
        return
    stage = _Stage(products, depth)
    try:
        yield stage.results()
    finally:
        stage.stop()


class _Stage(Generic[Product]):
    """A thread that takes products from an iterator and puts them into a bounded queue."""

    def __init__(self, products: Iterator[Product], depth: int) -> None:
        self._products = products
        self._queue: Queue[Future[Product] | None] = Queue(depth)  # None marks the end
        self._stop_requested = Event()
        self._thread = Thread(target=self._produce, name="prefetch", daemon=True)
        self._thread.start()

    def results(self) -> Iterator[Product]:
        """Yield the products; an exception is raised in the place of its product."""
        while (future := self._queue.get()) is not None:
            yield future.result()

    def stop(self) -> None:
        """End the thread after the product that it is working on."""
        self._stop_requested.set()
        while self._thread.is_alive():
            while not self._queue.empty():
                self._queue.get_nowait()
            self._thread.join(_WAIT_S)

    def _produce(self) -> None:
        while not self._stop_requested.is_set():
            future: Future[Product] = Future()
            try:
                future.set_result(next(self._products))
            except StopIteration:
                self._queue.put(None)
                return
            except BaseException as error:  # noqa: BLE001  # it is raised where the product is consumed
                future.set_exception(error)
            self._queue.put(future)
            if future.exception() is not None:
                return


class BackgroundWriter:
    """Runs tasks in a background thread, one after the other. A task's exception is raised by the next call."""

    def __init__(self, *, overlapping: bool) -> None:
        """Create the thread; without `overlapping` there is none, and the caller runs each task at once."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write") if overlapping else None
        self._pending: Future[None] | None = None

    def submit(self, work: Callable[[], None]) -> None:
        """Wait for the task before, then start `work`. Raises what the task before raised."""
        if self._pool is None:
            work()
            return
        self.flush()
        self._pending = self._pool.submit(work)

    def flush(self) -> None:
        """Wait until all tasks are done. Raises what the last one raised."""
        if self._pending is not None:
            last, self._pending = self._pending, None
            last.result()

    def close(self) -> None:
        """Wait until all tasks are done and end the thread; it raises no exception of a task."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)


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


@contextmanager
def relaxed_gc() -> Generator[None, None, None]:
    """Raise the collector's thresholds while the block runs, and restore them afterwards."""
    thresholds = gc.get_threshold()
    gc.set_threshold(GENERATION_0_THRESHOLD, GENERATION_1_THRESHOLD, GENERATION_2_THRESHOLD)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
