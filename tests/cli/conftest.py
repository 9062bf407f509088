"""What the tests of the command line share: a caller, and databases with something in them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cchc_connect.cli import main
from cchc_connect.cli.language import LOCALE_VARIABLES


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one command ended."""

    code: int
    out: str
    err: str


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
