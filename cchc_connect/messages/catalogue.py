"""The message catalogue: a stable code and its values become a sentence in the reader's language.

`en.toml` and `vi.toml` contain the same codes with the same placeholders (a test checks that). A code is
dotted text, `table.key` in the file.
"""

import pkgutil
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, cast

from cchc_connect.messages.values import value_text

_PLURAL = re.compile(r"\{(\w+):([^|{}]+)\|([^|{}]+)\}")
"""A number with its noun for one and for several; only English sentences need it."""

_TABLE = re.compile(r"^\[(\w+)\]$", re.MULTILINE)
"""The line at which a table of the catalogue's file begins."""


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
    return _PLURAL.sub(lambda plural: _chosen(plural, values), sentence).format_map(values)


class Wording:
    """The words of the catalogue in one language."""

    def __init__(self, language: Language) -> None:
        """Give the words of `language`."""
        self.language = language

    def text(self, code: str, /, **context: object) -> str:
        """Return the sentence for `code`, or the code itself if the catalogue lacks it or a value is missing.

        Codes also come from the shared database, where a newer version of the program may have written them.
        """
        try:
            return render_message(code, self.language, context)
        except KeyError:
            return code

    def sentence(self, message: Message) -> str:
        """Return the sentence of `message`."""
        return self.text(message.code, **message.context)

    def term(self, table: str, code: str) -> str:
        """Return the words of the catalogue's `table` for `code`, or the code itself if there are none."""
        words = self.text(f"{table}.{code}")
        return code if words == f"{table}.{code}" else words


def sentences_by_code(language: Language) -> Mapping[str, str]:
    """Return every code of the catalogue with its sentence, placeholders unfilled."""
    return dict(_sentences(language))


def _chosen(plural: re.Match[str], values: Mapping[str, object]) -> str:
    """Return the placeholder of a number with the word for one, or for another number: `{rows:row|rows}`."""
    name, singular, plural_words = plural.groups()
    return f"{{{name}}} {singular if str(values[name]) == '1' else plural_words}"


def _value(name: str, value: object, language: Language) -> object:
    if isinstance(value, dict):
        value = _from_stored(cast("dict[str, Any]", value))
    match value:
        case Message():
            return render_message(value.code, language, value.context)
        case Messages():
            return "\n".join(str(_value(name, line, language)) for line in value.lines)
        case _ if isinstance(value, list | tuple | set | frozenset):
            parts = cast("Collection[object]", value)
            return ", ".join(str(_value(name, part, language)) for part in parts)
        case _:
            return value_text(name, value, language, _sentences(language))


def _from_stored(stored: dict[str, Any]) -> object:
    """Return the value that `stored_context` wrote as a JSON object; the text of an object that it did not write."""
    if {"code", "context"} == stored.keys():
        return Message(stored["code"], stored["context"])
    if {"lines"} == stored.keys():
        return Messages([Message(line["code"], line["context"]) for line in stored["lines"]])
    if {"instant"} == stored.keys():
        return datetime.fromisoformat(stored["instant"])
    return date.fromisoformat(stored["day"]) if {"day"} == stored.keys() else str(stored)


class _Catalogue(Mapping[str, str]):
    """The sentences of one language by code. A table of the file is parsed when one of its sentences is asked for."""

    def __init__(self, text: str) -> None:
        """Take the text of a file; a table begins at a line with its name in brackets."""
        _, *names_and_tables = _TABLE.split(text)
        self._unparsed = dict(zip(names_and_tables[::2], names_and_tables[1::2], strict=True))
        self._tables = dict[str, Mapping[str, str]]()

    def __getitem__(self, code: str) -> str:
        table, _, key = code.partition(".")
        return self._table(table)[key]

    def __iter__(self) -> Iterator[str]:
        return (f"{table}.{key}" for table in self._unparsed for key in self._table(table))

    def __len__(self) -> int:
        return sum(len(self._table(table)) for table in self._unparsed)

    def _table(self, name: str) -> Mapping[str, str]:
        if name not in self._tables:
            self._tables[name] = tomllib.loads(self._unparsed[name])
        return self._tables[name]


@cache
def _sentences(language: Language) -> Mapping[str, str]:
    return _Catalogue((pkgutil.get_data("cchc_connect.messages", f"{language}.toml") or b"").decode())
