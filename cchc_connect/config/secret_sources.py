"""Where secrets are kept: an environment variable, a private file, the keyring of the operating system."""

import os
from pathlib import Path

from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import require_extra
from cchc_connect.privacy.secrets import CREDENTIALS_FOLDER, read_private_file, register_secret


def environment_secret(variable: str) -> str:
    """Return the secret in an environment variable.

    Raises:
        ConfigurationError: the variable is not set.
    """
    value = os.environ.get(variable, "")
    if not value:
        raise ConfigurationError("config.secret_env_missing", variable=variable)
    return register_secret(value)


def file_secret(path: Path) -> str:
    """Return the secret in a file that only its owner may read, without one trailing line feed.

    Raises:
        ConfigurationError: the file cannot be read, is not UTF-8, or other users may read it.
    """
    try:
        return register_secret(read_private_file(path).decode().removesuffix("\n"))
    except UnicodeDecodeError:
        pass  # the bytes of the file must not stay in the chain of exceptions
    raise ConfigurationError("config.secret_file_missing", path=path)


def credential_secret(name: str) -> str:
    """Return the secret that systemd gives to this process under `name`, without one trailing line feed.

    Raises:
        ConfigurationError: systemd gives this process no such credential, or it is not UTF-8.
    """
    folder = os.environ.get(CREDENTIALS_FOLDER)
    if not folder or not Path(folder, name).is_file():
        raise ConfigurationError("config.secret_credential_missing", name=name)
    return file_secret(Path(folder, name))


def keyring_secret(entry: str) -> str:
    """Return the secret of a keyring entry, SERVICE/NAME.

    Raises:
        ConfigurationError: the extra `keyring` is not installed, or there is no keyring or no such secret in it.
    """
    with require_extra("keyring", "keyring"):
        from keyring import get_password  # noqa: PLC0415  # the extra may be missing
        from keyring.errors import KeyringError  # noqa: PLC0415  # as above
    service, _, name = entry.partition("/")
    try:
        value = get_password(service, name)
    except KeyringError:
        value = None
    if not value:
        raise ConfigurationError("config.secret_keyring_missing", entry=entry)
    return register_secret(value)
