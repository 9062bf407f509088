"""Filters of records: what a caller wants of a field becomes a condition of SQL, or an error that says what is wrong.

A field is filtered by a value, by a list of values (any of them), by None (no value), or by a range: `at_least`,
`less_than`, `between`. Values have the types that the record's fields have. Where a field is an instant, a day means
that whole Vietnamese day, and a time without offset is Vietnamese time. A date known only to its year or month counts
in a range as its first day.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeGuard, cast

from sqlalchemy import Column, ColumnElement, false, func, or_, true

from cchc_connect.clock import as_instant
from cchc_connect.database.record_tables import NESTED_JSON, bare_type, field_columns, record_table
from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import suggestion
from cchc_schemas import PartialDate, Record

KEY = "key"
"""Filter by the business key, which every record has."""

MAX_VALUES = 30_000
"""Maximum number of values in a list; SQLite takes 32,766 parameters in a statement."""

MAX_DAYS = 500
"""Maximum number of days in a list for an instant; each is a condition of its own, and SQLite nests at most 1,000."""


@dataclass(frozen=True)
class ValueRange:
    """A range of values, as `at_least`, `less_than` and `between` make it."""

    start: object = None
    """First value of the range; None: no limit."""
    end: object = None
    """First value after the range; None: no limit."""


def at_least(start: object) -> ValueRange:
    """Return the range from `start` on, itself included; a day is its first moment.

    Example: `records(database, LandParcel, area_m2=at_least(1000))`.
    """
    return ValueRange(start=start)


def less_than(end: object) -> ValueRange:
    """Return the range below `end`, itself excluded; a day is its first moment.

    Example: `records(database, Dossier, due_at=less_than(date(2026, 8, 1)))`.
    """
    return ValueRange(end=end)


def between(start: object, end: object) -> ValueRange:
    """Return the range from `start`, included, to `end`, excluded.

    Example: `records(database, Dossier, received_at=between(date(2026, 7, 1), date(2026, 8, 1)))`, those of July.
    """
    return ValueRange(start=start, end=end)


class _WrongValueError(Exception):
    """A value that a field cannot have; `code` is the message."""

    def __init__(self, code: str, **context: object) -> None:
        super().__init__(code)
        self.code, self.context = code, context


@dataclass(frozen=True)
class _ValueKind:
    """How values of one kind of field are stored and compared."""

    expected: str
    """Code of the words for the kind."""
    stored: Callable[[Any], object]
    """Value -> as the column holds it; raises `_WrongValueError`."""
    in_order: Callable[["Column[Any]"], ColumnElement[Any]] | None = None
    """Column -> what is compared with the limits of a range; None: the field has no range."""
    limit: Callable[[Any], object] | None = None
    """Limit of a range -> what it is compared with; None: as `stored`."""


def conditions(record_class: type[Record], filters: Mapping[str, object]) -> list[ColumnElement[bool]]:
    """Return the conditions that records of a class meet, one for each filter.

    Raises:
        UsageMistake: a field does not exist or cannot be filtered, or a value is not one that it can have.
    """
    return [_condition(record_class, name, allowed) for name, allowed in filters.items()]


def _condition(record_class: type[Record], name: str, allowed: object) -> ColumnElement[bool]:
    kind, column = _kind(record_class, name), _column(record_class, name)
    try:
        if isinstance(allowed, ValueRange):
            return _in_range(column, kind, allowed)
        return _any_of(column, kind, allowed if _is_list(allowed) else [allowed])
    except _WrongValueError as wrong:
        code, context = wrong.code, wrong.context
    context |= {"record_type": record_class.record_type, "name": name, "expected": Message(kind.expected)}
    raise UsageMistake(code, **context, suggestion="")


def _is_list(allowed: object) -> TypeGuard[Collection[object]]:
    return isinstance(allowed, Collection) and not isinstance(allowed, str | bytes | Mapping)


def _any_of(column: "Column[Any]", kind: _ValueKind, values: Collection[object]) -> ColumnElement[bool]:
    if len(values) > MAX_VALUES:
        raise _WrongValueError("filter.too_many_values", found=len(values), limit=MAX_VALUES)
    if any(isinstance(value, ValueRange) for value in values):
        raise _WrongValueError("filter.range_nested")
    days = [value for value in values if kind is INSTANT and _is_day(value)]
    if len(days) > MAX_DAYS:
        raise _WrongValueError("filter.too_many_values", found=len(days), limit=MAX_DAYS)
    exact = dict.fromkeys(kind.stored(value) for value in values if value is not None and value not in days)
    compared = INSTANT.in_order(column) if kind is INSTANT and INSTANT.in_order else column
    parts = [_in_range(column, kind, between(day, _next_day(day))) for day in dict.fromkeys(days)]
    parts += [compared == next(iter(exact))] if len(exact) == 1 else [compared.in_(list(exact))] if exact else []
    parts += [column.is_(None)] if None in values else []
    return or_(false(), *parts)


def _in_range(column: "Column[Any]", kind: _ValueKind, value_range: ValueRange) -> ColumnElement[bool]:
    if kind.in_order is None:
        raise _WrongValueError("filter.range_not_ordered")
    compared, limit = kind.in_order(column), kind.limit or kind.stored
    condition: ColumnElement[bool] = true() if value_range.start is None else compared >= limit(value_range.start)
    return condition & (column.is_not(None) if value_range.end is None else compared < limit(value_range.end))


@cache
def _kind(record_class: type[Record], name: str) -> _ValueKind:
    """Return the kind of a field.

    Raises:
        UsageMistake: there is no such field, or it has parts.
    """
    kinds = {KEY: TEXT} | {
        field.name: _kind_of(bare_type(record_class.model_fields[field.name].annotation))
        for field in field_columns(record_class)
        if field.type is not NESTED_JSON
    }
    if name in kinds:
        return kinds[name]
    context = {"record_type": record_class.record_type, "name": name, "known": ", ".join(kinds)}
    context["fields"] = context["known"]
    if name in record_class.model_fields:
        raise UsageMistake("filter.field_nested", **context)
    raise UsageMistake("filter.field_unknown", suggestion=suggestion(name, kinds), **context)


def _column(record_class: type[Record], name: str) -> "Column[Any]":
    return record_table(record_class.record_type).c["record_key" if name == KEY else name]


def _kind_of(value_type: object) -> _ValueKind:
    if isinstance(value_type, type) and issubclass(value_type, Enum):
        return _listed_kind(value_type)
    return {bool: TRUTH, Decimal: NUMBER, int: NUMBER, datetime: INSTANT, PartialDate: DAY}.get(
        cast("type[Any]", value_type), TEXT
    )


def _listed_kind(values: type[Enum]) -> _ValueKind:
    listed = ", ".join(
        str(member.value) if isinstance(member.value, str) else f"{member.value} ({member.name})" for member in values
    )

    def stored(value: object) -> object:
        try:
            if not isinstance(value, bool) and (isinstance(value, values) or not isinstance(value, Enum)):
                return values(value).value
        except ValueError:
            pass
        raise _WrongValueError("filter.value_not_listed", known=listed)

    return _ValueKind("filter_value.listed", stored)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _wrong_kind(value)
    if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise _WrongValueError("filter.value_unreadable")  # no database stores it
    return str(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong_kind(value)
    return value


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _wrong_kind(value)
    number = Decimal(str(value))
    if not number.is_finite():
        raise _WrongValueError("filter.value_unreadable")
    return number


def _instant(value: object) -> str:
    """Return an instant as documents write it, without the final `Z`, so that fractions of a second are in order."""
    if not isinstance(value, date):
        raise _wrong_kind(value)
    return as_instant(value).replace(tzinfo=None).isoformat()


def _partial_date(value: object) -> PartialDate:
    if isinstance(value, PartialDate):
        return value
    if _is_day(value):
        return PartialDate.of(cast("date", value))
    if not isinstance(value, str):
        raise _wrong_kind(value)
    try:
        return PartialDate.parse(value)
    except ValueError:
        pass
    raise _WrongValueError("filter.value_unreadable")


def _is_day(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _next_day(day: object) -> date:
    return cast("date", day) + timedelta(days=1) if day != date.max else cast("date", day)


def _wrong_kind(value: object) -> _WrongValueError:
    return _WrongValueError("filter.value_kind", found=type(value).__name__)


TEXT = _ValueKind("filter_value.text", _text)
TRUTH = _ValueKind("filter_value.truth", _truth)
NUMBER = _ValueKind("filter_value.number", _number, lambda column: column)
INSTANT = _ValueKind("filter_value.instant", _instant, lambda column: func.rtrim(column, "Z"))
DAY = _ValueKind(
    "filter_value.day",
    lambda value: str(_partial_date(value)),
    lambda column: func.substr(column + "-01-01", 1, 10),  # "2021" counts as 2021-01-01
    lambda value: _partial_date(value).earliest().isoformat(),
)
