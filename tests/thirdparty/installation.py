"""Installation of third-party servers below `.thirdparty/`; tests are skipped if it is impossible."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.checkout import ROOT

ENVIRONMENTS = ROOT / ".thirdparty"
MINUTES = 15


def install_or_skip(package: str, command: Sequence[str], folder: Path | None = None) -> None:
    """Run a command that installs `package`; skip the test if that fails."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60 * MINUTES, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{package} could not be installed within {MINUTES} minutes")
    if done.returncode:
        pytest.skip(f"{package} cannot be installed here: {(done.stderr or done.stdout).strip()[-300:]}")


def program_or_skip(name: str) -> str:
    """Return the path of an installed program; skip the test if there is none."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path
