"""Base class and shared field types of the tables of `cchc.toml`."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from cchc_connect.transport.network.url_guard import ForbiddenAddress, origin_of

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""Name of a connection or route: lower case letters, digits and hyphens, at most 63 characters."""

Reason = Annotated[str, Field(min_length=3, max_length=500)]
"""A written reason, such as a purpose, a legal basis or why TLS is not used: 3 to 500 characters."""


def _check_address(text: str) -> str:
    try:
        origin_of(text)
    except ForbiddenAddress as error:
        rule = error.rule
    else:
        return text
    # A user in the URL is reported later, by a fault that says what to do instead.
    return text if rule == "userinfo" else _refuse(rule)


def _refuse(rule: str) -> str:
    raise PydanticCustomError("address", "unusable address", {"rule": rule})


Address = Annotated[str, Field(pattern=r"^https?://"), AfterValidator(_check_address)]
"""URL of a system: http or https, without a user, and not a link-local or cloud metadata address."""


FOLDER = "folder"
"""Key of the folder of the file in the context of a validation."""


def _from_folder(path: Path, validation: ValidationInfo) -> Path:
    context: dict[str, Path] = validation.context or {}
    return context.get(FOLDER, Path()) / path


ConfigPath = Annotated[Path, AfterValidator(_from_folder), Field(validate_default=True)]
"""A path in the options of an adapter: a relative one is made absolute, from the folder of the file."""


class ConfigTable(BaseModel):
    """Base of all tables of the file. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
