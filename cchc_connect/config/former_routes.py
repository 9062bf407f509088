"""A configuration whose routes may still give the reasons of earlier versions in place of an agreement.

Only what writes the drafts of agreements reads a file so: everything else refuses a route without an agreement.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cchc_connect.config.file import Config
from cchc_connect.config.route_faults import FORMER_REASONS
from cchc_connect.config.toml_text import parse_toml, read_toml_text
from cchc_connect.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class FormerReasons:
    """Why a route sends, as it was written before there were agreements: free texts."""

    purpose: str = ""
    legal_basis: str = ""


@dataclass(frozen=True, kw_only=True)
class RoutesToAgree:
    """A configuration in which every route names an agreement."""

    config: Config
    unnamed: frozenset[str]
    """Routes that name none in the file."""
    former_reasons: Mapping[str, FormerReasons]
    """Route -> its reasons of an earlier version."""


def read_routes_to_agree(path: Path, agreement_of: Callable[[str], str]) -> RoutesToAgree:
    """Read the file at `path`.

    Args:
        path: the configuration.
        agreement_of: returns the id of the agreement for a route that names none.

    Raises:
        ConfigurationError: the file cannot be read, or has other faults than routes that name no agreement.
    """
    text = read_toml_text(path)
    tables = text if isinstance(text, ConfigurationError) else parse_toml(text, path)
    if isinstance(tables, ConfigurationError):
        raise tables
    reasons, unnamed = dict[str, FormerReasons](), set[str]()
    written: object = tables.get("routes")
    routes = cast("Mapping[str, Any]", written) if isinstance(written, Mapping) else dict[str, Any]()
    changed = dict[str, Any]()
    for name, route in routes.items():
        changed[name] = route
        if not isinstance(route, dict):
            continue
        table = cast("dict[str, Any]", route)
        texts = {key: table[key] for key in FORMER_REASONS if isinstance(table.get(key), str)}
        if texts:
            reasons[name] = FormerReasons(**texts)
        changed[name] = {key: value for key, value in table.items() if key not in FORMER_REASONS}
        if "agreement" not in table:
            changed[name]["agreement"] = agreement_of(name)
            unnamed.add(name)
    with_agreements = tables if "routes" not in tables or not routes else {**tables, "routes": changed}
    config = Config.from_tables(with_agreements, path)
    return RoutesToAgree(config=config, unnamed=frozenset(unnamed), former_reasons=reasons)
