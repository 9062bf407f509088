"""Tracebacks for a log: where something went wrong and of what kind it is, without what it was about.

What a stranger's exception says may hold anything: a row (PostgreSQL's DETAIL), a value (pydantic), an address with
a password. So of an exception that is not ours the kind is told and never the text; ours hold no such value.
"""

import os
import traceback
from collections.abc import Iterator
from typing import cast

from cchc_connect.errors import CchcError

_CAUSED = "The above exception was the direct cause of the following exception:"
_MEANWHILE = "During handling of the above exception, another exception occurred:"
_MOST = 20  # exceptions of one chain, or of one group; nobody reads on


def traceback_of(error: BaseException) -> str:
    """Return `error` with its causes and their places, line by line; no line shows a value."""
    chain = list(_chain(error))
    lines: list[str] = []
    for one, link in reversed(chain):
        lines += _alone(one)
        if link:
            lines += ["", link, ""]
    return "\n".join(lines)


def kind_of(error: BaseException) -> str:
    """Return what kind of exception this is, and its sentence if it is ours.

    >>> kind_of(ValueError("Nguyễn Thị Mẫu")), kind_of(OSError(28, "any text"))
    ('ValueError', 'OSError (No space left on device)')
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, CchcError):
        return f"{name}: {_sentence(error)}"
    if isinstance(error, OSError) and isinstance(error.errno, int):
        return f"{name} ({os.strerror(error.errno)})"
    return name


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """Yield an exception and what it came from, the latest first, each with the words between it and the one before."""
    seen = list[BaseException]()
    one: BaseException | None = error
    link = ""
    while one is not None and all(one is not known for known in seen) and len(seen) < _MOST:
        seen.append(one)
        yield one, link
        if one.__cause__ is not None:
            one, link = one.__cause__, _CAUSED
        else:
            one, link = None if one.__suppress_context__ else one.__context__, _MEANWHILE


def _alone(error: BaseException) -> list[str]:
    """Return one exception with its place."""
    lines = list[str]()
    if error.__traceback__ is not None:
        frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=True)
        lines += ["Traceback (most recent call last):", *(line.rstrip("\n") for line in frames.format())]
    lines.append(kind_of(error))
    if isinstance(error, BaseExceptionGroup):
        parts = cast("BaseExceptionGroup[BaseException]", error).exceptions
        lines += [f"  | {line}" for part in parts[:_MOST] for line in traceback_of(part).splitlines()]
    return lines


def _sentence(error: CchcError) -> str:
    try:
        return str(error)
    except (KeyError, ValueError, IndexError):  # an outsider's sentence without its values
        return error.code
