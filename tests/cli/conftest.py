"""What the tests of the command line share: a caller, a running province and its configuration file."""

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from cchc_connect.cli import main
from cchc_connect.cli.demo_config import demo_tables, double_secrets
from cchc_connect.cli.language import LOCALE_VARIABLES
from cchc_connect.testing import Agencies, World

CONFIG = Path("cchc.toml")
DATABASE = Path("shared.db")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Return the one JSON document on standard output."""
        document: dict[str, Any] = json.loads(self.out)
        return document


Call = Callable[..., Ended]


@pytest.fixture(autouse=True)
def somewhere_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in an empty folder, with a locale that says nothing."""
    for variable in LOCALE_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Give a caller of the command line within this process."""

    def calling(*arguments: object) -> Ended:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(code=code, out=captured.out, err=captured.err)

    return calling


@contextmanager
def running_province(folder: Path, sleep: Callable[[float], None] = time.sleep) -> Generator[Agencies, None, None]:
    """Run four agencies, slow for as long as `sleep` sleeps; write the cchc.toml that connects them to `folder`."""
    world = World(seed=11, dossiers=24, parcels=40, works=20, defect_share=0.1)
    with Agencies(world, sleep=sleep) as agencies, double_secrets(agencies):
        write_config(folder / CONFIG, demo_tables(agencies, folder / DATABASE))
        yield agencies


@pytest.fixture
def agencies(tmp_path: Path) -> Iterator[Agencies]:
    """Give a running province of the test's own, connected by ./cchc.toml; nothing is pulled yet."""
    with running_province(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the database of a province that was pulled once; whoever changes it changes a copy."""
    folder = tmp_path_factory.mktemp("province")
    with running_province(folder):
        assert main(["--config", str(folder / CONFIG), "--json", "sync"]) == 0
        yield folder / DATABASE


def write_config(path: Path, tables: Mapping[str, Any]) -> None:
    """Write `tables` as TOML."""
    path.write_text("".join(f"{name} = {_toml(table)}\n" for name, table in tables.items()), encoding="utf-8")


def _toml(value: object) -> str:
    match value:
        case dict():
            table = cast("Mapping[str, object]", value)
            return "{ " + ", ".join(f"{name} = {_toml(one)}" for name, one in table.items()) + " }"
        case _:
            return json.dumps(value, ensure_ascii=False)
