"""Texts about an adapter in the reader's language: its notes and the meaning of its options.

The English ones stand in the adapter's code, as docstrings. A package may have them in another language in the file
`adapters.LANGUAGE.toml`, with a table for each of its adapters: `notes`, and the tables `options` and `left_out`.
"""

import inspect
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from cchc_connect.adapter import AdapterFactory
from cchc_connect.errors import ConfigurationError
from cchc_connect.messages import Language
from cchc_connect.registry import left_out_rules


@dataclass(frozen=True, kw_only=True)
class AdapterTexts:
    """What an adapter's package says about it in one language."""

    notes: str
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    """Meaning of options by name; for one that is not listed the description in the code counts."""
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why rules of the conformance kit are left out, by rule; for one that is not listed the code counts."""


def adapter_texts(name: str, factory: AdapterFactory, language: Language) -> AdapterTexts:
    """Return the texts about the adapter `name` in a language; those of its code where its package has no others.

    Raises:
        ConfigurationError: the file of the texts is not TOML.
    """
    table = _translated(name, factory, language)
    return AdapterTexts(
        notes=table.get("notes", "").strip() or _notes(factory),
        options=table.get("options", {}),
        left_out=table.get("left_out", {}),
    )


def left_out_in_words(name: str, factory: AdapterFactory, language: Language) -> Mapping[str, str]:
    """Return the rules of the conformance kit that the adapter says are left out, with the reasons in a language."""
    translated = adapter_texts(name, factory, language).left_out
    return {rule: translated.get(rule, reason) for rule, reason in left_out_rules(factory).items()}


def _translated(name: str, factory: AdapterFactory, language: Language) -> dict[str, Any]:
    """Return the table of an adapter in the file of its package; an empty one if there is none."""
    package = sys.modules.get(getattr(factory, "__module__", "").partition(".")[0])
    if package is None or not hasattr(package, "__path__"):
        return {}
    file = files(package).joinpath(f"adapters.{language}.toml")
    if not file.is_file():
        return {}
    try:
        tables: dict[str, dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError("config.not_toml", file=str(file), problem=str(error)) from error
    return tables.get(name, {})


def _notes(factory: AdapterFactory) -> str:
    """Return the docstring of the adapter's module, where its source and caveats stand, or else that of its class."""
    module = sys.modules.get(getattr(factory, "__module__", ""))
    return inspect.cleandoc((module and module.__doc__) or inspect.getdoc(factory) or "")
