"""Instants as systems want them in a question: since when, from when, until when."""

from datetime import UTC, datetime
from enum import StrEnum

from cchc_connect.wire.codecs import compact_local
from cchc_schemas import VIETNAM


class TimeFormat(StrEnum):
    """How an instant is written in a parameter; the local ones are Vietnamese time."""

    ISO_UTC = "iso_utc"
    """2026-04-02T01:00:00Z."""
    ISO_UTC_MS = "iso_utc_ms"
    """2026-04-02T01:00:00.000Z."""
    ISO_OFFSET = "iso_offset"
    """2026-04-02T08:00:00+07:00."""
    ISO_LOCAL = "iso_local"
    """2026-04-02T08:00:00."""
    SQL_LOCAL = "sql_local"
    """2026-04-02 08:00:00."""
    DMY_LOCAL = "dmy_local"
    """02/04/2026 08:00:00."""
    COMPACT_LOCAL = "compact_local"
    """20260402080000."""
    DAY = "day"
    """2026-04-02."""
    DMY_DAY = "dmy_day"
    """02/04/2026."""
    COMPACT_DAY = "compact_day"
    """20260402."""
    EPOCH_S = "epoch_s"
    """Seconds since 1970."""
    EPOCH_MS = "epoch_ms"
    """Milliseconds since 1970."""

    @property
    def is_of_days(self) -> bool:
        """Whether it is a day alone."""
        return self in {TimeFormat.DAY, TimeFormat.DMY_DAY, TimeFormat.COMPACT_DAY}

    def written(self, moment: datetime) -> str | int:  # noqa: PLR0911  # one line for each format
        """Return an instant in this format.

        >>> moment = datetime(2026, 4, 1, 20, tzinfo=UTC)
        >>> TimeFormat.ISO_UTC.written(moment), TimeFormat.DMY_DAY.written(moment), TimeFormat.EPOCH_S.written(moment)
        ('2026-04-01T20:00:00Z', '02/04/2026', 1775073600)
        """
        utc, local = moment.astimezone(UTC), moment.astimezone(VIETNAM)
        match self:
            case TimeFormat.EPOCH_S:
                return int(moment.timestamp())
            case TimeFormat.EPOCH_MS:
                return int(moment.timestamp() * 1000)
            case TimeFormat.COMPACT_LOCAL:
                return compact_local(moment)
            case TimeFormat.ISO_UTC:
                return f"{utc:%Y-%m-%dT%H:%M:%SZ}"
            case TimeFormat.ISO_UTC_MS:
                return f"{utc:%Y-%m-%dT%H:%M:%S.000Z}"
            case TimeFormat.ISO_OFFSET:
                return local.replace(microsecond=0).isoformat()
            case _:
                return local.strftime(_LOCAL_FORMS[self])


_LOCAL_FORMS = {
    TimeFormat.ISO_LOCAL: "%Y-%m-%dT%H:%M:%S",
    TimeFormat.SQL_LOCAL: "%Y-%m-%d %H:%M:%S",
    TimeFormat.DMY_LOCAL: "%d/%m/%Y %H:%M:%S",
    TimeFormat.DAY: "%Y-%m-%d",
    TimeFormat.DMY_DAY: "%d/%m/%Y",
    TimeFormat.COMPACT_DAY: "%Y%m%d",
}
