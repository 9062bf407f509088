"""Checks of the arguments of a call: a value of another kind is refused at the call, by a sentence that names it."""

from datetime import date, datetime

from cchc_connect.clock import as_instant
from cchc_connect.errors import UsageMistake
from cchc_schemas import RECORD_TYPES, Record
from cchc_schemas.text import listed


def require_record_class(record_class: object) -> None:
    """Check that `record_class` is the class of a record type.

    Raises:
        UsageMistake: it is not, for instance the name of the type.
    """
    kind = _kind(record_class)
    if isinstance(record_class, type) and issubclass(record_class, Record) and hasattr(record_class, "record_type"):
        return
    class_names = listed([record_type.__name__ for record_type in RECORD_TYPES.values()])
    raise UsageMistake("arguments.record_class", found=kind, known=class_names)


def require_text(argument: str, value: object) -> None:
    """Check that the value of an argument is a text.

    Raises:
        UsageMistake: it is not: a number would be a key that no record has.
    """
    if not isinstance(value, str):
        raise UsageMistake("arguments.text", argument=argument, found=_kind(value))


def start_of(argument: str, moment: object) -> datetime:
    """Return the instant that the value of an argument means; a day is its beginning in Vietnamese time.

    Raises:
        UsageMistake: it is neither a date nor a datetime.
    """
    return _instant(argument, moment, at_end_of_day=False)


def end_of(argument: str, moment: object) -> datetime:
    """Return the instant that the value of an argument means; a day is its end in Vietnamese time.

    Raises:
        UsageMistake: it is neither a date nor a datetime.
    """
    return _instant(argument, moment, at_end_of_day=True)


def _instant(argument: str, moment: object, *, at_end_of_day: bool) -> datetime:
    if not isinstance(moment, date):
        raise UsageMistake("arguments.moment", argument=argument, found=_kind(moment))
    return as_instant(moment, at_end_of_day=at_end_of_day)


def _kind(value: object) -> str:
    """Return the type of a value: the value itself may be a personal one."""
    return type(value).__name__
