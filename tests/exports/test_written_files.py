"""The file of an export: for its owner alone, complete or not there, and no formula in it."""

import errno
import signal
import stat
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import openpyxl
import pytest

from cchc_connect import export
from cchc_connect.errors import ConfigurationError
from cchc_connect.spreadsheets.workbook import WorkbookFile
from cchc_schemas import LandParcel
from tests.databases import on_sqlite_only
from tests.exports.conftest import Store
from tests.exports.readers import FORMATS, cells, csv_rows, workbook_rows
from tests.quick import few
from tests.schemas.invented import PARCEL

ENDINGS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]

INTERRUPTED = """
import os, signal, sys
from cchc_connect import SharedDatabase, export
from cchc_schemas import LandParcel

signal.signal(signal.SIGINT, signal.default_int_handler)  # a program in the background begins without one

def progress(written, total):
    os.kill(os.getpid(), int(sys.argv[3]))

with SharedDatabase(sys.argv[1]) as database:
    export(database, LandParcel, sys.argv[2], progress=progress)
"""

FULL = """
import resource, signal, sys
from cchc_connect import SharedDatabase, export
from cchc_schemas import LandParcel

with SharedDatabase(sys.argv[1]) as database:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
    try:
        export(database, LandParcel, sys.argv[2])
    except OSError as error:
        print(error.errno)
"""


@on_sqlite_only
@pytest.mark.usefixtures("usual_umask")
@pytest.mark.parametrize("ending", FORMATS)
def test_the_file_is_for_its_owner_alone(store: Store, ending: str) -> None:
    export(store(LandParcel, PARCEL), LandParcel, f"a.{ending}")

    assert stat.S_IMODE(Path(f"a.{ending}").stat().st_mode) == 0o600


@on_sqlite_only
@pytest.mark.parametrize(("ending", "number"), few(product(["csv", "parquet"], ENDINGS), 2))
def test_an_export_that_is_killed_leaves_nothing(
    store: Store, address: str, tmp_path: Path, ending: str, number: signal.Signals
) -> None:
    store(LandParcel, PARCEL)
    folder = tmp_path / "out"
    folder.mkdir()

    arguments = [sys.executable, "-c", INTERRUPTED, address, str(folder / f"a.{ending}"), str(int(number))]
    ended = subprocess.run(arguments, capture_output=True, check=False, timeout=60)

    assert ended.returncode in {-number, 1}
    assert list(folder.iterdir()) == []


@on_sqlite_only
@pytest.mark.parametrize("ending", few(FORMATS, 2))
def test_a_disk_that_takes_no_more_leaves_nothing(store: Store, address: str, tmp_path: Path, ending: str) -> None:
    store(LandParcel, *({**PARCEL, "parcel_number": str(number)} for number in range(40)))
    folder = tmp_path / "out"
    folder.mkdir()

    arguments = [sys.executable, "-c", FULL, address, str(folder / f"a.{ending}")]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=60)

    assert ended.stdout.split() == [str(errno.EFBIG)]
    assert list(folder.iterdir()) == []


@on_sqlite_only
def test_an_existing_file_is_replaced_on_request_only(store: Store) -> None:
    database, path = store(LandParcel, PARCEL), Path("a.csv")
    path.write_text("mine", encoding="utf-8")

    with pytest.raises(FileExistsError):
        export(database, LandParcel, path)
    before = path.read_text(encoding="utf-8")
    export(database, LandParcel, path, replace=True)

    assert before == "mine"
    assert len(csv_rows(path)) == 2


@on_sqlite_only
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+84912000111", "-1+1", "@SUM(A1)", "＝1", "\t=1", "#N/A"])
def test_no_text_becomes_a_formula(store: Store, ending: str, text: str) -> None:
    fields = {**PARCEL, "address": f"{text} a", "restrictions": [{"kind": "other", "note": text}]}

    export(store(LandParcel, fields), LandParcel, f"a.{ending}")

    texts = [cell for cell in cells(Path(f"a.{ending}")) if text.strip() in cell]
    assert texts
    assert [cell for cell in texts if cell.strip()[0] in "=+-@＝"] == []
    if ending == "xlsx":
        types = {cell.data_type for sheet in openpyxl.load_workbook("a.xlsx") for row in sheet for cell in row}
        assert types <= {"s", "n", "d"}


@on_sqlite_only
def test_a_text_too_long_for_a_cell_is_counted_and_said(store: Store) -> None:
    ring = [[106.0 + number / 1e6, 11.0] for number in range(3000)]
    geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]], "crs": "OGC:CRS84"}
    database = store(LandParcel, {**PARCEL, "geometry": geometry})

    report = export(database, LandParcel, "a.xlsx", language="vi")

    headings, row = workbook_rows(Path("a.xlsx"))["thửa đất"]
    assert report.replaced_texts == 1
    assert row[headings.index("ranh giới thửa đất")].startswith("(quá dài")
    assert export(database, LandParcel, "a.csv").replaced_texts == 0
    assert len(csv_rows(Path("a.csv"))[1][-2]) > 32_767


def test_a_full_sheet_is_continued_on_a_next_one(tmp_path: Path) -> None:
    workbook = WorkbookFile("yyyy-mm-dd", "too long", max_rows=2)
    sheet = workbook.sheet("A title that is longer than a sheet's may be", ["n"])
    for number in range(5):
        sheet.append([number])
    with (tmp_path / "a.xlsx").open("wb") as file:
        workbook.save(file)

    rows = workbook_rows(tmp_path / "a.xlsx")
    assert {name: [row[0] for row in rows[name]] for name in rows} == {
        "A title that is longer than a s": ["n", 0, 1],
        "A title that is longer than (2)": ["n", 2, 3],
        "A title that is longer than (3)": ["n", 4],
    }


def test_cells_hold_what_a_workbook_can_hold(tmp_path: Path) -> None:
    """Days before Excel's calendar and numbers of more digits than it keeps are texts."""
    old, precise = date(1899, 12, 31), Decimal("1234567890123456.5")
    workbook = WorkbookFile("yyyy-mm-dd", "too long")
    moment = datetime(2026, 7, 1, 8, 15)  # noqa: DTZ001  # a spreadsheet knows no time zone
    workbook.sheet("[a]:*?/\\", ["v"]).append([old, precise, Decimal("0.5"), None, moment])
    with (tmp_path / "a.xlsx").open("wb") as file:
        workbook.save(file)

    (rows,) = workbook_rows(tmp_path / "a.xlsx").values()
    assert rows[1] == ("1899-12-31", "1234567890123456.5", 0.5, None, moment)


@on_sqlite_only
@pytest.mark.parametrize(("ending", "package"), [("parquet", "pyarrow"), ("xlsx", "openpyxl")])
def test_a_missing_extra_is_named_and_no_file_is_left(
    store: Store, monkeypatch: pytest.MonkeyPatch, ending: str, package: str
) -> None:
    database = store(LandParcel, PARCEL)
    for module in ("cchc_connect.exports.parquet", "cchc_connect.spreadsheets.workbook"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ConfigurationError, match="pip install"):
        export(database, LandParcel, f"a.{ending}")

    assert not Path(f"a.{ending}").exists()
