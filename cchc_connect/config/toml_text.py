"""TOML within limits: what Python's reader fails on is a fault of the file like any other, with its sentence."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from cchc_connect.errors import ConfigurationError
from cchc_connect.messages import Message
from cchc_connect.privacy.regular_files import NotRegularFile, open_regular_file

MAX_BYTES = 4 * 1024 * 1024
"""Maximum size of a configuration; a province has some ten KB."""

MAX_DEPTH = 32
"""Maximum levels of tables and lists in one another; an adapter's options have four or five."""

_SYNTAX_RULES = {
    "Unterminated string": "config_rule.toml_text_open",
    "Illegal character '\\n'": "config_rule.toml_text_open",
    "Unclosed array": "config_rule.toml_list_open",
    "Unclosed inline table": "config_rule.toml_table_open",
    "Expected ']": "config_rule.toml_heading_open",
    "Expected '='": "config_rule.toml_no_equals",
    "Expected newline": "config_rule.toml_after_value",
    "Invalid value": "config_rule.toml_value",
    "Invalid date": "config_rule.toml_date",
    "Invalid initial character": "config_rule.toml_key",
    "Invalid statement": "config_rule.toml_key",
    "Unescaped": "config_rule.toml_backslash",
    "Invalid hex value": "config_rule.toml_backslash",
    "Escaped character": "config_rule.toml_backslash",
    "Cannot": "config_rule.toml_name_twice",
    "Duplicate inline table key": "config_rule.toml_name_twice",
}
"""How the sentences of Python's reader begin -> the sentence that says what to do."""

_POSITION = re.compile(r"at line ([0-9]+), column ([0-9]+)")


def read_toml_text(path: Path) -> str | ConfigurationError:
    """Return the text of the file at `path`, or why it cannot be read."""
    try:
        with open_regular_file(path) as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ConfigurationError("config.file_missing", file=path)
    except NotRegularFile:
        return ConfigurationError("config.file_irregular", file=path)
    except OSError as error:
        return ConfigurationError("config.file_unreadable", file=path, reason=error.strerror)
    if len(content) > MAX_BYTES:
        return ConfigurationError("config.file_too_large", file=path, most=MAX_BYTES)
    try:
        return content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        return ConfigurationError("config.not_toml", file=path, problem=Message("config_rule.not_utf8"))


def parse_toml(text: str, name: Path | Message) -> Mapping[str, Any] | ConfigurationError:
    """Return the tables of a text, or what is wrong with it; `name` says in the message where it stands."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = _syntax_problem(str(error))
    except ValueError:  # of Python's own limit of digits
        problem = Message("config_rule.number_too_long")
    except RecursionError:
        problem = Message("config_rule.too_deep", {"most": MAX_DEPTH})
    else:
        if not _is_too_deep(tables):
            return tables
        problem = Message("config_rule.too_deep", {"most": MAX_DEPTH})
    return ConfigurationError("config.not_toml", file=name, problem=problem)


def _syntax_problem(sentence: str) -> Message:
    """Return what a sentence of Python's reader means, and where; no text of the file is in it."""
    rules = (rule for start, rule in _SYNTAX_RULES.items() if sentence.startswith(start))
    position = _POSITION.search(sentence)
    where = Message("toml_position.end")
    if position:
        where = Message("toml_position.within", {"line": position[1], "column": position[2]})
    return Message(next(rules, "config_rule.toml_syntax"), {"where": where})


def _is_too_deep(tables: object) -> bool:
    """True if values stand in more than `MAX_DEPTH` tables and lists."""
    level = [tables]
    for _ in range(MAX_DEPTH + 1):
        level = [part for value in level for part in _parts(value)]
    return bool(level)


def _parts(value: object) -> list[object]:
    match value:
        case dict():
            return list(cast("dict[str, object]", value).values())
        case list():
            return cast("list[object]", value)
        case _:
            return []
