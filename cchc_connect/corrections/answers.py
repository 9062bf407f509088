"""What agencies answer to correction requests, and whether the same was answered before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Self

from sqlalchemy import Connection

from cchc_connect.corrections.requests import CorrectionRequest, CorrectionState, CorrectionStep, events_of
from cchc_connect.corrections.texts import checked_text
from cchc_connect.errors import UsageMistake

RESPONSES = (CorrectionState.CORRECTED, CorrectionState.REJECTED, CorrectionState.MORE_TIME)
"""What an agency may answer."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an agency answers (nội dung trả lời)."""

    state: CorrectionState
    """`corrected`, `rejected` or `more_time`."""
    note: str | None = None
    """Why; needed to refuse and for more time."""
    until: date | None = None
    """The new last day; needed for more time."""

    def checked(self) -> Self:
        """Return it with its note as it is stored.

        Raises:
            UsageMistake: the reason or the new last day is missing, or does not fit.
        """
        is_longer = self.state is CorrectionState.MORE_TIME
        if self.state not in RESPONSES:
            raise UsageMistake("corrections.no_answer", state=self.state)
        if is_longer != (self.until is not None):
            raise UsageMistake("corrections.until_missing" if is_longer else "corrections.until_unfitting")
        if self.note is None and self.state is not CorrectionState.CORRECTED:
            raise UsageMistake("corrections.note_missing")
        return replace(self, note=None if self.note is None else checked_text(self.note, "note"))


class AnswerOutcome(StrEnum):
    """What became of an answer."""

    ANSWERED = "answered"
    """It is what is known of the request now."""
    REPEATED = "repeated"
    """The same was answered before; nothing changed."""
    LATE = "late"
    """The request is closed: the answer is in its history, and the outcome stays."""


@dataclass(frozen=True, kw_only=True)
class StoredAnswer:
    """A request after an answer, and what became of that."""

    request: CorrectionRequest
    outcome: AnswerOutcome


def answers_of(connection: Connection, number: int) -> Sequence[Answer]:
    """Return what the agency answered to a request since it was last written into a file, in order."""
    answers = list[Answer]()
    for event in events_of(connection, number):
        if event.step is CorrectionStep.SENT:
            answers.clear()
        if event.step is CorrectionStep.ANSWERED:
            until = event.due_on if event.state is CorrectionState.MORE_TIME else None
            answers.append(Answer(state=event.state, note=event.note, until=until))
    return answers
