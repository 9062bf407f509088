"""One line of a check: what is so, what may become a trouble, or what is wrong and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cchc_connect.errors import CchcError
from cchc_connect.messages import Phrase


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of a check."""

    place: str
    """What was looked at: the database, a connection, or a connection and a record type."""
    said: Phrase
    """What is so, or what is wrong and what to do."""
    error: CchcError | None = None
    """What is wrong; None where a run can do its work."""
    is_warning: bool = False
    """Is it a trouble to come, or a risk somebody took? A run does its work all the same."""
    is_result: bool = False
    """Does it say that a system can be read or written, which is what a run wants?"""

    @classmethod
    def of(cls, place: str, error: CchcError) -> Self:
        """Return the finding that `error` is."""
        return cls(place=place, said=Phrase(error.code, error.context), error=error)

    @classmethod
    def good(cls, place: str, code: str, context: Mapping[str, object] | None = None) -> Self:
        """Return a finding that all is well."""
        return cls(place=place, said=Phrase(code, context or {}))

    @classmethod
    def warning(cls, place: str, code: str, context: Mapping[str, object] | None = None) -> Self:
        """Return a finding that a person should look at before it becomes a trouble."""
        return cls(place=place, said=Phrase(code, context or {}), is_warning=True)

    @property
    def level(self) -> str:
        """Return `good`, `warning` or `bad`."""
        if self.error is not None:
            return "bad"
        return "warning" if self.is_warning else "good"
