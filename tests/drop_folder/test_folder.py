"""A drop folder: only complete files inside it are read, whatever their names."""

import os
import socket
import stat
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from cchc_connect.drop_folder import DropFolder, DropFolderLimits
from cchc_connect.drop_folder.names import FileLocation, safe_name
from cchc_connect.errors import ConfigurationError, Rejected
from tests.drop_folder.packing import read


def asleep(_: float) -> None:
    """Return at once instead of sleeping."""


def descriptors() -> set[str]:
    return {link.name for link in Path("/proc/self/fd").iterdir()}


def code_of(step: Callable[[], object]) -> str:
    with pytest.raises(Rejected) as raised:
        step()
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    return raised.value.code


def test_what_lies_in_the_folder_and_below_is_read(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "thửa đất.csv").write_bytes(b"12")
    (tmp_path / "rỗng.csv").write_bytes(b"")

    look = DropFolder(tmp_path, sleep=asleep).scan()

    assert (look.files, look.refused) == (("2026/thửa đất.csv", "rỗng.csv"), ())
    assert [read(tmp_path, name) for name in look.files] == [{"2026/thửa đất.csv": b"12"}, {"rỗng.csv": b""}]


def test_a_file_that_is_still_written_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "whole.csv").write_bytes(b"1")
    (tmp_path / "growing.csv").write_bytes(b"1")

    def write_on(_: float) -> None:
        (tmp_path / "growing.csv").write_bytes(b"12")
        (tmp_path / "new.csv").write_bytes(b"1")

    assert DropFolder(tmp_path, sleep=write_on).scan().files == ("whole.csv",)


@pytest.mark.parametrize(
    "name", ["a.csv.part", "a.csv.PART", "a.filepart", "a.tmp", "a.crdownload", ".a.csv.x7Gh", "a~"]
)
def test_a_file_that_bears_the_name_of_an_unfinished_one_is_not_taken(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"1")

    look = DropFolder(tmp_path, sleep=asleep).scan()

    assert (look.files, look.refused) == ((), ())


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"1" * 1000)
    members = DropFolder(tmp_path, sleep=asleep).members("a.csv")
    stream = next(members).stream
    stream.read(10)
    file.write_bytes(b"2" * 1000)
    os.utime(file, ns=(0, 0))

    assert code_of(lambda: next(members)) == "drop_folder.changed"


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"1" * 1000)
    members = DropFolder(tmp_path, sleep=asleep).members("a.csv")
    stream = next(members).stream
    with file.open("ab") as more:
        more.write(b"2")

    assert code_of(stream.readall) == "drop_folder.size_mismatch"


def _symlink(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def _hard_link(path: Path, outside: Path) -> None:
    path.hardlink_to(outside)


def _fifo(path: Path, _: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def _folder(path: Path, _: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_symlink, "drop_folder.not_a_file"),
        (_hard_link, "drop_folder.hard_link"),
        (_fifo, "drop_folder.not_a_file"),
        (_socket, "drop_folder.not_a_file"),
        (_folder, "drop_folder.not_a_file"),
    ],
)
def test_what_is_no_file_of_its_own_is_not_read(tmp_path: Path, make: Callable[[Path, Path], None], code: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    make(folder / "a.csv", tmp_path / "secret")

    assert code_of(lambda: read(folder, "a.csv")) == code


def test_a_link_on_the_way_is_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    outside.mkdir()
    (outside / "a.csv").write_bytes(b"secret")
    (folder / "2026").symlink_to(outside)

    assert code_of(lambda: read(folder, "2026/a.csv")) == "drop_folder.not_a_file"
    assert DropFolder(folder, sleep=asleep).scan().files == ("2026",)
    assert code_of(lambda: read(folder, "2026")) == "drop_folder.not_a_file"


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../secret", "a/../../secret", "C:\\secret", "a\\..\\secret", "", ".", "./", "\x00", "a\ud800"],
)
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")

    assert code_of(lambda: read(folder, name)) == "drop_folder.name_refused"


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    assert code_of(lambda: read(tmp_path, "a.csv")) == "drop_folder.missing"


def test_a_hostile_name_in_the_folder_is_refused_and_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1")
    (tmp_path / "b\x1b[2J.csv").write_bytes(b"1")
    (tmp_path / "c:x.csv").write_bytes(b"1")
    (tmp_path / os.fsdecode(b"d\xff.csv")).write_bytes(b"1")

    look = DropFolder(tmp_path, sleep=asleep).scan()

    assert look.files == ("a.csv",)
    assert [refusal.code for refusal in look.refused] == ["drop_folder.name_refused"] * 3
    assert all(str(refusal).isprintable() for refusal in look.refused)


def test_a_decomposed_name_is_told_composed_and_read_all_the_same(tmp_path: Path) -> None:
    written = unicodedata.normalize("NFD", "thửa đất.csv")
    (tmp_path / written).write_bytes(b"12")
    inbox = DropFolder(tmp_path, sleep=asleep)

    (name,) = inbox.scan().files
    (content,) = [(member.name, member.stream.readall()) for member in inbox.members(name)]

    assert name == unicodedata.normalize("NFC", written) != written
    assert content == (name, b"12")


def test_two_files_whose_names_are_the_same_to_people_are_refused(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        (tmp_path / unicodedata.normalize(form, "thửa.csv")).write_bytes(form.encode())

    look = DropFolder(tmp_path, sleep=asleep).scan()

    assert look.files == ()
    assert [refusal.code for refusal in look.refused] == ["drop_folder.duplicate_name"]


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.csv").write_bytes(b"")

    assert code_of(DropFolder(tmp_path, DropFolderLimits(files=3), sleep=asleep).scan) == "drop_folder.limit_exceeded"


def test_a_folder_that_is_not_there_is_the_configurations_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        DropFolder(tmp_path / "none", sleep=asleep).scan()

    assert raised.value.code == "drop_folder.folder_unreadable"


CHARACTERS = st.one_of(
    st.sampled_from(["/", "\\", "..", ".", ":", "C:", "\x00", "\u202e", "ử", "a", " "]), st.characters()
)


@given(st.lists(CHARACTERS, max_size=12).map("".join))
def test_no_name_whatever_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, written: str) -> None:
    """An accepted name stays below the folder, is in NFC, and is accepted again unchanged."""
    folder = tmp_path_factory.getbasetemp()

    with suppress(Rejected):
        name = safe_name(written, FileLocation("a.zip"))
        assert os.path.normpath(folder / name) == str(folder / name)
        assert (folder / name).is_relative_to(folder)
        assert unicodedata.is_normalized("NFC", name)
        assert not set(name) & set("\\\x00\n")
        assert safe_name(name, FileLocation("a.zip")) == name


def test_reading_leaves_no_descriptor_open(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(b"1")
    (tmp_path / "in" / "b.csv").symlink_to("a.csv")
    before = descriptors()

    read(tmp_path / "in", "a.csv")
    for name in ("b.csv", "none.csv", "x/y.csv"):
        code_of(partial(read, tmp_path / "in", name))

    assert descriptors() == before
    assert stat.S_ISREG((tmp_path / "in" / "a.csv").stat().st_mode)
