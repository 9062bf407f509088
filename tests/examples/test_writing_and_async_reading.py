"""The small programs that write a record and that read from asyncio, run as their reader runs them."""

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cchc_connect import Config, history
from cchc_schemas import LandParcel, to_document
from tests.checkout import ROOT
from tests.sync.test_record_writer import parcel

CONFIG = '[connections.survey-office]\nadapter = "program"\nagency = "000.00.07.H09"\n'
BUILDING_BLOCKS = ROOT / "docs" / "building_blocks.md"

Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Give a function that runs a program in a folder with a cchc.toml and returns what it prints."""
    monkeypatch.chdir(tmp_path)
    Path("cchc.toml").write_text(CONFIG, encoding="utf-8")

    def running(name: str, *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")
        return capsys.readouterr().out

    return running


def write(run: Run, record: LandParcel) -> str:
    Path("parcel.json").write_text(json.dumps(to_document(record)), encoding="utf-8")
    return run("write_record.py", "cchc.toml", "survey-office", "parcel.json")


def test_a_record_is_written_with_its_history(run: Run) -> None:
    assert write(run, parcel(1)) == "done: 1 rows written\n"
    assert write(run, parcel(1)) == "done: 0 rows written\n"
    assert write(run, parcel(1, "120")) == "done: 1 rows written\n"
    with Config.load(Path("cchc.toml")).open_database() as database:
        assert [version.operation for version in history(database, LandParcel, parcel(1).key)] == ["insert", "update"]


def test_the_parcels_of_communes_are_read_from_asyncio(run: Run) -> None:
    write(run, parcel(1))
    write(run, parcel(2, commune_code="25750"))
    write(run, parcel(3))

    shown = run("async_read.py", "shared.db", "25747")

    assert shown.splitlines() == [f"{parcel(1).key} 100", f"{parcel(3).key} 100"]


def test_the_document_shows_the_asynchronous_program_as_it_runs() -> None:
    program = (ROOT / "examples" / "async_read.py").read_text(encoding="utf-8")

    assert f"```python\n{program}```" in BUILDING_BLOCKS.read_text(encoding="utf-8")
