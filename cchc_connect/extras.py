"""What is installed: adapters by name, optional dependencies, a POSIX system.

Where something is missing, the error says what to install or to use.
"""

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

from cchc_connect.errors import ConfigurationError, Fatal

UNSUPPORTED_PLATFORMS = frozenset({"win32"})
"""Values of `sys.platform`."""

ENTRY_POINT_GROUP = "cchc_connect.adapters"
"""Entry point group of the adapters."""


def installed_adapters() -> Mapping[str, "EntryPoint"]:
    """Return the entry points of all installed adapters, by name, sorted; no adapter is imported.

    A process reads the installed packages once for each module search path.
    """
    return _adapters_in(tuple(sys.path))


@lru_cache(maxsize=1)
def _adapters_in(search_path: tuple[str, ...]) -> Mapping[str, "EntryPoint"]:
    from importlib.metadata import entry_points  # noqa: PLC0415  # most starts do not need it

    del search_path  # `entry_points` looks there
    return MappingProxyType({point.name: point for point in sorted(entry_points(group=ENTRY_POINT_GROUP))})


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
