"""Readers of the change feed miss nothing, in whatever order and however late writers commit."""

import random
import threading
import time
from collections.abc import Sequence

from cchc_connect.database.reading.change_feed import change_rows, follow
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.incoming import IncomingRecord, PageBatch, WriteContext, serialize
from cchc_connect.database.writing.page_writer import write_page
from cchc_schemas import LandParcel

WRITERS, PAGES, PAGE_SIZE = 6, 5, 5
READERS = 3


def page(writer: int, number: int) -> PageBatch:
    """Return a page of new parcels of a writer."""
    incoming_records = [
        IncomingRecord(
            source_key=f"{writer}.{number}.{index}",
            source_time=None,
            item={},
            item_hash=f"{writer}.{number}.{index}".encode(),
            record=serialize(
                LandParcel.read(
                    {
                        "scheme": "gso-2025-07",
                        "commune_code": "25747",
                        "map_sheet": str(writer + 1),
                        "parcel_number": str(number * PAGE_SIZE + index + 1),
                    }
                ).record
            ),
            notes=None,
        )
        for index in range(PAGE_SIZE)
    ]
    return PageBatch(records=incoming_records)


def test_readers_see_each_change_once_and_in_order_while_many_write(address: str) -> None:
    """Each writer pauses within its transactions, over a connection of its own; no reader misses a late commit.

    Some readers query again and again from their last sequence, one follows the feed.
    """
    with SharedDatabase(address, create_or_upgrade=True):
        pass
    seen: list[list[int]] = [[] for _ in range(READERS + 1)]
    is_over = threading.Event()

    def write(writer: int) -> None:
        dice = random.Random(writer)
        stream = Stream(connection=f"c{writer}", record_type="land_parcel", agency="H09")
        with SharedDatabase(address, create_or_upgrade=True) as database:
            for number in range(PAGES):
                with database.writing() as connection:
                    time.sleep(dice.uniform(0, 0.01))
                    write_page(connection, stream, page(writer, number), WriteContext(run_id="r", now="2026-03-02T08"))
                    time.sleep(dice.uniform(0, 0.01))

    def read(sequences: list[int]) -> None:
        with SharedDatabase(address, create_or_upgrade=True) as database:
            while True:
                is_last_query = is_over.is_set()
                with database.reading() as connection:
                    new = change_rows(connection, sequences[-1] if sequences else 0, limit=7)
                sequences += [row["sequence"] for row in new]
                if is_last_query and not new:
                    return

    def listen(sequences: list[int]) -> None:
        quiet: list[float] = []  # pauses of the reader after the last writer ended

        def pause(seconds: float) -> None:
            quiet.extend([seconds] if is_over.is_set() else [])
            time.sleep(0.005)

        with SharedDatabase(address, create_or_upgrade=True) as database:
            rows = follow(database, record_types=["land_parcel"], is_stopping=lambda: len(quiet) > 1, sleep=pause)
            sequences += [row.sequence for row in rows]

    readers = [threading.Thread(target=read, args=(sequences,)) for sequences in seen[:READERS]]
    readers.append(threading.Thread(target=listen, args=(seen[READERS],)))
    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    _run(readers, writers, is_over)

    everything = list(range(1, WRITERS * PAGES * PAGE_SIZE + 1))
    assert seen == [everything] * (READERS + 1)


def _run(readers: Sequence[threading.Thread], writers: Sequence[threading.Thread], over: threading.Event) -> None:
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    for thread in readers:
        thread.join()
