"""Reading from asyncio: the loop is never blocked, and nothing reads on once the reader has left."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from contextvars import ContextVar

import pytest

from cchc_connect import RecordWriter, SharedDatabase, follow, iterate_in_thread, records
from cchc_connect.database.reading import async_iteration, records as record_reading
from cchc_schemas import LandParcel
from tests.databases import on_sqlite_only
from tests.sync.test_record_writer import parcel

HEARTBEATS = 100
PATIENCE_S = 30


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address) as opened:
        yield opened


def write(database: SharedDatabase, numbers: Iterable[int]) -> None:
    with RecordWriter.for_agency(database, connection="survey-office", agency="H09.1") as writer:
        writer.write_all(map(parcel, numbers))


def reading_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "read"]


class Source:
    """An iterator that tells how far it was read, and waits at one value for the test."""

    def __init__(self, waits_at: int | None = None) -> None:
        self.waits_at = waits_at
        self.go_on = threading.Event()
        self.read = 0
        self.is_closed = False

    def values(self, end: int) -> Iterator[int]:
        """Yield 0, 1 ..."""
        try:
            for number in range(end):
                if number == self.waits_at:
                    assert self.go_on.wait(PATIENCE_S)
                self.read = number + 1
                yield number
        finally:
            self.is_closed = True


async def heart(beats: int) -> None:
    """Beat: each beat is a turn of the event loop."""
    for _ in range(beats):
        await asyncio.sleep(0)


async def until(is_so: Callable[[], bool]) -> None:
    """Let the loop turn until something is so."""
    while not is_so():
        await heart(1)


def test_records_are_those_that_are_read_without_asyncio(
    database: SharedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_reading, "RECORD_BATCH_SIZE", 2)
    monkeypatch.setattr(async_iteration, "MAX_AHEAD", 2)
    write(database, range(1, 8))

    async def read() -> list[LandParcel]:
        return [parcel_read async for parcel_read in iterate_in_thread(records, database, LandParcel, map_sheet="12")]

    assert asyncio.run(read()) == list(records(database, LandParcel, map_sheet="12"))
    assert len(asyncio.run(read())) == 7


def test_the_loop_turns_while_a_batch_is_read() -> None:
    """The iterator waits for an event that only the beating heart sets: a blocked loop would never set it."""
    source = Source(waits_at=1)

    async def read() -> list[int]:
        async def beat() -> None:
            await heart(HEARTBEATS)
            source.go_on.set()

        beating = asyncio.create_task(beat())
        values = [value async for value in iterate_in_thread(source.values, 3)]
        await beating
        return values

    assert asyncio.run(read()) == [0, 1, 2]


def test_the_loop_turns_while_a_follower_waits_for_the_next_change(
    database: SharedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cchc_connect.database.reading.change_feed.POLL_INTERVAL_S", 0.01)
    write(database, [1])

    async def read() -> list[str]:
        keys = list[str]()
        async with aclosing(iterate_in_thread(follow, database)) as feed:
            async for change in feed:
                keys.append(change.record_key)
                if len(keys) == 2:
                    break
                await heart(HEARTBEATS)
                await asyncio.to_thread(write, database, [2])
        return keys

    assert asyncio.run(read()) == [parcel(1).key, parcel(2).key]
    assert reading_threads() == []


def test_a_cancelled_follower_ends_at_once_and_reads_nothing_more(
    database: SharedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cchc_connect.database.reading.change_feed.POLL_INTERVAL_S", PATIENCE_S)

    async def read() -> None:
        async def following() -> None:
            async for _ in iterate_in_thread(follow, database):
                pass

        task = asyncio.create_task(following())
        await until(lambda: reading_threads() != [])
        await heart(HEARTBEATS)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert reading_threads() == []

    asyncio.run(asyncio.wait_for(read(), PATIENCE_S / 2))


def test_a_reader_that_breaks_out_closes_the_iterator() -> None:
    source = Source()

    async def read() -> None:
        async with aclosing(iterate_in_thread(source.values, 10_000_000)) as values:
            async for value in values:
                if value == 10:
                    break
        assert source.is_closed
        assert reading_threads() == []

    asyncio.run(read())


def test_a_reader_that_breaks_out_without_closing_closes_the_iterator_soon_after() -> None:
    source = Source()

    async def read() -> None:
        async for value in iterate_in_thread(source.values, 10_000_000):
            if value == 10:
                break
        await until(lambda: source.is_closed and reading_threads() == [])

    asyncio.run(asyncio.wait_for(read(), PATIENCE_S))


def test_the_thread_reads_a_bounded_number_of_values_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_iteration, "MAX_AHEAD", 10)
    source = Source()
    ahead = list[int]()

    async def read() -> None:
        passed = 0
        async with aclosing(iterate_in_thread(source.values, 200)) as values:
            async for _ in values:
                passed += 1
                await heart(3)
                ahead.append(source.read - passed)

    asyncio.run(read())
    assert len(ahead) == 200
    assert max(ahead) <= 2 * 10 + 1  # one batch that the reader has, one that waits, and the value in hand


def test_the_readers_get_what_the_function_raises_after_what_it_yielded() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise KeyError("no such field")

    async def read(values: AsyncIterator[int]) -> list[int]:
        seen = list[int]()
        with pytest.raises(KeyError, match="no such field"):
            async for value in values:
                seen.append(value)
        return seen

    async def run() -> list[int]:
        return await read(iterate_in_thread(failing))

    assert asyncio.run(run()) == [1]
    assert reading_threads() == []


@on_sqlite_only
def test_a_function_that_fails_at_once_raises_in_the_loop(database: SharedDatabase) -> None:
    async def read() -> None:
        async for _ in iterate_in_thread(records, database, LandParcel, no_such_field=1):
            pass

    with pytest.raises(Exception, match="no_such_field"):
        asyncio.run(read())


def test_a_list_is_iterated_too() -> None:
    async def read() -> list[int]:
        return [value async for value in iterate_in_thread(sorted, [3, 1, 2])]

    assert asyncio.run(read()) == [1, 2, 3]


def test_the_function_sees_the_context_of_its_caller() -> None:
    language = ContextVar("language", default="en")

    def values() -> Iterator[str]:
        yield language.get()

    async def read() -> list[str]:
        language.set("vi")
        return [value async for value in iterate_in_thread(values)]

    assert asyncio.run(read()) == ["vi"]


def test_many_readers_read_at_the_same_time() -> None:
    """More than the default executor has threads: each reader has its own."""
    sources = [Source(waits_at=0) for _ in range(50)]

    async def read() -> list[list[int]]:
        async def values(source: Source) -> list[int]:
            return [value async for value in iterate_in_thread(source.values, 3)]

        tasks = [asyncio.create_task(values(source)) for source in sources]
        await until(lambda: len(reading_threads()) == len(sources))
        for source in sources:
            source.go_on.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(read()) == [[0, 1, 2]] * len(sources)
