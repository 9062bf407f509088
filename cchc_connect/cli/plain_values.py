"""Options and arguments whose values need no conversion do without one.

typer converts every value with pydantic, also a text to a text and a default to itself. The import of pydantic takes as
long as a whole command that only looks at the database. With another version of typer these classes change nothing.
"""

from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperOption


class PlainOption(TyperOption):
    """An option that takes a value as it is if it has its type already."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        """Return the value of the option."""
        if not _is_plain(self, value, ctx):
            return super().process_value(ctx, value)
        return value if self.callback is None else self.callback(ctx, self, value)


class PlainArgument(TyperArgument):
    """An argument that takes a value as it is if it has its type already."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        """Return the value of the argument."""
        if not _is_plain(self, value, ctx):
            return super().process_value(ctx, value)
        return value if self.callback is None else self.callback(ctx, self, value)


def without_conversion(parameter: TyperOption | TyperArgument) -> None:
    """Let a parameter take plain values as they are; typer has made it, and offers no other place for its class."""
    if isinstance(parameter, TyperOption):
        parameter.__class__ = PlainOption
    else:
        parameter.__class__ = PlainArgument


def _is_plain(parameter: TyperOption | TyperArgument, value: object, context: typer.Context) -> bool:
    """True if nothing is left to do for a value: it is single, and not missing unless the line is still being typed."""
    if parameter.nargs != 1 or getattr(parameter, "multiple", False):
        return False
    if value is None:
        return not parameter.required or context.resilient_parsing
    kind = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    return type(value) is kind or (kind is Path and isinstance(value, Path))
