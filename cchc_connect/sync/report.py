"""The run report: for every source and every route what was done, and why not if it was not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from cchc_connect.clock import from_timestamp_text, to_timestamp_text
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.cursor import Cursor
from cchc_connect.messages import Message
from cchc_connect.messages.stored import stored_context
from cchc_connect.privacy.page_tokens import display_token


class RunStatus(StrEnum):
    """How a run, or one line of its report, ended."""

    DONE = "done"
    """Everything was read, or every due message was handled."""
    INCOMPLETE = "incomplete"
    """What a source showed was read, but it did not show that this is all: nothing was deleted, the watermark stays."""
    HELD = "held"
    """The responses of a source or route are implausible; a person should look at it."""
    FAILED = "failed"
    """The system could not be reached or did not work; the next run tries again."""
    CLOSED = "closed"
    """The configured opening hours allow no request now; nothing is wrong."""
    STOPPED = "stopped"
    """The run was asked to end; the next run continues from there."""
    PARTIAL = "partial"
    """Of a run only: some lines are done and some are not."""
    AT_WORK = "at_work"
    """Of a run without a report only: it is in progress."""
    INTERRUPTED = "interrupted"
    """Of a run without a report only: it was killed, or its machine stopped."""


@dataclass(kw_only=True)
class ReportLine:
    """One line of the report: a source or partition of it, or one record type of a route or of a program."""

    kind: str
    """`pull`, `push` or `write`."""
    name: str
    """Name of the connection (`pull`, `write`) or route (`push`)."""
    record_type: str
    """Record type; "" if a program ended with an error before it wrote anything."""
    partition: str = ""
    """Partition of the source; "" if it has none."""
    outcome: RunStatus = RunStatus.DONE
    reason: Message | None = None
    """Why it is not done, as a sentence in both languages; None if it is done."""
    counts: Counters = field(default_factory=Counters)
    """Run counters of the line."""
    notes: list[Message] = field(default_factory=list[Message])
    """What the source sends otherwise than before without a hold, and rules that find nothing."""
    seconds: float = 0.0
    """Duration in seconds; the lines of one route all have the duration of the route."""
    before: Cursor | None = None
    """Cursor of the source before the run; None for a route."""
    after: Cursor | None = None
    """Cursor of the source after the run; None for a route, and if it did not move."""

    @property
    def sent(self) -> int:
        """Return the number of messages that the target accepted or refused."""
        return self.counts.delivered + self.counts.refused

    def as_document(self) -> Mapping[str, object]:
        """Return the line as a JSON-ready dictionary; instants are UTC, page tokens are without secrets."""
        reason = (
            None if self.reason is None else {"code": self.reason.code, "context": stored_context(self.reason.context)}
        )
        head = {"kind": self.kind, "name": self.name, "record_type": self.record_type, "partition": self.partition}
        cursors = {
            "cursor_before": _cursor_document(self.before),
            "cursor_after": _cursor_document(self.after or self.before),
        }
        result = {"outcome": self.outcome.value, "reason": reason, "seconds": round(self.seconds, 3)}
        notes = [{"code": note.code, "context": stored_context(note.context)} for note in self.notes]
        return {**head, **result, **cursors, **self.counts.as_document(), **({"notes": notes} if notes else {})}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the line from a document that `as_document` of this or an earlier version wrote."""
        reason = document["reason"]
        return cls(
            kind=document["kind"],
            name=document["name"],
            record_type=document["record_type"],
            partition=document.get("partition", ""),
            outcome=RunStatus(document["outcome"]),
            reason=None if reason is None else Message(reason["code"], reason["context"]),
            counts=Counters(**{name.name: document[name.name] for name in fields(Counters) if name.name in document}),
            seconds=document.get("seconds", 0.0),
            notes=[Message(note["code"], note["context"]) for note in document.get("notes", [])],
            before=_cursor_from_document(document.get("cursor_before")),
            after=_cursor_from_document(document.get("cursor_after")),
        )


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """Report of one run.

    Example::

        report = synchronizer.synchronise()
        for line in report.lines:
            print(line.kind, line.name, line.record_type, line.outcome, line.counts.rows_written)
    """

    run_id: str
    dry_run: bool
    """Whether it was a dry run, in which nothing was committed or sent."""
    started_at: datetime
    """Start of the run: aware, in UTC."""
    finished_at: datetime
    """End of the run: aware, in UTC."""
    seconds: float
    """Duration of the run in seconds, by the monotonic clock."""
    lines: Sequence[ReportLine]
    """Lines of the sources and routes, sorted by kind, name and partition."""
    lost_sequence: int | None = None
    """Sequence that the database had reached before it went back, found at the start of this run; else None."""

    @property
    def outcome(self) -> RunStatus:
        """Return the outcome of the run as a whole.

        - `STOPPED` if a line is stopped.
        - `DONE` if all relevant lines are done, also if there are none.
        - `INCOMPLETE` if the others are incomplete.
        - `PARTIAL` if only some of them are done or incomplete.
        - `FAILED` if none of them is.

        Lines of closed systems are not relevant, nor are lines of routes that had nothing to send.
        """
        if any(line.outcome is RunStatus.STOPPED for line in self.lines):
            return RunStatus.STOPPED
        open_lines = [line for line in self.lines if line.outcome is not RunStatus.CLOSED]
        relevant = [
            line for line in open_lines if line.kind != "push" or line.outcome is not RunStatus.DONE or line.sent
        ]
        outcomes = {line.outcome for line in relevant}
        if outcomes <= {RunStatus.DONE}:
            return RunStatus.DONE
        read = {RunStatus.DONE, RunStatus.INCOMPLETE}
        if outcomes <= read:
            return RunStatus.INCOMPLETE
        return RunStatus.PARTIAL if outcomes & read else RunStatus.FAILED

    @property
    def rows_written(self) -> int:
        """Return the number of record rows that were inserted, updated or marked as deleted."""
        return sum(line.counts.rows_written for line in self.lines)

    @property
    def messages_delivered(self) -> int:
        """Return the number of messages that targets accepted or had already."""
        return sum(line.counts.delivered for line in self.lines)

    def as_document(self) -> Mapping[str, object]:
        """Return the report as a JSON-ready dictionary, which `from_document` reads."""
        head = {"run_id": self.run_id, "outcome": self.outcome.value, "dry_run": self.dry_run}
        times = {
            "started_at": to_timestamp_text(self.started_at),
            "finished_at": to_timestamp_text(self.finished_at),
            "seconds": round(self.seconds, 3),
        }
        totals = {"rows_written": self.rows_written, "messages_delivered": self.messages_delivered}
        lines = [line.as_document() for line in self.lines]
        return {**head, **times, **totals, "lost_sequence": self.lost_sequence, "lines": lines}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the report from a document that `as_document` wrote."""
        return cls(
            run_id=document["run_id"],
            dry_run=document["dry_run"],
            started_at=from_timestamp_text(document["started_at"]),
            finished_at=from_timestamp_text(document["finished_at"]),
            seconds=document["seconds"],
            lines=[ReportLine.from_document(line) for line in document["lines"]],
            lost_sequence=document.get("lost_sequence"),
        )


def _cursor_document(cursor: Cursor | None) -> Mapping[str, str | None] | None:
    if cursor is None:
        return None
    watermark = None if cursor.watermark is None else to_timestamp_text(cursor.watermark)
    return {"watermark": watermark, "page_token": display_token(cursor.page_token)}


def _cursor_from_document(document: Mapping[str, str | None] | None) -> Cursor | None:
    if document is None:
        return None
    watermark = document["watermark"]
    return Cursor(
        watermark=None if watermark is None else from_timestamp_text(watermark), page_token=document["page_token"]
    )
