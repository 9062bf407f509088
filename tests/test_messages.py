"""The message catalogue: two languages, the same codes and placeholders, and no message without use."""

import ast
import errno
import inspect
import os
import re
import string
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import get_args

import pytest
from pydantic_core.core_schema import ErrorType

from cchc_connect import errors
from cchc_connect.database.state.source_properties import DriftKind, PropertyDrift
from cchc_connect.messages import Language, render_message, sentences_by_code
from cchc_connect.messages.values import CATALOGUE_TABLES
from tests.checkout import Module, modules

ENGLISH = sentences_by_code(Language.ENGLISH)
VIETNAMESE = sentences_by_code(Language.VIETNAMESE)
TABLES = {code.partition(".")[0] for code in ENGLISH}
CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
FILE = re.compile(r"\.(?:csv|db|json|toml)$")
MODULES = {module.name for module in modules()}
ERRORS = {name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}
CALLS = {*ERRORS, "Message", "message", "text", "heading"}
"""Functions and classes that take a code and the values of its message."""

INSTANT = datetime(2026, 11, 29, 22, 46, 27, tzinfo=UTC)

NOT_VALUES = {"retry_after_s"}
"""Keywords of an error that are not placeholders of its message."""


@dataclass(frozen=True)
class Use:
    """One call in the sources that makes a message."""

    location: str
    code: str
    values: frozenset[str] | None
    """Names of the values in the call; None if they come from a mapping that is known at run time only."""


@cache
def mentioned() -> frozenset[str]:
    """Return every literal of the sources that has the form of a code of one of the catalogue's tables."""
    return frozenset(text for text in literals() if CODE.fullmatch(text) and text.partition(".")[0] in TABLES)


@cache
def literals() -> frozenset[str]:
    return frozenset(text for module in modules() for text in _literals(module))


@cache
def tables_of_computed_codes() -> frozenset[str]:
    """Return the tables whose codes are computed at run time: `f"count.{counter}"`, `word("outcome", outcome)`."""
    return frozenset(table for module in modules() for table in _tables_of_computed_codes(module))


@cache
def keys() -> frozenset[str]:
    """Return all possible keys of such a table: literals and names of the sources, pydantic's rules, system errors."""
    names = {name for module in modules() for name in _names(module)}
    system_errors = {name.lower() for name in errno.errorcode.values()}
    parts = {part.lower() for literal in literals() for part in re.split(r"[.:]", literal)}
    return frozenset({*literals(), *parts, *names, *map(str.lower, names), *get_args(ErrorType), *system_errors})


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", Language)
def test_the_tables_of_the_catalogue_are_read_one_by_one_as_they_are_in_the_file(language: Language) -> None:
    """A whole TOML file, read by the rules of TOML, has the same sentences in the same order."""
    tables = tomllib.loads(files("cchc_connect.messages").joinpath(f"{language}.toml").read_text(encoding="utf-8"))

    expected = [(f"{table}.{key}", text) for table, sentences in tables.items() for key, text in sentences.items()]
    assert list(sentences_by_code(language).items()) == expected
    assert len(expected) > 1000
    assert [render_message(code, language, {}) for code in ("no_table.x", "config.no_such_code", "plain")] == [
        *("no_table.x", "config.no_such_code", "plain")
    ]


COMMAND = re.compile(r"cchc-connect [^\n]*")
"""A command that a sentence suggests, which ends its line."""


def test_both_languages_have_the_same_codes() -> None:
    assert set(VIETNAMESE) == set(ENGLISH)


def test_a_message_has_the_same_placeholders_in_both_languages() -> None:
    differing = {
        code
        for code, sentence in ENGLISH.items()
        if placeholders(VIETNAMESE.get(code, sentence)) != placeholders(sentence)
    }

    assert differing == set()


@pytest.mark.parametrize("sentences", [ENGLISH, VIETNAMESE], ids=["en", "vi"])
def test_no_message_is_empty_and_all_are_nfc(sentences: Mapping[str, str]) -> None:
    assert [code for code, sentence in sentences.items() if not sentence.strip()] == []
    assert [code for code, sentence in sentences.items() if not unicodedata.is_normalized("NFC", sentence)] == []


def test_vietnamese_is_not_english() -> None:
    """Complete sentences differ between the languages; names and single values may be the same."""
    complete = {code for code, sentence in ENGLISH.items() if sentence.endswith(".") and len(sentence.split()) > 3}

    assert {code for code in complete if VIETNAMESE[code] == ENGLISH[code]} == set()


def test_every_code_in_the_sources_has_a_message() -> None:
    not_codes = {text for text in mentioned() if FILE.search(text) or f"cchc_connect.{text}" in MODULES}

    assert mentioned() - not_codes - ENGLISH.keys() == set()


def test_every_used_code_has_a_message() -> None:
    assert {f"{use.location}: {use.code}" for use in uses() if use.code not in ENGLISH} == set()


def test_every_use_gives_all_values_of_its_message() -> None:
    incomplete = {
        f"{use.location}: {use.code} lacks {sorted(placeholders(ENGLISH[use.code]) - use.values)}"
        for use in uses()
        if use.values is not None and use.code in ENGLISH and not placeholders(ENGLISH[use.code]) <= use.values
    }

    assert incomplete == set()


def test_every_message_is_used() -> None:
    unused = {
        code
        for code in ENGLISH
        if code not in mentioned()
        and not (code.partition(".")[0] in tables_of_computed_codes() and code.partition(".")[2] in keys())
    }

    assert unused == set()


VIETNAMESE_MESSAGES = [
    ("lease.held", {"holder": "a:1", "until": "2026-11-30 05:46:27"}, "đến 30/11/2026 05:46 (giờ Việt Nam)"),
    ("circuit_breaker.paused", {"connection": "a", "until": INSTANT}, "đến 30/11/2026 05:46 (giờ Việt Nam)"),
    (
        "source.filter_ignored",
        {"connection": "a", "record_type": "land_parcel", "since": "2026-05-25T00:04:50.000000Z"},
        "land_parcel (thửa đất) trước 25/05/2026 07:04 (giờ Việt Nam)",
    ),
    ("network.certificate_expiring", {"version": "TLSv1.3", "days": 9, "until": "2026-12-09"}, "vào 09/12/2026."),
    ("network.clock_ok", {"seconds": 0.5}, "lệch 0,5 giây"),
    (
        "database_state.disk_space",
        {"size_mib": 1413, "free_mib": 70780, "folder": "/a"},
        "1.413 MiB, còn trống 70.780 MiB",
    ),
    ("quarantine.no_entry", {"number": 1413}, "Không có mục cách ly số 1413."),
    ("cli.cannot_write", {"path": "a", "reason": os.strerror(errno.EACCES)}, "không có quyền truy cập"),
    ("config_rule.enum", {"expected": "'a' or 'b'", "suggestion": ""}, "“a” hoặc “b”"),
    ("config.adapter_unknown", {"name": "a", "suggestion": "", "known": ["b", "c"]}, "Đã cài: b, c."),
]


@pytest.mark.parametrize(("code", "values", "part"), VIETNAMESE_MESSAGES)
def test_values_are_written_as_vietnamese_readers_write_them(code: str, values: dict[str, object], part: str) -> None:
    assert part in render_message(code, Language.VIETNAMESE, values)


def test_a_refused_request_names_the_verdict_in_words() -> None:
    values = {"connection": "a", "method": "GET", "path": "/", "status": 400, "request_id": "1", "verdict": "invalid"}

    assert "từ chối yêu cầu truy vấn: yêu cầu không hợp lệ" in render_message(
        "transport.request_refused", Language.VIETNAMESE, values
    )


@cache
def uses() -> tuple[Use, ...]:
    return tuple(use for module in modules() for use in _uses(module))


def _uses(module: Module) -> Iterator[Use]:
    for node in module.nodes():
        match node:
            case ast.Call(
                func=ast.Name(name) | ast.Attribute(attr=name), args=[ast.Constant(str(code)), *arguments]
            ) if name in CALLS and CODE.fullmatch(code):
                yield Use(f"{module.name}:{node.lineno}", code, _values(node, arguments))
            case _:
                continue


def _values(call: ast.Call, arguments: list[ast.expr]) -> frozenset[str] | None:
    named = {keyword.arg for keyword in call.keywords}
    if None in named:
        return None
    match arguments:
        case []:
            return frozenset(name for name in named if name and name not in NOT_VALUES)
        case [ast.Dict(keys=keys)] if all(isinstance(key, ast.Constant) for key in keys):
            return frozenset(str(key.value) for key in keys if isinstance(key, ast.Constant))
        case _:
            return None


def _tables_of_computed_codes(module: Module) -> Iterator[str]:
    for node in module.nodes():
        match node:
            case ast.JoinedStr(values=[ast.Constant(str(prefix)), ast.FormattedValue(), *_]) if prefix[-1:] == ".":
                yield prefix[:-1]
            case ast.Call(func=ast.Attribute(attr="term"), args=[ast.Constant(str(table)), *_]):
                yield table
            case ast.Dict(values=values):  # tables by placeholder or by enumeration
                yield from (
                    value.value for value in values if isinstance(value, ast.Constant) and value.value in TABLES
                )
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


@pytest.mark.parametrize(
    ("rows", "messages", "words"), [(1, 0, "1 row written, 0 messages"), (2, 1, "2 rows written, 1 message")]
)
def test_a_number_is_followed_by_its_singular_or_plural(rows: int, messages: int, words: str) -> None:
    context = {"outcome": "done", "rows": rows, "messages": messages, "seconds": "0.1"}

    assert words in render_message("sync_view.totals", Language.ENGLISH, context)


def test_no_english_sentence_puts_a_fixed_plural_after_a_number() -> None:
    """`{rows:row|rows}` chooses the word."""
    counts = "entries|failures|faults|faulty|good|messages|number|rows|steps|waiting|width"

    fixed = {code for code, text in ENGLISH.items() if re.search(rf"\{{(?:{counts})\}} [a-z]+s\b", text)}

    assert fixed == set()


@pytest.mark.parametrize("language", Language)
def test_no_message_shows_a_number_twice(language: Language) -> None:
    """A form such as {number:row|rows} shows the number too."""
    shown_twice = re.compile(r"\{(\w+)\} \{\1:")

    assert [code for code, text in sentences_by_code(language).items() if shown_twice.search(text)] == []


def test_each_kind_of_drift_has_a_message() -> None:
    """Their codes are put together, so no other test sees them."""
    messages = [PropertyDrift(property="soTo", kind=kind).message() for kind in DriftKind]

    assert {message.code for message in messages} - ENGLISH.keys() == set()


@pytest.mark.parametrize("language", Language)
def test_a_suggested_command_holds_no_value_that_is_put_into_words(language: Language) -> None:
    """A record type in it would be "land_parcel (thửa đất)", which no shell takes."""
    suggested = {
        code: COMMAND.findall(sentence)
        for code, sentence in sentences_by_code(language).items()
        if "cchc-connect " in sentence
    }

    in_words = {
        code
        for code, commands in suggested.items()
        for command in commands
        if any(f"{{{name}}}" in command for name in CATALOGUE_TABLES)
    }
    assert in_words == set()
