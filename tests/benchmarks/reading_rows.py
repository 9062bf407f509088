"""Measure reading alone by the adapter `sql` against a plain cursor loop: `python -m tests.benchmarks.reading_rows`.

Both read 200,000 rows in the order of their key over the same driver, a thousand at a time. The loop makes a dictionary
of each row, as somebody would who reads a table without the adapter; the adapter makes an item of it. A second figure
is with the JSON of each item, which a run needs to recognise what is unchanged. The readings are interleaved, and
garbage is collected as seldom as in a run. Time counts, not processor time alone: a server works beside the process.
"""

import argparse
import gc
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pymysql
from pymysql.cursors import SSCursor

from cchc_adapters.sql.adapter import SqlDatabase
from cchc_adapters.sql.options import SqlOptions
from cchc_connect import PageRequest
from cchc_connect.sync.concurrency import relaxed_gc
from cchc_connect.wire.json import RawItem
from tests.databases import stop_servers as stop_postgres
from tests.sql.agencies import Agency, agency_of, stop_servers as stop_mariadb

COLUMNS = ("id", "ma", "ten", "dia_chi", "dien_tich", "ngay_nhan", "so_to", "so_thua")
STATEMENT = f"SELECT {', '.join(COLUMNS)} FROM ho_so ORDER BY id"  # noqa: S608  # names of this module
PAGE = 1000
LIMIT = 1.2


def fill(agency: Agency, rows: int) -> None:
    """Make the table and its rows."""
    number = "double precision" if agency.kind == "postgres" else "double"
    agency.run(
        "CREATE TABLE ho_so (id integer PRIMARY KEY, ma varchar(40), ten varchar(80), dia_chi varchar(120), "
        f"dien_tich {number}, ngay_nhan timestamp NULL, so_to varchar(9), so_thua varchar(9))"
    )
    marks = ", ".join(["?" if agency.kind == "sqlite" else "%s"] * len(COLUMNS))
    cursor = agency.connection.cursor()
    day = "2026-04-02 08:00:00"
    for start in range(0, rows, 10_000):
        batch = [
            (n, f"H{n:07}", f"Người Mẫu {n}", f"Số {n} đường Trần Phú", n * 1.5, day, str(n % 99), str(n))
            for n in range(start, min(start + 10_000, rows))
        ]
        cursor.executemany(f"INSERT INTO ho_so VALUES ({marks})", batch)  # noqa: S608  # names of this module
    agency.connection.commit()


def loop_over(agency: Agency) -> int:
    """Read all rows with a plain loop; return how many there were."""
    cursor: Any
    connection: Any
    if agency.kind == "sqlite":
        connection = sqlite3.connect(agency.url.removeprefix("sqlite:///"))
        cursor = connection.cursor()
    elif agency.kind == "postgres":
        connection = psycopg.connect(agency.url)
        cursor = connection.cursor(name="loop")
    else:
        host, _, name = agency.url.rpartition("@")[2].partition("/")
        port = int(host.partition(":")[2])
        connection = pymysql.connect(host="127.0.0.1", port=port, user="root", database=name)
        cursor = connection.cursor(SSCursor)
    cursor.execute(STATEMENT)
    count = 0
    while rows := cursor.fetchmany(PAGE):
        count += len([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    cursor.close()
    connection.close()
    return count


def fetch_from(agency: Agency, *, with_json: bool) -> int:
    """Read all rows with the adapter; return how many there were."""
    fields = {"code": "ma", "procedure_code": "so_to", "status": {"constant": "in_process"}, "applicant_name": "ten"}
    table = {"table": "ho_so", "key": "id", "fields": fields, "also_fetch": COLUMNS, "page_size": PAGE}
    adapter = SqlDatabase(SqlOptions.model_validate({"url": agency.url, "sources": {"dossier": table}}))
    (source,) = adapter.sources
    token, count = None, 0
    while True:
        page = source.fetch(PageRequest(since=None, page_token=token))
        count += len(page.items)
        if with_json:
            count += 0 * sum(len(item.raw) for item in page.items if isinstance(item, RawItem))
        token = page.next_page_token
        if token is None:
            break
    adapter.close()
    return count


def seconds(read: Callable[[], int], rows: int) -> tuple[float, float]:
    """Return how long a reading takes, and how much of that is processor time of this process.

    Raises:
        ValueError: it did not read every row.
    """
    gc.collect()
    began, processor_began = time.perf_counter(), time.process_time()
    count = read()
    duration, processor_time = time.perf_counter() - began, time.process_time() - processor_began
    if count != rows:
        raise ValueError("not every row was read")
    return duration, processor_time


def measured(kind: str, folder: Path, rows: int, runs: int) -> Sequence[tuple[float, float]]:
    """Return the median time and processor time of loop, adapter, and adapter with JSON, measured in turns."""
    with agency_of(kind, folder) as agency:
        fill(agency, rows)
        readings: list[Callable[[], int]] = [
            lambda: loop_over(agency),
            lambda: fetch_from(agency, with_json=False),
            lambda: fetch_from(agency, with_json=True),
        ]
        with relaxed_gc():
            trials = [[seconds(read, rows) for read in readings] for _ in range(runs)]
    return [
        (statistics.median(duration for duration, _ in column), statistics.median(used for _, used in column))
        for column in zip(*trials, strict=True)
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each database; return 1 if reading takes longer than allowed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.reading_rows", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgres", "mariadb"])
    options = parser.parse_args(argv)
    is_slow = False
    for kind in options.databases:
        with tempfile.TemporaryDirectory() as folder:
            loop, *of_adapter = measured(kind, Path(folder), options.rows, options.runs)
        is_slow |= of_adapter[0][0] > LIMIT * loop[0]
        print(f"{kind}: {options.rows} rows, loop {loop[0]:.2f} s, processor {loop[1]:.2f} s")
        for name, times in zip(("fetch", "with JSON"), of_adapter, strict=True):
            duration, used = (f"{own:.2f} s ({own / of_loop:.2f})" for own, of_loop in zip(times, loop, strict=True))
            print(f"  {name}: {duration}, processor {used}")
    stop_postgres()
    stop_mariadb()
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main())
