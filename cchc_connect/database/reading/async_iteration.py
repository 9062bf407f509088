"""Reading from asyncio: an iterator that reads the database runs in a thread, at most one batch ahead of its reader."""

import asyncio
import inspect
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextvars import copy_context
from functools import partial
from typing import Generic, ParamSpec, TypeVar, cast

Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")

MAX_AHEAD = 1000
"""Values that the thread reads before the asynchronous reader has taken them."""


async def iterate_in_thread(
    function: Callable[Arguments, Iterable[Value]], /, *args: Arguments.args, **kwargs: Arguments.kwargs
) -> AsyncGenerator[Value, None]:
    """Yield what an iterating function yields, while a thread of its own reads; the event loop is never blocked.

    It serves `records`, `changes`, `follow` and every other function that returns an iterable. A function that returns
    one result, such as `get` or `find_case`, needs `await asyncio.to_thread(find_case, database, code)` only.

    The thread reads at most a thousand values ahead. It ends when the reader breaks out of its loop or its task is
    cancelled: `follow` and other functions with the parameters `is_stopping` and `sleep` get such that end a wait at
    once. Use `contextlib.aclosing` to wait for that end inside the block, before the database is closed.

    Example::

        async for parcel in iterate_in_thread(records, database, LandParcel, commune_code="25747"):
            print(parcel.key)

    Raises what the function raises.
    """
    hand_over = _HandOver[Value](asyncio.get_running_loop())
    iterate = partial(cast("Callable[..., Iterable[Value]]", function), *args, **kwargs)
    for name, argument in _stopping(function, hand_over.stopped).items():
        iterate.keywords.setdefault(name, argument)
    reading = partial(copy_context().run, hand_over.fill, iterate)
    thread = threading.Thread(target=reading, name="read", daemon=True)
    thread.start()
    try:
        while values := await hand_over.take():
            for value in values:
                yield value
    finally:
        hand_over.stop()
        await hand_over.ended.wait()
        thread.join()  # it has nothing more to do


def _stopping(function: Callable[..., object], stopped: threading.Event) -> Mapping[str, Callable[..., object]]:
    """Return those arguments of a function by which it learns, also while it waits, that it is to end."""
    parameters = inspect.signature(function).parameters
    arguments = {"is_stopping": stopped.is_set, "sleep": stopped.wait}
    return {name: value for name, value in arguments.items() if name in parameters}


class _HandOver(Generic[Value]):
    """Values on their way from the reading thread to the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._condition = threading.Condition()
        self._values: list[Value] = []
        self._error: BaseException | None = None
        self._is_ready = asyncio.Event()
        self.stopped = threading.Event()
        """Set when no more values are wanted."""
        self.ended = asyncio.Event()
        """Set when the thread has read its last value and closed the iterator."""

    def fill(self, iterate: Callable[[], Iterable[Value]]) -> None:
        """Read everything; run by the thread."""
        try:
            values = iterate()
            try:
                self._read(values)
            finally:
                if inspect.isgenerator(values):
                    values.close()
        except BaseException as error:  # noqa: BLE001  # it is raised in the reader's task
            self._error = error
        finally:
            self._tell(self.ended.set)
            self._tell(self._is_ready.set)

    async def take(self) -> list[Value]:
        """Return the values that were read meanwhile, at least one; none at the end. Raise what ended the reading."""
        values: list[Value] = []
        while not values:
            is_last = self.ended.is_set()
            with self._condition:
                values, self._values = self._values, []
                self._condition.notify()
            if is_last:
                break
            if not values:
                await self._is_ready.wait()
                self._is_ready.clear()
        if not values and self._error is not None:
            raise self._error
        return values

    def stop(self) -> None:
        """Let the thread end as soon as it can."""
        self.stopped.set()
        with self._condition:
            self._condition.notify()

    def _read(self, values: Iterable[Value]) -> None:
        for value in values:
            with self._condition:
                self._condition.wait_for(lambda: len(self._values) < MAX_AHEAD or self.stopped.is_set())
                if self.stopped.is_set():
                    return
                self._values.append(value)
                is_first = len(self._values) == 1
            if is_first:
                self._tell(self._is_ready.set)

    def _tell(self, callback: Callable[[], None]) -> None:
        """Call back in the event loop, unless the program has closed it."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback)
