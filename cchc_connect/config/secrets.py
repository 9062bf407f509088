"""Where a secret lies: `cchc.toml` names the place and never holds the secret itself."""

import os
from pathlib import Path
from typing import Annotated, cast

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from cchc_connect.config.tables import Table
from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import extra
from cchc_connect.privacy.private_files import private_bytes
from cchc_connect.privacy.secrets import revealed


class EnvironmentSecret(Table):
    """A secret in an environment variable."""

    env: str

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: the variable is not set.
        """
        value = os.environ.get(self.env, "")
        if not value:
            raise ConfigurationError("config.secret_env_missing", variable=self.env)
        return revealed(value)


class FileSecret(Table):
    """A secret in a file that only its owner may read; one trailing line end is no part of it."""

    file: Path

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: the file cannot be read, or others may read it.
        """
        try:
            return revealed(private_bytes(self.file).decode().removesuffix("\n"))
        except UnicodeDecodeError:
            pass  # what was read must not stay in the chain of causes
        raise ConfigurationError("config.secret_file_missing", path=self.file)


class KeyringSecret(Table):
    """A secret in the keyring of the operating system, `service/name`; the library for it is the extra `keyring`."""

    keyring: str

    def reveal(self) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: there is no keyring, or no such secret in it.
        """
        with extra("keyring", "keyring"):
            from keyring import get_password  # noqa: PLC0415  # the extra may be missing
            from keyring.errors import KeyringError  # noqa: PLC0415  # as above
        service, _, name = self.keyring.partition("/")
        try:
            value = get_password(service, name)
        except KeyringError:
            value = None
        if not value:
            raise ConfigurationError("config.secret_keyring_missing", entry=self.keyring)
        return revealed(value)


def _named(value: object) -> object:
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    raise PydanticCustomError("secret_literal", "a secret is named by where it lies")


Secret = Annotated[EnvironmentSecret | FileSecret | KeyringSecret, BeforeValidator(_named)]
