"""What the tables of `cchc.toml` have in common."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from cchc_connect.transport.network.url_guard import ForbiddenAddress, origin_of

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""A connection's or route's name: lower case, digits, hyphens."""

Reason = Annotated[str, Field(min_length=3, max_length=500)]
"""A written reason: it goes into the journal."""


def _address(text: str) -> str:
    try:
        origin_of(text)
    except ForbiddenAddress as refused:
        rule = refused.rule
    else:
        return text
    # A user in it is told by another fault, with what to do instead.
    return text if rule == "userinfo" else _refused(rule)


def _refused(rule: str) -> str:
    raise PydanticCustomError("address", "no address to go to", {"rule": rule})


Address = Annotated[str, Field(pattern=r"^https?://"), AfterValidator(_address)]
"""An address of a system: http or https, a host that may be gone to, no user."""


class Table(BaseModel):
    """A table of the file: no key may be there that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
