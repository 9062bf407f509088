"""Measure reading alone by the adapter `folder` against a plain csv loop: `python -m tests.benchmarks.reading_files`.

Both read 200,000 rows of one CSV file, a thousand at a time. The loop makes a dictionary of each row, once by hand and
once with `csv.DictReader`, and checks nothing. The adapter copies the file, hashes it, checks that every byte is UTF-8,
every row as long as the headings and every quote closed, and only then gives the first item.
"""

import argparse
import csv
import gc
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from cchc_adapters.folder.adapter import Folder
from cchc_adapters.folder.options import FolderOptions
from cchc_connect import PageRequest
from cchc_connect.sync.concurrency import relaxed_gc

HEADINGS = (
    *("Mã xã", "Số tờ", "Số thửa", "Diện tích", "Loại đất", "Chủ sử dụng", "Địa chỉ", "Ngày cấp", "Số GCN", "Mã thửa"),
    *("Ghi chú", "Cập nhật"),
)
PAGE = 1000
LIMIT = 1.2


def fill(path: Path, rows: int) -> None:
    """Write the file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADINGS)
        for n in range(rows):
            cells = ("25747", n % 80, n, f"{n % 977},5", "ODT", "Nguyễn Thị Mẫu", "Đường số 5, phường Phú Lợi")
            writer.writerow((*cells, "02/04/2026", f"CS {n:07}", f"P{n}", "", "2026-04-02 08:00:00"))


def loop_by_hand(path: Path) -> int:
    """Read all rows with a plain loop; return how many there were."""
    count = 0
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=";")
        names = next(reader)
        while rows := [dict(zip(names, row, strict=False)) for row in islice(reader, PAGE)]:
            count += len(rows)
    return count


def loop_with_dict_reader(path: Path) -> int:
    """The same with the class of the standard library."""
    count = 0
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter=";")
        while rows := list(islice(reader, PAGE)):
            count += len(rows)
    return count


def adapter(path: Path) -> int:
    """Read all rows with the adapter; return how many there were."""
    fields = {
        "scheme": {"constant": "gso-2025-07"},
        "commune_code": "Mã xã",
        "map_sheet": "Số tờ",
        "parcel_number": "Số thửa",
    }
    source = {"files": path.name, "key": "Mã thửa", "fields": fields, "page_size": PAGE}
    options = {"path": str(path.parent), "settle_s": 0, "sources": {"land_parcel": source}}
    folder = Folder(FolderOptions.model_validate(options))
    token, count = None, 0
    while True:
        page = folder.sources[0].fetch(PageRequest(since=None, page_token=token))
        count += len(page.items)
        token = page.next_page_token
        if token is None:
            folder.close()
            return count


def seconds(read: Callable[[Path], int], path: Path, rows: int) -> float:
    """Return the processor seconds of one reading."""
    gc.collect()
    began = time.process_time()
    if read(path) != rows:
        raise RuntimeError("rows are missing")
    return time.process_time() - began


def main() -> int:
    """Print the least of interleaved readings and their ratio; return 1 if the adapter is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    ways = (loop_by_hand, loop_with_dict_reader, adapter)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "thua_20260402.csv"
        fill(path, arguments.rows)
        with relaxed_gc():  # as in a run
            trials = [[seconds(read, path, arguments.rows) for read in ways] for _ in range(arguments.runs)]
    best = [min(column) for column in zip(*trials, strict=True)]
    for read, least in zip(ways, best, strict=True):
        print(f"{read.__name__:22} {least:6.3f} s  {best[-1] / least:5.2f}")
    return int(best[-1] > LIMIT * best[1])


if __name__ == "__main__":
    sys.exit(main())
