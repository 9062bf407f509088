"""Names in archives are read as their packer wrote them; what programs leave for themselves is passed over."""

import struct
import unicodedata
import zlib
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from cchc_connect.drop_folder import DropFolder, DropFolderLimits
from cchc_connect.drop_folder.names import is_junk, member_name
from cchc_connect.errors import Rejected
from tests.drop_folder.packing import packed as zipped_tar, tarred, with_flags, zipped

NAME = "Hồ sơ số 1.json"
LETTERS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


def without_flag(written: bytes) -> bytes:
    """Return a ZIP of one member whose name has these bytes and whose archive does not say how it is encoded."""
    placeholder = "x" * len(written)
    return with_flags(zipped({placeholder: b"{}"}), 0).replace(placeholder.encode(), written)


def members(folder: Path, archive: bytes, limits: DropFolderLimits | None = None) -> list[str]:
    (folder / "a.zip").write_bytes(archive)
    names = list[str]()
    for member in DropFolder(folder, limits).members("a.zip"):
        names.append(member.name)
        member.stream.readall()
    return names


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_bytes_that_are_utf_8_are_read_so_although_the_archive_does_not_say_it(tmp_path: Path, form: str) -> None:
    """Finder and Info-ZIP on macOS write them so, decomposed."""
    written = unicodedata.normalize(form, NAME).encode()  # type: ignore[arg-type]  # both are forms

    assert members(tmp_path, without_flag(written)) == [NAME]


@pytest.mark.parametrize(
    ("written", "encoding", "name"),
    [
        (b"\xd0on so\xcc 1.json", "cp1258", "Đon sò 1.json"),
        (b"dossier \x82.json", "cp437", "dossier é.json"),
    ],
)
def test_other_bytes_are_read_as_declared_and_refused_without_a_declaration(
    tmp_path: Path, written: bytes, encoding: str, name: str
) -> None:
    assert members(tmp_path, without_flag(written), DropFolderLimits(names_encoding=encoding)) == [name]
    with pytest.raises(Rejected) as refused:
        members(tmp_path, without_flag(written))
    assert refused.value.code == "drop_folder.name_refused"


def test_a_name_in_utf_8_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected):
        members(tmp_path, without_flag("../Hồ.json".encode()))


@pytest.mark.parametrize("encoding", ["cp437", "cp1258", "windows-1258", None])
def test_an_encoding_of_names_is_one_of_texts(encoding: str | None) -> None:
    assert DropFolderLimits(names_encoding=encoding).names_encoding == encoding


@pytest.mark.parametrize("encoding", ["", "vietnamese", "base64", "rot13", "utf-8\0", "zip"])
def test_an_encoding_of_names_that_is_none_is_refused_where_it_is_written(encoding: str) -> None:
    with pytest.raises(ValueError, match="names_encoding"):
        DropFolderLimits(names_encoding=encoding)


@given(name=LETTERS)
def test_every_name_in_utf_8_is_read_as_it_was_written(name: str) -> None:
    decoded = name.encode().decode("cp437")

    assert member_name(decoded, b"", is_unicode=False, declared="cp1258") == name
    assert member_name(name, b"", is_unicode=True, declared=None) == name


@given(name=LETTERS, before=st.binary(max_size=8))
def test_the_name_in_an_extra_field_counts_if_it_belongs_to_the_member(name: str, before: bytes) -> None:
    octets = b"H\x93 s.json"
    field = b"\x01" + struct.pack("<I", zlib.crc32(octets)) + name.encode()
    extra = struct.pack("<HH", 1, len(before)) + before + struct.pack("<HH", 0x7075, len(field)) + field

    assert member_name(octets.decode("cp437"), extra, is_unicode=False, declared=None) == name
    assert member_name("b\u00fc", extra, is_unicode=False, declared="cp437") == "b\u00fc"


@given(extra=st.binary(max_size=40))
def test_no_extra_field_makes_a_name_fail(extra: bytes) -> None:
    assert member_name("b\u00fc", extra, is_unicode=False, declared="cp437") == "b\u00fc"


JUNK = (
    "__MACOSX/._hoso.json",
    "Icon\r",
    "a/Icon\r",
    "__MACOSX/._" + "h" * 300,
    "__MACOSX/a\\b/C:",
    ".DS_Store",
    "__MACOSX/._.DS_Store",
    "a/Thumbs.db",
    "a/desktop.ini",
    "~$hoso.xlsx",
)


def is_name_of_a_file(name: str) -> bool:
    """True if a disk can have it."""
    return all(len(part.encode()) <= 255 for part in name.split("/"))


@pytest.mark.parametrize("packed", ["zip", "tgz", "folder"])
def test_what_programs_leave_for_themselves_is_passed_over_and_counted(tmp_path: Path, packed: str) -> None:
    """In an archive as Finder packs it, and in a folder on a share that people open with Office and Explorer.

    Whatever it is called: a name that would be refused, and a large file before one that is read.
    """
    names = ("hoso.json", "a/hoso~$.json", *JUNK, ".~lock.hoso.ods#")
    contents = {name: b"{}" if name.endswith("json") else bytes(300_000) for name in reversed(names)}
    if packed == "zip":
        (tmp_path / "a.zip").write_bytes(zipped(contents))
    elif packed == "tgz":
        (tmp_path / "a.tgz").write_bytes(zipped_tar(tarred(list(contents.items()))))
    for name in filter(is_name_of_a_file, names) if packed == "folder" else ():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"{}")
    folder = DropFolder(tmp_path, DropFolderLimits(ratio=100_000), settle_s=0)

    listing = folder.scan()
    delivered = [member.name for name in listing.files for member in folder.members(name)]

    assert sorted(delivered) == ["a/hoso~$.json", "hoso.json"]
    junk = [name for name in names if is_junk(name) and (packed != "folder" or is_name_of_a_file(name))]
    assert listing.passed_over + folder.passed_over == len(junk)
    assert listing.refused == ()


@pytest.mark.parametrize("name", ["hoso.json", "a/b.csv", "database.db", "a~b.xlsx", "macosx/a.json"])
def test_files_that_somebody_sent_are_no_junk(name: str) -> None:
    assert not is_junk(name)
