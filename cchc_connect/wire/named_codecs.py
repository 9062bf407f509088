"""Codecs by the names that a field map in TOML gives them."""

from collections.abc import Mapping
from enum import StrEnum
from functools import partial

from cchc_connect.wire import times
from cchc_connect.wire.codecs import (
    COMMUNE_DIGITS,
    LocalTime,
    Reader,
    dotnet_instant,
    epoch_ms,
    flag,
    iso_instant,
    local_instant,
    padded_code,
    partial_date,
    text_or_none,
    whole_number,
)
from cchc_connect.wire.days import dotnet_day, epoch_day, iso_day, local_iso_day
from cchc_connect.wire.identity_numbers import identity_number
from cchc_connect.wire.legacy_text import tcvn3_text, vni_text
from cchc_connect.wire.times import noting


class Codec(StrEnum):
    """Names of codecs in a field map in TOML."""

    TEXT = "text"
    COMMUNE_CODE = "commune_code"
    """Five digits; leading zeros that a number has lost are restored."""
    TCVN3 = "tcvn3"
    """Text in TCVN3 (ABC), which becomes Unicode."""
    VNI = "vni"
    """Text in VNI, which becomes Unicode."""
    IDENTITY_NUMBER = "identity_number"
    """Number of an identity paper, or of the main paper of a list; a placeholder ("000000001") is none, with a note."""
    FLAG = "flag"
    WHOLE_NUMBER = "whole_number"
    NUMBER = "number"
    """A decimal number; in text with the decimal sign that the options name."""
    AREA = "area"
    """An area: a number of m², or text with its unit ("228 m2", "0,05 ha"), which becomes m²."""
    INSTANT = "instant"
    """An instant in any usual spelling (`wire.times`); without an offset it is Vietnamese time."""
    CHANGE_TIME = "change_time"
    """The same for a time of change: a day alone is its first moment, the beginning of 1970 is nothing."""
    DAY = "day"
    """A day in any usual spelling; of an instant its Vietnamese day; MM/yyyy or yyyy stay what they are."""
    DATE = "date"
    """dd/MM/yyyy, MM/yyyy or yyyy, also with "-"; of a date with a time the day."""
    ISO_DATE = "iso_date"
    """yyyy-MM-dd, yyyy-MM or yyyy; of a date with a time the Vietnamese day."""
    ISO_INSTANT = "iso_instant"
    """yyyy-MM-ddTHH:mm:ss with an offset; without one it is Vietnamese time."""
    ISO_DAY = "iso_day"
    """The Vietnamese day of an ISO instant."""
    LOCAL_INSTANT = "local_instant"
    """dd/MM/yyyy HH:mm:ss in Vietnamese time."""
    LOCAL_ISO = "local_iso"
    """yyyy-MM-ddTHH:mm:ss in Vietnamese time; a "Z" at its end is ignored."""
    LOCAL_DAY = "local_day"
    """The day of yyyy-MM-ddTHH:mm:ss in Vietnamese time; a "Z" at its end is ignored."""
    SQL_LOCAL = "sql_local"
    """yyyy-MM-dd HH:mm:ss in Vietnamese time, or with an offset: MySQL, PostgreSQL, Laravel."""
    DMY_TIME = "dmy_time"
    """dd/MM/yyyy HH:mm in Vietnamese time, also "02-04-2026 08:00:00", "08:00 02/04/2026", "2/4/2026 8:00:00 SA"."""
    COMPACT_INSTANT = "compact_instant"
    """yyyyMMddHHmmss in Vietnamese time."""
    COMPACT_DAY = "compact_day"
    """yyyyMMdd."""
    EPOCH_S = "epoch_s"
    """Seconds since 1970."""
    EPOCH_MS = "epoch_ms"
    """Milliseconds since 1970."""
    EPOCH_DAY = "epoch_day"
    """The Vietnamese day of milliseconds since 1970, or of a text in any usual spelling of a day."""
    DOTNET_INSTANT = "dotnet_instant"
    """/Date(milliseconds since 1970)/."""
    DOTNET_DAY = "dotnet_day"
    """The Vietnamese day of /Date(milliseconds since 1970)/."""
    MEASURES = "measures"
    """Measures, with `each` for their name, value, unit and words: numbers with units, or the source's own words."""
    PARCEL_LIST = "parcel_list"
    """The parcels that a text names ("12, 13; 14"), on the map sheet of the property `sheet`."""
    SHAPE = "shape"
    """A geometry: GeoJSON, Esri's JSON, either as text too; its reference system is named by `crs`."""


INSTANTS = frozenset(
    {
        *(Codec.INSTANT, Codec.CHANGE_TIME, Codec.ISO_INSTANT, Codec.LOCAL_INSTANT, Codec.LOCAL_ISO, Codec.SQL_LOCAL),
        *(Codec.DMY_TIME, Codec.COMPACT_INSTANT, Codec.EPOCH_S, Codec.EPOCH_MS, Codec.DOTNET_INSTANT),
    }
)
"""Codecs that read an instant."""

DAYS = frozenset(
    {
        *(Codec.DAY, Codec.DATE, Codec.ISO_DATE, Codec.ISO_DAY, Codec.LOCAL_DAY, Codec.COMPACT_DAY, Codec.EPOCH_DAY),
        Codec.DOTNET_DAY,
    }
)
"""Codecs that read a day."""

READERS: Mapping[Codec, Reader] = {
    Codec.TEXT: text_or_none,
    Codec.COMMUNE_CODE: partial(padded_code, width=COMMUNE_DIGITS),
    Codec.TCVN3: tcvn3_text,
    Codec.VNI: vni_text,
    Codec.IDENTITY_NUMBER: identity_number,
    Codec.FLAG: flag,
    Codec.WHOLE_NUMBER: whole_number,
    Codec.INSTANT: times.instant,
    Codec.CHANGE_TIME: times.change_time,
    Codec.DAY: times.day,
    Codec.DATE: partial(noting, read=partial(partial_date, form="dd/MM/yyyy")),
    Codec.ISO_DATE: iso_day,
    Codec.ISO_INSTANT: partial(noting, read=iso_instant),
    Codec.ISO_DAY: iso_day,
    Codec.LOCAL_INSTANT: partial(noting, read=partial(local_instant, form=LocalTime.SLASHED)),
    Codec.LOCAL_ISO: partial(noting, read=partial(local_instant, form=LocalTime.ISO)),
    Codec.LOCAL_DAY: local_iso_day,
    Codec.SQL_LOCAL: partial(times.spelled, spellings=times.SQL_TIMES),
    Codec.DMY_TIME: partial(times.spelled, spellings=times.OFFICE_TIMES),
    Codec.COMPACT_INSTANT: partial(times.spelled, spellings=times.COMPACT_TIMES),
    Codec.COMPACT_DAY: partial(times.spelled_day, spellings=times.COMPACT_DAYS),
    Codec.EPOCH_S: partial(noting, read=times.epoch_s),
    Codec.EPOCH_MS: partial(noting, read=epoch_ms),
    Codec.EPOCH_DAY: epoch_day,
    Codec.DOTNET_INSTANT: partial(noting, read=dotnet_instant),
    Codec.DOTNET_DAY: dotnet_day,
}
