"""What is wrong with the value of a key, and what it may be: allowed values, form, default; never the value itself."""

import re
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from cchc_connect.config.known_keys import field_at
from cchc_connect.config.secrets import SECRET_KEYS
from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import closest, suggestion
from cchc_schemas.text import listed

RULES_WITH_MESSAGE = frozenset(
    [
        "address",
        "age",
        "anchor",
        "answer_rule",
        "bool_parsing",
        "bool_type",
        "codec_of_instants",
        "cursor_place",
        "database_url",
        "database_url_unreadable",
        "delay_without_act",
        "date_from_datetime_parsing",
        "date_parsing",
        "date_type",
        "datetime_parsing",
        "datetime_type",
        "dict_type",
        "duration",
        "end_without_reason",
        "enum",
        "finite_number",
        "float_parsing",
        "float_type",
        "frozen_set_type",
        "greater_than",
        "greater_than_equal",
        "hmac_parts",
        "hours",
        "int_from_float",
        "int_parsing",
        "int_type",
        "less_than",
        "less_than_equal",
        "list_type",
        "literal_error",
        "manifest_fault",
        "manifest_unread",
        "member_source",
        "missing",
        "model_attributes_type",
        "model_type",
        "oauth2_owner",
        "oauth2_parameters",
        "oauth2_two_keys",
        "path_type",
        "period",
        "proxy_credentials",
        "receipt_status",
        "parameter_twice",
        "record_type_unknown",
        "request_body",
        "request_form",
        "rule_codec",
        "rule_codes",
        "rule_crs",
        "folder_absence",
        "folder_name_date",
        "folder_place",
        "sftp_login",
        "row_operator",
        "rule_field_unknown",
        "rule_list",
        "rule_list_part",
        "rule_missing",
        "rule_needs",
        "rule_no_list",
        "rule_no_parts",
        "rule_part",
        "rule_parts",
        "rule_parts_of_codec",
        "rule_readings",
        "rule_source",
        "rule_twice",
        "rule_value",
        "rule_value_refused",
        "secret_keys",
        "secret_literal",
        "set_type",
        "since_without_time",
        "soap_argument",
        "soap_argument_missing",
        "soap_description",
        "soap_element",
        "soap_operation",
        "soap_paging",
        "span",
        "sql_relation",
        "sql_time_zone",
        "sql_url",
        "string_pattern_mismatch",
        "string_too_long",
        "string_too_short",
        "string_type",
        "tls_ca_unread",
        "tls_certificate_missing",
        "too_long",
        "too_short",
        "tuple_type",
        "union_tag_invalid",
        "union_tag_not_found",
    ]
)
"""Pydantic error types that have a sentence in the message catalogue; all others show Pydantic's own text."""

LISTS = frozenset({"enum", "literal_error", "union_tag_invalid"})
"""Error types that list the allowed values."""

FORMS: Mapping[str, str] = MappingProxyType(
    {
        r"^[a-z][a-z0-9-]{0,62}$": "config_form.name",
        r"^https?://": "config_form.address",
        r"^https?://[^/?#]+$": "config_form.origin",
        r"^http://[^/?#]+$": "config_form.proxy",
        r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$": "config_form.header",
        r"^[A-Za-z0-9_.-]+$": "config_form.credential",
        r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$": "config_form.official",
        r"^[a-z0-9][a-z0-9_-]{0,62}$": "config_form.identifier",
        r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*$": "config_form.field_path",
        r"^[0-9a-f]{64}$": "config_form.sha256",
        r"\{\}": "config_form.template",
        r"^(?:ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+": "config_form.host_key",
        r"^[^/\\.][^/\\]*$": "config_form.folder_name",
    }
)
"""Pattern of a key's value -> code of its description in words; other patterns are shown as they are."""

_ALLOWED = re.compile(r"'([^']*)'|(-?\d+)")


def value_problem(fault: ErrorDetails, model: type[BaseModel], path: Sequence[str]) -> Message:
    """Return what is wrong with the value at `path`, seen from the table of `model`, and what it may be.

    Args:
        fault: fault that Pydantic found, with its context and its input.
        model: model of the table, for the default of the key.
        path: path of the key.
    """
    context: dict[str, Any] = {"problem": fault["msg"], **fault.get("ctx", {})}
    rule = fault["type"] if fault["type"] in RULES_WITH_MESSAGE else "other"
    if rule in LISTS:
        name = "expected_tags" if rule == "union_tag_invalid" else "expected"
        allowed = [text or number for text, number in _ALLOWED.findall(str(context.get(name, "")))]
        context[name] = listed(f"'{value}'" for value in allowed)
        context["suggestion"] = _suggestion(context.get("tag", fault["input"]), allowed)
    elif "known" in context and "value" in context:
        names = [str(name) for name in cast("Sequence[object]", context["known"])]
        context |= {"suggestion": _suggestion(context["value"], names), "known": listed(names)}
    elif rule == "secret_keys":
        keys = cast("dict[str, object]", fault["input"])
        meant = next((key for key in keys if key not in SECRET_KEYS and closest(key, SECRET_KEYS)), "")
        context["suggestion"] = _suggestion(meant, SECRET_KEYS)
    elif rule == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        context["form"] = Message(FORMS[pattern]) if pattern in FORMS else pattern
    problem = Message(f"config_rule.{rule}", context)
    default = _default(model, path)
    if default is None or rule == "missing":
        return problem
    return Message("config_rule.with_default", {"problem": problem, "default": default})


def _suggestion(value: object, allowed: Collection[str]) -> Message | str:
    return suggestion(value, allowed) if isinstance(value, str) else ""


def _default(model: type[BaseModel], path: Sequence[str]) -> str | None:
    """Return the default of a key as it is written in TOML; None if it has none, or none that one word can say."""
    field = field_at(model, path)
    default: object = None if field is None else field.default
    if isinstance(default, Enum):
        default = default.value
    match default:
        case bool():
            return str(default).lower()
        case str():
            return f'"{default}"' if default else None
        case int() | float():
            return str(default)
        case _:
            return None
