"""The message catalogue: a stable code and its values become a sentence in the reader's language.

`en.toml` and `vi.toml` contain the same codes with the same placeholders (a test checks that). A code is
dotted text, `table.key` in the file.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import cast

from cchc_connect.messages.values import value_text


class Language(StrEnum):
    """A language of messages and help."""

    ENGLISH = "en"
    VIETNAMESE = "vi"


@dataclass(frozen=True)
class Message:
    """A message without its language: code and values. It can be a value of another message, alone or in a list."""

    code: str
    context: Mapping[str, object] = field(default_factory=dict[str, object])

    def in_language(self, language: Language) -> str:
        """Return the sentence in `language`."""
        return render_message(self.code, language, self.context)

    def __str__(self) -> str:
        return self.in_language(Language.ENGLISH)


@dataclass(frozen=True)
class Messages:
    """Several messages as one value, one line each."""

    lines: Sequence[Message]


def render_message(code: str, language: Language, context: Mapping[str, object]) -> str:
    """Return the sentence for `code`, filled with the values of `context`.

    A code that is not in the catalogue comes from another package; it is returned as it is, with its values.

    Raises:
        KeyError: the sentence has a placeholder that `context` lacks.
    """
    values = {name: _value(name, value, language) for name, value in context.items()}
    sentence = _sentences(language).get(code)
    if sentence is None:
        listed_values = ", ".join(f"{name} {value}" for name, value in values.items())
        return f"{code}: {listed_values}" if values else code
    return sentence.format_map(values)


def sentences_by_code(language: Language) -> Mapping[str, str]:
    """Return every code of the catalogue with its sentence, placeholders unfilled."""
    return dict(_sentences(language))


def _value(name: str, value: object, language: Language) -> object:
    match value:
        case Message():
            return render_message(value.code, language, value.context)
        case Messages():
            return "\n".join(str(_value(name, line, language)) for line in value.lines)
        case dict() as stored:
            return _value(name, _from_stored(cast("dict[str, object]", stored)), language)
        case list() | tuple() | set() | frozenset() as parts:
            return ", ".join(str(_value(name, part, language)) for part in cast("Collection[object]", parts))
        case _:
            return value_text(name, value, language, _sentences(language))


def _from_stored(stored: Mapping[str, object]) -> object:
    """Return the value that `stored_context` wrote as a JSON object; the text of an object that it did not write."""
    match stored:
        case {"code": str(code), "context": dict() as context}:
            return Message(code, cast("dict[str, object]", context))
        case {"lines": list() as lines}:
            parts = map(_from_stored, cast("list[dict[str, object]]", lines))
            return Messages([part for part in parts if isinstance(part, Message)])
        case {"instant": str(instant)}:
            return datetime.fromisoformat(instant)
        case {"day": str(day)}:
            return date.fromisoformat(day)
        case _:
            return str(stored)


@cache
def _sentences(language: Language) -> dict[str, str]:
    text = files("cchc_connect.messages").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, str]] = tomllib.loads(text)
    return {f"{table}.{key}": sentence for table, sentences in tables.items() for key, sentence in sentences.items()}
