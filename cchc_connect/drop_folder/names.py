r"""Check file names from outside: each is a relative path below a folder, or is refused.

A name that only one operating system reads as a path is refused too: `C:x`, `a\b`. An accepted name is relative,
in Unicode normalization form C, with its parts divided by one "/".

A refusal names the location of the file or archive member.
"""

import re
import struct
import unicodedata
import zlib
from dataclasses import dataclass

from cchc_connect.errors import Rejected
from cchc_connect.messages import Message

_MAX_SHOWN_CHARACTERS = 100
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories refused in names: control and direction characters, surrogates, line separators."""
_MAX_PART_BYTES = 255  # longest file name on Linux and Windows
_MAX_PATH_BYTES = 1024
_JUNK_FILES = frozenset({".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".localized", "icon\r"})
_JUNK_FOLDERS = frozenset({"__macosx", ".spotlight-v100", ".trashes", ".fseventsd", "$recycle.bin"})
_UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload", "~")
"""Name endings of unfinished files; programs rename them when the file is complete."""
_EXTRA_HEADER = struct.Struct("<HH")
_UNICODE_PATH = 0x7075


@dataclass(frozen=True)
class FileLocation:
    """A file of the folder, or a member of it by number: member names may be personal data and are not shown."""

    file: str
    member: str = ""
    """Number of the member, counted from 1; "2.1" is the first member of the second member. Empty: the file itself."""

    def for_member(self, number: int) -> "FileLocation":
        """Return the location of the member `number` of this archive."""
        return FileLocation(self.file, f"{self.member}.{number}" if self.member else str(number))

    def rejection(self, code: str, **context: object) -> Rejected:
        """Return the error that refuses this file."""
        return Rejected(code, where=self.message, **context)

    @property
    def message(self) -> Message:
        """Localized text of the location; control characters of the file name are escaped."""
        shown = "".join(
            character if character.isprintable() else ascii(character)[1:-1]
            for character in self.file[:_MAX_SHOWN_CHARACTERS]
        )
        if not self.member:
            return Message("drop_folder_location.file", {"file": shown})
        return Message("drop_folder_location.member", {"file": shown, "member": self.member})


def safe_name(raw_name: str, location: FileLocation) -> str:
    """Return a name from outside as a safe relative path.

    Raises:
        Rejected: the name leads out of its folder, is absolute, too long or empty, or holds control characters.
    """
    name = unicodedata.normalize("NFC", raw_name)
    rule = _broken_rule(name)
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if rule is None and not parts:
        rule = "empty"
    if rule is None and any(len(part.encode()) > _MAX_PART_BYTES for part in parts):
        rule = "long"
    if rule is not None:
        raise location.rejection("drop_folder.name_refused", problem=Message(f"drop_folder_name.{rule}"))
    return "/".join(parts)


def is_junk(name: str) -> bool:
    """True if a program left a file for itself, which nobody sent: Finder, Explorer, and locks of Office programs.

    >>> [is_junk(name) for name in ("__MACOSX/._hoso.json", "a/.DS_Store", "~$hoso.xlsx", ".~lock.a#", "a/hoso.json")]
    [True, True, True, True, False]
    """
    *folders, file = name.casefold().split("/")
    return (
        file in _JUNK_FILES
        or file.startswith(("._", "~$", ".~lock."))
        or any(folder in _JUNK_FOLDERS for folder in (*folders, file))
    )


def is_unfinished(name: str) -> bool:
    """True if a name ends as those of files do that a program still writes.

    >>> [is_unfinished(name) for name in ("thua.csv.part", "THUA.TMP", "thua.csv~", "thua.csv")]
    [True, True, True, False]
    """
    return name.casefold().endswith(_UNFINISHED)


def member_name(decoded: str, extra: bytes, *, is_unicode: bool, declared: str | None) -> str | None:
    """Return the name of a ZIP member; None if its encoding is not known.

    Many programs write names without saying how. Bytes that are UTF-8 are read so; others as the sender declared.

    Args:
        decoded: the name as the library reads it: as CP437 where the archive does not say UTF-8.
        extra: the member's extra fields, which may hold the name in UTF-8 (Info-ZIP).
        is_unicode: whether the archive says that the name is UTF-8.
        declared: encoding of names that are not UTF-8.
    """
    if is_unicode or decoded.isascii():
        return decoded
    octets = decoded.encode("cp437")
    named = _unicode_path(extra, octets)
    for encoding, written in (("utf-8", named or octets), (declared, octets)):
        try:
            if encoding is not None:
                return written.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _unicode_path(extra: bytes, octets: bytes) -> bytes | None:
    """Return the name in Info-ZIP's Unicode Path field (APPNOTE.TXT 4.6.9), if it belongs to the name `octets`."""
    while len(extra) >= _EXTRA_HEADER.size:
        kind, size = _EXTRA_HEADER.unpack_from(extra)
        content, extra = extra[_EXTRA_HEADER.size :][:size], extra[_EXTRA_HEADER.size + size :]
        if (
            kind == _UNICODE_PATH
            and content[:1] == b"\x01"
            and content[1:5] == zlib.crc32(octets).to_bytes(4, "little")
        ):
            return content[5:]
    return None


def _broken_rule(name: str) -> str | None:
    if any(unicodedata.category(character) in _CONTROL_CATEGORIES for character in name):
        return "signs"
    if len(name.encode()) > _MAX_PATH_BYTES:
        return "long"
    if "\\" in name:
        return "backslash"
    if name.startswith("/"):
        return "absolute"
    if any(_DRIVE.match(part) for part in name.split("/")):
        return "drive"
    return "parent" if ".." in name.split("/") else None
