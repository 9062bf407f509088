"""The message catalogue: a stable code and its values become a sentence in the reader's language.

`en.toml` and `vi.toml` hold the same codes with the same placeholders (a test proves it). A code is
dotted text, `table.key` in the file.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Language(StrEnum):
    """A language the program speaks."""

    ENGLISH = "en"
    VIETNAMESE = "vi"


@dataclass(frozen=True)
class Phrase:
    """A sentence not yet spoken: it can stand as a value inside another sentence, alone or in a list."""

    code: str
    context: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class Phrases:
    """Sentences that stand as one value, a line each."""

    lines: Sequence[Phrase]


def message(code: str, language: Language, context: Mapping[str, object]) -> str:
    """Return the sentence for `code` with the values of `context` put in.

    A code that is not in the catalogue is an outsider's own; it is told as it is, with its values.

    Raises:
        KeyError: the sentence names a value that `context` lacks.
    """
    values = {name: _spoken(value, language) for name, value in context.items()}
    sentence = _sentences(language).get(code)
    if sentence is None:
        return ": ".join([code, *([", ".join(f"{name} {value}" for name, value in values.items())] if values else [])])
    return sentence.format_map(values)


def codes(language: Language) -> Mapping[str, str]:
    """Return every code of the catalogue with its unfilled sentence."""
    return dict(_sentences(language))


def _spoken(value: object, language: Language) -> object:
    if isinstance(value, Phrase):
        return message(value.code, language, value.context)
    if isinstance(value, Phrases):
        return "\n".join(message(phrase.code, language, phrase.context) for phrase in value.lines)
    return _local(value) if isinstance(value, datetime) else value


def _local(moment: datetime) -> str:
    from cchc_schemas.dates import VIETNAM  # noqa: PLC0415  # few sentences tell an instant, and --help waits for none

    return f"{moment.astimezone(VIETNAM):%Y-%m-%d %H:%M}"


@cache
def _sentences(language: Language) -> dict[str, str]:
    text = files("cchc_connect.messages").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, str]] = tomllib.loads(text)
    return {f"{table}.{key}": sentence for table, sentences in tables.items() for key, sentence in sentences.items()}
