"""Lazy exports of a package: a name is imported when it is first used, so that `--help` waits for no driver."""

from collections.abc import Callable, Mapping
from importlib import import_module


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return a `__getattr__` for the package (PEP 562).

    Args:
        package: name of the package.
        homes: module below the package -> names that it defines, separated by spaces.
    """

    def import_name(name: str) -> object:
        for home, names in homes.items():
            if name in names.split():
                return getattr(import_module(f"{package}.{home}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return import_name
