"""A program's own log: where it goes, and that nothing goes round its redaction.

Only programs use this, the command line and the processes it starts. Whoever imports the library configures logging
as they like, and gives each handler a `RedactingFormatter`.
"""

import logging
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from typing import TextIO

from cchc_connect.privacy.redaction import OURS, RedactingFormatter
from cchc_connect.privacy.tracebacks import traceback_of

log = logging.getLogger("cchc_connect")


class LogForm(StrEnum):
    """What a program shows of its log."""

    NONE = "none"
    LINES = "lines"
    JSON = "json"
    """An object on each line."""


class _Shown(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the base class calls it so
        """Let go a line that cannot be written: the base class would print the record's values instead."""


_present = LogForm.NONE


def log_form() -> LogForm:
    """Return what this process shows of its log; a process that it starts is told to show the same."""
    return _present


@contextmanager
def shown_log(form: LogForm, stream: TextIO) -> Generator[None, None, None]:
    """Show the log on `stream` while the block runs: every line of ours, of strangers' their warnings.

    With `LogForm.NONE` nothing is shown, strangers' warnings neither, and what fails in a thread or while an object
    is being removed is logged in every case: Python would print it with all that it says.
    """
    global _present  # noqa: PLW0603  # a process has one log
    handler = _handler(form, stream)
    root, before = logging.getLogger(), _present
    levels = {name: logging.getLogger(name).level for name in OURS}
    hooks = sys.unraisablehook, threading.excepthook
    root.addHandler(handler)
    logging.captureWarnings(True)
    if sys.unraisablehook is sys.__unraisablehook__:  # where somebody listens already, they decide
        sys.unraisablehook = _unraisable
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _in_thread
    for name in OURS if form is not LogForm.NONE else ():
        logging.getLogger(name).setLevel(logging.DEBUG)
    _present = form
    try:
        yield
    finally:
        _present = before
        sys.unraisablehook, threading.excepthook = hooks
        logging.captureWarnings(False)
        root.removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _handler(form: LogForm, stream: TextIO) -> logging.Handler:
    if form is LogForm.NONE:
        return logging.NullHandler()  # where there is no handler at all Python prints warnings
    handler = _Shown(stream)
    handler.setFormatter(RedactingFormatter(as_json=form is LogForm.JSON))
    return handler


def _unraisable(fault: "sys.UnraisableHookArgs", /) -> None:
    if fault.exc_value is not None:
        log.error("an object could not be removed in order\n%s", traceback_of(fault.exc_value))


def _in_thread(fault: threading.ExceptHookArgs, /) -> None:
    if fault.exc_value is not None and not isinstance(fault.exc_value, SystemExit):
        log.error("a thread failed\n%s", traceback_of(fault.exc_value))
