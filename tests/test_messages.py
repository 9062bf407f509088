"""The message catalogue: two languages, the same codes, the same values, and nothing that nobody says."""

import ast
import inspect
import re
import string
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import get_args

import pytest
from pydantic_core.core_schema import ErrorType

from cchc_connect import errors
from cchc_connect.messages import Language, codes
from tests.checkout import Module, modules

ENGLISH = codes(Language.ENGLISH)
VIETNAMESE = codes(Language.VIETNAMESE)
TABLES = {code.partition(".")[0] for code in ENGLISH}
CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
FILE = re.compile(r"\.(?:csv|db|json|toml)$")
MODULES = {module.name for module in modules()}
ERRORS = {name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}
TELLERS = {*ERRORS, "Phrase", "say", "text", "heading"}
"""What takes a code and the values of its sentence."""

NOT_VALUES = {"retry_after_s"}
"""Keywords of an error that are no part of its sentence."""


@dataclass(frozen=True)
class Telling:
    """One place in the sources where a sentence is made."""

    place: str
    code: str
    values: frozenset[str] | None
    """Names of the values it gives; None where they come from a mapping that only a run knows."""


@cache
def mentioned() -> frozenset[str]:
    """Return every literal of the sources that looks like a code of one of the catalogue's tables."""
    return frozenset(text for text in literals() if CODE.fullmatch(text) and text.partition(".")[0] in TABLES)


@cache
def literals() -> frozenset[str]:
    return frozenset(text for module in modules() for text in _literals(module))


@cache
def made_tables() -> frozenset[str]:
    """Return the tables of which codes are made while the program runs: `f"count.{counter}"`, `word("outcome", it)`."""
    return frozenset(table for module in modules() for table in _made_tables(module))


@cache
def words() -> frozenset[str]:
    """Return what can be put behind such a table's name: words and names of the sources, pydantic's rules."""
    names = {name for module in modules() for name in _names(module)}
    return frozenset({*literals(), *names, *get_args(ErrorType)})


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_codes() -> None:
    assert set(VIETNAMESE) == set(ENGLISH)


def test_a_sentence_has_the_same_values_in_both_languages() -> None:
    differing = {
        code
        for code, sentence in ENGLISH.items()
        if placeholders(VIETNAMESE.get(code, sentence)) != placeholders(sentence)
    }

    assert differing == set()


@pytest.mark.parametrize("sentences", [ENGLISH, VIETNAMESE], ids=["en", "vi"])
def test_no_sentence_is_empty_and_all_are_composed(sentences: Mapping[str, str]) -> None:
    assert [code for code, sentence in sentences.items() if not sentence.strip()] == []
    assert [code for code, sentence in sentences.items() if not unicodedata.is_normalized("NFC", sentence)] == []


def test_vietnamese_is_not_english() -> None:
    """What is said in whole sentences differs; names and bare values may be the same."""
    spoken = {code for code, sentence in ENGLISH.items() if sentence.endswith(".") and len(sentence.split()) > 3}

    assert {code for code in spoken if VIETNAMESE[code] == ENGLISH[code]} == set()


def test_every_code_in_the_sources_has_a_sentence() -> None:
    looks_alike = {text for text in mentioned() if FILE.search(text) or f"cchc_connect.{text}" in MODULES}

    assert mentioned() - looks_alike - ENGLISH.keys() == set()


def test_every_code_that_is_told_has_a_sentence() -> None:
    assert {f"{telling.place}: {telling.code}" for telling in tellings() if telling.code not in ENGLISH} == set()


def test_every_telling_gives_the_values_of_its_sentence() -> None:
    short = {
        f"{telling.place}: {telling.code} lacks {sorted(placeholders(ENGLISH[telling.code]) - telling.values)}"
        for telling in tellings()
        if telling.values is not None
        and telling.code in ENGLISH
        and not placeholders(ENGLISH[telling.code]) <= telling.values
    }

    assert short == set()


def test_every_sentence_is_told_somewhere() -> None:
    idle = {
        code
        for code in ENGLISH
        if code not in mentioned()
        and not (code.partition(".")[0] in made_tables() and code.partition(".")[2] in words())
    }

    assert idle == set()


@cache
def tellings() -> tuple[Telling, ...]:
    return tuple(telling for module in modules() for telling in _tellings(module))


def _tellings(module: Module) -> Iterator[Telling]:
    for node in module.nodes():
        match node:
            case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name), args=[ast.Constant(str(code)), *rest]) if (
                name in TELLERS and CODE.fullmatch(code)
            ):
                yield Telling(f"{module.name}:{node.lineno}", code, _values(node, rest))
            case _:
                continue


def _values(call: ast.Call, rest: list[ast.expr]) -> frozenset[str] | None:
    named = {keyword.arg for keyword in call.keywords}
    if None in named:
        return None
    match rest:
        case []:
            return frozenset(name for name in named if name and name not in NOT_VALUES)
        case [ast.Dict(keys=keys)] if all(isinstance(key, ast.Constant) for key in keys):
            return frozenset(str(key.value) for key in keys if isinstance(key, ast.Constant))
        case _:
            return None


def _made_tables(module: Module) -> Iterator[str]:
    for node in module.nodes():
        match node:
            case ast.JoinedStr(values=[ast.Constant(str(prefix)), ast.FormattedValue(), *_]) if prefix[-1:] == ".":
                yield prefix[:-1]
            case ast.Call(func=ast.Attribute(attr="word"), args=[ast.Constant(str(table)), *_]):
                yield table
            case _:
                continue


def _literals(module: Module) -> Iterator[str]:
    return (node.value for node in module.nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _names(module: Module) -> Iterator[str]:
    for node in module.nodes():
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name
            case _:
                continue
