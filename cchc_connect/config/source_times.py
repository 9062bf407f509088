"""What a connection says of its sources' times, instead of their adapter: how far back each pull reads, and why."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from cchc_connect.adapter import SourceProfile
from cchc_connect.config.durations import parse_duration
from cchc_connect.config.tables import ConfigTable
from cchc_connect.database.direct.layout import RECORD_TYPE_NAMES

MAX_SPAN = timedelta(days=3660)
"""Longest duration of these keys."""

ALL_TYPES = ""
"""Stands for every record type that is not named."""


def _spans(value: object) -> object:
    """Return the durations of a key by record type, from one duration or from a table of them."""
    if value is None or isinstance(value, str):
        value = {} if value is None else {ALL_TYPES: value}
    if isinstance(value, dict):
        spans = cast("dict[str, object]", value)
        try:
            durations = {name: _duration(text) for name, text in spans.items()}
        except ValueError:
            durations = {"": MAX_SPAN * 2}  # raised below: Pydantic's error must not carry the value
        is_known = all(name in {ALL_TYPES, *RECORD_TYPE_NAMES} for name in durations)
        if is_known and all(span <= MAX_SPAN for span in durations.values()):
            return durations
    raise PydanticCustomError("span", "not a duration")


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004  # as for a text that is no duration
    return parse_duration(value)


Spans = Annotated[Mapping[str, timedelta], BeforeValidator(_spans)]
"""Durations by record type; `ALL_TYPES` for those that are not named; empty: those of the adapter."""


class SourceTimes(ConfigTable):
    """Keys of `[connections.NAME]` that replace what the adapter says of its sources' times."""

    lookback: Spans = Field(default_factory=dict[str, timedelta])
    """How far before the watermark each pull begins, as in `"10m"`; for single record types: `{ dossier = "2d" }`."""
    timestamp_resolution: Spans = Field(default_factory=dict[str, timedelta])
    """Resolution of the source's change times, as in `"1d"`; the start of a pull is rounded down to it."""
    retention: Spans = Field(default_factory=dict[str, timedelta])
    """How long the source keeps changes; if the watermark is older, everything is read."""

    def applied_to(self, profile: SourceProfile, record_type: str) -> SourceProfile:
        """Return the profile of a source with what the connection says of its times.

        >>> profile = SourceProfile(changed_since=True)
        >>> SourceTimes(lookback="2d").applied_to(profile, "dossier").lookback
        datetime.timedelta(days=2)
        """
        configured: dict[str, Any] = {}
        for name in ("lookback", "timestamp_resolution", "retention"):
            spans: Mapping[str, timedelta] = getattr(self, name)
            span = spans.get(record_type, spans.get(ALL_TYPES))
            if span is not None:
                configured[name] = span
        return replace(profile, **configured) if configured else profile
