"""A disk that is full: one clear line, an exit code of its own, and the next run completes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc_connect.cli.exits import ExitCode
from tests.cli.conftest import write_config
from tests.crashes.hamlet import ONLY, Hamlet
from tests.crashes.losses import NOTHING
from tests.processes import unmeasured

SIZE_KIB = 2048

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount a file system of two mebibytes"
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of two mebibytes."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KIB}k", "tmpfs", str(place)],  # noqa: S607  # where root finds it
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("this system lets nobody mount a file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)  # noqa: S607  # where root finds it


def sync(config: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command as a scheduler does."""
    command = Path(sys.executable).parent / "cchc-connect"
    only = [word for name in ONLY for word in ("--only", name)]
    words = [str(command), "--config", str(config), "--lang", "en", "sync", *only]
    return subprocess.run(words, check=False, capture_output=True, text=True, env=unmeasured(os.environ))


def fill(ballast: Path, free_kib: int) -> None:
    """Leave so much of the disk free."""
    disk = os.statvfs(ballast.parent)
    ballast.write_bytes(bytes(disk.f_bavail * disk.f_frsize - free_kib * 1024))


@pytest.mark.parametrize("free_kib", [0, pytest.param(200, marks=pytest.mark.long), 500])
def test_a_full_disk_is_told_in_one_line_and_costs_nothing(small_disk: Path, hamlet: Hamlet, free_kib: int) -> None:
    """Whether it is full when the database is made, its tables, its pages, or its log: exit code 74."""
    hamlet.begin_trial()
    ballast, config, path = small_disk / "ballast", small_disk.parent / "cchc.toml", small_disk / "shared.db"
    write_config(config, {**hamlet.tables, "database": {"url": f"sqlite:///{path}"}})
    fill(ballast, free_kib)

    stopped = sync(config)
    ballast.unlink()
    costs = hamlet.finish(f"sqlite:///{path}")

    told = [line for line in stopped.stderr.splitlines() if "full" in line]
    assert (stopped.returncode, len(told)) == (ExitCode.DATABASE, 1), stopped.stderr
    assert stopped.stderr.splitlines()[-1:] == told
    assert "Traceback" not in stopped.stderr
    assert costs == NOTHING
