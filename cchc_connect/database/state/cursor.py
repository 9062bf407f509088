"""The cursor of a stream; its own module because a report contains cursors and is read without SQLAlchemy."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """How far a stream was read; committed with the page that it belongs to."""

    watermark: datetime | None = None
    """Latest change time that a completed pass saw at the source; never a time of our own clock."""
    pass_since: datetime | None = None
    """Start of the time window that the present pass requests."""
    page_token: str | None = field(default=None, repr=False)
    """Token of the next page of the present pass; None between passes."""
    checkpoint: datetime | None = None
    """Latest change time that the present pass may take as its watermark; see `sync.pass_progress`."""
    pass_shown: int = 0
    """Items that the present pass has shown up to `page_token`."""
    translation_key: str | None = None
    """Mapping version, record version and ownership by which the items were translated."""
