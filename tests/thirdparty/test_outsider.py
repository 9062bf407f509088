"""The README of the outsider's package works as typed, in a fresh checkout and a fresh virtual environment."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.documentation.pages import blocks
from tests.thirdparty.installation import install_or_skip

pytestmark = pytest.mark.thirdparty

PAGE = ROOT / "examples" / "district_registry_adapter" / "README.md"
NOT_IN_A_FRESH_CHECKOUT = shutil.ignore_patterns(".*", "__pycache__", "*.db", "node_modules", "build", "dist")


def test_the_readme_works_as_typed_in_a_fresh_virtual_environment(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT, checkout, ignore=NOT_IN_A_FRESH_CHECKOUT)
    (block,) = blocks(PAGE, "sh")
    printed = ""

    for line in block.commands():
        typed = ["sh", "-c", line.replace("python3", sys.executable)]
        if " pip install " in line.replace("/pip", " pip"):
            install_or_skip("the outsider's package", typed, folder=checkout)
            continue
        done = subprocess.run(typed, cwd=checkout, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        printed += done.stdout

    assert " passed" in printed
    assert any("district_registry" in line for line in printed.splitlines()[-8:])
