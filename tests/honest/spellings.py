"""How honest sources write an instant: each spelling with what writes it and what reads it back."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

from cchc_connect.wire.codecs import LocalTime, Unreadable, dotnet_instant, epoch_ms, iso_instant, local_instant
from cchc_schemas import VIETNAM

Read = Callable[[object], datetime | Unreadable | None]


def _local(form: str) -> Callable[[datetime], str]:
    return lambda at: f"{at.astimezone(VIETNAM):{form}}"


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


SPELLINGS: Mapping[str, tuple[Callable[[datetime], object], Read]] = MappingProxyType(
    {
        "iso_utc": (lambda at: f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", iso_instant),
        "iso_microseconds": (lambda at: at.astimezone(VIETNAM).isoformat(timespec="microseconds"), iso_instant),
        "iso_offset": (_local("%Y-%m-%dT%H:%M:%S+0700"), iso_instant),
        "compact": (_local("%Y%m%d%H%M%S"), partial(local_instant, form=LocalTime.COMPACT)),
        "slashed": (_local("%d/%m/%Y %H:%M:%S"), partial(local_instant, form=LocalTime.SLASHED)),
        "java_local": (_local("%Y-%m-%dT%H:%M:%S"), partial(local_instant, form=LocalTime.ISO)),
        "milliseconds": (_milliseconds, epoch_ms),
        "dotnet": (lambda at: f"/Date({_milliseconds(at)})/", dotnet_instant),
    }
)
"""Name of a spelling -> what writes an instant, and the codec that its adapter names."""

FINE_SPELLINGS = ("iso_microseconds",)
"""Those that keep microseconds."""
