"""The words for a fault of an item: the rule that it broke, and what the rule requires or where it broke."""

from collections.abc import Mapping
from types import MappingProxyType

from cchc_connect.cli.console import Console
from cchc_connect.record_fields import field_name, record_model
from cchc_schemas import Fault

DETAIL_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "missing": "fault_detail.property",
        "text_too_long": "fault_detail.at_most",
        "too_long": "fault_detail.at_most",
        "less_than_equal": "fault_detail.at_most",
        "quantity_too_large": "fault_detail.less_than",
        "greater_than": "fault_detail.greater_than",
        "greater_than_equal": "fault_detail.at_least",
        "string_too_short": "fault_detail.at_least",
        "too_short": "fault_detail.at_least",
        "translation_failed": "fault_detail.place",
        "engine_failed": "fault_detail.place",
        "flag_unreadable": "fault_detail.allowed",
        "literal_error": "fault_detail.allowed",
    }
)
"""Rule -> code of the sentence that adds the detail of a fault; the names of the other rules say which it is."""


def rule_text(fault: Fault, console: Console) -> str:
    """Return the words for the rule of a fault, with its detail; the rule itself if the catalogue has no words."""
    words = console.term("fault", fault.rule)
    if not fault.detail:
        return words
    return console.text(_detail_sentence(fault.rule), rule=words, detail=fault.detail)


def members_in_words(members: object, record_type: str, console: Console) -> str:
    """Return fields with the rules that they break, "area_m2: area_not_positive; ...", with the terms of the fields."""
    parts = (part.rpartition(": ") for part in str(members).split("; "))
    return "; ".join(
        f"{field_with_term(path, record_type, console)}: {rule}" if path else rule for path, _, rule in parts
    )


def field_with_term(path: str, record_type: str, console: Console) -> str:
    """Return a field as it is written in a field map, behind its Vietnamese term if that is the language."""
    term = field_name(record_model(record_type), path, console)
    return path if term == path else f"{term} ({path})"


def _detail_sentence(rule: str) -> str:
    """Return the code of the sentence for a detail: a value that is unknown has a list, other rules have a form."""
    if rule in DETAIL_SENTENCES:
        return DETAIL_SENTENCES[rule]
    return "fault_detail.allowed" if rule.endswith("_unknown") else "fault_detail.form"
