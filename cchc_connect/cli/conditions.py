"""Conditions on records in an option: `commune_code=25747,25750`, `due_at>=2026-11-01`, `due_at<2026-12-01`."""

import re
import unicodedata
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from types import MappingProxyType
from typing import Any

from cchc_connect.cli.formatting import iso_suggestion
from cchc_connect.database.reading.filters import ValueRange
from cchc_connect.errors import UsageMistake
from cchc_connect.exports.field_types import field_types
from cchc_connect.messages import Language, Message
from cchc_connect.messages.catalogue import Wording
from cchc_connect.record_fields import field_name, member_name
from cchc_schemas import PartialDate, Record

_CONDITION = re.compile(r"\s*(?P<name>[\w.]+)\s*(?P<sign>>=|<=|=|<|>)(?P<values>.*)", re.DOTALL)
_POINT_FOR_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
"""1.250: one and a quarter, or as Vietnamese writes it, one thousand two hundred and fifty."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRUTHS: Mapping[str, bool] = MappingProxyType(
    {"true": True, "yes": True, "có": True, "false": False, "no": False, "không": False}
)


def parse_conditions(record_class: type[Record], options: Iterable[str], wording: Wording) -> dict[str, object]:
    """Return conditions by field name, as the reading functions take them.

    `=` is followed by values separated by commas, any of which may hold; nothing after it means "no value". `>=` and
    `<` may stand together for one field. Whether the record has such fields and values is checked by who reads.

    Raises:
        UsageMistake: an option has another form, or its value is no number, yes or no, or time, or not one of the
            list; the message has the values of the list with their names in the language of `wording`.
    """
    values: dict[str, list[object]] = {}
    ranges: dict[str, ValueRange] = {}
    for number, option in enumerate(options, start=1):
        match = _CONDITION.fullmatch(option)
        if match is None or match["sign"] in {"<=", ">"}:
            raise UsageMistake("cli.where_unreadable", number=number)
        name, sign, written = match["name"], match["sign"], match["values"]
        reader = _reader(record_class, name, wording)
        if sign == "=":
            values.setdefault(name, []).extend(reader(part) if part else None for part in written.split(","))
        else:
            ranges[name] = _narrowed(ranges.get(name, ValueRange()), sign, reader(written))
    if both_forms := sorted(values.keys() & ranges.keys()):
        raise UsageMistake("cli.where_twice", name=both_forms[0])
    return {**values, **ranges}


@contextmanager
def fields_in_words(record_class: type[Record], wording: Wording) -> Generator[None]:
    """Add the Vietnamese terms to the fields that a message lists; English names them as they are typed."""
    try:
        yield
    except UsageMistake as mistake:
        names = mistake.context.get("fields")
        if not isinstance(names, str) or wording.language is not Language.VIETNAMESE:
            raise
        fields = "; ".join(_with_term(record_class, name, wording) for name in names.split(", "))
        raise UsageMistake(mistake.code, **{**mistake.context, "fields": fields}) from mistake


def _with_term(record_class: type[Record], name: str, wording: Wording) -> str:
    term = field_name(record_class, name, wording)
    return name if term == name else f"{name} ({term})"


def _narrowed(limits: ValueRange, sign: str, value: object) -> ValueRange:
    return ValueRange(value, limits.end) if sign == ">=" else ValueRange(limits.start, value)


def _reader(record_class: type[Record], name: str, wording: Wording) -> Callable[[str], object]:
    """Return the function from text to a value of the field; text itself for a field that does not exist."""
    kinds = {field.name: field.kind for field in field_types(record_class)}
    kind = kinds.get(name, str)
    subject = {"name": name, "record_type": record_class.record_type}
    if issubclass(kind, Enum):
        return _list_reader(kind, subject, wording)
    reader = next((reader for base, reader in _READERS.items() if issubclass(kind, base)), None)
    if reader is None:
        return str
    read, expected = reader

    def value(text: str) -> object:
        if read is Decimal and _POINT_FOR_THOUSANDS.fullmatch(text.strip()):
            thousands, decimals = text.strip().replace(".", ""), f"{text.strip()}0"
            raise UsageMistake("cli.where_thousands", **subject, thousands=thousands, decimals=decimals)
        try:
            return read(text.strip())
        except (ValueError, KeyError, InvalidOperation):
            pass
        hint = iso_suggestion(text) if issubclass(kind, date | PartialDate) else ""
        raise UsageMistake("filter.value_unreadable", expected=Message(expected), suggestion=hint, **subject)

    return value


def _list_reader(kind: type[Enum], subject: Mapping[str, object], wording: Wording) -> Callable[[str], object]:
    """Return the function from the code of a list's value, or its name as files for people show it, to the value."""
    members = {spelling: member for member in kind for spelling in _spellings(member, wording)}

    def value(text: str) -> object:
        words = _compared(text)
        if words in members:
            return members[words]
        try:
            return kind(int(words))
        except ValueError:
            pass
        allowed = "; ".join(_name_and_code(member, wording) for member in kind)
        raise UsageMistake("filter.value_not_listed", known=allowed, **subject)

    return value


def _spellings(member: Enum, wording: Wording) -> Iterator[str]:
    code, name = str(member.value), _name_and_code(member, wording)
    yield from map(_compared, (code, name, name.removesuffix(f"({code})")))


def _name_and_code(member: Enum, wording: Wording) -> str:
    code, name = str(member.value), member_name(type(member), member.value, wording)
    return name if name == code or name.endswith(f"({code})") else f"{name} ({code})"


def _compared(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def _moment(text: str) -> date:
    return date.fromisoformat(text) if _DAY.fullmatch(text) else datetime.fromisoformat(text)


_READERS: Mapping[type[Any], tuple[Callable[[str], object], str]] = MappingProxyType(
    {
        bool: (lambda text: _TRUTHS[text.casefold()], "cli.where_truth"),
        int: (int, "cli.where_number"),
        Decimal: (Decimal, "cli.where_number"),
        datetime: (_moment, "cli.where_instant"),
        PartialDate: (PartialDate.parse, "cli.where_day"),
    }
)
"""Kinds of values that are written as text: how the text is read, and the words for what is expected."""
