"""How old entries of the audit log must be before they may be removed.

It is a module of its own, since the check of a removal must not depend on the code that removes.
"""

from datetime import datetime

MIN_RETENTION_YEARS = 5
"""Years for which the files of a breach must be kept (NĐ 356/2025), and so the log that proves it."""


def years_before(at: datetime, years: int) -> datetime:
    """Return the same day and time some years earlier; of 29 February, 28 February.

    >>> years_before(datetime(2028, 2, 29, 12), 5)
    datetime.datetime(2023, 2, 28, 12, 0)
    """
    try:
        return at.replace(year=at.year - years)
    except ValueError:
        return at.replace(year=at.year - years, day=28)


def may_be_removed(sealed_at: datetime, removed_at: datetime) -> bool:
    """Return whether a segment whose last entry was sealed then was old enough to be removed."""
    return sealed_at <= years_before(removed_at, MIN_RETENTION_YEARS)
