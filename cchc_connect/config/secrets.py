"""References to secrets: `cchc.toml` says where a secret is stored and never contains the secret itself."""

import os
from pathlib import Path
from typing import Annotated, cast

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from cchc_connect.config.tables import ConfigTable
from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import require_extra
from cchc_connect.privacy.secrets import read_private_file, register_secret


class EnvironmentSecret(ConfigTable):
    """A secret in an environment variable: `{ env = "ONE_STOP_PASSWORD" }`."""

    env: str

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: the variable is not set.
        """
        value = os.environ.get(self.env, "")
        if not value:
            raise ConfigurationError("config.secret_env_missing", variable=self.env)
        return register_secret(value)


class FileSecret(ConfigTable):
    """A secret in a file that only its owner may read, without one trailing line feed: `{ file = "PATH" }`."""

    file: Path

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: the file cannot be read, is not UTF-8, or other users may read it.
        """
        try:
            return register_secret(read_private_file(self.file).decode().removesuffix("\n"))
        except UnicodeDecodeError:
            pass  # the bytes of the file must not stay in the chain of exceptions
        raise ConfigurationError("config.secret_file_missing", path=self.file)


class KeyringSecret(ConfigTable):
    """A secret in the keyring of the operating system: `{ keyring = "SERVICE/NAME" }`. Needs the extra `keyring`."""

    keyring: str

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: the extra `keyring` is not installed, or there is no keyring or no such secret in it.
        """
        with require_extra("keyring", "keyring"):
            from keyring import get_password  # noqa: PLC0415  # the extra may be missing
            from keyring.errors import KeyringError  # noqa: PLC0415  # as above
        service, _, name = self.keyring.partition("/")
        try:
            value = get_password(service, name)
        except KeyringError:
            value = None
        if not value:
            raise ConfigurationError("config.secret_keyring_missing", entry=self.keyring)
        return register_secret(value)


def _require_reference(value: object) -> object:
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    raise PydanticCustomError("secret_literal", "a secret must be given by reference")


Secret = Annotated[EnvironmentSecret | FileSecret | KeyringSecret, BeforeValidator(_require_reference)]
"""Reference to a secret, of one of these kinds; a secret written as a plain string is refused."""
