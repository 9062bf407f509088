"""Stages of one pull that overlap: the next page comes while this one is read and the last one is written.

Each queue holds a page or two, so memory does not grow with the source. What fails in a stage is raised
where its result is taken, in order, so that pages before a failure are written as if there was no overlap.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import Queue
from threading import Event, Thread
from typing import Generic, TypeVar

Product = TypeVar("Product")

_WAIT_S = 0.1
"""How soon a stage that waits for room sees that nobody wants its product any more."""


@contextmanager
def ahead(products: Iterator[Product], depth: int) -> Generator[Iterator[Product], None, None]:
    """Give an iterator whose products a thread makes ahead, up to `depth` of them; with 0 they are made when taken."""
    if depth == 0:
        yield products
        return
    stage = _Stage(products, depth)
    try:
        yield stage.taken()
    finally:
        stage.stop()


class _Stage(Generic[Product]):
    def __init__(self, products: Iterator[Product], depth: int) -> None:
        self._products = products
        self._made: Queue[Future[Product] | None] = Queue(depth)  # None: that was all
        self._unwanted = Event()
        self._worker = Thread(target=self._work, name="fetch", daemon=True)
        self._worker.start()

    def taken(self) -> Iterator[Product]:
        """Yield the products; what making one raised is raised in its place."""
        while (one := self._made.get()) is not None:
            yield one.result()

    def stop(self) -> None:
        """End the thread after what it is doing."""
        self._unwanted.set()
        while self._worker.is_alive():
            while not self._made.empty():
                self._made.get_nowait()
            self._worker.join(_WAIT_S)

    def _work(self) -> None:
        while not self._unwanted.is_set():
            one: Future[Product] = Future()
            try:
                one.set_result(next(self._products))
            except StopIteration:
                self._made.put(None)
                return
            except BaseException as error:  # noqa: BLE001  # it is raised where the product is taken
                one.set_exception(error)
            self._made.put(one)
            if one.exception() is not None:
                return


class Behind:
    """Does one thing after another behind the caller's back, one at a time; a failure is raised at the next call."""

    def __init__(self, *, overlapping: bool) -> None:
        """Begin idle; without `overlapping` everything is done at once, by the caller."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write") if overlapping else None
        self._last: Future[None] | None = None

    def do(self, work: Callable[[], None]) -> None:
        """Do `work` after what was given before; wait until that is done."""
        if self._pool is None:
            work()
            return
        self.finish()
        self._last = self._pool.submit(work)

    def finish(self) -> None:
        """Wait until everything is done; raise what it raised."""
        if self._last is not None:
            last, self._last = self._last, None
            last.result()

    def close(self) -> None:
        """Wait until everything is done, whatever came of it."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
