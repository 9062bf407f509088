"""Checks of names on the command line; an unknown name is refused with the list of known names."""

from collections.abc import Iterable

from cchc_connect.cli.exit_codes import Misused
from cchc_schemas import RECORD_TYPES, Record


def check_name(code: str, name: str | None, names: Iterable[str]) -> None:
    """Refuse an unknown name, because an empty list would look like a result.

    Raises:
        Misused: the name is not among the known ones.
    """
    if name is not None and name not in names:
        raise Misused(code, name=name, known=", ".join(sorted(names)))


def record_kind(name: str) -> type[Record]:
    """Return the record class of a record type.

    Raises:
        Misused: there is no record type of that name.
    """
    check_name("cli.record_type_unknown", name, RECORD_TYPES)
    return RECORD_TYPES[name]
