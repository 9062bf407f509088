"""Lines on a terminal: one that is too long is broken between words, and a suggested command is never broken."""

import os
from collections.abc import Iterator
from typing import TextIO

from cchc_connect.cli.hints import SUGGESTION

PROGRAM = "cchc-connect "

MIN_WIDTH = 30
"""Narrowest terminal whose lines are broken: in a narrower one hardly two words stand side by side."""

DEFAULT_WIDTH = 80

HANGING = 4
"""Spaces before what follows of a line that begins with a mark or a number, so that each beginning shows."""

INDENT = 2
"""Spaces before the further lines of an indented line, behind its own."""


def terminal_width(stream: TextIO) -> int:
    """Return the columns of the terminal that `stream` writes to; `COLUMNS` counts before what the terminal says."""
    declared = os.environ.get("COLUMNS", "")
    if declared.isdecimal() and int(declared):
        return int(declared)
    try:
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
    except (OSError, ValueError):  # a stream that is not a file has no descriptor
        return DEFAULT_WIDTH


def wrapped(text: str, width: int, hanging: int = 0) -> str:
    r"""Return `text` with no line of more than `width` characters, except for a longer word or command.

    What follows of a line is indented by `hanging` spaces, and at least two more than an indented line.

    >>> wrapped("OK  a: one two three four five six seven", 31, 4)
    'OK  a: one two three four five\n    six seven'
    >>> wrapped("List the entries: cchc-connect quarantine list", 31)
    'List the entries:\ncchc-connect quarantine list'
    """
    if width < MIN_WIDTH:
        return text
    return "\n".join(part for line in text.split("\n") for part in _lines(line, width, hanging))


def _lines(line: str, width: int, hanging: int) -> Iterator[str]:
    if len(line) <= width:
        yield line
        return
    own_indent = len(line) - len(line.lstrip(" "))
    indent = " " * max(hanging, own_indent + INDENT if own_indent else 0)
    suggestion = SUGGESTION.search(line)
    begin = line.rfind(" ", 0, suggestion.start() - len(PROGRAM)) + 1 if suggestion else len(line)
    words, command = line[:begin].rstrip(" "), line[begin:]
    if not words.strip():
        yield line
        return
    parts = _folded(words, width, indent)
    if command and len(parts[-1]) + 1 + len(command) <= width:
        parts[-1] = f"{parts[-1]} {command}"
    elif command:
        parts.append(f"{indent}{command}")
    yield from parts


def _folded(words: str, width: int, indent: str) -> list[str]:
    from textwrap import TextWrapper  # noqa: PLC0415  # only a line that is too long needs it

    return TextWrapper(
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
        expand_tabs=False,
    ).wrap(words)
