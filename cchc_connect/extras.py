"""What an installation lacks: an optional dependency, or a POSIX system; the error says what to install or to use."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from cchc_connect.errors import ConfigurationError, Fatal

UNSUPPORTED_PLATFORMS = frozenset({"win32"})
"""Values of `sys.platform`."""


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


def require_posix() -> None:
    """Check that this is a POSIX system: locks of files, signals and private files work in its way only.

    Raises:
        Fatal: it is Windows.
    """
    if sys.platform in UNSUPPORTED_PLATFORMS:
        raise Fatal("extra.windows")
