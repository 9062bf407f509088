"""Durations as `cchc.toml` and the command line write them: a whole number and a unit, as in `15m` or `400d`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from cchc_connect.config.tables import ConfigTable

DURATION = re.compile(r"(?P<number>[1-9][0-9]{0,5})(?P<unit>[smhd])")

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

NEVER = "never"
"""Age of rows that are kept forever."""

MIN_PERIOD = timedelta(seconds=10)
"""Shortest period of a resident schedule."""

MAX_PERIOD = timedelta(days=31)
"""Longest period of a resident schedule."""

MIN_AGE = timedelta(days=1)
"""Lowest age at which rows may be deleted."""


def parse_duration(text: str) -> timedelta:
    """Return the duration that `text` describes.

    Raises:
        ValueError: it is not a whole number with one of the units s, m, h and d.

    >>> parse_duration("15m")
    datetime.timedelta(seconds=900)
    """
    match = DURATION.fullmatch(text)
    if match is None:
        raise ValueError("not a number and s, m, h or d")
    return timedelta(**{UNITS[match["unit"]]: int(match["number"])})


def duration_text(duration: timedelta) -> str:
    """Return a duration as `cchc.toml` writes it, in the largest unit that fits.

    >>> duration_text(timedelta(minutes=90)), duration_text(timedelta(days=2))
    ('90m', '2d')
    """
    seconds = int(duration.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and not seconds % size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def parse_period(text: str) -> timedelta:
    """Return the period of a schedule.

    Raises:
        ValueError: it is no duration, or shorter than ten seconds or longer than 31 days.
    """
    period = parse_duration(text)
    if not MIN_PERIOD <= period <= MAX_PERIOD:
        raise ValueError("not between 10s and 31d")
    return period


def _period(value: object) -> object:
    try:
        return parse_period(value) if isinstance(value, str) else value
    except ValueError:
        pass  # Pydantic's error must not carry the value
    raise PydanticCustomError("period", "not a period")


def _age(value: object) -> object:
    if value is None or value == NEVER:
        return None
    try:
        age = parse_duration(value) if isinstance(value, str) else value
    except ValueError:
        age = None
    if not isinstance(age, timedelta) or age < MIN_AGE:
        raise PydanticCustomError("age", "not an age")
    return age


Period = Annotated[timedelta, BeforeValidator(_period)]
"""Period of a resident schedule, between ten seconds and 31 days."""

Age = Annotated[timedelta | None, BeforeValidator(_age)]
"""Age from which rows are deleted, one day or more; None (`never`): they are kept."""


class RetentionTable(ConfigTable):
    """How long rows are kept that nothing needs any more. Table `[retention]`."""

    runs: Age = Field(default=timedelta(days=400))
    """Runs with their reports and counters, since their start."""
    deliveries: Age = Field(default=timedelta(days=90))
    """Delivered messages that were followed by a later one of the same record, and outdated dead letters."""
    quarantine: Age = Field(default=timedelta(days=180))
    """Quarantine entries, since they were resolved."""
    discrepancies: Age = Field(default=timedelta(days=180))
    """Discrepancies, since they ended."""
    corrections: Age = Field(default=timedelta(days=1826))
    """Correction requests with their events, since they were closed; five years, as the audit log at least."""
    history: Age = None
    """Versions of records, since they were replaced. The latest version of each record is never deleted."""
