"""Days out of times in one format: the Vietnamese day of an instant, whatever the zone in which it is sent."""

import re

from cchc_connect.wire import times
from cchc_connect.wire.codecs import (
    LocalTime,
    dotnet_instant,
    epoch_ms,
    local_day,
    local_instant,
    partial_date,
    text_or_none,
    whole_number,
)
from cchc_connect.wire.times import noting

_WRITTEN_DAY = re.compile(r"(?:19|20)[0-9]{2}(?:[01][0-9][0-3][0-9])?")
"""A year, or yyyyMMdd; as milliseconds it would be one of the first hours of 1970, which no system means."""


def iso_day(value: object) -> object:
    """Return the Vietnamese day of an ISO instant; a day alone stays that day."""
    return noting(value, _iso_date)


def local_iso_day(value: object) -> object:
    """Return the day of an ISO date and time in Vietnamese time; a "Z" at its end is ignored."""
    return noting(value, _local_iso_day)


def epoch_day(value: object) -> object:
    """Return the Vietnamese day of milliseconds since 1970; a text that is no such number is read like any day."""
    text = text_or_none(value) if isinstance(value, str) else None
    if isinstance(text, str) and (_WRITTEN_DAY.fullmatch(text) or not isinstance(whole_number(text), int)):
        return times.day(text)
    return noting(value, _epoch_day)


def dotnet_day(value: object) -> object:
    """Return the Vietnamese day of "/Date(1762060782826)/"."""
    return noting(value, _dotnet_day)


def _iso_date(value: object) -> object:
    return partial_date(value, "yyyy-MM-dd")


def _local_iso_day(value: object) -> object:
    return local_day(local_instant(value, LocalTime.ISO))


def _epoch_day(value: object) -> object:
    return local_day(epoch_ms(value))


def _dotnet_day(value: object) -> object:
    return local_day(dotnet_instant(value))
