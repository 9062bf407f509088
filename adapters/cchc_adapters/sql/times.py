"""Instants in the form in which a database compares its times of change."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, not_, or_

from cchc_adapters.sql.servers import Kind
from cchc_connect.wire.named_codecs import Codec
from cchc_schemas import VIETNAM

ISO_CODECS = frozenset({Codec.CHANGE_TIME, Codec.INSTANT, Codec.ISO_INSTANT, Codec.LOCAL_ISO, Codec.SQL_LOCAL})
"""Codecs of texts that begin with year, month and day, so that their order is that of time."""

ZONED_CODECS = ISO_CODECS - {Codec.LOCAL_ISO}
"""Those of them that read an offset, so that a text without one can be given that of the zone of the options."""

_ISO_PATTERN = "____-__-__%"
"""What such a text is like; others cannot be compared, and are always read."""

_COMPACT_PATTERN = "_" * 14
_NOT_COMPACT = ("%-%", "%/%", "%:%", "% %")
"""What texts of other spellings with as many signs are like."""

_LEAST_COMPACT = 10**13
"""Smallest number of as many digits as a compact time has."""

_TIMED_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:.*", re.DOTALL)

_LAST_SECOND = 7_258_118_400
"""Larger numbers are milliseconds."""


Ordered: TypeAlias = Callable[[object], ColumnElement[Any]]


@dataclass(frozen=True)
class NumberBounds:
    """An instant in a column whose numbers are seconds or milliseconds since 1970, each told by its size."""

    seconds: int
    milliseconds: int


@dataclass(frozen=True, kw_only=True)
class TimeForm:
    """How the times of change of one source are written in the database."""

    kind: Kind
    codec: Codec
    zone: ZoneInfo
    """Zone of times without one."""
    are_texts: bool
    """Whether the driver gives and takes times as texts."""

    @property
    def is_comparable(self) -> bool:
        """Whether the database can be asked for later times."""
        return self.bound(datetime(2000, 1, 1, tzinfo=UTC)) is not None

    def is_later(
        self, written: ColumnElement[Any], time: ColumnElement[Any], since: object, ordered: Ordered
    ) -> ColumnElement[bool]:
        """Return the condition that a time is not before `since`; a time that cannot be compared fulfils it.

        Args:
            written: the time as it is written.
            time: the time as it is compared and ordered.
            since: a bound of `bound`.
            ordered: makes of a value what is compared with the time.
        """
        if isinstance(since, NumberBounds):
            is_seconds = and_(time >= ordered(since.seconds), time < ordered(_LAST_SECOND))
            return or_(is_seconds, time >= ordered(since.milliseconds))
        later = time >= ordered(since)
        if self.kind is Kind.NUMBER and self.codec is Codec.COMPACT_INSTANT:
            return or_(later, time < ordered(_LEAST_COMPACT))
        if self.kind is not Kind.TEXT:
            return later
        if self.codec is Codec.COMPACT_INSTANT:
            return or_(later, not_(written.like(_COMPACT_PATTERN)), *map(written.like, _NOT_COMPACT))
        return or_(later, not_(written.like(_ISO_PATTERN)))

    def bound(self, instant: datetime) -> object:
        """Return an instant as the database compares it, possibly a little earlier; None if it cannot."""
        local = instant.astimezone(self.zone)
        match self.kind:
            case Kind.DAY:
                return local.date().isoformat() if self.are_texts else local.date()
            case Kind.LOCAL_TIME:
                return self._time(local.replace(tzinfo=None))
            case Kind.INSTANT:
                return self._time(local)
            case Kind.TEXT:
                return self._text(instant)
            case Kind.NUMBER:
                return self._number(instant)
            case _:
                return None

    def overlap_bound(self, start: datetime, since: datetime | None, position: object) -> object:
        """Return the bound of a reading that begins anew at `start`, a little before the position that it had.

        Seconds come before milliseconds: of these none was read yet where the position is among the seconds.
        """
        bound = self.bound(start if since is None else max(start, since))
        is_among_seconds = isinstance(position, int | float) and position < _LAST_SECOND
        if not isinstance(bound, NumberBounds) or not is_among_seconds:
            return bound
        milliseconds = _LAST_SECOND if since is None else max(int(since.timestamp()) * 1000, _LAST_SECOND)
        return replace(bound, milliseconds=milliseconds)

    def _text(self, instant: datetime) -> object:
        if self.codec is Codec.COMPACT_INSTANT:
            return f"{instant.astimezone(VIETNAM):%Y%m%d%H%M%S}"
        days = (instant.astimezone(zone).date() for zone in (UTC, VIETNAM, self.zone))
        return min(days).isoformat() if self.codec in ISO_CODECS else None

    def _time(self, moment: datetime) -> object:
        return moment.isoformat(sep=" ") if self.are_texts else moment

    def _number(self, instant: datetime) -> object:
        seconds = int(instant.timestamp())
        if self.codec is Codec.COMPACT_INSTANT:
            return int(f"{instant.astimezone(VIETNAM):%Y%m%d%H%M%S}")
        if self.codec in {Codec.CHANGE_TIME, Codec.INSTANT}:
            return NumberBounds(seconds, max(seconds * 1000, _LAST_SECOND))
        return {Codec.EPOCH_S: seconds, Codec.EPOCH_MS: seconds * 1000}.get(self.codec)


def with_zone(value: object, zone: ZoneInfo) -> object:
    """Return a time without a zone with the offset that it has in `zone`; anything else, and a day, as it is."""
    moment, separator = value, " "
    if isinstance(value, str) and _TIMED_TEXT.fullmatch(value):
        with suppress(ValueError):
            moment, separator = datetime.fromisoformat(value), value[10]
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        return value
    return moment.replace(tzinfo=zone).isoformat(sep=separator)
