"""Names of a package that are imported when they are first used: whoever needs one does not wait for the others."""

from collections.abc import Callable, Mapping
from importlib import import_module


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return a package's `__getattr__`.

    Args:
        package: the package's name.
        homes: names, parted by spaces, by the module below the package that has them.
    """

    def find(name: str) -> object:
        for home, names in homes.items():
            if name in names.split():
                return getattr(import_module(f"{package}.{home}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
