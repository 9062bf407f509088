"""Building a project's wheel as an installer does, without the network."""

import subprocess
import sys
from pathlib import Path


def build_wheel(project: Path, folder: Path) -> Path:
    """Build the wheel of `project` into `folder` with hatchling in a process of its own; return the file."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(build, cwd=project, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel
