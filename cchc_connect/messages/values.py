"""Values inside messages, in the reader's language: dates, dates with times, numbers, lists, codes, system errors."""

import errno
import os
import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from cchc_connect.clock import in_vietnam

if TYPE_CHECKING:
    from cchc_connect.messages.catalogue import Language

VIETNAMESE = "vi"

CATALOGUE_TABLES: Mapping[str, str] = MappingProxyType(
    {
        "record_type": "record_name",
        "record_types": "record_name",
        "place": "record_name",
        "evidence": "record_name",
        "verdict": "verdict",
        "limit": "limit",
        "rule": "address_rule",
        "redirect_target": "redirect_target",
    }
)
"""Placeholders whose values are codes, and the table of the catalogue that has the terms for these codes."""

INSTANT_PLACEHOLDERS = frozenset({"until", "since", "opens_at"})
"""Placeholders whose values may be the stored text of a date, with or without a time."""

QUANTITY_PLACEHOLDERS = frozenset(
    {
        *("rows", "messages", "waiting", "entries", "faults", "size_mib", "free_mib", "good", "faulty", "fetched"),
        *("vanished", "live", "total", "found", "limit", "most", "written", "read", "quarantined", "delivered"),
    }
)
"""Placeholders whose values count something, so that Vietnamese separates the thousands; other numbers are names."""

SYSTEM_TEXT_PLACEHOLDERS = frozenset({"reason", "problem"})
"""Placeholders whose values may be the English text of the operating system."""

_CODE = re.compile(r"(?<![\w-])[a-z][a-z0-9_]*(?![\w-])")
_DIGITS = re.compile(r"-?[0-9]{1,100}")
"""A number that was stored as text."""

_SYSTEM_REASONS = {os.strerror(number): name.lower() for number, name in errno.errorcode.items()}


def value_text(name: str, value: object, language: "Language", catalogue: Mapping[str, str]) -> object:
    """Return `value` as the placeholder `name` shows it.

    Args:
        name: name of the placeholder; it decides whether the value is read as a code or as date and time.
        value: the value as the caller gave it.
        language: language of the reader.
        catalogue: every sentence of that language, by code.
    """
    match value:
        case str():
            text: object = _text(name, value, language, catalogue)
        case None:
            text = "-"
        case bool():
            text = catalogue["value.yes" if value else "value.no"]
        case float():
            text = number_text(f"{value:g}", language)
        case int() if name in QUANTITY_PLACEHOLDERS and language == VIETNAMESE:
            text = _quantity_text(value)
        case datetime():
            text = instant_text(value, language)
        case date():
            text = day_text(value, language)
        case _:
            text = value
    return text


def instant_text(instant: datetime, language: "Language") -> str:
    """Return date and time in Vietnamese time, to the minute; a value without offset is Vietnamese time already."""
    local = in_vietnam(instant) if instant.tzinfo else instant
    year, time = f"{local.year:04}", f"{local:%H:%M}"
    return f"{local:%d/%m}/{year} {time}" if language == VIETNAMESE else f"{year}-{local:%m-%d} {time}"


def day_text(iso_date: object, language: "Language") -> str:
    """Return an ISO date (day or month may be missing) in the order of the language: dd/MM/yyyy in Vietnamese."""
    return "/".join(reversed(str(iso_date).split("-"))) if language == VIETNAMESE else str(iso_date)


def number_text(number: object, language: "Language") -> str:
    """Return a number with the decimal separator of the language: a comma in Vietnamese."""
    return str(number).replace(".", ",") if language == VIETNAMESE else str(number)


def quantity_text(number: int, language: "Language") -> str:
    """Return how many there are: Vietnamese separates the thousands by points."""
    return _quantity_text(number) if language == VIETNAMESE else str(number)


def _text(name: str, text: str, language: "Language", catalogue: Mapping[str, str]) -> str:
    if language == VIETNAMESE and (vietnamese := _vietnamese_text(name, text)):
        return vietnamese
    if name in CATALOGUE_TABLES:
        return _CODE.sub(lambda match: catalogue.get(f"{CATALOGUE_TABLES[name]}.{match[0]}", match[0]), text)
    if name in INSTANT_PLACEHOLDERS:
        return _stored_instant(text, language)
    if name == "members":
        return "; ".join(_rule_in_words(member, catalogue) for member in text.split("; "))
    if name in SYSTEM_TEXT_PLACEHOLDERS:
        return _system_text(text, catalogue)
    return _listing(text, language, catalogue) if name in {"expected", "expected_tags"} else text


def _vietnamese_text(name: str, text: str) -> str | None:
    """Return what only Vietnamese shows otherwise: stored quantities; None for other text."""
    return _quantity_text(int(text)) if name in QUANTITY_PLACEHOLDERS and _DIGITS.fullmatch(text) else None


def _listing(text: str, language: "Language", catalogue: Mapping[str, str]) -> str:
    """Return what pydantic writes, "'a', 'b' or 'c'", with the word and the quotation marks of the language."""
    listing = text.replace(" or ", f" {catalogue['value.or']} ")
    return re.sub(r"'([^']*)'", "“\\1”", listing) if language == VIETNAMESE else listing


def _rule_in_words(member: str, catalogue: Mapping[str, str]) -> str:
    """Return a field and the rule that it breaks, "area_m2: area_not_positive", with the words for the rule."""
    field, colon, rule = member.rpartition(": ")
    words = catalogue.get(f"fault.{rule}")
    return member if words is None else f"{field}{colon}{words} ({rule})"


def _quantity_text(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _stored_instant(text: str, language: "Language") -> str:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    return day_text(text, language) if len(text) == len("2026-07-01") else instant_text(instant, language)


def _system_text(text: str, catalogue: Mapping[str, str]) -> str:
    return catalogue.get(f"system_reason.{_SYSTEM_REASONS[text]}", text) if text in _SYSTEM_REASONS else text
