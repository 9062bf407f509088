"""Rows of procedures, feedback, ratings and agencies, each a pure function of one record."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from cchc_connect.kpi.facts import Document, ProcedureFacts, flag
from cchc_connect.kpi.instants import DAY_S, day_of_second, seconds_of, seconds_of_day
from cchc_connect.kpi.working_time import DAY, MONTH, UNIT_WORDS, Term, WorkingTime
from cchc_schemas import PartialDate

MINISTRY_LEVEL = 0

ANNOUNCED_BEFORE = {True: 20, False: 5}
"""Working days before its first day in force by which a procedure is to be announced: of a ministry, of a province.

Source: QĐ 766/QĐ-TTg (2022), 1.1.
"""

PUBLISHED_WITHIN = {True: 10, False: 5}
"""Working days after its decision within which a procedure is to be made public. Source: QĐ 766/QĐ-TTg (2022), 1.2."""

REJECT_WITHIN, ASK_WITHIN, ANSWER_WITHIN, PUBLISH_WITHIN = 2, 5, 15, 2
"""Working days for each step of feedback. Source: QĐ 766/QĐ-TTg (2022), 5.2."""

_CITIZEN_WORD = "công dân"


def procedure_row(document: Document, working_time: WorkingTime) -> Mapping[str, Any]:
    """Return the row of `kpi_procedure`."""
    terms = procedure_terms(document)
    is_ministry = MINISTRY_LEVEL in document["levels"]
    decided, effective, published = (_day(document[name]) for name in ("decided_on", "effective_on", "published_on"))
    announced = publish_due = None
    if decided is not None:
        publish_due = working_time.after(decided, PUBLISHED_WITHIN[is_ministry])
        if effective is not None:
            announced = int(working_time.after(decided, ANNOUNCED_BEFORE[is_ministry]) <= effective)
    units = {DAY if term.unit == MONTH else term.unit for term in terms}
    level = document["service_level"]
    return {
        "code": document["code"],
        "is_public": int(document["is_public"]),
        "level": None if level is None else int(level),
        "eligible_online": flag(document["is_eligible_online"]),
        "eligible_full": flag(document["is_eligible_full"]),
        "on_portal": flag(document["is_on_national_portal"]),
        "has_fee": flag(document["has_fee"]),
        "gives_paper": flag(document["gives_paper_result"]),
        "pays_online": flag(document["accepts_online_payment"]),
        "for_citizens": _is_for_citizens(document["subjects"]),
        "decided": _first_second(decided),
        "effective": _first_second(_earliest(document["effective_on"])),
        "announced_in_time": announced,
        "published": _first_second(published),
        "publish_due": _first_second(publish_due),
        "terms": json.dumps([(term.channel, term.unit, str(term.amount)) for term in terms]),
        "unit": units.pop() if len(units) == 1 else None,
    }


def procedure_terms(document: Document) -> Sequence[Term]:
    """Return the terms of a procedure whose unit and number can be read."""
    return [
        Term(channel["channel"], unit, Decimal(term["duration"]))
        for channel in document["channels"]
        for term in channel["terms"]
        if (unit := UNIT_WORDS.get((term["unit"] or "").strip().casefold())) and term["duration"] is not None
    ]


def procedure_facts(row: Mapping[str, Any]) -> ProcedureFacts:
    """Return what facts take from a row of `kpi_procedure`."""
    terms = [Term(channel, unit, Decimal(amount)) for channel, unit, amount in json.loads(row["terms"])]
    return ProcedureFacts(
        level=row["level"],
        eligible_full=row["eligible_full"],
        for_citizens=row["for_citizens"],
        has_fee=row["has_fee"],
        gives_paper=row["gives_paper"],
        terms=terms,
        unit=row["unit"],
    )


def executing_agencies(document: Document) -> Sequence[str]:
    """Return the codes of the agencies that carry a procedure out."""
    return sorted({agency["code"] for agency in document["executing_agencies"] if agency["code"]})


def feedback_row(document: Document, working_time: WorkingTime) -> Mapping[str, Any]:
    """Return the row of `kpi_feedback`: due at the end of the last working day of its step, 15 days if unknown."""
    names = ("received_at", "rejected_at", "supplement_asked_at", "answered_at", "published_at")
    received, rejected, asked_at, answered, published = (seconds_of(document[name]) for name in names)
    likes, dislikes = document["likes"], document["dislikes"]

    def limit(start: int, days: int) -> int:
        return seconds_of_day(working_time.after(day_of_second(start), days)) + DAY_S - 1

    def in_time(at: int | None, start: int | None, days: int) -> int | None:
        return None if at is None or start is None else int(at <= limit(start, days))

    within = REJECT_WITHIN if rejected is not None and answered is None else ANSWER_WITHIN
    return {
        "code": document["code"],
        "agency": document["agency_code"],
        "dossier": document["dossier_code"],
        "received": received,
        "due": None if received is None else limit(received, within),
        "done": rejected if answered is None else answered,
        "asked_in_time": in_time(asked_at, received, ASK_WITHIN),
        "published_in_time": in_time(published, answered, PUBLISH_WITHIN),
        "disliked": None if likes is None or dislikes is None else int(dislikes > likes),
        "repeated": flag(document["is_repeated"]),
    }


def rating_row(document: Document) -> Mapping[str, Any] | None:
    """Return the row of `kpi_rating`; None if its instant is a placeholder."""
    at = seconds_of(document["at"])
    if at is None:
        return None
    names = {"code": "code", "agency": "agency_code", "dossier": "dossier_code", "overall": "overall"}
    row = {column: document[name] for column, name in names.items()}
    return {
        "code": row["code"],
        "agency": row["agency"],
        "dossier": row["dossier"],
        "at": at,
        "overall": row["overall"],
    }


def opinion(record_type: str, document: Document) -> tuple[str, int] | None:
    """Return the dossier that feedback complains about or a rating dislikes, and when; None if it does neither."""
    dossier = document["dossier_code"]
    is_against = record_type == "feedback" or document["is_liked"] is False
    at = seconds_of(document["received_at" if record_type == "feedback" else "at"])
    return (dossier, at) if dossier is not None and is_against and at is not None else None


def agency_row(document: Document) -> Mapping[str, Any]:
    """Return the row of `kpi_agency`."""
    codes = {document["code_qcvn_102"], document["code_qd_20"]} - {None, document["code"]}
    last = document["valid_to"]
    return {
        "code": document["code"],
        "codes": json.dumps(sorted(codes)),
        "parent": document["parent_code"],
        "successors": json.dumps([successor["code"] for successor in document["successors"] or ()]),
        "valid_to": None if last is None else PartialDate.parse(last).latest().isoformat(),
    }


def _is_for_citizens(subjects: Sequence[Document] | None) -> int | None:
    if subjects is None:
        return None
    return int(any(_CITIZEN_WORD in subject["name"].casefold() for subject in subjects))


def _earliest(written: str | None) -> date | None:
    return None if written is None else PartialDate.parse(written).earliest()


def _day(written: str | None) -> date | None:
    """Return a day that is known to the day."""
    if written is None:
        return None
    partial = PartialDate.parse(written)
    return partial.earliest() if partial.day is not None else None


def _first_second(day: date | None) -> int | None:
    return None if day is None else seconds_of_day(day)
