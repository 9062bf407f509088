"""Partial dates, as on land papers, and instants in UTC.

A birth year, or the year on an old certificate, is a date with unknown month and day; it is stored as a year and
never as 1 January.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Annotated, Any, Self, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cchc_schemas.text import REQUIRED

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Vietnamese time: UTC+7 all year, so a fixed offset is exact and no time zone database is needed."""

DAY_FORM = "2026-09-27, 2026-09, 2026"
INSTANT_FORM = "2026-09-27T08:15:00+07:00"
"""Forms of dates and instants in records, as messages show them."""

_CANONICAL = re.compile(r"([1-9][0-9]{3})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_DECEMBER = 12
_FIRST_YEAR, _LAST_YEAR = 1000, 9999

_MONTH = "(?:0[1-9]|1[0-2])"
_DAY_OF_ANY_YEAR = (
    f"{_MONTH}-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31"  # all but 29 February
)
_LEAP = "(?:0[48]|[2468][048]|[13579][26])"
"""Two digits that 4 divides, but 00: the last two of a leap year, or the first two of one that ends in 00."""
_YEAR = "[1-9][0-9]{3}"
_LEAP_YEAR = f"(?:[1-9][0-9]{_LEAP}|(?:[2468][048]|[13579][26])00)"
_YEAR_OF_INSTANT = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP_YEAR_OF_INSTANT = f"(?:[0-9]{{2}}{_LEAP}|{_LEAP}00)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"

WRITTEN_DATE = f"^(?:{_YEAR}(?:-(?:{_MONTH}|{_DAY_OF_ANY_YEAR}))?|{_LEAP_YEAR}-02-29)$"
WRITTEN_INSTANT = f"^(?:{_YEAR_OF_INSTANT}-(?:{_DAY_OF_ANY_YEAR})|{_LEAP_YEAR_OF_INSTANT}-02-29)T{_TIME}Z$"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date known to the year, to the month or to the day (ngày có thể chỉ biết năm hoặc tháng).

    >>> PartialDate.parse("2021-09").month
    9
    >>> str(PartialDate(1987))
    '1987'
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.month is None and self.day is not None:
            raise ValueError("a day needs its month")
        if not _FIRST_YEAR <= self.year <= _LAST_YEAR:
            raise ValueError("a year has four digits")
        if 0 in {self.month, self.day}:  # else `earliest` would take it for an unknown one
            raise ValueError("months and days begin at 1")
        self.earliest()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2021", "2021-09" or "2021-09-27".

        Raises:
            ValueError: `text` has another form or is not a date.
        """
        match = _CANONICAL.fullmatch(text)
        if match is None:
            raise ValueError("not a year, a month or a day in ISO form")
        return cls(*(int(part) for part in match.groups() if part is not None))

    @classmethod
    def of(cls, day: date) -> Self:
        """Return `day` as a complete date."""
        return cls(day.year, day.month, day.day)

    def earliest(self) -> date:
        """Return the first day it may be."""
        return date(self.year, self.month or 1, self.day or 1)

    def latest(self) -> date:
        """Return the last day it may be."""
        if self.month is None:
            return date(self.year, _DECEMBER, 31)
        if self.day is not None:
            return self.earliest()
        if self.month == _DECEMBER:
            return date(self.year, _DECEMBER, 31)
        return date(self.year, self.month + 1, 1) - timedelta(days=1)

    def __str__(self) -> str:
        if self.month is None:
            return f"{self.year:04}"
        return (
            f"{self.year:04}-{self.month:02}" if self.day is None else f"{self.year:04}-{self.month:02}-{self.day:02}"
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        as_text = core_schema.to_string_ser_schema(when_used="json")
        return core_schema.no_info_plain_validator_function(_partial_date, serialization=as_text)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": WRITTEN_DATE}


@lru_cache(maxsize=4096)
def _parsed(text: str) -> PartialDate:
    return PartialDate.parse(text)


def _partial_date(value: object) -> PartialDate:
    if isinstance(value, PartialDate):
        return value
    try:
        if isinstance(value, str):
            return _parsed(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            return PartialDate.of(value)
    except ValueError:
        pass
    raise PydanticCustomError(
        "partial_date_unreadable", "Not a year, a month or a day in ISO form", {REQUIRED: DAY_FORM}
    )


class InstantRule:
    """Validates an instant: an aware `datetime` or ISO text with an offset, converted to UTC."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_instant, core_schema.datetime_schema())

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "pattern": WRITTEN_INSTANT}


def _instant(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if isinstance(moment, datetime):
        raise PydanticCustomError("instant_naive", "An instant needs its offset from UTC", {REQUIRED: INSTANT_FORM})
    raise PydanticCustomError("instant_unreadable", "Not an instant in ISO form", {REQUIRED: INSTANT_FORM})


Instant: TypeAlias = Annotated[datetime, InstantRule()]
"""Instant (thời điểm): aware, converted to UTC."""


def vietnamese_day(moment: datetime) -> date:
    """Return the day of an instant in Vietnamese time; a time without offset is Vietnamese time already.

    >>> vietnamese_day(datetime(2026, 6, 30, 17, 30, tzinfo=UTC)).isoformat()
    '2026-07-01'
    """
    try:
        return (moment.astimezone(VIETNAM) if moment.tzinfo else moment).date()
    except OverflowError:  # the last hours of 9999, which some systems send for "unlimited", or the first of year 1
        return date.min if moment.year == 1 else date.max


def midnight(day: date) -> datetime:
    """Return the instant at which a day begins in Vietnamese time.

    >>> midnight(date(2026, 7, 1)).isoformat()
    '2026-06-30T17:00:00+00:00'
    """
    return datetime.combine(day, time(), VIETNAM).astimezone(UTC)
