"""The asynchronous example, run as its reader runs it, and shown in the documents as it runs."""

import os
import subprocess
import sys

from tests.checkout import ROOT

EXAMPLE = ROOT / "examples" / "async_check.py"
DOCUMENT = ROOT / "docs" / "building_blocks.md"


def test_parcels_are_looked_up_side_by_side() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "740001", "740002", "1"],
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    first, second, unknown, total = done.stdout.splitlines()
    assert first.startswith("740001: sheet ")
    assert second.startswith("740002: sheet ")
    assert unknown == "1: not found"
    assert total == "3 requests"


def test_the_document_shows_the_example_as_it_runs() -> None:
    assert f"```python\n{EXAMPLE.read_text(encoding='utf-8')}```" in DOCUMENT.read_text(encoding="utf-8")
