"""Installing what others wrote, below `.thirdparty/`; where that is impossible tests are skipped."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.checkout import ROOT

ENVIRONMENTS = ROOT / ".thirdparty"
MINUTES = 15


def install(what: str, command: Sequence[str], folder: Path | None = None) -> None:
    """Run a command that installs `what`; skip the test where it cannot be done here."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60 * MINUTES, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{what} could not be installed within {MINUTES} minutes")
    if done.returncode:
        pytest.skip(f"{what} cannot be installed here: {(done.stderr or done.stdout).strip()[-300:]}")


def program(name: str) -> str:
    """Return the path of an installed program; skip the test where there is none."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found
