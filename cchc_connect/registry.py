"""Finds installed adapters by name, through the entry point group `cchc_connect.adapters`.

A package of an integrator registers its adapter in its own pyproject.toml, in the same way as ours::

    [project.entry-points."cchc_connect.adapters"]
    district_registry = "district_registry_adapter:DistrictRegistry"
"""

import logging
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from importlib.metadata import EntryPoint
from typing import cast

from cchc_connect.adapter import AdapterFactory
from cchc_connect.errors import CchcError, ConfigurationError
from cchc_connect.extras import installed_adapters
from cchc_connect.local_sources.contract import uses_http
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.privacy.adapter_failure import described_import
from cchc_connect.privacy.error_boundary import ErrorBoundary
from cchc_connect.privacy.redaction import logged_traceback
from cchc_schemas.text import listed

log = logging.getLogger("cchc_connect.registry")


def adapter_factory(name: str) -> AdapterFactory:
    """Import the adapter `name` and return its factory.

    Raises:
        ConfigurationError: no such adapter is installed, it cannot be imported, or it is not an `AdapterFactory`.
    """
    installed = installed_adapters()
    if name not in installed:
        raise ConfigurationError(
            "config.adapter_unknown", name=name, suggestion=suggestion(name, installed), known=listed(installed)
        )
    point = installed[name]
    with ErrorBoundary(nullcontext(), lambda error: _import_error(point, error)):
        factory = point.load()
    if not (callable(factory) and hasattr(factory, "Options")):
        raise ConfigurationError("config.adapter_without_options", name=name, value=point.value)
    return cast("AdapterFactory", factory)


def left_out_rules(factory: AdapterFactory) -> Mapping[str, str]:
    """Return the rules of the conformance kit that an adapter says are left out for it, with the reasons in words.

    It says so in an optional class attribute, `left_out_rules`. A rule may be left out for one record type only:
    `order_is_true:dossier`. `adapter show` prints rule and reason.
    """
    declared: Mapping[str, str] = getattr(factory, "left_out_rules", {})
    return declared


def is_local(name: str) -> bool:
    """Return whether the adapter `name` is one without HTTP; false if there is none or it cannot be imported."""
    if name not in installed_adapters():
        return False
    with suppress(ConfigurationError):
        return not uses_http(adapter_factory(name))
    return False


def _import_error(point: EntryPoint, error: BaseException) -> ConfigurationError | None:
    if isinstance(error, CchcError) or not isinstance(error, Exception):
        return None
    failure = described_import(error, point.value)
    log.error("adapter %s: cannot be imported: %s%s", point.name, failure, logged_traceback(log, error))
    return ConfigurationError(
        "config.adapter_broken", name=point.name, value=point.value, error=str(failure), location=failure.location
    )
