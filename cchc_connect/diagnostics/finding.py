"""One finding of `cchc-connect check`: something in order, a warning, or an error with what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cchc_connect.errors import CchcError
from cchc_connect.messages import Message


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the output of a check."""

    subject: str
    """What was checked: the database, a connection, or a connection and a record type."""
    message: Message
    """The sentence of the finding: what is in order, or what is wrong and what to do."""
    error: CchcError | None = None
    """The error that would stop a run; None if a run can work."""
    is_warning: bool = False
    """Whether it is a future problem or an accepted risk. A run still works."""
    proves_access: bool = False
    """Whether it says that a system can be read or written, which is what a run needs."""

    @classmethod
    def bad(cls, subject: str, error: CchcError) -> Self:
        """Return a finding at level `bad` for `error`."""
        return cls(subject=subject, message=Message(error.code, error.context), error=error)

    @classmethod
    def good(cls, subject: str, code: str, context: Mapping[str, object] | None = None) -> Self:
        """Return a finding at level `good` with the sentence `code` of the message catalogue."""
        return cls(subject=subject, message=Message(code, context or {}))

    @classmethod
    def warning(cls, subject: str, code: str, context: Mapping[str, object] | None = None) -> Self:
        """Return a finding at level `warning` with the sentence `code` of the message catalogue."""
        return cls(subject=subject, message=Message(code, context or {}), is_warning=True)

    @property
    def level(self) -> str:
        """Return `good`, `warning` or `bad`."""
        if self.error is not None:
            return "bad"
        return "warning" if self.is_warning else "good"
