"""Logging of our own programs: its output, and hooks so that no text bypasses redaction.

Only programs use this: the command line and the processes that it starts. A program that imports the library
configures logging itself and sets a `RedactingFormatter` on each handler.
"""

import logging
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from typing import TextIO

from cchc_connect.privacy.redaction import OWN_PACKAGES, RedactingFormatter, safe_traceback

log = logging.getLogger("cchc_connect")


class LogForm(StrEnum):
    """How a program shows its log."""

    NONE = "none"
    LINES = "lines"
    JSON = "json"
    """One JSON object on each line."""


class _SilentHandler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the base class calls it so
        """Drop a line that cannot be written: the base class would print the record's values instead."""


_current_form = LogForm.NONE


def log_form() -> LogForm:
    """Return how this process shows its log; processes that it starts use the same form."""
    return _current_form


@contextmanager
def shown_log(form: LogForm, stream: TextIO) -> Generator[None, None, None]:
    """Show the log on `stream` while the block runs: all our lines, and warnings of other packages.

    With `LogForm.NONE` nothing is shown, not even warnings of other packages. Exceptions in threads and in finalizers
    are logged in every case: Python would print them with their text.
    """
    global _current_form  # noqa: PLW0603  # a process has one log
    handler = _handler(form, stream)
    root, previous = logging.getLogger(), _current_form
    levels = {name: logging.getLogger(name).level for name in OWN_PACKAGES}
    hooks = sys.unraisablehook, threading.excepthook
    root.addHandler(handler)
    logging.captureWarnings(True)
    if sys.unraisablehook is sys.__unraisablehook__:  # a hook that is set already stays
        sys.unraisablehook = _log_unraisable
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _log_thread_failure
    for name in OWN_PACKAGES if form is not LogForm.NONE else ():
        logging.getLogger(name).setLevel(logging.DEBUG)
    _current_form = form
    try:
        yield
    finally:
        _current_form = previous
        sys.unraisablehook, threading.excepthook = hooks
        logging.captureWarnings(False)
        root.removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _handler(form: LogForm, stream: TextIO) -> logging.Handler:
    if form is LogForm.NONE:
        return logging.NullHandler()  # without any handler Python prints warnings
    handler = _SilentHandler(stream)
    handler.setFormatter(RedactingFormatter(as_json=form is LogForm.JSON, indented=form is LogForm.LINES))
    return handler


def _log_unraisable(arguments: "sys.UnraisableHookArgs", /) -> None:
    if arguments.exc_value is not None:
        log.error("a finalizer failed\n%s", safe_traceback(arguments.exc_value))


def _log_thread_failure(arguments: threading.ExceptHookArgs, /) -> None:
    if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
        log.error("a thread failed\n%s", safe_traceback(arguments.exc_value))
