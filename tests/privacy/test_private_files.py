"""Private files: for their owner alone, complete or not there."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc_connect.privacy import private_files
from cchc_connect.privacy.private_files import new_private_file

KILLED = """
import os, signal, sys
from pathlib import Path
from cchc_connect.privacy.private_files import new_private_file
with new_private_file(Path(sys.argv[1])) as file:
    file.write(bytes(100_000))
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(params=["unnamed", "named"])
def target(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the path of a file to be written; a system without unnamed files is one that shows no descriptors."""
    if request.param == "named":
        monkeypatch.setattr(private_files, "_DESCRIPTORS", tmp_path / "none")
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder" / "thửa đất.csv"


def write(path: Path, content: bytes = b"new", *, replace: bool = False) -> None:
    with new_private_file(path, replace=replace) as file:
        file.write(content)


def test_a_private_file_is_for_its_owner_alone_from_its_creation_on(target: Path) -> None:
    with new_private_file(target) as file:
        while_written = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        names = [path for path in target.parent.iterdir() if path == target]

    assert while_written == 0o600
    assert names == []
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_nothing(target: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_private_file(target) as file:
        file.write(b"half")
        raise ZeroDivisionError

    assert list(target.parent.iterdir()) == []


def test_a_file_that_exists_is_not_changed_unless_it_may_be_replaced(target: Path) -> None:
    target.write_bytes(b"old")

    with pytest.raises(FileExistsError):
        write(target)
    before = target.read_bytes()
    write(target, replace=True)

    assert (before, target.read_bytes()) == (b"old", b"new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_the_file_that_was_to_be_replaced(target: Path) -> None:
    target.write_bytes(b"old")

    with pytest.raises(ZeroDivisionError), new_private_file(target, replace=True) as file:
        file.write(b"half")
        raise ZeroDivisionError

    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def test_a_file_that_came_to_be_meanwhile_is_not_replaced(target: Path) -> None:
    with pytest.raises(FileExistsError), new_private_file(target):
        target.write_bytes(b"another program's")

    assert target.read_bytes() == b"another program's"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("replace", [False, True])
def test_a_symbolic_link_is_neither_followed_nor_replaced(target: Path, *, replace: bool) -> None:
    aim = target.parent / "aim"
    aim.write_bytes(b"old")
    target.symlink_to(aim)

    with pytest.raises(OSError, match="thửa đất"):
        write(target, replace=replace)

    assert aim.read_bytes() == b"old"
    assert target.is_symlink()


def test_a_folder_and_a_pipe_are_not_replaced(target: Path) -> None:
    pipe = target.parent / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(IsADirectoryError):
        write(target.parent, replace=True)
    with pytest.raises(OSError, match="Invalid argument"):
        write(pipe, replace=True)


def test_a_folder_that_does_not_exist_is_named(target: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(target.parent / "none" / "a.csv")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has files without a name")
def test_a_killed_program_leaves_nothing(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.csv")], check=False, timeout=30)

    assert ended.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []
