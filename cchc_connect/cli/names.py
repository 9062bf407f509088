"""Names that a command line gives: what stands for nothing is refused with the names there are."""

from collections.abc import Iterable

from cchc_connect.cli.exit_codes import Misused
from cchc_schemas import RECORD_TYPES, Record


def check_name(code: str, name: str | None, known: Iterable[str]) -> None:
    """Refuse a name that stands for nothing: an empty list would look like an answer.

    Raises:
        Misused: it is not among the known ones.
    """
    if name is not None and name not in known:
        raise Misused(code, name=name, known=", ".join(sorted(known)))


def record_kind(name: str) -> type[Record]:
    """Return the record of a record type.

    Raises:
        Misused: there is none of that name.
    """
    check_name("cli.record_type_unknown", name, RECORD_TYPES)
    return RECORD_TYPES[name]
