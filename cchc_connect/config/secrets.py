"""References to secrets: `cchc.toml` says where a secret is stored and never contains the secret itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, cast

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from cchc_connect.config.secret_sources import (
    credential_secret,
    environment_secret,
    file_secret,
    keyring_secret,
)
from cchc_connect.config.tables import ConfigPath, ConfigTable


class EnvironmentSecret(ConfigTable):
    """A secret in an environment variable: `{ env = "ONE_STOP_PASSWORD" }`."""

    env: str

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: the variable is not set.
        """
        return environment_secret(self.env)


class FileSecret(ConfigTable):
    """A secret in a file that only its owner may read, without one trailing line feed: `{ file = "PATH" }`."""

    file: ConfigPath

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: the file cannot be read, is not UTF-8, or other users may read it.
        """
        return file_secret(self.file)


class KeyringSecret(ConfigTable):
    """A secret in the keyring of the operating system: `{ keyring = "SERVICE/NAME" }`. Needs the extra `keyring`."""

    keyring: str

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: the extra `keyring` is not installed, or there is no keyring or no such secret in it.
        """
        return keyring_secret(self.keyring)


class CredentialSecret(ConfigTable):
    """A secret that systemd gives to the service by `LoadCredential=NAME:PATH`: `{ credential = "NAME" }`."""

    credential: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=255)]

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: systemd gives this process no such credential.
        """
        return credential_secret(self.credential)


SECRET_KEYS = ("env", "file", "credential", "keyring")
"""The one key of a reference to a secret; it says where the secret is stored."""


def _require_reference(value: object) -> object:
    if not isinstance(value, dict):
        raise PydanticCustomError("secret_literal", "a secret must be given by reference")
    reference = cast("dict[str, object]", value)
    if len(reference) != 1 or not reference.keys() <= set(SECRET_KEYS):
        raise PydanticCustomError("secret_keys", "a reference to a secret has one key that says where it is")
    return reference


def _storage(reference: dict[str, object]) -> str:
    return next(iter(reference))


Secret = Annotated[
    Annotated[EnvironmentSecret, Tag("env")]
    | Annotated[FileSecret, Tag("file")]
    | Annotated[CredentialSecret, Tag("credential")]
    | Annotated[KeyringSecret, Tag("keyring")],
    Discriminator(_storage),
    BeforeValidator(_require_reference),
]
"""Reference to a secret, of one of these kinds; a secret written as a plain string is refused."""


def secrets_in(value: object) -> Iterator[EnvironmentSecret | FileSecret | CredentialSecret | KeyringSecret]:
    """Yield the references to secrets in a table, also those in its tables and lists."""
    if isinstance(value, EnvironmentSecret | FileSecret | CredentialSecret | KeyringSecret):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for member in cast("Mapping[object, object]", value).values():
            yield from secrets_in(member)
    elif isinstance(value, list | tuple):
        for member in cast("Sequence[object]", value):
            yield from secrets_in(member)
