r"""Names that come from outside: a path below a folder, or a refusal.

Two systems must never read a name in two ways, so what only one of them would take for a path is refused too:
`C:x`, `a\b`. What remains is relative, in Unicode normalization form C, its parts divided by one "/".
"""

import re
import unicodedata

from cchc_connect.inbox.places import Place
from cchc_connect.messages import Phrase

_DRIVE = re.compile(r"[A-Za-z]:")
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that no name has honestly: control and direction signs, halves of pairs, line ends."""
_PART_BYTES = 255  # what Linux and Windows take as the name of one file
_PATH_BYTES = 1024


def safe_name(written: str, place: Place) -> str:
    """Return a name as a path below wherever it is put.

    Raises:
        Rejected: it leads elsewhere, or is no name.
    """
    name = unicodedata.normalize("NFC", written)
    rule = _broken_rule(name)
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if rule is None and not parts:
        rule = "empty"
    if rule is None and any(len(part.encode()) > _PART_BYTES for part in parts):
        rule = "long"
    if rule is not None:
        raise place.refusal("drop_folder.name_refused", problem=Phrase(f"drop_folder_name.{rule}"))
    return "/".join(parts)


def _broken_rule(name: str) -> str | None:
    if any(unicodedata.category(sign) in _STEERING for sign in name):
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
