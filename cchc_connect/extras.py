"""Packages that only some features need: without them a feature says what to install."""

from collections.abc import Generator
from contextlib import contextmanager

from cchc_connect.errors import ConfigurationError


@contextmanager
def extra(name: str, *packages: str) -> Generator[None]:
    """Import, inside, what the extra `name` of this distribution brings: its import `packages`.

    Raises:
        ConfigurationError: one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in packages:
            raise
        raise ConfigurationError(f"extra.{name}", install=f"cchc-connect[{name}]") from missing
