"""What is wrong with a route that names no agreement: earlier versions had its reasons in the configuration."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from cchc_connect.messages import Message

FORMER_REASONS = ("purpose", "legal_basis")
"""Keys of a route by which earlier versions said why it sends."""

_STEPS = 3
"""Steps of the path of a route's key: `routes`, its name, the key."""


def route_problem(path: Sequence[str], rule: str, tables: Mapping[str, Any]) -> Message | None:
    """Return what is wrong with a route that names no agreement, or gives reasons; None of any other fault.

    Args:
        path: path of the key at which the fault is.
        rule: type of the fault.
        tables: tables of the configuration.
    """
    if len(path) != _STEPS or path[0] != "routes":
        return None
    _, route, key = path
    if key in FORMER_REASONS and rule == "extra_forbidden":
        agreement = _route(route, tables).get("agreement")
        if agreement is None:
            return Message("config_rule.reason_of_agreement", {"route": route})
        return Message("config_rule.agreement_has_it", {"agreement": agreement})
    is_agreement = key == "agreement" and rule == "missing"
    return Message("config_rule.no_agreement", {"route": route}) if is_agreement else None


def is_told_elsewhere(path: Sequence[str], tables: Mapping[str, Any]) -> bool:
    """True of the faults of a route with reasons and without agreement but for one, which says what to do."""
    if len(path) != _STEPS or path[0] != "routes" or path[2] not in {*FORMER_REASONS, "agreement"}:
        return False
    table = _route(path[1], tables)
    reasons = [key for key in FORMER_REASONS if key in table]
    return "agreement" not in table and bool(reasons) and path[2] != reasons[0]


def _route(name: str, tables: Mapping[str, Any]) -> Mapping[str, Any]:
    routes: object = tables.get("routes")
    table: object = cast("Mapping[str, object]", routes).get(name) if isinstance(routes, Mapping) else None
    return cast("Mapping[str, Any]", table) if isinstance(table, Mapping) else {}
