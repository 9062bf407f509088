"""The table of one listing that comes in pages, as far as REST and SOAP share it."""

from datetime import date, datetime, timedelta
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from cchc_adapters.declared.answers import SuccessRule
from cchc_adapters.declared.tables import SourceTable
from cchc_connect.paging.windows import Paging
from cchc_connect.wire.times_out import TimeFormat
from cchc_schemas import VIETNAM
from cchc_schemas.dates import midnight
from cchc_schemas.described_models import DescribedModel


class SinceTable(DescribedModel):
    """How the system is asked for what changed; without it every run lists everything."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    parameter: str
    """Parameter with the instant."""
    to: str = ""
    """Parameter with the end of the range, where the server wants both: it gets the end of tomorrow in Viet Nam."""
    start: date | None = None
    """First day, where the server wants a range for the complete listing too; nothing is older."""
    format: TimeFormat = TimeFormat.ISO_UTC
    """How the instant is written."""
    template: Annotated[str, Field(pattern=r"\{\}")] | None = None
    """What the parameter is, where it is more than the instant, which stands for {}: "ngay_sua||$gte||{}"."""

    def parameter_names(self) -> list[str]:
        """Return the names of its parameters."""
        return [self.parameter, *([self.to] if self.to else [])]

    def parameters(self, since: datetime | None, now: datetime) -> dict[str, object]:
        """Return the parameters that ask for what changed since an instant; None: those of the complete listing."""
        begins = since or (None if self.start is None else midnight(self.start))
        if begins is None:
            return {}
        written = self.format.written(begins)
        first = written if self.template is None else self.template.replace("{}", str(written))
        end = midnight(now.astimezone(VIETNAM).date() + timedelta(days=2))
        return {self.parameter: first, **({self.to: self.format.written(end)} if self.to else {})}


class PagedTable(SourceTable):
    """One listing: how it is paged and asked for what changed, and what makes a response a success."""

    paging: Paging
    """How the listing is paged, and how it ends; in SOAP the parameters are arguments, or ways to parts of them."""
    since: SinceTable | None = None
    """How it is asked for what changed; none: every run lists everything."""
    success: SuccessRule | None = None
    """What makes a response without an error a success; none: that of the connection."""

    @model_validator(mode="after")
    def _has_times(self) -> Self:
        if self.since is not None and self.changed_at is None:
            raise PydanticCustomError("since_without_time", "since needs changed_at")
        return self

    @model_validator(mode="after")
    def _has_different_parameters(self) -> Self:
        names = [*self.paging.parameter_names(), *([] if self.since is None else self.since.parameter_names())]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise PydanticCustomError("parameter_twice", "a parameter has two meanings", {"value": twice})
        return self
