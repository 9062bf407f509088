"""Optional dependencies: a feature whose packages are missing raises an error that says what to install."""

from collections.abc import Generator
from contextlib import contextmanager

from cchc_connect.errors import ConfigurationError


@contextmanager
def require_extra(name: str, *packages: str) -> Generator[None]:
    """Translate the failed import of an optional package in the block into an error with an installation hint.

    Example::

        with require_extra("keyring", "keyring"):
            from keyring import get_password

    Args:
        name: extra of this distribution that installs the packages.
        packages: top-level import names of the packages.

    Raises:
        ConfigurationError: one of the packages is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in packages:
            raise
        raise ConfigurationError(f"extra.{name}", install=f"cchc-connect[{name}]") from missing
