"""Entry points of the adapters: which are installed, by name. No adapter is imported for it."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

ENTRY_POINT_GROUP = "cchc_connect.adapters"
"""Entry point group of the adapters."""


def installed_adapters() -> Mapping[str, EntryPoint]:
    """Return the entry points of all installed adapters, by name, sorted; no adapter is imported."""
    return {point.name: point for point in sorted(entry_points(group=ENTRY_POINT_GROUP))}
