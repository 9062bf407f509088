"""Readers of the change feed miss nothing, however late and in whichever order writers commit."""

import random
import threading
import time
from collections.abc import Sequence

from cchc_connect.database.arrivals import Arrival, Occasion, SiftedPage
from cchc_connect.database.feed import changes, follow
from cchc_connect.database.shared import SharedDatabase
from cchc_connect.database.stored import stored
from cchc_connect.database.stream import Stream
from cchc_connect.database.writer import write_page
from cchc_schemas import LandParcel

WRITERS, PAGES, A_PAGE = 6, 5, 5
READERS = 3


def page(writer: int, number: int) -> SiftedPage:
    """Return a page of new parcels of one writer."""
    arrivals = [
        Arrival(
            source_key=f"{writer}.{number}.{one}",
            source_time=None,
            item={},
            item_hash=f"{writer}.{number}.{one}".encode(),
            record=stored(
                LandParcel.read(
                    {
                        "scheme": "gso-2025-07",
                        "commune_code": "25747",
                        "map_sheet": str(writer + 1),
                        "parcel_number": str(number * A_PAGE + one + 1),
                    }
                ).record
            ),
            notes=None,
        )
        for one in range(A_PAGE)
    ]
    return SiftedPage(arrivals=arrivals)


def test_readers_see_each_change_once_and_in_order_while_many_write(address: str) -> None:
    """Each writer dawdles within its transactions, over a connection of its own; no reader misses what came late.

    Some readers ask again and again from where they were, one follows.
    """
    with SharedDatabase(address):
        pass
    seen: list[list[int]] = [[] for _ in range(READERS + 1)]
    is_over = threading.Event()

    def write(writer: int) -> None:
        dice = random.Random(writer)
        stream = Stream(connection=f"c{writer}", record_type="land_parcel", agency="H09")
        with SharedDatabase(address) as database:
            for number in range(PAGES):
                with database.writing() as connection:
                    time.sleep(dice.uniform(0, 0.01))
                    write_page(connection, stream, page(writer, number), Occasion(run_id="r", now="2026-03-02T08"))
                    time.sleep(dice.uniform(0, 0.01))

    def read(mine: list[int]) -> None:
        with SharedDatabase(address) as database:
            while True:
                last_look = is_over.is_set()
                with database.reading() as connection:
                    found = changes(connection, mine[-1] if mine else 0, limit=7)
                mine += [row["sequence"] for row in found]
                if last_look and not found:
                    return

    def listen(mine: list[int]) -> None:
        quiet: list[float] = []  # how often nothing was new although nobody writes any more

        def pause(seconds: float) -> None:
            quiet.extend([seconds] if is_over.is_set() else [])
            time.sleep(0.005)

        with SharedDatabase(address) as database:
            rows = follow(database, record_types=["land_parcel"], is_stopping=lambda: len(quiet) > 1, sleep=pause)
            mine += [row["sequence"] for row in rows]

    readers = [threading.Thread(target=read, args=(mine,)) for mine in seen[:READERS]]
    readers.append(threading.Thread(target=listen, args=(seen[READERS],)))
    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    _run(readers, writers, is_over)

    everything = list(range(1, WRITERS * PAGES * A_PAGE + 1))
    assert seen == [everything] * (READERS + 1)


def _run(readers: Sequence[threading.Thread], writers: Sequence[threading.Thread], over: threading.Event) -> None:
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    for thread in readers:
        thread.join()
