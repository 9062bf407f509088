"""Instants in the form in which a database compares its times of change."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cchc_adapters.sql.servers import Kind
from cchc_connect.wire.named_codecs import Codec

ISO_CODECS = frozenset({Codec.CHANGE_TIME, Codec.INSTANT, Codec.ISO_INSTANT, Codec.LOCAL_ISO, Codec.SQL_LOCAL})
"""Codecs of texts that begin with year, month and day, so that their order is that of time."""

ISO_PATTERN = "____-__-__%"
"""What such a text is like; others cannot be compared, and are always read."""

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
"""Zone of a time without one."""

_LAST_SECOND = 7_258_118_400
"""Larger numbers are milliseconds."""


@dataclass(frozen=True, kw_only=True)
class TimeForm:
    """How the times of change of one source are written in the database."""

    kind: Kind
    codec: Codec
    zone: ZoneInfo
    """Zone of times without one."""
    are_texts: bool
    """Whether the driver gives and takes times as texts."""
    sample: object = None
    """One of the times."""

    @property
    def is_comparable(self) -> bool:
        """Whether the database can be asked for later times."""
        return self.bound(datetime(2000, 1, 1, tzinfo=UTC)) is not None

    @property
    def has_other_texts(self) -> bool:
        """Whether there may be texts that cannot be compared."""
        return self.kind is Kind.TEXT and self.codec is not Codec.COMPACT_INSTANT

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

    def _text(self, instant: datetime) -> object:
        if self.codec is Codec.COMPACT_INSTANT:
            return f"{instant.astimezone(VIETNAM):%Y%m%d%H%M%S}"
        days = (instant.astimezone(zone).date() for zone in (UTC, VIETNAM))
        return min(days).isoformat() if self.codec in ISO_CODECS else None

    def _time(self, moment: datetime) -> object:
        return moment.isoformat(sep=" ") if self.are_texts else moment

    def _number(self, instant: datetime) -> object:
        seconds = int(instant.timestamp())
        if self.codec is Codec.COMPACT_INSTANT:
            return int(f"{instant.astimezone(VIETNAM):%Y%m%d%H%M%S}")
        is_large = isinstance(self.sample, int) and self.sample >= _LAST_SECOND
        if self.codec is Codec.EPOCH_MS or (self.codec in {Codec.CHANGE_TIME, Codec.INSTANT} and is_large):
            return seconds * 1000
        return seconds if self.codec in {Codec.EPOCH_S, Codec.CHANGE_TIME, Codec.INSTANT} else None


def with_zone(value: object, zone: ZoneInfo) -> object:
    """Return a time without a zone with the offset that it has in `zone`; anything else as it is."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        return value
    return moment.replace(tzinfo=zone).isoformat(sep=" ")
