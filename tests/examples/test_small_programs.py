"""Each small program of examples/ does in at most ten lines, with public names only, what examples/README.md says."""

import ast
import importlib
import json
import re
import runpy
import sys
from collections.abc import Callable
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import pytest

from cchc_connect import SharedDatabase, changes, records
from cchc_connect.clock import SystemClock
from cchc_schemas import Dossier, LandParcel, to_document
from tests.checkout import ROOT
from tests.cli.conftest import running_province
from tests.documentation.demo import demo_database

__all__ = ["demo_database"]

FOLDER = ROOT / "examples"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
SMALL = sorted(re.findall(r"\]\((\w+\.py)\)", README.partition("Longer ones")[0]))
MAX_LINES = 10

Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a function that runs a program as its reader does and returns what it prints."""

    def running(name: str, *arguments: object) -> str:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(FOLDER / name), run_name="__main__")
        return capsys.readouterr().out

    return running


def lines_of(name: str) -> list[str]:
    """Return the lines of a program but blank ones and its docstring."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    docstring = ast.parse(text).body[0]
    return [line for line in text.splitlines()[docstring.end_lineno :] if line.strip()]


def test_all_eleven_programs_are_there() -> None:
    assert len(SMALL) == 11
    assert {path.name for path in FOLDER.glob("*.py")} - set(SMALL) == {"quickstart.py", "async_check.py"}


@pytest.mark.parametrize("name", SMALL)
def test_a_small_program_has_at_most_ten_lines(name: str) -> None:
    assert len(lines_of(name)) <= MAX_LINES


@pytest.mark.parametrize("name", SMALL)
def test_a_small_program_uses_public_names_only(name: str) -> None:
    tree = ast.parse((FOLDER / name).read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import)]
    used = {
        (node.module or "", alias.name)
        for node in imported
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cchc_")
        for alias in node.names
    }

    assert used
    assert {module for module, _ in used} <= {"cchc_connect", "cchc_schemas"}
    assert all(name in importlib.import_module(module).__all__ for module, name in used)
    assert "._" not in ast.unparse(tree)


def test_parcels_of_communes(run: Run, demo_database: Path) -> None:
    with SharedDatabase(demo_database) as database:
        codes = sorted({parcel.commune_code for parcel in records(database, LandParcel)})[:2]
        expected = [parcel.key for parcel in records(database, LandParcel) if parcel.commune_code in codes]

    shown = run("parcels_of_a_commune.py", demo_database, *codes)

    assert [line.split()[0] for line in shown.splitlines()] == expected
    assert expected


def test_overdue_dossiers(run: Run, demo_database: Path) -> None:
    with SharedDatabase(demo_database) as database:
        due = {d.code: d.due_at for d in records(database, Dossier) if d.due_at and d.status in {2, 4}}
    day = sorted(moment.date() for moment in due.values())[len(due) // 2] + timedelta(days=1)

    shown = run("overdue_dossiers.py", demo_database, day)

    codes = {line.split()[0] for line in shown.splitlines()}
    assert codes
    assert codes < set(due)
    assert all(moment.date() <= day for code, moment in due.items() if code in codes)


def test_the_feed_goes_on_after_a_number(run: Run, demo_database: Path) -> None:
    with SharedDatabase(demo_database) as database:
        *_, last = changes(database)

    shown = run("feed_from_a_number.py", demo_database, last.sequence - 2)

    assert [int(line.split()[0]) for line in shown.splitlines()] == [last.sequence - 1, last.sequence]
    assert shown.splitlines()[-1] == f"{last.sequence} {last.operation} {last.record_type} {last.record_key}"


def test_a_record_as_of_a_day(run: Run, demo_database: Path) -> None:
    with SharedDatabase(demo_database) as database:
        (parcel,) = islice(records(database, LandParcel), 1)
    today = SystemClock().now().date()

    assert run("record_as_of_a_date.py", demo_database, parcel.key, today + timedelta(days=1)) == f"{parcel.area_m2}\n"
    assert run("record_as_of_a_date.py", demo_database, parcel.key, date(2020, 1, 1)) == "unknown on that day\n"


def test_one_run_and_its_report(run: Run, tmp_path: Path) -> None:
    with running_province(tmp_path):
        shown = run("one_run.py", tmp_path / "cchc.toml")

    outcome, *lines = shown.splitlines()
    assert re.fullmatch(r"done: [1-9][0-9]* rows written in [0-9.]+ s", outcome)
    assert any(line.startswith("land-registry land_parcel done") for line in lines)


def test_geojson_of_a_commune(run: Run, demo_database: Path, tmp_path: Path) -> None:
    with SharedDatabase(demo_database) as database:
        code = next(records(database, LandParcel)).commune_code

    shown = run("export_geojson.py", demo_database, code, tmp_path / "parcels.geojson")

    collection = json.loads((tmp_path / "parcels.geojson").read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    assert shown.startswith(f"{len(collection['features'])} parcels in ")
    assert {feature["properties"]["commune_code"] for feature in collection["features"]} == {code}


def test_csv_for_officials(run: Run, demo_database: Path, tmp_path: Path) -> None:
    shown = run("export_csv.py", demo_database, tmp_path / "dossiers.csv")

    heading, *rows = (tmp_path / "dossiers.csv").read_text(encoding="utf-8-sig").splitlines()
    assert "mã hồ sơ" in heading.lower()
    assert len(rows) >= int(shown.split()[0]) > 0
    assert "applicant_name" in shown


def test_parquet_into_pandas(run: Run, demo_database: Path, tmp_path: Path) -> None:
    with SharedDatabase(demo_database) as database:
        codes = {parcel.commune_code for parcel in records(database, LandParcel)}

    shown = run("parquet_into_pandas.py", demo_database, tmp_path / "parcels.parquet")

    assert all(code in shown for code in codes)


def test_all_faults_of_a_document_at_once(run: Run, demo_database: Path, tmp_path: Path) -> None:
    with SharedDatabase(demo_database) as database:
        parcel = next(records(database, LandParcel))
    sound, faulty = tmp_path / "sound.json", tmp_path / "faulty.json"
    sound.write_text(json.dumps(to_document(parcel)), encoding="utf-8")
    faulty.write_text(json.dumps({**to_document(parcel), "area_m2": "-1", "map_sheet": None}), encoding="utf-8")

    assert run("validate_document.py", sound) == f"{parcel.key}\n"
    assert run("validate_document.py", faulty) == "map_sheet: missing\narea_m2: area_not_positive\n"
