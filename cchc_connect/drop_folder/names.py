r"""Check file names from outside: each is a relative path below a folder, or is refused.

A name that only one operating system reads as a path is refused too: `C:x`, `a\b`. An accepted name is relative,
in Unicode normalization form C, with its parts divided by one "/".
"""

import re
import unicodedata

from cchc_connect.drop_folder.places import Place
from cchc_connect.messages import Phrase

_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories refused in names: control and direction characters, surrogates, line separators."""
_PART_BYTES = 255  # longest file name on Linux and Windows
_PATH_BYTES = 1024


def safe_name(written: str, location: Place) -> str:
    """Return a name from outside as a safe relative path.

    Raises:
        Rejected: the name leads out of its folder, is absolute, too long or empty, or holds control characters.
    """
    name = unicodedata.normalize("NFC", written)
    rule = _broken_rule(name)
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if rule is None and not parts:
        rule = "empty"
    if rule is None and any(len(part.encode()) > _PART_BYTES for part in parts):
        rule = "long"
    if rule is not None:
        raise location.refusal("inbox.name", problem=Phrase(f"inbox_name.{rule}"))
    return "/".join(parts)


def _broken_rule(name: str) -> str | None:
    if any(unicodedata.category(character) in _CONTROL_CATEGORIES for character in name):
        return "signs"
    if len(name.encode()) > _PATH_BYTES:
        return "long"
    if "\\" in name:
        return "backslash"
    if name.startswith("/"):
        return "absolute"
    if any(_DRIVE.match(part) for part in name.split("/")):
        return "drive"
    return "parent" if ".." in name.split("/") else None
