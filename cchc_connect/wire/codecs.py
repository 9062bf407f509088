"""Codecs for single values: readers of wire values, one for each declared format, and writers for outgoing values.

A reader never guesses. It returns the value, None where the source has no value, or `Unreadable` where the value does
not have the declared format. Every record field refuses `Unreadable`: an optional one is left out with a note, a
required one puts the item into quarantine, together with the item's other faults.

Vietnamese time is UTC+7 all year: Vietnam has no summer time, so a fixed offset is exact and needs no time zone
database.

>>> local_instant("27/09/2021 13:05:00", LocalTime.SLASHED).isoformat()
'2021-09-27T13:05:00+07:00'
>>> local_instant("20210927130500", LocalTime.SLASHED)
Unreadable(rule='instant_unreadable', expected='27/09/2026 08:15:00 (dd/MM/yyyy HH:mm:ss)')
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache, wraps
from math import isfinite
from typing import Any, Concatenate, Literal, ParamSpec, TypeAlias, TypeVar

from cchc_connect.wire.json import MAX_NUMBER_LENGTH
from cchc_connect.wire.shapes import shape_of
from cchc_schemas import VIETNAM, PartialDate, vietnamese_day
from cchc_schemas.spelling import one_spelling
from cchc_schemas.text import listed

Reader: TypeAlias = Callable[[object], object]
"""Reads one wire value: returns the value, None for no value, or `Unreadable`."""

Meaning = TypeVar("Meaning")
Options = ParamSpec("Options")

NO_DATE_PREFIXES = ("0000-00-00", "0001-01-01", "1900-01-01")
"""Start of dates that stand for "none": OpenCPS towards its gateway, .NET, SQL Server."""

COMMUNE_DIGITS = 5
"""Length of a commune code (mã xã, phường), leading zeros included."""

_NUMBER_BOUND = 10**MAX_NUMBER_LENGTH
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPACES = str.maketrans({"\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u200b": None, "\ufeff": None})
"""Non-breaking spaces and invisible marks, copied from web pages and word processors."""
_HAS_SPACES = re.compile("[\u00a0\u2007\u202f\u200b\ufeff]").search
_OBJECTS = (dict, Mapping)
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_YEAR, _MONTH, _DAY = r"(?P<year>[0-9]{4})", r"(?P<month>[0-9]{2})", r"(?P<day>[0-9]{2})"
_CLOCK = r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9])"
_ISO = re.compile(
    rf"(?P<moment>{_YEAR}-{_MONTH}-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
    r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)(?P<region>\[[A-Za-z0-9_+:/-]+\])?"
)
"""Also without seconds and with a zone's name, as Java writes it, and with any number of digits of a second."""
_CLOCK_OF_DAY = re.compile(rf"[T ](?:{_CLOCK}(?:\.[0-9]+)?|[0-2][0-9]:[0-5][0-9])\Z")
_FIRST_MOMENT_MS = -62_135_596_800_000
"""0001-01-01T00:00:00Z in milliseconds since 1970: an unset `DateTime` of .NET."""
_MAX_OFFSET_MS = 14 * 3_600_000
_LENGTH_OF_DAY = len("27/09/2026")
_DOTNET = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}(?:\.0+)?")
_NUMBERS = {
    ",": re.compile(r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?"),
    ".": re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"),
}
_FLAGS = {
    **dict.fromkeys(("true", "1", "y", "yes", "x", "có"), True),
    **dict.fromkeys(("false", "0", "n", "no", "không"), False),
}
_DATES = {
    "dd/MM/yyyy": re.compile(r"(?:(?:(?P<day>[0-9]{1,2})[/-])?(?P<month>[0-9]{1,2})[/-])?(?P<year>[0-9]{4})"),
    "yyyy/MM/dd": re.compile(r"(?P<year>[0-9]{4})(?:/(?P<month>[0-9]{1,2})(?:/(?P<day>[0-9]{1,2}))?)?"),
    "yyyy-MM-dd": re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{1,2})(?:-(?P<day>[0-9]{1,2}))?)?"),
}

DateForm: TypeAlias = Literal["dd/MM/yyyy", "yyyy/MM/dd", "yyyy-MM-dd"]
DecimalSign: TypeAlias = Literal[",", "."]


@dataclass(frozen=True)
class Unreadable:
    """A wire value that does not have its declared format; it holds the broken rule, never the value."""

    rule: str
    expected: str = field(default="", compare=False)
    """The form or the values that were expected, for messages; "" where the rule says enough."""
    shape: str = field(default="", compare=False, repr=False)
    """How the value of a time was written, without the value (`shape_of`); "" where that was not noted."""


class LocalTime(Enum):
    """Formats of an instant in Vietnamese time, without an offset."""

    COMPACT = re.compile(_YEAR + _MONTH + _DAY + _CLOCK.replace(":", ""))
    """yyyyMMddHHmmss: the national portal."""
    SLASHED = re.compile(rf"{_DAY}/{_MONTH}/{_YEAR} {_CLOCK}")
    """dd/MM/yyyy HH:mm:ss: OpenCPS."""
    ISO = re.compile(rf"{_YEAR}-{_MONTH}-{_DAY}T{_CLOCK}(?:\.[0-9]+)?Z?")
    """yyyy-MM-ddTHH:mm:ss, also with a fraction or a "Z" that has no meaning: OpenCPS towards its gateway."""

    @property
    def example(self) -> str:
        """An instant in this format, for messages."""
        return _INSTANT_EXAMPLES[self.name]


_DATE_EXAMPLES = {
    "dd/MM/yyyy": "27/09/2026, 09/2026, 2026 (dd/MM/yyyy)",
    "yyyy/MM/dd": "2026/09/27, 2026/09, 2026 (yyyy/MM/dd)",
    "yyyy-MM-dd": "2026-09-27, 2026-09, 2026 (yyyy-MM-dd)",
}
_INSTANT_EXAMPLES = {
    "COMPACT": "20260927081500 (yyyyMMddHHmmss)",
    "SLASHED": "27/09/2026 08:15:00 (dd/MM/yyyy HH:mm:ss)",
    "ISO": "2026-09-27T08:15:00 (yyyy-MM-ddTHH:mm:ss)",
}
_NUMBER_EXAMPLES = {",": "1.234,5", ".": "1,234.5"}
_NO_INSTANT = Unreadable("instant_unreadable", "2026-09-27T08:15:00+07:00")
_NO_MILLISECONDS = Unreadable("instant_unreadable", "1790471700000 (ms, 1970-01-01)")
_NO_FLAG = Unreadable("flag_unreadable", "true, false, 1, 0, Y, N, yes, no, x, Có, Không")
_NO_WHOLE_NUMBER = Unreadable("whole_number_unreadable", "12")


def noting_shape(
    reader: Callable[Concatenate[object, Options], datetime | Unreadable | None],
) -> Callable[Concatenate[object, Options], datetime | Unreadable | None]:
    """Let a reader of instants note the shape of a value that it cannot read."""

    @wraps(reader)
    def read(value: object, /, *args: Options.args, **kwargs: Options.kwargs) -> datetime | Unreadable | None:
        moment = reader(value, *args, **kwargs)
        return replace(moment, shape=shape_of(value)) if isinstance(moment, Unreadable) else moment

    return read


def text_or_none(value: object) -> str | Unreadable | None:
    r"""Return text without spaces at its ends; None for blank text; a number becomes text.

    >>> text_or_none(" Ph\u00fa\u00a0L\u1ee3i\u00a0"), text_or_none("  "), text_or_none(12.0)
    ('Phú Lợi', None, '12')
    """
    if isinstance(value, str):
        # The translation costs more than the check whether it is needed.
        return (value if value.isascii() or not _HAS_SPACES(value) else value.translate(_SPACES)).strip() or None
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return Unreadable("text_expected")
    if not _is_representable(value):
        return Unreadable("number_unreadable")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _is_representable(number: float) -> bool:
    """True if a JSON number fits into a machine number; some do not (1e999)."""
    return -_NUMBER_BOUND < number < _NUMBER_BOUND if isinstance(number, int) else isfinite(number)


def padded_code(value: object, width: int) -> str | Unreadable | None:
    """Return a code of digits, padded with the leading zeros that a number has lost.

    >>> padded_code(97, 5), padded_code("25747.0", 5), padded_code("25747", 5)
    ('00097', '25747', '25747')
    """
    text = text_or_none(value)
    if isinstance(text, str) and _INTEGER.fullmatch(text):
        return text.partition(".")[0].zfill(width)
    return text


def flag(value: object) -> bool | Unreadable | None:
    """Return a flag written as true, "True", 1, "1", "Y", "yes", "x" or "Có", or their opposites, in any case."""
    if value is None or isinstance(value, bool):
        return value
    text = text_or_none(value)
    return _FLAGS.get(unicodedata.normalize("NFC", text).lower(), _NO_FLAG) if isinstance(text, str) else text


def whole_number(value: object) -> int | Unreadable | None:
    """Return a whole number, also from text or with a zero fraction ("12.0")."""
    text = text_or_none(value)
    if not isinstance(text, str):
        return text
    return int(text.partition(".")[0]) if _INTEGER.fullmatch(text) else _NO_WHOLE_NUMBER


def decimal_number(value: object, sign: DecimalSign) -> Decimal | Unreadable | None:
    """Return a number; in text `sign` is the decimal separator, and the other one may group by three digits.

    >>> decimal_number("1.234,5", ","), decimal_number("1234.5", ","), decimal_number(1234.5, ",")
    (Decimal('1234.5'), Unreadable(rule='number_unreadable', expected='1.234,5'), Decimal('1234.5'))
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value)) if _is_representable(value) else Unreadable("number_unreadable")
    text = text_or_none(value)
    if not isinstance(text, str):
        return text
    if not _NUMBERS[sign].fullmatch(text):
        return Unreadable("number_unreadable", _NUMBER_EXAMPLES[sign])
    return Decimal(text.replace("." if sign == "," else ",", "").replace(",", "."))


@noting_shape
def local_instant(value: object, form: LocalTime, none_prefixes: Collection[str] = ()) -> datetime | Unreadable | None:
    """Return an instant written in Vietnamese time; None for text that starts with one of `none_prefixes`."""
    text = text_or_none(value)
    if not isinstance(text, str):
        return text
    if none_prefixes and text.startswith(tuple(none_prefixes)):
        return None
    match = form.value.fullmatch(text)
    if match is None:
        return Unreadable("instant_unreadable", form.example)
    year, month, day, hour, minute, second = map(int, match.group(*_PARTS))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=VIETNAM)
    except ValueError:
        return Unreadable("instant_unreadable", form.example)


def plain_utc(text: str) -> datetime | None:
    """Return the instant of 2026-04-02T01:00:00Z, the most usual spelling; None for others and for early times."""
    if len(text) != len("2026-04-02T01:00:00Z") or text[4] + text[7] + text[10] + text[19] != "--TZ":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.year > _EPOCH.year else None


@noting_shape
def iso_instant(value: object, none_prefixes: Collection[str] = ()) -> datetime | Unreadable | None:
    """Return the UTC instant of an ISO 8601 text; without an offset it is Vietnamese time.

    >>> iso_instant("2022-09-21T08:15:00.000+0700").hour, iso_instant("2022-09-21T08:15").hour
    (1, 1)
    """
    text = text_or_none(value)
    if not isinstance(text, str):
        return text
    if none_prefixes and text.startswith(tuple(none_prefixes)):
        return None
    match = _ISO.fullmatch(text)
    if match is None:
        return _NO_INSTANT
    try:
        moment = datetime.fromisoformat(match["moment"])
        if moment.tzinfo is None and match["region"] is not None:
            return _NO_INSTANT
        return (moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)).astimezone(UTC)
    except (ValueError, OverflowError):
        return _NO_INSTANT


@noting_shape
def epoch_ms(value: object) -> datetime | Unreadable | None:
    """Return the UTC instant of milliseconds since 1970, as ArcGIS writes it; None for an unset `DateTime` of .NET."""
    count = whole_number(value)
    if not isinstance(count, int):
        return count if count is None else _NO_MILLISECONDS
    if abs(count - _FIRST_MOMENT_MS) <= _MAX_OFFSET_MS:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=count)
    except OverflowError:
        return _NO_MILLISECONDS


@noting_shape
def dotnet_instant(value: object) -> datetime | Unreadable | None:
    """Return the UTC instant of "/Date(1762060782826)/", as .NET writes milliseconds since 1970."""
    text = text_or_none(value)
    if not isinstance(text, str):
        return text
    match = _DOTNET.fullmatch(text)
    return epoch_ms(match[1]) if match else Unreadable("instant_unreadable", "/Date(1790471700000)/")


def local_day(moment: datetime | Unreadable | None) -> PartialDate | Unreadable | None:
    """Return the Vietnamese day of an instant; systems without a date type write midnight of the day.

    A day of a year before 1000, which no record can hold, is unreadable.
    """
    if not isinstance(moment, datetime):
        return moment
    try:
        return PartialDate.of(vietnamese_day(moment))
    except ValueError:
        return Unreadable("date_unreadable", _DATE_EXAMPLES["dd/MM/yyyy"])


def partial_date(value: object, form: DateForm) -> PartialDate | Unreadable | None:
    """Return a date in which the day, or day and month, may be left out or written as zeros.

    Of a complete date with a time the Vietnamese day counts; a time without an offset is Vietnamese already.

    >>> [str(partial_date(text, "dd/MM/yyyy")) for text in ("27/09/2021", "09/2021", "1987", "00/00/1995", "0")]
    ['2021-09-27', '2021-09', '1987', '1995', 'None']
    """
    text = text_or_none(value)
    return _partial_date(text, form) if isinstance(text, str) else text


@lru_cache(maxsize=4096)  # listings repeat the same few thousand days and years
def _partial_date(text: str, form: DateForm) -> PartialDate | Unreadable | None:
    if not text.strip("0/-"):
        return None
    match = _DATES[form].fullmatch(_CLOCK_OF_DAY.sub("", text) if len(text) > _LENGTH_OF_DAY else text)
    if match is None or (len(text) > _LENGTH_OF_DAY and not match["day"]):
        iso_day = local_day(iso_instant(text)) if form == "yyyy-MM-dd" else None
        return iso_day if isinstance(iso_day, PartialDate) else Unreadable("date_unreadable", _DATE_EXAMPLES[form])
    year, month, day = (int(match[part] or 0) or None for part in ("year", "month", "day"))
    try:
        return PartialDate(year or 0, month, day)
    except ValueError:
        return Unreadable("date_unreadable", _DATE_EXAMPLES[form])


def code_meaning(value: object, meanings: Mapping[str, Meaning], rule: str) -> Meaning | Unreadable | None:
    """Return the meaning of a source's code or word by `meanings`; an unlisted one is `Unreadable(rule)`."""
    text = text_or_none(value)
    if not isinstance(text, str):
        return text
    return meanings[text] if text in meanings else Unreadable(rule, listed(meanings))


def mapped_code(value: object, codes: Mapping[str, str]) -> str | Unreadable | None:
    """Return the shared code to which `codes` maps a local code; an unlisted code is returned unchanged."""
    code = text_or_none(value)
    return codes.get(code, code) if isinstance(code, str) else code


def is_among(value: object, values: Collection[str]) -> bool | Unreadable | None:
    """Return a flag that a source writes as a word: whether the text is one of `values`; None for no value."""
    text = text_or_none(value)
    return text in values if isinstance(text, str) else text


def plain_text(value: object) -> str:
    """Return text, "" where there is none or it is unreadable; for keys only, not for record fields."""
    text = text_or_none(value)
    return text if isinstance(text, str) else ""


def item_key(value: object) -> str:
    """Return a source's key of an item: one key for a number, its text and the text of its float; "" for none.

    Letters that look alike and invisible characters make no other key (`cchc_schemas.spelling`).

    >>> item_key(45), item_key(45.0), item_key("45.0"), item_key(" p-1 "), item_key(None)
    ('45', '45', '45', 'p-1', '')
    """
    text = one_spelling(plain_text(value))
    return text.partition(".")[0] if _INTEGER.fullmatch(text) else text


def as_list(value: object) -> list[object]:
    """Return the members of a list; a single value is a list of one, None an empty list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]  # list of any type


def as_object(value: object) -> Mapping[str, Any] | None:
    """Return a JSON object; None for any other value."""
    return value if isinstance(value, _OBJECTS) else None  # pyright: ignore[reportUnknownVariableType]  # object of any type


def as_objects(value: object) -> list[Mapping[str, Any]] | None:
    """Return the objects of a list, or a single object as a list; None for no value or where a member is no object."""
    members = [as_object(member) for member in as_list(value)]
    objects = [member for member in members if member is not None]
    return objects if value is not None and len(objects) == len(members) else None


def compact_local(moment: datetime | None) -> str:
    """Write an instant as yyyyMMddHHmmss in Vietnamese time; "" for none."""
    return f"{moment.astimezone(VIETNAM):%Y%m%d%H%M%S}" if moment else ""


def truncated(text: str, limit: int) -> str:
    """Return `text` in NFC with at most `limit` characters; a truncated text ends with "…".

    >>> truncated("Phòng Quản lý", 8)
    'Phòng Q…'
    """
    text = unicodedata.normalize("NFC", text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
