"""A seam: a block in which a foreign library may fail, and out of which only errors of ours come.

What a foreign error says, its cause and the local variables of its frames may hold anything: a row, an item, a
password. So nothing of it goes along: neither as a cause or context, nor in a frame of ours that a traceback with
locals would show.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Generic, TypeVar

from cchc_connect.errors import CchcError

Given = TypeVar("Given")

Translate = Callable[[BaseException], CchcError | None]
"""Returns what a foreign error means; None: it is none of this seam's business."""


class Seam(Generic[Given]):
    """A context manager around another one, which must not swallow errors; it is used once."""

    def __init__(self, inner: AbstractContextManager[Given], translate: Translate) -> None:
        """Enter and leave `inner`; its own errors are foreign too."""
        self._inner = inner
        self._translate = translate

    def __enter__(self) -> Given:
        fault = None
        try:
            return self._inner.__enter__()
        except BaseException as error:
            fault = self._translate(error)
            if fault is None:
                raise
        raise fault

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        fault = self._left(kind, error, trace)
        del kind, error, trace
        if fault is not None:
            try:
                raise fault
            finally:
                fault.__context__ = None  # else the foreign error, which is being dealt with, would go along

    def _left(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> CchcError | None:
        """Leave the inner block; return the error of ours in whose place another came out of it."""
        try:
            self._inner.__exit__(kind, error, trace)
        except BaseException as another:
            fault = self._translate(another)
            if fault is None:
                raise
            return fault
        return None if error is None else self._translate(error)
