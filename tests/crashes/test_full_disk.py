"""A full disk: the error is one line with its own exit code, and the next run completes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc_connect.cli.exit_codes import ExitCode
from tests.cli.conftest import write_config
from tests.coverage_switch import without_coverage
from tests.crashes.losses import NO_LOSSES
from tests.crashes.small_province import SELECTED, SmallProvince

SIZE_KIB = 2048

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount a file system of two mebibytes"
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of two mebibytes."""
    mount_point = tmp_path / "small"
    mount_point.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KIB}k", "tmpfs", str(mount_point)],  # noqa: S607  # where root finds it
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("this system lets nobody mount a file system")
    yield mount_point
    subprocess.run(["umount", str(mount_point)], check=True)  # noqa: S607  # where root finds it


def sync(config: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command as a scheduler does."""
    command = Path(sys.executable).parent / "cchc-connect"
    only = [argument for name in SELECTED for argument in ("--only", name)]
    arguments = [str(command), "--config", str(config), "--lang", "en", "sync", *only]
    return subprocess.run(arguments, check=False, capture_output=True, text=True, env=without_coverage(os.environ))


def fill(ballast: Path, free_kib: int) -> None:
    """Write a file that leaves `free_kib` KiB of the disk free."""
    disk = os.statvfs(ballast.parent)
    ballast.write_bytes(bytes(disk.f_bavail * disk.f_frsize - free_kib * 1024))


@pytest.mark.parametrize("free_kib", [0, pytest.param(200, marks=pytest.mark.long), 500])
def test_a_full_disk_is_reported_in_one_line_and_loses_nothing(
    small_disk: Path, hamlet: SmallProvince, free_kib: int
) -> None:
    """Whether it is full at the creation of the database, its tables, its pages or its log: exit code 74."""
    hamlet.new_trial()
    ballast, config, path = small_disk / "ballast", small_disk.parent / "cchc.toml", small_disk / "shared.db"
    write_config(config, {**hamlet.tables, "database": {"url": f"sqlite:///{path}"}})
    fill(ballast, free_kib)

    stopped = sync(config)
    ballast.unlink()
    costs = hamlet.finish(f"sqlite:///{path}")

    messages = [line for line in stopped.stderr.splitlines() if "full" in line]
    assert (stopped.returncode, len(messages)) == (ExitCode.DATABASE, 1), stopped.stderr
    assert stopped.stderr.splitlines()[-1:] == messages
    assert "Traceback" not in stopped.stderr
    assert costs == NO_LOSSES
