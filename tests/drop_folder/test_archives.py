"""Archives are read completely and within limits; a hostile one is refused as a whole."""

import io
import tarfile
import tracemalloc
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cchc_connect.drop_folder import DropFolder, DropFolderLimits
from cchc_connect.errors import Rejected
from tests.drop_folder.packing import (
    crowded,
    overlapping,
    packed,
    read,
    special,
    tarred,
    with_flags,
    with_method,
    with_sizes,
    zipped,
)

PARCELS = "thửa,diện tích\n12,381.9\n".encode() * 50
OTHER = b"%PDF-1.7 " + bytes(range(256)) * 40
HONEST = {"2026/thửa đất.csv": PARCELS, "giấy tờ.pdf": OTHER, "rỗng.txt": b""}

ARCHIVES = {
    "a.zip": zipped(HONEST),
    "stored.ZIP": zipped(HONEST, zipfile.ZIP_STORED),
    "a.tar": tarred(list(HONEST.items())),
    "gnu.tar": tarred(list(HONEST.items()), tarfile.GNU_FORMAT),
    "a.tar.gz": packed(tarred(list(HONEST.items()))),
    "a.tgz": packed(tarred([(f"./{name}", content) for name, content in HONEST.items()])),
}


def refused(folder: Path, name: str, content: bytes, **limits: Any) -> Rejected:
    (folder / name).write_bytes(content)
    with pytest.raises(Rejected) as raised:
        read(folder, name, **limits)
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    assert str(raised.value)
    return raised.value


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_honest_archive_is_read_whole(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(ARCHIVES[name])

    assert read(tmp_path, name) == HONEST


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", zipped({"2026/": b"", "2026/a.csv": b"12"})),
        ("a.tar", tarred([special(".", tarfile.DIRTYPE), special("2026", tarfile.DIRTYPE), ("2026/a.csv", b"12")])),
    ],
)
def test_folders_in_an_archive_are_no_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    assert read(tmp_path, name) == {"2026/a.csv": b"12"}


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_an_archive_that_was_cut_is_refused(tmp_path: Path, name: str, share: float) -> None:
    content = ARCHIVES[name]
    truncated = content[: int(len(content) * share)]

    if name.endswith(".tar") and not any(content[len(truncated) :]):  # of a tar the end is nothing but zeros
        (tmp_path / name).write_bytes(truncated)
        assert read(tmp_path, name) == HONEST
    else:
        assert refused(tmp_path, name, truncated).code in {"drop_folder.damaged", "drop_folder.size_mismatch"}


def test_a_tar_that_was_cut_between_two_members_is_refused(tmp_path: Path) -> None:
    """The standard library does not notice it."""
    complete = tarred([("a.csv", PARCELS)], tarfile.USTAR_FORMAT)
    cut = complete[: 512 + -(-len(PARCELS) // 512) * 512]
    with tarfile.open(fileobj=io.BytesIO(cut)) as archive:
        assert archive.getnames() == ["a.csv"]

    assert refused(tmp_path, "a.tar", cut).code == "drop_folder.damaged"


@given(offset=st.integers(0, 10_000), bit=st.integers(0, 7), name=st.sampled_from(sorted(ARCHIVES)))
def test_damage_ends_in_the_honest_content_or_in_a_typed_error(
    tmp_path_factory: pytest.TempPathFactory, offset: int, bit: int, name: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    changed = bytearray(ARCHIVES[name])
    changed[offset % len(changed)] ^= 1 << bit
    (folder / name).write_bytes(changed)

    with suppress(Rejected):
        members = read(folder, name)
        assert name.endswith(".tar") or set(members.values()) <= set(HONEST.values())


HOSTILE_NAMES = {
    "/etc/passwd": "absolute",
    "../secret": "parent",
    "a/../../secret": "parent",
    "a/..": "parent",
    "..": "parent",
    "C:\\Windows\\x": "backslash",
    "..\\secret": "backslash",
    "C:/x": "drive",
    "a/c:x": "drive",
    "\\\\server\\share": "backslash",
    "//server/share": "absolute",
    "x\x00.csv": "signs",
    "x\n.csv": "signs",
    "fdp.\u202excod": "signs",
    "x" * 300: "long",
    "x/" * 600 + "y": "long",
}


@pytest.mark.parametrize(("hostile", "rule"), HOSTILE_NAMES.items())
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, kind: str, hostile: str, rule: str) -> None:
    if kind == "tar" and "\x00" in hostile:
        pytest.skip("a tar header ends a name there")
    entry = zipfile.ZipInfo("placeholder")
    entry.filename = hostile
    content = zipped([(entry, b"x")]) if kind == "zip" else tarred([(hostile, b"x")])

    refusal = refused(tmp_path, f"a.{kind}", content)

    assert refusal.code == "drop_folder.name_refused"
    assert getattr(refusal.context["problem"], "code", "") == f"drop_folder_name.{rule}"


def test_a_name_that_the_library_would_cut_at_a_nul_is_refused(tmp_path: Path) -> None:
    content = zipped({"report.csv#.exe": b"x"}).replace(b"report.csv#.exe", b"report.csv\x00.exe")

    assert refused(tmp_path, "a.zip", content).code == "drop_folder.name_refused"


def link(kind: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("a.csv")
    entry.create_system = 3
    entry.external_attr = (kind | 0o777) << 16
    return entry


def sparse(name: str) -> tarfile.TarInfo:
    """Return a sparse entry: a few bytes are stored, the others are declared to be zeros."""
    entry = tarfile.TarInfo(name)
    entry.size = 512
    entry.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "100000", "GNU.sparse.numblocks": "1"}
    return entry


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", zipped([(link(0o120000), b"/etc/passwd")])),
        ("a.zip", zipped([(link(0o010000), b"")])),
        ("a.zip", zipped([(link(0o020000), b"")])),
        ("a.zip", zipped([(link(0o040000), b"")])),
        ("a.tar", tarred([special("a.csv", tarfile.SYMTYPE, "/etc/passwd")])),
        ("a.tar", tarred([("b.csv", b"x"), special("a.csv", tarfile.LNKTYPE, "b.csv")])),
        ("a.tar", tarred([special("a.csv", tarfile.CHRTYPE)])),
        ("a.tar", tarred([special("a.csv", tarfile.BLKTYPE)])),
        ("a.tar", tarred([special("a.csv", tarfile.FIFOTYPE)])),
        ("a.tar.gz", packed(tarred([special("a.csv", tarfile.SYMTYPE, "../x")]))),
        ("a.tar", tarred([sparse("a.csv")])),
    ],
)
def test_what_is_no_ordinary_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    assert refused(tmp_path, name, content).code == "drop_folder.not_a_file"


@pytest.mark.parametrize("flags", [0x1, 0x41, 0x2000])
def test_an_encrypted_member_is_refused(tmp_path: Path, flags: int) -> None:
    assert refused(tmp_path, "a.zip", with_flags(zipped({"a.csv": PARCELS}), flags)).code == "drop_folder.encrypted"


@pytest.mark.parametrize("method", [9, 12, 14, 93, 99])
def test_a_member_that_is_packed_in_another_way_is_refused(tmp_path: Path, method: int) -> None:
    assert (
        refused(tmp_path, "a.zip", with_method(zipped({"a.csv": PARCELS}), method)).code
        == "drop_folder.compression_method"
    )


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
@pytest.mark.parametrize("difference", [-1, 1, -600, 600])
def test_a_directory_that_lies_about_a_size_is_caught(tmp_path: Path, packing: int, difference: int) -> None:
    """Even if the checksum fits the content cut to that size."""
    size = len(PARCELS) + difference
    lying = with_sizes(zipped({"a.csv": PARCELS}, packing), size, zlib.crc32(PARCELS[:size]))

    assert refused(tmp_path, "a.zip", lying).code in {"drop_folder.size_mismatch", "drop_folder.damaged"}


def test_a_wrong_checksum_is_found(tmp_path: Path) -> None:
    content = zipped({"a.csv": PARCELS}, zipfile.ZIP_STORED).replace(b"381.9", b"391.9", 1)

    assert refused(tmp_path, "a.zip", content).code == "drop_folder.damaged"


TWICE = "thửa.csv", "thửa.csv"


@pytest.mark.parametrize("names", [("a.csv", "a.csv"), ("a.csv", "./a.csv"), ("a/b.csv", "a//b.csv"), TWICE])
@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_stands_twice_is_refused(tmp_path: Path, kind: str, names: tuple[str, str]) -> None:
    pairs = [(name, b"x") for name in names]
    content = zipped(pairs) if kind == "zip" else tarred(pairs)

    assert refused(tmp_path, f"a.{kind}", content).code == "drop_folder.duplicate_name"


def test_names_are_composed(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"thửa.csv": b"x"}))

    assert read(tmp_path, "a.zip") == {"thửa.csv": b"x"}


MANY = {f"{number}.csv": b"x" for number in range(11)}


@pytest.mark.parametrize(
    ("name", "content", "limits", "limit"),
    [
        ("a.zip", zipped(MANY), {"members": 10}, "members"),
        ("a.tar", tarred(list(MANY.items())), {"members": 10}, "members"),
        ("a.zip", zipped({"a": bytes(1001)}, 0), {"member_bytes": 1000}, "member_bytes"),
        ("a.tar", tarred([("a", bytes(1001))]), {"member_bytes": 1000}, "member_bytes"),
        ("a.zip", zipped({"a": bytes(600), "b": bytes(600)}, 0), {"total_bytes": 1000}, "total_bytes"),
        ("a.tar", tarred([("a", bytes(600)), ("b", bytes(600))]), {"total_bytes": 1000}, "total_bytes"),
        ("a.zip", zipped({"a": bytes(4 << 20)}), {}, "ratio"),
        ("a.tgz", packed(tarred([("a", bytes(4 << 20))])), {}, "ratio"),
        ("a.zip", zipped({"b.zip": zipped({"c.zip": zipped({"d": b"x"})})}), {}, "nesting"),
        ("a.zip", zipped({"b.zip": zipped({"c": b"x"})}), {"nesting": 0}, "nesting"),
        ("a.tar", tarred([("b.tar", tarred([("c.TGZ", b"x")]))]), {}, "nesting"),
        ("a.zip", zipped({f"{n}.zip": zipped(MANY) for n in range(2)}), {"members": 20}, "members"),
        ("a.zip", zipped({"b.zip": zipped({"c": bytes(900)}, 0)}, 0), {"total_bytes": 1500}, "total_bytes"),
        ("a.zip", bytes(2000), {"file_bytes": 1000}, "file_bytes"),
        ("a.tar", tarred([("a", b"x")], comment="x" * 200_000), {}, "headers"),
        ("a.tar", tarred([("a/" * 60_000, b"x")], tarfile.GNU_FORMAT), {}, "headers"),
        ("a.tgz", packed(tarred([("a", b"x")]) + bytes(4 << 20)), {}, "headers"),
    ],
)
def test_every_limit_holds(tmp_path: Path, name: str, content: bytes, limits: dict[str, int], limit: str) -> None:
    refusal = refused(tmp_path, name, content, **limits)

    assert (refusal.code, refusal.context["limit"]) == ("drop_folder.limit_exceeded", limit)


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    """Later versions of Python detect the overlap, earlier ones only the unpacked size."""
    assert refused(tmp_path, "a.zip", overlapping(20, bytes(100_000))).code in {
        "drop_folder.limit_exceeded",
        "drop_folder.damaged",
    }


def test_a_directory_of_a_million_entries_is_not_read(tmp_path: Path) -> None:
    content = crowded(300_000)
    tracemalloc.start()

    refusal = refused(tmp_path, "a.zip", content)

    peak = tracemalloc.get_traced_memory()[1] - len(content)
    tracemalloc.stop()
    assert (refusal.code, refusal.context["limit"]) == ("drop_folder.limit_exceeded", "directory")
    assert peak < 8 << 20


def test_archives_in_archives_bear_both_names(tmp_path: Path) -> None:
    inner = zipped({"thửa.csv": PARCELS})
    (tmp_path / "a.tgz").write_bytes(packed(tarred([("xã/b.zip", inner), ("c.xlsx", inner)])))

    assert read(tmp_path, "a.tgz") == {"xã/b.zip/thửa.csv": PARCELS, "c.xlsx": inner}


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 2000, b"PK\x05\x06" + bytes(17)])
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    assert refused(tmp_path, name, content).code == "drop_folder.damaged"


def test_damage_behind_what_was_read_of_a_member_is_found_all_the_same(tmp_path: Path) -> None:
    content = zipped({"a.csv": PARCELS * 100}, zipfile.ZIP_STORED).replace(b"381.9", b"391.9")
    (tmp_path / "a.zip").write_bytes(content)
    members = DropFolder(tmp_path, DropFolderLimits()).members("a.zip")

    next(members).stream.read(1)

    with pytest.raises(Rejected) as raised:
        next(members)
    assert raised.value.code == "drop_folder.damaged"


def test_a_refusal_names_the_file_and_the_number_of_the_member_and_not_its_name(tmp_path: Path) -> None:
    content = zipped({"a.csv": b"x", "Nguyễn Thị Mẫu\n.csv": b"x"})

    refusal = refused(tmp_path, "đợt 7.zip", content)

    assert str(refusal).startswith("Member 2 of the archive đợt 7.zip is refused")
    assert "Mẫu" not in str(refusal)
