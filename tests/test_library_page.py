"""The code of docs/library.md runs as it stands, one block after the other, over a database that was pulled."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.cli.demo_config import demo_tables, passwords_of_doubles
from cchc_connect.testing import Agencies, World
from tests.checkout import ROOT
from tests.cli.conftest import write_config
from tests.sharing.in_force import agreed

PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")

BLOCKS = re.findall(r"^## ([^\n]+)\n|```python\n(.*?)```", PAGE, flags=re.DOTALL | re.MULTILINE)


def blocks() -> Iterator[Any]:
    """Yield each block of code with its heading."""
    heading = ""
    for title, code in BLOCKS:
        heading = title or heading
        if code:
            yield pytest.param(code, id=heading)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a folder with a cchc.toml, its systems running, and the database of its first run."""
    from cchc_connect import Config, Synchronizer  # noqa: PLC0415  # as a program imports them

    folder = tmp_path_factory.mktemp("site")
    world = World(seed=11, dossiers=12, parcels=20, works=8, defect_share=0.1)
    with Agencies(world) as agencies, passwords_of_doubles(agencies):
        write_config(folder / "cchc.toml", agreed(demo_tables(agencies, folder / "shared.db")))
        config = Config.load(folder / "cchc.toml")
        with config.open_database() as database:
            Synchronizer(config, database).synchronise()
        yield folder


@pytest.mark.parametrize("code", list(blocks()))
def test_the_code_runs_as_it_stands(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    monkeypatch.chdir(site)
    monkeypatch.setattr(logging.getLogger("cchc_connect"), "handlers", [])

    exec(compile(code, "docs/library.md", "exec"), {"__name__": "page"})  # noqa: S102  # it is our own page

    assert ("print(" not in code) or capsys.readouterr().out
