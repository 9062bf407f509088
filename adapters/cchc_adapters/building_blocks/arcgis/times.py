"""Conditions on days and times, as layers of ArcGIS Server hold them.

A field of type `esriFieldTypeDate` holds milliseconds since 1970, negative before then, and as text where a table was
copied from elsewhere. Since 11.2 there are also `esriFieldTypeDateOnly` ("2024-05-01") and fields with an offset
("2024-05-01T08:00:00+07:00"). A condition names a time in the layer's time zone, which is UTC unless the layer says
otherwise (`dateFieldsTimeReference`). The codec `epoch_day` reads the day of a field of any of these types.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from cchc_adapters.building_blocks.arcgis.layers import LayerDescription
from cchc_connect import SourceHeld

DAYS, TIMES, TIMES_WITH_OFFSET = "esriFieldTypeDateOnly", "esriFieldTypeDate", "esriFieldTypeTimestampOffset"
ZONE_HOURS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("utc", "etc/utc", "etc/gmt", "gmt", "gmt standard time without dst"), 0),
        **dict.fromkeys(("se asia standard time", "asia/ho_chi_minh", "asia/saigon", "asia/bangkok", "asia/hanoi"), 7),
    }
)
"""Hours from UTC of time zones, by their names in Windows and in the IANA database, in lower case."""
ANY_ZONE = timedelta(hours=12)
"""How much earlier to ask where the zone is not known: more is listed, nothing is missed."""


def changed_since(description: LayerDescription, name: str, since: datetime) -> str:
    """Return the condition that the time in the field `name` is at or after `since`.

    Raises:
        SourceHeld: the layer has no such field, or it holds no time.
    """
    field = description.written_name(name) if description.fields else name
    kind = description.type_of(field) if field is not None else None
    if field is None or kind not in {DAYS, TIMES, TIMES_WITH_OFFSET, ""}:
        raise SourceHeld("arcgis.no_change_time", field=name)
    zone = description.edit_zone if field == description.edit_date else description.zone
    if kind == TIMES_WITH_OFFSET:
        return f"{field} >= timestamp '{since.astimezone(UTC):%Y-%m-%d %H:%M:%S} +00:00'"
    moment = since.astimezone(UTC) + _from_utc(zone)
    return (
        f"{field} >= date '{moment:%Y-%m-%d}'" if kind == DAYS else f"{field} >= timestamp '{moment:%Y-%m-%d %H:%M:%S}'"
    )


def _from_utc(zone: str | None) -> timedelta:
    if zone is None:
        return timedelta(0)
    hours = ZONE_HOURS.get(zone.lower())
    return -ANY_ZONE if hours is None else timedelta(hours=hours)
