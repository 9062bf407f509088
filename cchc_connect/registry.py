"""Finds installed adapters by name, through the entry point group `cchc_connect.adapters`.

A package of an integrator registers its adapter in its own pyproject.toml, in the same way as ours::

    [project.entry-points."cchc_connect.adapters"]
    district_registry = "district_registry_adapter:DistrictRegistry"
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from cchc_connect.adapter import AdapterFactory
from cchc_connect.errors import ConfigurationError

ENTRY_POINT_GROUP = "cchc_connect.adapters"
"""Entry point group of the adapters."""


def installed_adapters() -> Mapping[str, EntryPoint]:
    """Return the entry points of all installed adapters, by name, sorted; no adapter is imported."""
    return {point.name: point for point in sorted(entry_points(group=ENTRY_POINT_GROUP))}


def adapter_factory(name: str) -> AdapterFactory:
    """Import the adapter `name` and return its factory.

    Raises:
        ConfigurationError: no such adapter is installed, it cannot be imported, or it is not an `AdapterFactory`.
    """
    installed = installed_adapters()
    if name not in installed:
        raise ConfigurationError("config.adapter_unknown", name=name, known=", ".join(installed))
    try:
        factory = installed[name].load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError("config.adapter_broken", name=name, value=installed[name].value) from error
    if not (callable(factory) and hasattr(factory, "Options")):
        raise ConfigurationError("config.adapter_broken", name=name, value=installed[name].value)
    return cast("AdapterFactory", factory)
