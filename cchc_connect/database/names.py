"""Checks of names that a caller gives: of record types, and of anything else whose names are known."""

from collections.abc import Collection

from cchc_connect.errors import UsageMistake
from cchc_connect.messages.suggestions import suggestion
from cchc_schemas import RECORD_TYPES, Record
from cchc_schemas.text import listed


def record_type_names(record_types: Collection[type[Record] | str]) -> list[str]:
    """Return the names of record types, which may be given as classes.

    Raises:
        UsageMistake: there is no such record type, or a single name is given, whose letters would count as names.
    """
    if isinstance(record_types, str | type):
        name = getattr(record_types, "__name__", record_types)
        raise UsageMistake("names.not_a_list", argument="record_types", name=name)
    names = [kind if isinstance(kind, str) else kind.record_type for kind in record_types]
    for name in names:
        require_record_type(name)
    return names


def record_type_name(record_type: type[Record] | str | None) -> str | None:
    """Return the name of a record type, which may be given as a class; None stays None.

    Raises:
        UsageMistake: there is no such record type.
    """
    return None if record_type is None else record_type_names([record_type])[0]


def require_record_type(name: str | None, known_names: Collection[str] = RECORD_TYPES) -> None:
    """Check that `name`, if any, is a record type of `known_names`; the message names each with its term.

    Raises:
        UsageMistake: it is not.
    """
    if name is not None and name not in known_names:
        listing = listed(known_names) or "-"
        context = {"name": name, "suggestion": suggestion(name, known_names), "known": listing, "record_types": listing}
        raise UsageMistake("names.record_type_unknown", **context)


def require_all_known(code: str, argument: str, names: Collection[str], known_names: Collection[str]) -> None:
    """Check that `names`, the value of `argument`, are all in `known_names`.

    Raises:
        UsageMistake: one is not, or `names` is a single name, whose letters would count as names.
    """
    if isinstance(names, str):
        raise UsageMistake("names.not_a_list", argument=argument, name=names)
    for name in names:
        require_known(code, name, known_names)


def require_known(code: str, name: str | None, known_names: Collection[str]) -> None:
    """Check that `name`, if any, is one of `known_names`: an empty result for a misspelt name would look like a result.

    Raises:
        UsageMistake: it is not; the message `code` gets the name, a suggestion and the known names.
    """
    if name is not None and name not in known_names:
        raise UsageMistake(code, name=name, suggestion=suggestion(name, known_names), known=listed(known_names) or "-")
