"""The commands and the program of the guide docs/export.md run as they stand."""

import re
import shlex
from pathlib import Path

import pytest

from cchc_connect.cli import main
from cchc_connect.exports.formats import FORMAT_BY_ENDING
from tests.cli.conftest import CONFIG, DATABASE, running_province
from tests.exports.readers import csv_rows, features, parquet_rows, workbook_rows

GUIDE = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the database of a province as demo.db."""
    folder = tmp_path_factory.mktemp("guide")
    with running_province(folder):
        assert main(["--config", str(folder / CONFIG), "--json", "sync"]) == 0
    (folder / DATABASE).rename(folder / "demo.db")
    return folder


def test_the_commands_of_the_guide_write_files(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo_folder)
    commands = [shlex.split(line)[1:] for block in blocks("sh") for line in block.splitlines()]

    assert [main(command) for command in commands] == [0] * 5
    assert next(iter(workbook_rows(Path("parcels.xlsx")))) == "thửa đất"
    assert features(Path("works.geojson"))
    assert len(csv_rows(Path("overdue.csv"))) > 0
    assert ";mã xã" in Path("parcels-vi.csv").read_text(encoding="utf-8").splitlines()[0]
    assert "run_id" in parquet_rows(Path("parcels.parquet"))[0]


def test_the_program_of_the_guide_runs(
    demo_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demo_folder)
    (program,) = blocks("python")

    exec(program, {})  # noqa: S102  # it is our own guide

    assert "masked: ('applicant_name'" in capsys.readouterr().out
    assert parquet_rows(Path("all parcels.parquet"))


def test_the_guide_names_every_ending() -> None:
    assert [ending for ending in FORMAT_BY_ENDING if f"`{ending}`" not in GUIDE] == []
