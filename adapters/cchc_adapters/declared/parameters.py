"""Parameters in a body: values go to ways through its objects."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from cchc_connect.wire.property_names import property_path


def with_values(body: Mapping[str, Any], values: Mapping[str, object]) -> dict[str, Any]:
    """Return a body with values at ways through its objects.

    >>> with_values({"loc": {"xa": "1"}}, {"loc.tu": "2026", "trang": 2})
    {'loc': {'xa': '1', 'tu': '2026'}, 'trang': 2}
    """
    result = dict(body)
    for name, value in values.items():
        result = _with_value(result, property_path(name), value)
    return result


def _with_value(body: Mapping[str, Any], path: Sequence[str], value: object) -> dict[str, Any]:
    head, *rest = path
    if not rest:
        return {**body, head: value}
    inner = body.get(head)
    members = cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else dict[str, Any]()
    return {**body, head: _with_value(members, rest, value)}
