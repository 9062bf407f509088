"""Hand-made dossiers with what each must be in the figures of January 2026, derived by hand from the rulings.

The period is from 2026-01-01 on and before 2026-02-01, Vietnamese time. For each dossier three answers stand: in time
(2.1, of what was received or ended), in time among handled ones (2.1p), online (3.3): "yes" is the numerator, "no" the
denominator alone, "unknown" neither and counted apart, "-" not in the figure.
"""

from typing import Any, NamedTuple


class HandMade(NamedTuple):
    """A dossier: the rule that it shows, its fields and steps, and the three answers."""

    rule: str
    fields: dict[str, Any]
    on_time: str
    handled: str
    online: str
    course: tuple[tuple[str, int], ...] = ()


def _of(**fields: Any) -> dict[str, Any]:
    return fields


HANDLED = {"status": 9, "received_at": "01-05 08:00", "due_at": "01-20 17:00"}
OPEN = {"status": 4, "received_at": "01-05 08:00", "due_at": "02-20 17:00"}

HAND_MADE = (
    # ended and due
    HandMade("ended before the due time", {**HANDLED, "processed_at": "01-19 10:00"}, "yes", "yes", "no"),
    HandMade("ended in the very second", {**HANDLED, "processed_at": "01-20 17:00"}, "yes", "yes", "no"),
    HandMade("ended a minute late", {**HANDLED, "processed_at": "01-20 17:01"}, "no", "no", "no"),
    HandMade(
        "midnight is the end of that day",
        {**HANDLED, "due_at": "01-20", "processed_at": "01-20 23:59"},
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "midnight of the next day is late", {**HANDLED, "due_at": "01-20", "processed_at": "01-21"}, "no", "no", "no"
    ),
    HandMade(
        "returned without an end of processing",
        _of(status=10, received_at="01-05 08:00", due_at="01-20 17:00", returned_at="01-20 16:00"),
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "9 before 10",
        {**HANDLED, "status": 10, "processed_at": "01-20 16:00", "returned_at": "01-22 09:00"},
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "received before, ended in the period",
        {**HANDLED, "received_at": "2025-12-20 08:00", "processed_at": "01-15 08:00"},
        "yes",
        "yes",
        "-",
    ),
    HandMade(
        "ended in the first second",
        {**HANDLED, "received_at": "2025-12-20 08:00", "processed_at": "01-01"},
        "yes",
        "yes",
        "-",
    ),
    HandMade(
        "ended in the first second after",
        {**HANDLED, "received_at": "01-20 08:00", "due_at": "02-10 17:00", "processed_at": "02-01"},
        "yes",
        "-",
        "no",
    ),
    HandMade(
        "ended the last minute before",
        {
            **HANDLED,
            "received_at": "2025-12-10 08:00",
            "due_at": "2025-12-20 17:00",
            "processed_at": "2025-12-31 23:59",
        },
        "-",
        "-",
        "-",
    ),
    HandMade(
        "received in the first second",
        {**HANDLED, "received_at": "01-01", "processed_at": "01-19 10:00"},
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "received in the first second after",
        {**HANDLED, "received_at": "02-01", "due_at": "02-20 17:00", "processed_at": "02-10 10:00"},
        "-",
        "-",
        "-",
    ),
    HandMade(
        "neither received nor ended in the period",
        {**HANDLED, "received_at": "2025-11-05 08:00", "processed_at": "2025-11-10 08:00"},
        "-",
        "-",
        "-",
    ),
    HandMade(
        "ended later counts to the end of the period",
        {**HANDLED, "due_at": "02-10 17:00", "processed_at": "02-15 10:00"},
        "yes",
        "-",
        "no",
    ),
    HandMade(
        "ended later, due before the end of the period",
        {**HANDLED, "due_at": "01-30 17:00", "processed_at": "02-15 10:00"},
        "no",
        "-",
        "no",
    ),
    # open
    HandMade("open and due later", OPEN, "yes", "-", "no"),
    HandMade("open and due before the end", {**OPEN, "due_at": "01-30 17:00"}, "no", "-", "no"),
    HandMade("open and due on the last day without a time", {**OPEN, "due_at": "01-31"}, "no", "-", "no"),
    HandMade("open and due on the first day after", {**OPEN, "due_at": "02-01"}, "yes", "-", "no"),
    HandMade("received status 2", {**OPEN, "status": 2}, "yes", "-", "no"),
    HandMade("registered only, nothing received", _of(status=1, submitted_at="01-05 08:00"), "-", "-", "-"),
    HandMade("registered with a time of receipt is not judged", {**OPEN, "status": 1}, "-", "-", "no"),
    # no due time
    HandMade(
        "no due time and no term is unknown",
        _of(status=9, procedure_code="1.000009", received_at="01-05 08:00", processed_at="01-06 08:00"),
        "unknown",
        "unknown",
        "no",
    ),
    HandMade(
        "open without a due time is unknown",
        _of(status=4, procedure_code="1.000009", received_at="01-05 08:00"),
        "unknown",
        "-",
        "no",
    ),
    HandMade(
        "a procedure that is not stored has no term",
        _of(status=9, procedure_code="1.777777", received_at="01-05 08:00", processed_at="01-06 08:00"),
        "unknown",
        "unknown",
        "no",
    ),
    HandMade(
        "term of 5 working days, ended in time",
        _of(status=9, procedure_code="1.000005", received_at="01-05 08:00", processed_at="01-12 08:00"),
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "term of 5 working days, a minute late",
        _of(status=9, procedure_code="1.000005", received_at="01-05 08:00", processed_at="01-12 08:01"),
        "no",
        "no",
        "no",
    ),
    HandMade(
        "New Year is no working day",
        _of(status=9, procedure_code="1.000005", received_at="2025-12-29 08:00", processed_at="01-06 08:00"),
        "yes",
        "yes",
        "-",
    ),
    HandMade(
        "term in calendar days of 24 hours",
        _of(status=9, procedure_code="1.000003", received_at="01-09 08:00", processed_at="01-12 08:00"),
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "the longest term of the channel",
        _of(status=9, procedure_code="1.000003", channel=2, received_at="01-09 08:00", processed_at="01-15 08:00"),
        "yes",
        "yes",
        "yes",
    ),
    HandMade(
        "a month ends on the last day of February",
        _of(status=9, procedure_code="1.000001", received_at="01-31 08:00", processed_at="02-28 08:01"),
        "yes",
        "-",
        "no",
    ),
    HandMade(
        "a term in prose is no term",
        _of(status=9, procedure_code="1.000008", received_at="01-05 08:00", processed_at="01-06 08:00"),
        "unknown",
        "unknown",
        "no",
    ),
    HandMade(
        "a due time that got lost is unknown, a term is none for it",
        _of(
            status=9,
            procedure_code="1.000005",
            received_at="01-05 08:00",
            due_original_at="01-20 17:00",
            processed_at="01-06 08:00",
        ),
        "unknown",
        "unknown",
        "no",
    ),
    HandMade(
        "a due time before 1990 is a placeholder",
        _of(
            status=9,
            procedure_code="1.000009",
            received_at="01-05 08:00",
            due_at="1900-01-01",
            processed_at="01-06 08:00",
        ),
        "unknown",
        "unknown",
        "no",
    ),
    # rounds
    HandMade(
        "a round is added to the due time",
        {**HANDLED, "processed_at": "01-22 17:00", "supplements": [("01-10 08:00", "01-12 08:00")]},
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "a minute more than the round",
        {**HANDLED, "processed_at": "01-22 17:01", "supplements": [("01-10 08:00", "01-12 08:00")]},
        "no",
        "no",
        "no",
    ),
    HandMade("[] is known to be none", {**HANDLED, "processed_at": "01-22 17:00", "supplements": []}, "no", "no", "no"),
    HandMade(
        "asked twice is late, handled in time",
        {
            **HANDLED,
            "processed_at": "01-19 10:00",
            "supplements": [("01-10 08:00", "01-11 08:00"), ("01-13 08:00", "01-14 08:00")],
        },
        "no",
        "yes",
        "no",
    ),
    HandMade(
        "asked twice is late without a due time too",
        _of(
            status=9,
            procedure_code="1.000009",
            received_at="01-05 08:00",
            processed_at="01-16 08:00",
            supplements=[("01-10 08:00", "01-11 08:00"), ("01-13 08:00", "01-14 08:00")],
        ),
        "no",
        "unknown",
        "no",
    ),
    HandMade(
        "two pauses are added where only the end counts",
        {
            **HANDLED,
            "processed_at": "01-22 16:00",
            "supplements": [("01-10 08:00", "01-11 08:00"), ("01-13 08:00", "01-14 08:00")],
        },
        "no",
        "yes",
        "no",
    ),
    HandMade(
        "overlapping rounds are united",
        {
            **HANDLED,
            "processed_at": "01-23 17:01",
            "supplements": [("01-10 08:00", "01-12 08:00"), ("01-11 08:00", "01-13 08:00")],
        },
        "no",
        "no",
        "no",
    ),
    HandMade(
        "the same round twice is one",
        {
            **HANDLED,
            "processed_at": "01-22 17:00",
            "supplements": [("01-10 08:00", "01-12 08:00"), ("01-10 08:00", "01-12 08:00")],
        },
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "a round never supplied pauses nothing once ended",
        {**HANDLED, "processed_at": "01-20 17:01", "supplements": [("01-10 08:00", None)]},
        "no",
        "no",
        "no",
    ),
    HandMade(
        "supplied before asked pauses nothing",
        {**HANDLED, "processed_at": "01-20 17:01", "supplements": [("01-12 08:00", "01-10 08:00")]},
        "no",
        "no",
        "no",
    ),
    HandMade(
        "a pause ends at the end",
        {**HANDLED, "processed_at": "01-21 17:00", "supplements": [("01-20 17:00", "01-30 08:00")]},
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "outstanding: judged at the request",
        {**OPEN, "status": 5, "due_at": "01-20 17:00", "supplements": [("01-15 08:00", None)]},
        "yes",
        "-",
        "no",
    ),
    HandMade(
        "outstanding: asked after the due time",
        {**OPEN, "status": 5, "due_at": "01-10 17:00", "supplements": [("01-15 08:00", None)]},
        "no",
        "-",
        "no",
    ),
    HandMade(
        "supplied after the period is outstanding then",
        {**OPEN, "due_at": "01-20 17:00", "supplements": [("01-15 08:00", "02-03 08:00")]},
        "yes",
        "-",
        "no",
    ),
    HandMade(
        "supplied in the period: to its end",
        {**OPEN, "due_at": "01-20 17:00", "supplements": [("01-10 08:00", "01-12 08:00")]},
        "no",
        "-",
        "no",
    ),
    HandMade(
        "a request after the period does not count",
        {**OPEN, "due_at": "02-10 17:00", "supplements": [("02-05 08:00", None)]},
        "yes",
        "-",
        "no",
    ),
    HandMade(
        "a second request after the period does not count",
        {
            **HANDLED,
            "due_at": "02-10 17:00",
            "processed_at": "02-20 10:00",
            "supplements": [("01-10 08:00", "01-12 08:00"), ("02-05 08:00", "02-06 08:00")],
        },
        "yes",
        "-",
        "no",
    ),
    HandMade(
        "ended in the period, supplied after it: nothing was supplied then",
        {**HANDLED, "processed_at": "01-21 10:00", "supplements": [("01-10 08:00", "02-10 08:00")]},
        "no",
        "no",
        "no",
    ),
    # moved due times
    HandMade(
        "moved by the round: its pause is not added again",
        {
            **HANDLED,
            "due_at": "01-22 17:00",
            "processed_at": "01-22 17:01",
            "supplements": [("01-10 08:00", "01-12 08:00", "01-20 17:00", "01-22 17:00")],
        },
        "no",
        "no",
        "no",
    ),
    HandMade(
        "moved by the round, in time",
        {
            **HANDLED,
            "due_at": "01-22 17:00",
            "processed_at": "01-22 17:00",
            "supplements": [("01-10 08:00", "01-12 08:00", "01-20 17:00", "01-22 17:00")],
        },
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "a round that tells it moved nothing is added",
        {
            **HANDLED,
            "due_original_at": "01-19 17:00",
            "processed_at": "01-22 17:00",
            "supplements": [("01-10 08:00", "01-12 08:00", "01-20 17:00", "01-20 17:00")],
        },
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "moved against the original: not added",
        {
            **HANDLED,
            "due_at": "01-22 17:00",
            "due_original_at": "01-20 17:00",
            "processed_at": "01-22 17:01",
            "supplements": [("01-10 08:00", "01-12 08:00")],
        },
        "no",
        "no",
        "no",
    ),
    HandMade(
        "moved earlier counts as moved",
        {
            **HANDLED,
            "due_at": "01-18 17:00",
            "due_original_at": "01-20 17:00",
            "processed_at": "01-19 10:00",
            "supplements": [("01-10 08:00", "01-12 08:00")],
        },
        "no",
        "no",
        "no",
    ),
    HandMade(
        "not moved: the original is the same",
        {
            **HANDLED,
            "due_original_at": "01-20 17:00",
            "processed_at": "01-22 17:00",
            "supplements": [("01-10 08:00", "01-12 08:00")],
        },
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "moved after the period: the due time before it counts",
        {
            **OPEN,
            "due_at": "02-20 17:00",
            "supplements": [("02-02 08:00", "02-04 08:00", "01-25 17:00", "02-20 17:00")],
        },
        "no",
        "-",
        "no",
    ),
    # refused, withdrawn, stopped
    HandMade(
        "refused and never received", _of(status=3, submitted_at="01-05 08:00", refused_at="01-06 08:00"), "-", "-", "-"
    ),
    HandMade(
        "refused after receipt ends in time", {**OPEN, "status": 3, "refused_at": "01-06 08:00"}, "yes", "-", "no"
    ),
    HandMade(
        "withdrawn before receipt", _of(status=7, submitted_at="01-05 08:00", withdrawn_at="01-06 08:00"), "-", "-", "-"
    ),
    HandMade(
        "withdrawn after receipt, before the due time",
        {**OPEN, "status": 7, "due_at": "01-20 17:00", "withdrawn_at": "01-10 08:00"},
        "yes",
        "-",
        "no",
    ),
    HandMade(
        "withdrawn after the due time",
        {**OPEN, "status": 7, "due_at": "01-20 17:00", "withdrawn_at": "01-21 08:00"},
        "no",
        "-",
        "no",
    ),
    HandMade(
        "stopped is an end",
        {**OPEN, "status": 8, "due_at": "01-20 17:00", "stopped_at": "01-15 08:00"},
        "yes",
        "-",
        "no",
    ),
    HandMade(
        "9 before 8",
        {**OPEN, "status": 8, "due_at": "01-20 17:00", "processed_at": "01-15 08:00", "stopped_at": "01-25 08:00"},
        "yes",
        "-",
        "no",
    ),
    HandMade("an end that nobody tells is unknown", {**OPEN, "status": 9}, "unknown", "unknown", "no"),
    HandMade(
        "an end of processing while it is in process is none",
        {**OPEN, "status": 4, "due_at": "01-30 17:00", "processed_at": "01-10 08:00"},
        "no",
        "-",
        "no",
    ),
    # steps
    HandMade("the end is the step's", {**HANDLED}, "yes", "yes", "no", (("01-05 08:00", 2), ("01-19 10:00", 9))),
    HandMade(
        "recalled: the last end",
        {**HANDLED},
        "no",
        "no",
        "no",
        (("01-10 10:00", 9), ("01-15 08:00", 4), ("01-25 10:00", 9)),
    ),
    HandMade(
        "steps tell a pause",
        {**HANDLED, "processed_at": "01-22 17:00"},
        "yes",
        "yes",
        "no",
        (("01-10 08:00", 5), ("01-12 08:00", 4)),
    ),
    HandMade(
        "steps of 5 and 9 pause until 9",
        {**HANDLED, "processed_at": "01-21 17:00"},
        "yes",
        "yes",
        "no",
        (("01-15 08:00", 5), ("01-21 17:00", 9)),
    ),
    HandMade(
        "rounds come before steps",
        {**HANDLED, "processed_at": "01-22 17:00", "supplements": []},
        "no",
        "no",
        "no",
        (("01-10 08:00", 5), ("01-12 08:00", 4)),
    ),
    HandMade(
        "a pause for a payment is not added",
        {**HANDLED, "processed_at": "01-22 17:00"},
        "no",
        "no",
        "no",
        (("01-10 08:00", 6), ("01-12 08:00", 4)),
    ),
    HandMade(
        "5 while 6 goes on: 5 takes the instant",
        {**HANDLED, "processed_at": "01-21 17:00", "supplements": [("01-10 08:00", "01-11 08:00")]},
        "yes",
        "yes",
        "no",
        (("01-09 08:00", 6), ("01-12 08:00", 4)),
    ),
    HandMade(
        "asked twice by steps",
        {**HANDLED, "processed_at": "01-19 10:00"},
        "no",
        "yes",
        "no",
        (("01-08 08:00", 5), ("01-09 08:00", 4), ("01-12 08:00", 5), ("01-13 08:00", 4)),
    ),
    # channels, contradictions
    HandMade("null channel is direct", {**OPEN, "channel": None}, "yes", "-", "no"),
    HandMade("online", {**OPEN, "channel": 2}, "yes", "-", "yes"),
    HandMade("by post", {**OPEN, "channel": 3}, "yes", "-", "no"),
    HandMade(
        "no time of receipt: ended in the period",
        _of(status=9, channel=2, due_at="01-20 17:00", processed_at="01-19 10:00"),
        "yes",
        "yes",
        "-",
    ),
    HandMade(
        "ended before it was received counts",
        {**HANDLED, "received_at": "01-15 08:00", "processed_at": "01-10 08:00"},
        "yes",
        "yes",
        "no",
    ),
    HandMade(
        "29 February is a day",
        {**HANDLED, "received_at": "2024-02-29 08:00", "processed_at": "01-19 10:00"},
        "yes",
        "yes",
        "-",
    ),
    HandMade("no agency counts in the whole province", {**OPEN, "agency_code": None}, "yes", "-", "no"),
)
