"""The code of docs/write_records.md runs from top to bottom as it stands, and prints what the page says."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import ROOT

PAGE = ROOT / "docs" / "write_records.md"


def test_the_code_of_the_page_runs_and_counts_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}

    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL):
        exec(compile(code, PAGE.name, "exec"), names)  # noqa: S102  # it is our own page

    assert capsys.readouterr().out.splitlines() == [
        "done 1",
        "land_parcel 1 1 1",
        "['insert', 'delete']",
        "1",
        "228.4",
    ]
