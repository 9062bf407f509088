"""Where the next pass over the changes of a source begins."""

import logging
from datetime import datetime

from cchc_connect.adapter import SourceProfile
from cchc_connect.clock import start_of_range
from cchc_connect.database.stream import Stream
from cchc_connect.sync.asking import AHEAD_TOLERANCE

log = logging.getLogger("cchc_connect.sync")


def range_start(profile: SourceProfile, watermark: datetime | None, now: datetime, stream: Stream) -> datetime | None:
    """Return the start of the next pass (UTC): a little before the watermark; None if everything must be listed."""
    if not profile.changed_since or watermark is None:
        return None
    name = {"connection": stream.connection, "record_type": stream.record_type}
    if watermark - now > AHEAD_TOLERANCE:
        log.warning("%(connection)s: %(record_type)s has a watermark in the future; everything is compared", name)
        return None
    if profile.retention is not None and now - watermark > profile.retention:
        log.warning("%(connection)s: %(record_type)s was read too long ago; everything is compared", name)
        return None
    return start_of_range(watermark, profile.lookback, profile.timestamp_resolution)
