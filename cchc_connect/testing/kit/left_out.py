"""Rules that are left out for an adapter or a system under test, each with the reason in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from cchc_connect.errors import UsageMistake
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.testing.kit.rule import Rule
from cchc_schemas.text import listed

MIN_WORDS = 3
"""Fewest words of a reason."""


def require_reasons(left_out: Mapping[str, Any], rules: Iterable[Rule], record_types: Iterable[str]) -> None:
    """Check that each rule that is left out exists, with a reason in words.

    Raises:
        UsageMistake: there is no such rule or part, or the reason has fewer than three words.
    """
    names, parts = [rule.name for rule in rules], list(record_types)
    for entry, reason in left_out.items():
        name, _, record_type = entry.partition(":")
        if name not in names:
            raise UsageMistake("kit.rule_unknown", rule=name, suggestion=suggestion(name, names))
        if record_type and record_type not in parts:
            raise UsageMistake("kit.part_unknown", rule=name, record_type=record_type, known=listed(parts))
        if not isinstance(reason, str) or len(reason.split()) < MIN_WORDS:
            raise UsageMistake("kit.reason_missing", rule=entry)


def reason_for(left_out: Mapping[str, str], rule: Rule, record_type: str) -> str | None:
    """Return why a rule is left out for a part of the adapter; None if it is not."""
    return left_out.get(f"{rule.name}:{record_type}") or left_out.get(rule.name)
