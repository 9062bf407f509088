"""Maps of forms that many agencies fill, by the name that the key `map` of a source gives."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast, get_args

from cchc_adapters.building_blocks.options import package_table
from cchc_connect.wire.flat_parts import flat_rules, without_replaced

MapName: TypeAlias = Literal["pl3", "agencies", "registered_databases", "satisfaction_ratings"]
"""Names of the maps."""


def with_built_in_maps(tables: object) -> object:
    """Return the tables of the sources as they are written, with the rules of the maps that they name."""
    if not isinstance(tables, Mapping):
        return tables
    written = cast("Mapping[str, object]", tables)
    return {record_type: _with_map(table) for record_type, table in written.items()}


def _with_map(table: object) -> object:
    if not isinstance(table, Mapping):
        return table
    written = cast("Mapping[str, Any]", table)
    name, own = written.get("map"), flat_rules(written.get("fields", {}))
    if name not in get_args(MapName) or not isinstance(own, Mapping):
        return written
    built_in = _in_any_case(package_table(name))
    own_rules = cast("Mapping[str, Any]", own)
    rules = cast("Mapping[str, Any]", flat_rules(built_in["fields"]))
    fields = {**without_replaced(rules, own_rules), **own_rules}
    return {**{key: built_in[key] for key in ("key", "rows") if key in built_in}, **written, "fields": fields}


def _in_any_case(table: Any) -> Any:
    """Return a built-in map whose words are the same in upper and lower case."""
    if not isinstance(table, Mapping):
        return table
    rules = cast("Mapping[str, Any]", table)
    if "words" in rules:
        return {**rules, "in_any_case": True}
    return {name: _in_any_case(rule) for name, rule in rules.items()}
