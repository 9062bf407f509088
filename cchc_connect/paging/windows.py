"""Paging by windows of time: each day or month is a listing of its own, which gets around "the first 10,000 only"."""

import json
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field

from cchc_connect.errors import StartOver
from cchc_connect.paging.asked import KeysetPaging, OffsetPaging, PagePaging
from cchc_connect.paging.led import CursorPaging, LinkPaging
from cchc_connect.paging.tables import NoPaging, PagingTable
from cchc_connect.wire.times_out import TimeFormat
from cchc_schemas import VIETNAM
from cchc_schemas.dates import midnight
from cchc_schemas.described_models import DescribedModel

_DECEMBER = 12

PlainPaging: TypeAlias = Annotated[
    PagePaging | OffsetPaging | CursorPaging | LinkPaging | KeysetPaging | NoPaging, Field(discriminator="kind")
]
"""Every kind but windows."""


class WindowsPaging(DescribedModel):
    """The listing is asked for by windows of time, from the oldest to the newest."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["windows"]
    from_: str = Field(alias="from")
    """Parameter with the beginning of a window, which belongs to it."""
    to: str
    """Parameter with its end."""
    to_is_included: bool = False
    """Whether the end belongs to the window: then it is, with a format of days, the last day of the window. Otherwise
    it is the beginning of the next window, whose first instant then belongs to both, so that no fraction of a second is
    left out."""
    of_changes: bool = False
    """Whether the windows are of the time of the last change: then a run begins with that of the last change known.
    False: they are of another time, such as that of receipt, and every run reads all of them."""
    format: TimeFormat = TimeFormat.ISO_UTC
    """How both are written."""
    step: Literal["day", "month"] = "month"
    """Length of a window, in Vietnamese time."""
    start: date
    """First day of the oldest window; nothing is older."""
    inside: PlainPaging
    """Paging inside of a window."""

    def parameter_names(self) -> list[str]:
        """Return the names of all its parameters, and of those inside of a window."""
        return [self.from_, self.to, *self.inside.parameter_names()]

    def position_parameters(self, window: "Window", since: datetime | None) -> dict[str, object]:
        """Return the parameters of a window; one of changes begins at `since`, if that lies in it."""
        margin = timedelta(days=1) if self.format.is_of_days and self.to_is_included else timedelta(0)
        begins = midnight(window.begins)
        return {
            self.from_: self.format.written(max(begins, since) if since and self.of_changes else begins),
            self.to: self.format.written(midnight(self.following(window.begins)) - margin),
        }

    def first_window(self, since: datetime | None, token: str | None) -> "Window":
        """Return the window of a page token; without one that of `since` where windows are of changes, or the oldest.

        Raises:
            StartOver: the token is of another kind of paging; the configuration was changed.
        """
        if token is not None:
            return Window.of(token)
        begins = (
            self.start if since is None or not self.of_changes else max(self.start, since.astimezone(VIETNAM).date())
        )
        return Window(begins.replace(day=1) if self.step == "month" else begins)

    def following(self, begins: date) -> date:
        """Return the day on which the window after one begins."""
        if self.step == "day":
            return begins + timedelta(days=1)
        is_last_month = begins.month == _DECEMBER
        return date(begins.year + is_last_month, 1 if is_last_month else begins.month + 1, 1)

    def is_last(self, window: "Window", now: datetime) -> bool:
        """Return whether a window reaches into the future."""
        return self.following(window.begins) > now.astimezone(VIETNAM).date()


class Window:
    """One window, and where in it the next page begins."""

    def __init__(self, begins: date, token: str | None = None, *, is_proven: bool = True) -> None:
        """Store its first day, the page token inside of it, and whether the ends of all windows before are proven."""
        self.begins, self.inner_token, self.is_proven = begins, token, is_proven

    @classmethod
    def of(cls, token: str) -> "Window":
        """Return the window of a page token. Raises as `WindowsPaging.first_window` does."""
        try:
            begins, inner, is_proven = json.loads(token)
            return cls(date.fromisoformat(begins), inner, is_proven=bool(is_proven))
        except (ValueError, TypeError):
            raise StartOver("rest.token_unknown") from None

    @property
    def token(self) -> str:
        """The page token."""
        return json.dumps([self.begins.isoformat(), self.inner_token, self.is_proven], separators=(",", ":"))


Paging: TypeAlias = Annotated[
    PagePaging | OffsetPaging | CursorPaging | LinkPaging | KeysetPaging | NoPaging | WindowsPaging,
    Field(discriminator="kind"),
]
"""How a listing is paged."""


def plain(paging: PagingTable | WindowsPaging) -> PagingTable:
    """Return the paging of the pages themselves."""
    return paging.inside if isinstance(paging, WindowsPaging) else paging
