"""Tracebacks for logs: location and type of each exception, without the texts of foreign exceptions.

The text of a foreign exception may hold anything: a row (PostgreSQL's DETAIL), a value (pydantic), a URL with a
password. So only its type is shown. Our own exceptions hold no such value and are shown with their text.
"""

import os
import traceback
from collections.abc import Iterator
from typing import cast

from cchc_connect.errors import CchcError

_CAUSED = "The above exception was the direct cause of the following exception:"
_DURING_HANDLING = "During handling of the above exception, another exception occurred:"
_MAX_EXCEPTIONS = 20  # of one chain, or of one group


def traceback_of(error: BaseException) -> str:
    """Return the traceback of `error` and its causes; no line shows a value of a foreign exception."""
    chain = list(_chain(error))
    lines: list[str] = []
    for exception, link in reversed(chain):
        lines += _alone(exception)
        if link:
            lines += ["", link, ""]
    return "\n".join(lines)


def kind_of(error: BaseException) -> str:
    """Return the type of an exception, with the message if it is ours.

    >>> kind_of(ValueError("Nguyễn Thị Mẫu")), kind_of(OSError(28, "any text"))
    ('ValueError', 'OSError (No space left on device)')
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, CchcError):
        return f"{name}: {_message(error)}"
    if isinstance(error, OSError) and isinstance(error.errno, int):
        return f"{name} ({os.strerror(error.errno)})"
    return name


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """Yield an exception and its causes, the latest first, each with the sentence that links it to its effect."""
    seen = list[BaseException]()
    current: BaseException | None = error
    link = ""
    while current is not None and all(current is not previous for previous in seen) and len(seen) < _MAX_EXCEPTIONS:
        seen.append(current)
        yield current, link
        if current.__cause__ is not None:
            current, link = current.__cause__, _CAUSED
        else:
            current, link = None if current.__suppress_context__ else current.__context__, _DURING_HANDLING


def _alone(error: BaseException) -> list[str]:
    """Return the lines of one exception without its causes."""
    lines = list[str]()
    if error.__traceback__ is not None:
        frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=True)
        lines += ["Traceback (most recent call last):", *(line.rstrip("\n") for line in frames.format())]
    lines.append(kind_of(error))
    if isinstance(error, BaseExceptionGroup):
        parts = cast("BaseExceptionGroup[BaseException]", error).exceptions
        lines += [f"  | {line}" for part in parts[:_MAX_EXCEPTIONS] for line in traceback_of(part).splitlines()]
    return lines


def _message(error: CchcError) -> str:
    try:
        return str(error)
    except (KeyError, ValueError, IndexError):  # an adapter's message whose values are missing
        return error.code
