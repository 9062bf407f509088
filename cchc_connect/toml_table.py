"""What the tables of `cchc.toml` have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""A connection's or route's name: lower case, digits, hyphens."""

Reason = Annotated[str, Field(min_length=3, max_length=500)]
"""A written reason: it goes into the journal."""


class Table(BaseModel):
    """A table of the file: no key may be there that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
