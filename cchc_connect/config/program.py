"""The adapter of a program's connection; a module of its own because `connections` holds tables of cchc.toml only."""

from typing import ClassVar

from pydantic import BaseModel

from cchc_connect.adapter import Source, Target
from cchc_connect.http import Dialect, HttpResponse, Verdict


def _classify(_response: HttpResponse) -> Verdict:
    return Verdict.UNKNOWN


class NoOptions(BaseModel, frozen=True, extra="forbid"):
    """A program's connection has no options."""


class ProgramAdapter:
    """Adapter of a connection whose records a program writes: nothing is pulled from it and nothing pushed to it."""

    Options: ClassVar = NoOptions
    dialect = Dialect(classify=_classify)
    sources: tuple[Source, ...] = ()
    targets: tuple[Target, ...] = ()

    def __init__(self, options: NoOptions) -> None:
        """Create the adapter; there is nothing to configure."""
