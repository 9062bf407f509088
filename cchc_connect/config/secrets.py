"""References to secrets: `cchc.toml` says where a secret is stored and never contains the secret itself."""

from pathlib import Path
from typing import Annotated, cast

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from cchc_connect.config.secret_sources import environment_secret, file_secret, keyring_secret
from cchc_connect.config.tables import ConfigTable


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

    file: Path

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


def _require_reference(value: object) -> object:
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    raise PydanticCustomError("secret_literal", "a secret must be given by reference")


Secret = Annotated[EnvironmentSecret | FileSecret | KeyringSecret, BeforeValidator(_require_reference)]
"""Reference to a secret, of one of these kinds; a secret written as a plain string is refused."""
