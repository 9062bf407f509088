"""Parses Retry-After (RFC 9110 section 10.2.3)."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Nine digits are 31 years; a longer number is not a real wait.
_SECONDS = re.compile(r"[0-9]{1,9}")


def retry_after_s(headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    """Return the seconds to wait, None where the header is absent or unreadable.

    A date is measured against the response's own Date header, so that the two machines' clocks need not agree.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    until = _instant(value)
    if until is None:
        return None
    return max(0.0, (until - (_instant(headers.get("date", "")) or now())).total_seconds())


def _instant(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
