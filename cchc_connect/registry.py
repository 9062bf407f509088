"""Adapters by name: ours and outsiders' are found alike, by the entry point group `cchc_connect.adapters`.

An outsider's package makes its adapter known in its own pyproject.toml::

    [project.entry-points."cchc_connect.adapters"]
    district_registry = "district_registry_adapter:DistrictRegistry"
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from cchc_connect.adapter import AdapterFactory
from cchc_connect.errors import ConfigurationError

GROUP = "cchc_connect.adapters"


def installed_adapters() -> Mapping[str, EntryPoint]:
    """Return the entry points of every installed adapter, by name, without importing any."""
    return {point.name: point for point in sorted(entry_points(group=GROUP))}


def adapter_factory(name: str) -> AdapterFactory:
    """Return what makes the adapter `name`.

    Raises:
        ConfigurationError: no such adapter is installed, or it cannot be imported.
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
