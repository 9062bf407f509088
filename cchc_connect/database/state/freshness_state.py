"""What the intervals of freshness say; its own module because `status` reads them without SQLAlchemy."""

from enum import StrEnum
from typing import NamedTuple


class FreshnessState(StrEnum):
    """What an interval says of its stream."""

    DUE = "due"
    COMPLETE = "complete"
    HELD = "held"


class FreshnessLimits(NamedTuple):
    """What holds for data that was complete at an instant; the ends of the first two are excluded."""

    fresh_until: int
    within_until: int
    """End of the SLA."""
    breach_from: int
    """From when on the data is older than twice the SLA."""
