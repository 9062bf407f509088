"""The run report: what was and what was not done, for every source and route."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from cchc_connect.database.counts import Counts
from cchc_connect.database.cursors import Cursor
from cchc_connect.database.instants import instant, stamp
from cchc_connect.messages import Phrase
from cchc_connect.positions import shown


class Outcome(StrEnum):
    """How a run, or one line of it, ended."""

    DONE = "done"
    HELD = "held"
    """A source or route answers what cannot be believed; it waits for a person."""
    FAILED = "failed"
    """It could not be reached or did not work; the next run tries again."""
    CLOSED = "closed"
    """It may be asked at other times of day only; nothing is wrong."""
    STOPPED = "stopped"
    """The run was asked to end; the next one goes on from there."""
    PARTIAL = "partial"
    """Of a run: some lines are done and some are not."""


@dataclass(kw_only=True)
class Line:
    """One source (`pull`), or one partition of it, or one record type of a route (`push`)."""

    kind: str
    name: str
    """Connection or route."""
    record_type: str
    partition: str = ""
    outcome: Outcome = Outcome.DONE
    reason: Phrase | None = None
    counts: Counts = field(default_factory=Counts)
    seconds: float = 0.0
    before: Cursor | None = None
    """Where the source stood before the run; None for a route."""
    after: Cursor | None = None

    @property
    def sent(self) -> int:
        """Return how many messages got an answer."""
        return self.counts.delivered + self.counts.refused

    def as_document(self) -> Mapping[str, object]:
        """Return the line, JSON-ready."""
        reason = None if self.reason is None else {"code": self.reason.code, "context": _texts(self.reason.context)}
        head = {"kind": self.kind, "name": self.name, "record_type": self.record_type, "partition": self.partition}
        cursors = {"cursor_before": _cursor(self.before), "cursor_after": _cursor(self.after or self.before)}
        told = {"outcome": self.outcome.value, "reason": reason, "seconds": round(self.seconds, 3)}
        return {**head, **told, **cursors, **self.counts.as_document()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the line that `as_document` wrote, by this program or an earlier one."""
        reason = document["reason"]
        return cls(
            kind=document["kind"],
            name=document["name"],
            record_type=document["record_type"],
            partition=document.get("partition", ""),
            outcome=Outcome(document["outcome"]),
            reason=None if reason is None else Phrase(reason["code"], reason["context"]),
            counts=Counts(**{one.name: document.get(one.name, 0) for one in fields(Counts)}),
            seconds=document.get("seconds", 0.0),
            before=_from_cursor(document.get("cursor_before")),
            after=_from_cursor(document.get("cursor_after")),
        )


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What one run did."""

    run_id: str
    rehearsal: bool
    started_at: str
    finished_at: str
    seconds: float
    lines: Sequence[Line]

    @property
    def outcome(self) -> Outcome:
        """Return how the run ended as a whole: failed only where not one line is done.

        A route that had nothing to send met nobody and tells nothing; nor does a system that is closed at this hour.
        """
        if any(line.outcome is Outcome.STOPPED for line in self.lines):
            return Outcome.STOPPED
        open_lines = [line for line in self.lines if line.outcome is not Outcome.CLOSED]
        told = [line for line in open_lines if line.kind == "pull" or line.outcome is not Outcome.DONE or line.sent]
        done = [line.outcome is Outcome.DONE for line in told]
        if all(done):
            return Outcome.DONE
        return Outcome.PARTIAL if any(done) else Outcome.FAILED

    @property
    def rows_written(self) -> int:
        """Return how many record rows were inserted, updated or marked as gone."""
        return sum(line.counts.rows_written for line in self.lines)

    @property
    def messages_delivered(self) -> int:
        """Return how many messages targets took."""
        return sum(line.counts.delivered for line in self.lines)

    def as_document(self) -> Mapping[str, object]:
        """Return the report, JSON-ready."""
        times = {"started_at": self.started_at, "finished_at": self.finished_at, "seconds": round(self.seconds, 3)}
        head = {"run_id": self.run_id, "outcome": self.outcome.value, "rehearsal": self.rehearsal, **times}
        totals = {"rows_written": self.rows_written, "messages_delivered": self.messages_delivered}
        return {**head, **totals, "lines": [line.as_document() for line in self.lines]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the report that `as_document` wrote."""
        return cls(
            run_id=document["run_id"],
            rehearsal=document["rehearsal"],
            started_at=document["started_at"],
            finished_at=document["finished_at"],
            seconds=document["seconds"],
            lines=[Line.from_document(line) for line in document["lines"]],
        )


def _cursor(at: Cursor | None) -> Mapping[str, str | None] | None:
    if at is None:
        return None
    return {"watermark": None if at.watermark is None else stamp(at.watermark), "page_token": shown(at.position)}


def _from_cursor(document: Mapping[str, str | None] | None) -> Cursor | None:
    if document is None:
        return None
    watermark = document["watermark"]
    # Reports stored before schema version 4 call the page token "position".
    page_token = document["page_token"] if "page_token" in document else document["position"]
    return Cursor(watermark=None if watermark is None else instant(watermark), position=page_token)


def _texts(context: Mapping[str, object]) -> Mapping[str, str]:
    return {name: str(value) for name, value in context.items()}
