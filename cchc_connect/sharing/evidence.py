"""Whether a record proves a paper (dữ liệu thay thế giấy tờ): judged from what was released of it, and from its source.

Unknown is not yes: a record proves a paper only if every field that is looked at was released and says so, and nothing
speaks against it. A record that is older than its validity, in dispute, in quarantine or of a source that has not been
read for too long proves nothing, and says why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.audit.chain import EntryNumber
from cchc_connect.sharing.agreements import Treatment
from cchc_schemas import PartialDate, vietnamese_day
from cchc_schemas.once_only import FieldValues, PaperProof
from cchc_schemas.record_paths import values_at

Document = Mapping[str, object]


class EvidenceState(StrEnum):
    """Whether a record proves a paper, or why it does not (tình trạng dữ liệu)."""

    IN_FORCE = "in_force"
    """It proves the paper."""
    INCOMPLETE = "incomplete"
    """A field that must say something has no value, does not say it, or was released in another form."""
    NOT_YET = "not_yet"
    """Its first day has not come."""
    EXPIRED = "expired"
    """Its last day is over."""
    BLOCKED = "blocked"
    """It is blocked, or in dispute by its own words."""
    DISPUTED = "disputed"
    """Another agency's value differs from one that is looked at, and nobody has settled that."""
    QUARANTINED = "quarantined"
    """What its source sent last is in quarantine, so that the stored version is an older one."""
    STALE = "stale"
    """Its source is held, or has not been read completely for too long."""


@dataclass(frozen=True, kw_only=True)
class SourceState:
    """What is known of a record's source, beside the record's values."""

    complete_at: datetime | None
    """When the source was last read completely, or wrote last by itself; UTC. None: never."""
    is_fresh: bool
    is_quarantined: bool
    disputed_fields: frozenset[str]
    """Fields in which another agency's value differs."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One record that was looked at to prove a paper, with what came of it. It contains no personal value."""

    proof: str
    """Id of the row of the table."""
    record_type: str
    key: str
    provider: str
    """Code of the agency whose record it is."""
    state: EvidenceState
    since: str | None
    """First day, perhaps the year alone, as it was released."""
    until: str | None
    """Last day."""
    source_complete_at: datetime | None
    """When its source was last read completely; UTC."""
    agreement: str | None
    """Id and version of the agreement; None for a record of the operator's own agency."""
    entry: EntryNumber
    """Entry of the audit log that says who saw it."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What came of looking at one document."""

    state: EvidenceState
    since: str | None
    until: str | None


def judged(
    proof: PaperProof, document: Document, fields: Mapping[str, Treatment], source: SourceState, day: date
) -> Judged:
    """Return whether a document proves a paper on a Vietnamese day.

    Args:
        proof: the row of the table.
        document: what was released of the record.
        fields: path -> how it was treated.
        source: what is known of its source.
        day: the day.
    """
    since = max(_days(document, proof.since), key=PartialDate.earliest, default=None)
    until = min(_days(document, proof.until), key=PartialDate.earliest, default=None)
    state = _state(proof, document, fields, source, (since, until), day)
    return Judged(state=state, since=_text(since), until=_text(until))


def _state(
    proof: PaperProof,
    document: Document,
    fields: Mapping[str, Treatment],
    source: SourceState,
    days: tuple[PartialDate | None, PartialDate | None],
    on: date,
) -> EvidenceState:
    """Return what holds of a record; of several reasons against it the one that its holder can do least about."""
    since, until = days
    is_said = all(_is_present(document, path) for path in proof.proves) and all(
        _has_value(document, each) for each in proof.condition
    )
    is_end_known = until is None or until.earliest() >= on  # else a last day that is known to the year alone
    reasons = (
        (EvidenceState.INCOMPLETE, not _is_released(proof, fields)),
        (EvidenceState.EXPIRED, until is not None and until.latest() < on),
        (EvidenceState.NOT_YET, since is not None and since.earliest() > on),
        (EvidenceState.BLOCKED, any(_has_value(document, each) for each in proof.blocked_by)),
        (EvidenceState.INCOMPLETE, not (is_said and is_end_known)),
        (EvidenceState.DISPUTED, bool(source.disputed_fields & {path.partition(".")[0] for path in proof.fields})),
        (EvidenceState.QUARANTINED, source.is_quarantined),
        (EvidenceState.STALE, not source.is_fresh),
    )
    return next((state for state, holds in reasons if holds), EvidenceState.IN_FORCE)


def _is_released(proof: PaperProof, fields: Mapping[str, Treatment]) -> bool:
    """True if every field that is looked at was released, and what is compared as it is."""
    compared = {*(each.path for each in (*proof.condition, *proof.blocked_by)), *filter(None, (proof.until,))}
    return fields.keys() >= set(proof.fields) and all(fields[path] is Treatment.PLAIN for path in compared)


def _is_present(document: Document, path: str) -> bool:
    """True if there is a value, or a field that is only said to exist does."""
    return any(value not in (False, "", {}, []) for value in values_at(document, path))


def _has_value(document: Document, condition: FieldValues) -> bool:
    return any(_written(value) in condition.values for value in values_at(document, condition.path))


def _written(value: object) -> str:
    """Return a value of a document as the table writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _days(document: Document, path: str | None) -> list[PartialDate]:
    return [] if path is None else list(_readable_days(values_at(document, path)))


def _readable_days(values: Iterable[object]) -> Iterable[PartialDate]:
    for value in values:
        try:
            yield PartialDate.parse(str(value))
        except ValueError:
            try:
                at = vietnamese_day(from_timestamp_text(str(value)))
            except ValueError:  # a mask, or whether there is a value: it says nothing of a day
                continue
            yield PartialDate(at.year, at.month, at.day)


def _text(day: PartialDate | None) -> str | None:
    return None if day is None else str(day)
