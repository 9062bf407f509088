"""Checks of a configuration: each yields its faults as messages, so that all of one stage are reported at once.

First the form of every key (`pydantic_faults`), then connections, names and adapters' options, then what routes require
of their receivers.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ValidationError

from cchc_connect.config.connections import HTTP_KEYS, PROGRAM_KEYS
from cchc_connect.config.known_keys import unknown_key_problem
from cchc_connect.config.quality import known_rules
from cchc_connect.config.route_faults import is_told_elsewhere, route_problem
from cchc_connect.config.value_problems import value_problem
from cchc_connect.errors import ConfigurationError
from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.privacy.page_tokens import holds_secret
from cchc_connect.registry import is_local
from cchc_schemas import RECORD_TYPES, Agency, Record
from cchc_schemas.record_paths import key_fields
from cchc_schemas.text import listed

if TYPE_CHECKING:
    from cchc_connect.config.file import Config


def pydantic_faults(
    error: ValidationError, model: type[BaseModel], tables: Mapping[str, Any], prefix: tuple[str, ...] = ()
) -> Iterator[Message]:
    """Yield the faults that Pydantic found in the table of `model`, each at its key below `prefix`.

    No value of the file is in them. `tables` is what Pydantic read.
    """
    faults = dict[tuple[tuple[str | int, ...], str], Message]()
    for fault in error.errors(include_url=False):
        path = tuple(map(str, fault["loc"]))
        if is_told_elsewhere(path, tables):
            continue
        problem = route_problem(path, fault["type"], tables)
        if problem is None:
            is_unknown = fault["type"] == "extra_forbidden"
            problem = unknown_key_problem(model, path) if is_unknown else value_problem(fault, model, path)
        steps = _written_path(fault["loc"], tables, is_missing=fault["type"] == "missing")
        faults.setdefault((steps, str(problem)), problem)
    for (steps, _), problem in faults.items():
        yield _fault((*prefix, *steps), problem)


def _written_path(
    location: Sequence[str | int], tables: Mapping[str, Any], *, is_missing: bool
) -> tuple[str | int, ...]:
    """Return the steps of a location that are in the file: Pydantic's name for a form of a value, or a key, is not.

    >>> _written_path(("fields", 0, "function-after[f(), str]", "name"), {"fields": [{"name": 5}]}, is_missing=False)
    ('fields', 0, 'name')
    """
    written, value = list[str | int](), cast("object", tables)
    for number, step in enumerate(location, start=1):
        if isinstance(value, list) and isinstance(step, int):
            value = cast("list[object]", value)[step]
        elif isinstance(value, Mapping) and step in value:
            value = cast("Mapping[str | int, object]", value)[step]
        elif not (is_missing and number == len(location)):
            continue
        written.append(step)
    return tuple(written)


def connection_faults(config: "Config") -> Iterator[Message]:
    """Yield the faults of addresses, TLS and rates of all connections, and the keys of HTTP where there is none."""
    yield from _program_faults(config)
    yield from _local_faults(config)
    yield from _address_secret_faults(config)
    yield from _tls_faults(config)
    yield from _rate_faults(config)


def option_faults(config: "Config") -> Iterator[Message]:
    """Yield a fault for every adapter that is not installed and for every option that it refuses."""
    for name in config.connections:
        try:
            config.adapter(name)
        except ValidationError as error:
            options = config.connections[name].options
            yield from pydantic_faults(error, config.options_model(name), options, ("connections", name, "options"))
        except ConfigurationError as error:
            yield _fault(("connections", name, "adapter"), Message(error.code, error.context))


def name_faults(config: "Config") -> Iterator[Message]:
    """Yield a fault for every name of a connection, record type or field that does not exist."""
    for name, route in config.routes.items():
        if route.to not in config.connections:
            yield _fault(("routes", name, "to"), _unknown_name(route.to, config.connections))
        elif config.connections[route.to].is_program:
            yield _fault(("routes", name, "to"), Message("config_rule.program_receives", {"value": route.to}))
        for record_type in route.records:
            if record_type not in RECORD_TYPES:
                yield _fault(("routes", name, "from"), _unknown_name(record_type, RECORD_TYPES))
        for field in route.withhold:
            if not _may_be_withheld(field):
                yield _fault(("routes", name, "withhold"), Message("config_rule.not_withholdable", {"value": field}))
    yield from _agencies_faults(config)
    yield from _ownership_faults(config)
    yield from _quality_faults(config)


def _agencies_faults(config: "Config") -> Iterator[Message]:
    """Yield a fault unless the connection that says who is who exists and owns what it says of agencies."""
    source = config.agreements.agencies_from
    if source is None:
        return
    owners = {name: owner for name, owner in config.ownership.items() if name.partition(".")[0] == Agency.record_type}
    if source not in config.connections:
        yield _fault(("agreements", "agencies_from"), _unknown_name(source, config.connections))
    elif Agency.record_type not in owners or set(owners.values()) != {source}:
        yield _fault(("agreements", "agencies_from"), Message("config_rule.agencies_not_owned", {"value": source}))


def target_faults(config: "Config") -> Iterator[Message]:
    """Yield a fault for every record type that a route would send to a system that has no target for it."""
    for name, route in config.routes.items():
        targets = {target.record_type.record_type: target for target in config.adapter(route.to).targets}
        if not targets:
            yield _fault(("routes", name, "to"), Message("config_rule.takes_nothing", {"value": route.to}))
            continue
        for record_type in route.records:
            if record_type not in targets:
                context = {"value": route.to, "record_type": record_type, "record_types": listed(targets)}
                yield _fault(("routes", name, "from"), Message("config_rule.not_taken", context))


def _program_faults(config: "Config") -> Iterator[Message]:
    """Yield a fault for every key of a connection without a system that only a system has."""
    for name, connection in config.connections.items():
        if connection.is_program:
            for key in sorted(connection.model_fields_set - PROGRAM_KEYS):
                yield _fault(("connections", name, key), Message("config_rule.program_key", {}))


def _local_faults(config: "Config") -> Iterator[Message]:
    """Yield a fault for every key about HTTP of a connection whose adapter does without."""
    for name, connection in config.connections.items():
        keys = HTTP_KEYS & connection.model_fields_set
        if keys and not connection.is_program and is_local(connection.adapter):
            problem = Message("config_rule.local_key", {"adapter": connection.adapter})
            yield from (_fault(("connections", name, key), problem) for key in sorted(keys))


def _address_secret_faults(config: "Config") -> Iterator[Message]:
    """Yield a fault for every URL that contains a user or a secret."""
    for name, connection in config.connections.items():
        addresses = {"base_url": connection.base_url, "account.token_url": getattr(connection.account, "token_url", "")}
        addresses["proxy"] = "" if connection.proxy is None else connection.proxy.url
        for key, address in addresses.items():
            if holds_secret(address):
                yield _fault(("connections", name, *key.split(".")), Message("config_rule.address_secret", {}))
        for index, origin in enumerate(connection.other_origins):
            if holds_secret(origin):
                yield _fault(("connections", name, "other_origins", index), Message("config_rule.address_secret", {}))


def _tls_faults(config: "Config") -> Iterator[Message]:
    """Yield a fault for every URL without TLS that has no written reason."""
    for name, connection in config.connections.items():
        if connection.plain_http_because is None:
            for key in connection.plain_http_keys:
                yield _fault(("connections", name, *key.split(".")), Message("config_rule.plain_http", {}))


def _rate_faults(config: "Config") -> Iterator[Message]:
    """Yield a fault for every rate limit that does not allow a login and a request within the deadline of a call."""
    for name, connection in config.connections.items():
        if connection.rate is not None and 2 * connection.rate.as_rate.interval_s > config.run.deadline_s:
            problem = Message("config_rule.rate_too_slow", {"deadline_s": config.run.deadline_s})
            yield _fault(("connections", name, "rate"), problem)


def _quality_faults(config: "Config") -> Iterator[Message]:
    """Yield a fault for every rule of a quality table that no note has."""
    for name, connection in config.connections.items():
        for rule in connection.quality.rules:
            if rule not in (rules := known_rules()):
                problem = Message("config_rule.rule_unknown", {"value": rule, "suggestion": suggestion(rule, rules)})
                yield _fault(("connections", name, "quality", "rules", rule), problem)


def _ownership_faults(config: "Config") -> Iterator[Message]:
    for owned, owner in config.ownership.items():
        record_type, dot, name = owned.partition(".")
        record: type[Record] | None = RECORD_TYPES.get(record_type)
        if record is None:
            yield _fault(("ownership", owned), _unknown_name(record_type, RECORD_TYPES))
        elif dot and name not in record.model_fields:
            yield _fault(("ownership", owned), _unknown_name(name, record.model_fields))
        if owner not in config.connections:
            yield _fault(("ownership", owned), _unknown_name(owner, config.connections))


def _may_be_withheld(field: str) -> bool:
    record_type, _, name = field.partition(".")
    record: type[Record] | None = RECORD_TYPES.get(record_type)
    if record is None or name not in record.model_fields or record.model_fields[name].is_required():
        return False
    return name not in key_fields(record)  # without a part of its key the receiver would take it for another record


def _fault(path: tuple[str | int, ...], problem: Message) -> Message:
    """Return a fault at its place in the file; the entries of a list are counted from 1."""
    *table, key = path or ("",)
    named: object = key
    if isinstance(key, int) and table:
        named = Message("config_rule.entry", {"key": table.pop(), "number": key + 1})
    if not table:
        return Message("config_rule.at_top", {"key": named, "problem": problem})
    steps = (step + 1 if isinstance(step, int) else step for step in table)
    return Message("config_rule.at", {"table": ".".join(map(str, steps)), "key": named, "problem": problem})


def _unknown_name(value: str, existing: Mapping[str, object]) -> Message:
    context = {"value": value, "suggestion": suggestion(value, existing), "known": listed(existing)}
    return Message("config_rule.unknown_name", context)
