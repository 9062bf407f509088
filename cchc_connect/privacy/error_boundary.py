"""Error boundary: translates exceptions of third-party code into ours, without their text.

The text of a foreign exception, its causes and the local variables of its frames may hold anything: a row, an item, a
password. So it is neither chained as cause or context, nor held by a frame of ours that a traceback with locals shows.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Generic, TypeVar

from cchc_connect.errors import CchcError

Resource = TypeVar("Resource")

Translate = Callable[[BaseException], CchcError | None]
"""Returns our error for a foreign exception; None: let the exception pass."""


class ErrorBoundary(Generic[Resource]):
    """Context manager around another one, which must not suppress exceptions; for one use."""

    def __init__(self, inner: AbstractContextManager[Resource], translate: Translate) -> None:
        """Enter and leave `inner`; exceptions of `inner` itself are translated too."""
        self._inner = inner
        self._translate = translate

    def __enter__(self) -> Resource:
        translated = None
        try:
            return self._inner.__enter__()
        except BaseException as error:
            translated = self._translate(error)
            if translated is None:
                raise
        raise translated

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        translated = self._leave(kind, error, trace)
        del kind, error, trace
        if translated is not None:
            try:
                raise translated
            finally:
                translated.__context__ = None  # else the foreign exception, which is being handled, would be chained

    def _leave(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> CchcError | None:
        """Leave the inner context; return our error where a foreign exception was raised, None where none was."""
        try:
            self._inner.__exit__(kind, error, trace)
        except BaseException as exit_error:
            translated = self._translate(exit_error)
            if translated is None:
                raise
            return translated
        return None if error is None else self._translate(error)
