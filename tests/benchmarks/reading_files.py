"""Measure reading alone by the adapter `folder` against a plain csv loop: `python -m tests.benchmarks.reading_files`.

Both read 200,000 rows of one CSV file, a thousand at a time. The loop makes a dictionary of each row, once by hand and
once with `csv.DictReader`, and checks nothing. The adapter copies the file, hashes it, checks that every byte is UTF-8,
every row as long as the headings and every quote closed, and only then gives the first item. Beside a plain file
there are some with empty cells, with quotes around all cells, and with several lines in a cell.
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
KINDS = ("plain", "empty cells", "quotes", "several lines")
PAGE = 1000
LIMIT = 1.2


def cells_of(kind: str, n: int) -> list[object]:
    """Return the cells of a row."""
    cells = ["25747", n % 80, n, f"{n % 977},5", "ODT", "Nguyễn Thị Mẫu", "Đường số 5, phường Phú Lợi"]
    dates = ["02/04/2026", f"CS {n:07}"] if kind != "empty cells" else ["", ""]
    note = "hai\ndòng" if kind == "several lines" and n % 10 == 0 else ""
    return [*cells, *dates, f"P{n}", note, "2026-04-02 08:00:00"]


def fill(path: Path, kind: str, rows: int) -> None:
    """Write the file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL if kind == "quotes" else csv.QUOTE_MINIMAL)
        writer.writerow(HEADINGS)
        writer.writerows(cells_of(kind, n) for n in range(rows))


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


def measured(kind: str, rows: int, runs: int) -> list[float]:
    """Return the least seconds of both loops and of the adapter, measured in turns."""
    ways = (loop_by_hand, loop_with_dict_reader, adapter)
    with tempfile.TemporaryDirectory() as folder, relaxed_gc():  # as in a run
        path = Path(folder) / "thua_20260402.csv"
        fill(path, kind, rows)
        trials = [[seconds(read, path, rows) for read in ways] for _ in range(runs)]
    return [min(column) for column in zip(*trials, strict=True)]


def main() -> int:
    """Print the least of interleaved readings and their ratio; return 1 if the adapter is too slow on a plain file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    is_slow = False
    for kind in KINDS:
        by_hand, dict_reader, fetch = measured(kind, arguments.rows, arguments.runs)
        is_slow |= kind == "plain" and fetch > LIMIT * dict_reader
        print(
            f"{kind}: by hand {by_hand:.3f} s, DictReader {dict_reader:.3f} s, adapter {fetch:.3f} s "
            f"({fetch / by_hand:.2f}, {fetch / dict_reader:.2f})"
        )
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main())
