"""Times in any usual spelling: one tolerant reader, and named codecs for what field maps declare.

Spellings of .NET ("/Date(1775091600000)/", seven digits of a second, "2/4/2026 8:00:00 SA"), Java (no seconds,
"Z[UTC]", "+0700", nine digits, lists of numbers), PostgreSQL ("2026-04-02 08:00:00+07"), MySQL, and of Vietnamese
offices ("08:00 02/04/2026", "02-04-2026 08:00:00", "20260402").

The tolerant reader does not guess. A value that has two readings ("03/04/26", "03/04/2026 08:00 AM") or that lost
digits ("1.79E+12") is `Unreadable`. A time without an offset is Vietnamese time; of numbers with "/", "-" or "."
between them the day is first, unless the first is a year. A day without a time stays a day.

Placeholders (0001-01-01, 1900-01-01, 1970-01-01 ...) are nothing: the codecs return `Noted`, so that the record gets
a note.

>>> instant("08:00 02/04/2026") == instant("2026-04-02 08:00:00+07") == instant("/Date(1775091600000)/")
True
>>> str(day("2026-04-02T00:00:00")), str(day("09/2021")), day("03/04/26").rule
('2026-04-02', '2021-09', 'date_unreadable')
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from cchc_connect.wire.codecs import (
    Reader,
    Unreadable,
    dotnet_instant,
    epoch_ms,
    local_day,
    noting_shape,
    partial_date,
    plain_utc,
    text_or_none,
)
from cchc_schemas import VIETNAM, PartialDate
from cchc_schemas.faults import Noted

PLACEHOLDER_DAYS = frozenset(
    {date(1, 1, 1), date(1753, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1970, 1, 1)}
)
"""Days that stand for "none": first day of .NET and of SQL Server's old type, zero of OLE, Excel, SQL Server and Unix.

Who was born on one of them has the year alone, where the source sends it too.
"""

NOTHING: Final = Noted(None, "date_placeholder")
"""Result of reading a placeholder."""

_FIRST_DAYS = ("0001-01-01", "01/01/0001", "01-01-0001", "1/1/0001", "0000-00-00", "00/00/0000")
"""Spellings of the first day of the calendar, which no record can hold."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DOTNET_START = "/Date("

_EXPECTED = "2026-09-27T08:15:00+07:00, 2026-09-27 08:15, 27/09/2026 08:15"
_NO_INSTANT = Unreadable("instant_unreadable", _EXPECTED)
_NO_DATE = Unreadable("date_unreadable", "27/09/2026, 2026-09-27, 09/2026, 2026")
_LOCAL_MEAN_TIME = timedelta(minutes=10)
"""More than Vietnamese time differed from UTC+7 before 1911: Java and browsers still convert old days by it."""

_CLOCK = (
    r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r"|\s?(?:h|giờ)\s?(?P<minute_of_h>[0-9]{2})?(?:\s?phút)?)(?:\s?(?P<half>SA|CH|[AP]M))?"
)
_ZONE = (
    r"(?:\s?(?P<zone>Z|(?:UTC|GMT)?(?P<offset>[+-][0-9]{1,2}(?::?[0-9]{2})?)|UTC|GMT|ICT))?"
    r"(?:\[(?P<region>[A-Za-z0-9_+:/-]+)\])?"
)
_WEEKDAY = r"(?:[A-Z][a-z]{2},?\s)?"
_MONTH_NAME = r"(?P<month_name>[A-Z][a-z]{2})[a-z]*\.?"
_YEAR_FIRST = r"(?P<year>[0-9]{4})(?P<iso_mark>[/.-])(?P<month>[0-9]{1,2})(?P=iso_mark)(?P<day>[0-9]{1,2})"
_DAY_FIRST = r"(?P<day>[0-9]{1,2})(?P<mark>[/.-])(?P<month>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4})"
_COMPACT_DAY = r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
_COMPACT_CLOCK = r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})(?P<fraction>[0-9]{3})?"


def _spelling(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


SQL_TIMES = (_spelling(rf"{_YEAR_FIRST}(?:T|,?\s){_CLOCK}{_ZONE}"),)
OFFICE_TIMES = (
    _spelling(rf"(?:ngày\s)?{_DAY_FIRST}(?:T|,?\s(?:lúc\s)?){_CLOCK}{_ZONE}"),
    _spelling(rf"{_CLOCK}{_ZONE},?\s(?:ngày\s)?{_DAY_FIRST}"),
)
COMPACT_TIMES = (
    _spelling(_COMPACT_DAY + _COMPACT_CLOCK),
    _spelling(
        rf"{_COMPACT_DAY}T(?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?:(?P<second>[0-9]{{2}})"
        rf"(?:[.,](?P<fraction>[0-9]+))?)?{_ZONE}"
    ),
)
NAMED_MONTHS = (
    re.compile(rf"{_MONTH_NAME}\s(?P<day>[0-9]{{1,2}}),?\s(?P<year>[0-9]{{4}})(?:,?\s(?:at\s)?{_CLOCK}{_ZONE})?"),
    re.compile(rf"{_WEEKDAY}(?P<day>[0-9]{{1,2}})\s{_MONTH_NAME}\s(?P<year>[0-9]{{4}})(?:,?\s{_CLOCK}{_ZONE})?"),
    re.compile(rf"{_WEEKDAY}{_MONTH_NAME}\s(?P<day>[0-9]{{1,2}})\s{_CLOCK}{_ZONE}\s(?P<year>[0-9]{{4}})"),
)
"""Gson and SQL Server, HTTP, `java.util.Date`."""
COMPACT_DAYS = (_spelling(_COMPACT_DAY),)
WHOLE_DAYS = (*COMPACT_DAYS, _spelling(_YEAR_FIRST), _spelling(rf"(?:ngày\s)?{_DAY_FIRST}"))
TIMES = (*SQL_TIMES, *OFFICE_TIMES, *COMPACT_TIMES, *NAMED_MONTHS)

_MONTHS: Mapping[str, int] = MappingProxyType(
    {
        "jan": 1,
        "feb": 2,
        "mar": 3,
        "apr": 4,
        "may": 5,
        "jun": 6,
        "jul": 7,
        "aug": 8,
        "sep": 9,
        "oct": 10,
        "nov": 11,
        "dec": 12,
    }
)
_REGIONS: Mapping[str, int] = MappingProxyType(
    {
        "asia/ho_chi_minh": 7,
        "asia/saigon": 7,
        "asia/bangkok": 7,
        "asia/hanoi": 7,
        "utc": 0,
        "gmt": 0,
        "etc/utc": 0,
        "z": 0,
    }
)
"""Hours from UTC of zones that a value may name without an offset."""
_HOURS = {"": 7, "ICT": 7, "Z": 0, "UTC": 0, "GMT": 0}
_MAX_OFFSET = timedelta(hours=14)
_NOON, _MIDNIGHT_HOUR = 12, 24

_SECONDS_RANGE = range(631_152_000, 7_258_118_400)
"""Seconds since 1970 of the years 1990 to 2199; no number is in it both as seconds and as milliseconds."""
_MILLISECONDS_OF_DAYS = range(10_000_000_000, 7_258_118_400_000)
"""Sizes of numbers that can only be milliseconds of a day before 2200: as seconds they would be after 2286."""
_DIGITS = re.compile(r"-?[0-9]{1,18}")
_PARTIAL = re.compile(r"[0-9]{1,4}(?:(?P<mark>[/.-])[0-9]{1,4}(?P<last>(?P=mark)[0-9]{1,4})?)?")
_LIST_LENGTHS = range(3, 8)


@dataclass(frozen=True)
class _Placeholder:
    """A written placeholder, as long as it is not known whether a note can be made."""


_PLACEHOLDER = _Placeholder()
_Moment: TypeAlias = datetime | date | _Placeholder | None


def instant(value: object) -> datetime | Noted | Unreadable | None:
    """Return the instant of any usual spelling with a time; without an offset it is Vietnamese time.

    A day without a time is unreadable: it would become a midnight that the source does not know.
    """
    moment = _read(value)
    if isinstance(moment, _Placeholder):
        return NOTHING
    return moment if isinstance(moment, datetime | Unreadable) or moment is None else _NO_INSTANT


@noting_shape
def change_time(value: object) -> datetime | Unreadable | None:
    """Return a source's time of change, in any usual spelling; None for no value and for a placeholder.

    A day without a time is its first moment in Vietnamese time, so that a pull from there lists the whole day.
    """
    moment = _read(value)
    if isinstance(moment, _Placeholder):
        return None
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day, tzinfo=VIETNAM)
    return moment


def day(value: object) -> PartialDate | Noted | Unreadable | None:
    """Return the day of any usual spelling, in Vietnamese time; the day, or day and month, may be left out.

    Zeros are unknown parts: "00/00/1995" is the year, "0" is nothing.
    """
    text = text_or_none(value)
    if isinstance(text, str):
        if not text.strip("0/.-: "):
            return None
        partial_day = _partial(text)
        if partial_day is not None:
            return NOTHING if is_placeholder(partial_day) else partial_day
    return _day_of(_read(value, of_days=True))


def spelled(value: object, spellings: tuple[re.Pattern[str], ...]) -> datetime | Noted | Unreadable | None:
    """Return the instant of a text in one of the `spellings`, for instance `OFFICE_TIMES`."""
    text = text_or_none(value)
    moment = _of_text(text, spellings) if isinstance(text, str) else text
    if isinstance(moment, _Placeholder):
        return NOTHING
    return moment if isinstance(moment, datetime | Unreadable) or moment is None else _NO_INSTANT


def spelled_day(value: object, spellings: tuple[re.Pattern[str], ...]) -> PartialDate | Noted | Unreadable | None:
    """Return the day of a text in one of the `spellings`, for instance `COMPACT_DAYS`."""
    text = text_or_none(value)
    return _day_of(_of_text(text, spellings) if isinstance(text, str) else text)


def epoch_s(value: object) -> datetime | Unreadable | None:
    """Return the UTC instant of seconds since 1970, with or without a fraction."""
    if isinstance(value, float) and abs(value) < _SECONDS_RANGE.stop:
        return EPOCH + timedelta(seconds=value)
    text = text_or_none(value)
    if not isinstance(text, str):
        return text
    return epoch_ms(int(text) * 1000) if re.fullmatch(r"-?[0-9]{1,12}", text) else _NO_INSTANT


def noting(value: object, read: Reader) -> object:
    """Return what `read` makes of a value; `NOTHING` for a placeholder, which the record then notes."""
    result = read(value)
    if result is None or isinstance(result, Unreadable):
        return NOTHING if _is_written_placeholder(value, result) else result
    return NOTHING if is_placeholder(result) else result


def is_placeholder(value: object) -> bool:
    """True if an instant or a complete date is one that systems write for "none", in whatever zone."""
    if isinstance(value, datetime):
        try:
            moments = (value.astimezone(UTC), (value + _LOCAL_MEAN_TIME).astimezone(VIETNAM))
        except OverflowError:
            return value.year == 1
        return not PLACEHOLDER_DAYS.isdisjoint({value.date(), *(moment.date() for moment in moments)})
    return isinstance(value, PartialDate) and value.day is not None and value.earliest() in PLACEHOLDER_DAYS


def _is_written_placeholder(value: object, result: object) -> bool:
    """True if a value that is no date was written for "none"; zeros alone are simply no value."""
    text = None if value is None else text_or_none(value)
    if not isinstance(text, str) or not text.strip("0/.-: "):
        return False
    return result is None or text.startswith(_FIRST_DAYS)


def _day_of(moment: "_Moment | Unreadable") -> PartialDate | Noted | Unreadable | None:
    """Return the Vietnamese day of a moment."""
    if isinstance(moment, _Placeholder):
        return NOTHING
    if isinstance(moment, datetime):
        return local_day(moment)
    if isinstance(moment, date):
        return local_day(datetime(moment.year, moment.month, moment.day, tzinfo=VIETNAM))
    return _NO_DATE if moment == _NO_INSTANT else moment


def _read(value: object, *, of_days: bool = False) -> _Moment | Unreadable:
    """Return a moment in any spelling: an instant, a day, a placeholder, or None for no value."""
    if isinstance(value, date):
        return _of_date(value)
    if isinstance(value, list):
        return _of_list(cast("list[object]", value))
    if isinstance(value, float) and not value.is_integer() and _SECONDS_RANGE.start <= value < _SECONDS_RANGE.stop:
        return EPOCH + timedelta(seconds=value)
    text = text_or_none(value)
    if not isinstance(text, str):
        return text
    if (plain := plain_utc(text)) is not None:
        return plain
    number = _of_number(int(text), of_days=of_days) if _DIGITS.fullmatch(text) else None
    return _of_text(text, (*TIMES, *WHOLE_DAYS)) if number is None else number


def _of_date(value: date) -> _Moment:
    """Return the moment of an object of Python; without an offset it is Vietnamese time."""
    if not isinstance(value, datetime):
        return _PLACEHOLDER if value in PLACEHOLDER_DAYS else value
    moment = value if value.tzinfo else value.replace(tzinfo=VIETNAM)
    return _PLACEHOLDER if is_placeholder(moment) else moment


def _of_number(number: int, *, of_days: bool) -> _Moment | Unreadable:
    """Return the moment of a number; None where it is none since 1970: its digits may be a date."""
    if number == 0 or (number < 0 and _PLACEHOLDER in (_settled(epoch_ms(number)), _settled(epoch_s(number)))):
        return _PLACEHOLDER
    if abs(number) in _MILLISECONDS_OF_DAYS if of_days else number // 1000 in _SECONDS_RANGE:
        return _settled(epoch_ms(number))
    return epoch_s(number) if not of_days and number in _SECONDS_RANGE else None


def _settled(moment: datetime | Unreadable | None) -> _Moment | Unreadable:
    return _PLACEHOLDER if moment is None or is_placeholder(moment) else moment


def _of_list(parts: list[object]) -> _Moment | Unreadable:
    """Return the moment of [2026, 4, 2, 8, 0, 0, nanoseconds], as Java's libraries write times by default."""
    numbers = [part for part in parts if isinstance(part, int) and not isinstance(part, bool) and 0 <= part < 10**9]
    if len(parts) not in _LIST_LENGTHS or len(numbers) != len(parts):
        return Unreadable("text_expected") if not parts else _NO_INSTANT
    year, month, day_number, hour, minute, second, nanosecond = [*numbers, 0, 0, 0, 0][:7]
    try:
        whole_day = date(year, month, day_number)
        moment = datetime(year, month, day_number, hour, minute, second, nanosecond // 1000, VIETNAM)
    except ValueError:
        return _NO_INSTANT
    if whole_day in PLACEHOLDER_DAYS:
        return _PLACEHOLDER
    return moment if len(numbers) > _LIST_LENGTHS.start else whole_day


def _of_text(text: str, spellings: tuple[re.Pattern[str], ...]) -> _Moment | Unreadable:
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if text.startswith(DOTNET_START):
        return _settled(dotnet_instant(text))
    for spelling in spellings:
        match = spelling.fullmatch(text)
        if match is not None:
            return _of_parts({name: part for name, part in match.groupdict().items() if part is not None})
    return _NO_INSTANT


def _of_parts(parts: Mapping[str, str]) -> _Moment | Unreadable:
    """Return the moment of the parts of a text."""
    month = _MONTHS.get(parts["month_name"].lower(), 0) if "month_name" in parts else int(parts["month"])
    year, day_number, half = int(parts["year"]), int(parts["day"]), parts.get("half", "").upper()
    if not (year or month or day_number):
        return _PLACEHOLDER
    days = {_date(year, month, day_number)}
    if half in {"AM", "PM"} and "mark" in parts:  # an English clock: the month may be first
        days.add(_date(year, day_number, month))
    days.discard(None)
    if len(days) != 1:
        return _NO_INSTANT
    (only,) = days
    if only is None or only in PLACEHOLDER_DAYS:
        return _NO_INSTANT if only is None else _PLACEHOLDER
    return only if "hour" not in parts else _at(only, parts, half)


def _date(year: int, month: int, day_number: int) -> date | None:
    try:
        return date(year, month, day_number)
    except ValueError:
        return None


def _at(only: date, parts: Mapping[str, str], half: str) -> _Moment | Unreadable:
    """Return the instant on a day: clock, half of the day and zone."""
    hour, offset = _hour(int(parts["hour"]), half), _offset(parts)
    minute, second = int(parts.get("minute", parts.get("minute_of_h", "0"))), int(parts.get("second", "0"))
    microsecond = int(parts.get("fraction", "")[:6].ljust(6, "0"))
    is_end_of_day = hour == _MIDNIGHT_HOUR and not (minute or second or microsecond or half)
    if hour is None or offset is None or abs(offset) > _MAX_OFFSET:
        return _NO_INSTANT
    try:
        first = datetime(
            only.year, only.month, only.day, 0 if is_end_of_day else hour, minute, second, microsecond, UTC
        )
        moment = first + timedelta(days=is_end_of_day) - offset
    except (ValueError, OverflowError):
        return _NO_INSTANT
    return _PLACEHOLDER if is_placeholder(moment) else moment


def _hour(hour: int, half: str) -> int | None:
    """Return the hour of the day; None where it contradicts the half of the day (SA, CH, AM, PM)."""
    if not half:
        return hour
    if half in {"SA", "AM"}:
        return None if hour > _NOON else hour % _NOON
    return None if hour == 0 else hour if hour > _NOON else hour % _NOON + _NOON


def _offset(parts: Mapping[str, str]) -> timedelta | None:
    """Return the offset from UTC; None where a zone is named whose offset is not known here."""
    if "offset" in parts:
        digits = parts["offset"][1:].replace(":", "")
        hours, minutes = (digits, "0") if len(digits) <= len("07") else (digits[:-2], digits[-2:])
        return timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if parts["offset"].startswith("-") else 1)
    zone, region = parts.get("zone", "").upper(), parts.get("region", "").lower()
    hours_of_region = _HOURS[zone] if zone or not region else _REGIONS.get(region)
    return None if hours_of_region is None else timedelta(hours=hours_of_region)


@lru_cache(maxsize=4096)  # listings repeat the same few thousand days and years
def _partial(text: str) -> PartialDate | None:
    """Return a date of which only a part is known, or a complete one without a time; None for any other text."""
    match = _PARTIAL.fullmatch(text)
    if match is None or (match["mark"] == "." and match["last"] is None):
        return None
    slashed = text.replace(match["mark"] or "/", "/")
    readings = partial_date(slashed, "dd/MM/yyyy"), partial_date(slashed, "yyyy/MM/dd")
    return next((reading for reading in readings if isinstance(reading, PartialDate)), None)
