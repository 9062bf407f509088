"""The closed list of predicates that definitions combine: each in SQL, in Python, and with the fields that it reads.

A predicate is true, false or unknown (null, None), in SQL as in Python: what nobody stated is never counted as a yes or
a no. Their sentences in both languages are in `definitions/predicates.toml`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, case, null, or_, true

from cchc_connect.database.kpi_tables import kpi_fact, kpi_feedback, kpi_procedure, kpi_rating
from cchc_connect.kpi.deadlines import as_decree, in_time, is_as_decree, is_in_time
from cchc_connect.kpi.ends import PROCESSED, REFUSED, REGISTERED, RETURNED, WITHDRAWN
from cchc_connect.kpi.windows import Fact, KpiWindow, Truth, closing_statuses, either, end_second, ended_column

ONLINE, DIRECT, POST = 2, 1, 3
PARTLY_ONLINE, WHOLLY_ONLINE = 3, 4
"""Levels of online service (một phần, toàn trình). Source: `service_levels.csv`."""

PAID_ONLINE = (1, 2)
"""Paid on the national portal, or through a gateway. Source: QĐ 766/QĐ-TTg (2022), 3.6."""

SATISFIED = (2, 3)
"""Satisfied, very satisfied. Source: NĐ 61/2018/NĐ-CP."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """One predicate on rows of one table."""

    name: str
    table: Table
    sql: Callable[[KpiWindow], ColumnElement[bool]]
    python: Callable[[Fact, KpiWindow], Truth]
    reads: tuple[str, ...]
    """Columns that it reads."""


_f = kpi_fact.c


def _is(name: str, column: str, *values: int, table: Table = kpi_fact) -> Predicate:
    """Return the predicate that a column has one of these values; null is unknown."""
    of_table = table.c[column]

    def in_sql(_: KpiWindow) -> ColumnElement[bool]:
        return of_table == values[0] if len(values) == 1 else of_table.in_(values)

    return Predicate(
        name, table, in_sql, lambda row, _: None if row[column] is None else row[column] in values, (column,)
    )


def _within(column: ColumnElement[Any], window: KpiWindow) -> ColumnElement[bool]:
    return and_(column.is_not(None), column >= window.start, column < window.end)


def _is_within(second: int | None, window: KpiWindow) -> bool:
    return second is not None and window.start <= second < window.end


def _ended_in_period(window: KpiWindow) -> ColumnElement[bool]:
    """Return whether a dossier ended in the period; unknown where nobody says when, of one received in it."""
    ended = ended_column(window)
    lacks_end = and_(_f.status.in_(closing_statuses(window)), ended.is_(None), _within(_f.received, window))
    return case((lacks_end, null()), else_=_within(ended, window))


def _is_ended_in_period(row: Fact, window: KpiWindow) -> Truth:
    ended = end_second(row, window)
    if ended is None and row["status"] in closing_statuses(window) and _is_within(row["received"], window):
        return None
    return _is_within(ended, window)


def _received_or_ended(window: KpiWindow) -> ColumnElement[bool]:
    return or_(_within(_f.received, window), _within(ended_column(window), window))


def _once(window: KpiWindow) -> ColumnElement[bool]:
    return or_(_f.asked_2.is_(None), _f.asked_2 >= window.end)


def _never(status: int) -> tuple[Callable[[KpiWindow], ColumnElement[bool]], Callable[[Fact, KpiWindow], Truth]]:
    """Return the predicate that a dossier of this status was received before, which any other status leaves open."""
    return (
        lambda _: or_(_f.status != status, _f.received.is_not(None)),
        lambda row, _: row["status"] != status or row["received"] is not None,
    )


def _complained(window: KpiWindow) -> ColumnElement[bool]:
    return and_(_f.complained.is_not(None), _f.complained < window.end)


_b, _p, _r = kpi_feedback.c, kpi_procedure.c, kpi_rating.c

_DUE_FIELDS = ("due", "due_0", "due_1", "added_5", "added_all", "added_1", "ended", "asked_1", "supplied_1", "status")

_DOSSIERS = (
    Predicate(
        "received_in_period",
        kpi_fact,
        lambda w: _within(_f.received, w),
        lambda row, w: _is_within(row["received"], w),
        ("received",),
    ),
    Predicate(
        "ended_in_period",
        kpi_fact,
        _ended_in_period,
        _is_ended_in_period,
        ("ended", "status", "received"),
    ),
    Predicate(
        "received_or_ended_in_period",
        kpi_fact,
        _received_or_ended,
        lambda row, w: _is_within(row["received"], w) or _is_within(end_second(row, w), w),
        ("received", "ended", "status"),
    ),
    Predicate(
        "beyond_registered",
        kpi_fact,
        lambda _: _f.status != REGISTERED,
        lambda row, _: row["status"] != REGISTERED,
        ("status",),
    ),
    Predicate("not_refused_at_intake", kpi_fact, *_never(REFUSED), ("status", "received")),
    Predicate("withdrawn_after_receipt", kpi_fact, *_never(WITHDRAWN), ("status", "received")),
    _is("processed_or_returned", "status", PROCESSED, RETURNED),
    _is("refused", "status", REFUSED),
    Predicate(
        "asked_at_most_once",
        kpi_fact,
        _once,
        lambda row, w: row["asked_2"] is None or row["asked_2"] >= w.end,
        ("asked_2",),
    ),
    Predicate("in_time", kpi_fact, in_time, is_in_time, _DUE_FIELDS),
    Predicate("in_time_as_the_decree_writes", kpi_fact, as_decree, is_as_decree, _DUE_FIELDS),
    Predicate(
        "online",
        kpi_fact,
        lambda _: and_(_f.channel.is_not(None), _f.channel == ONLINE),
        lambda row, _: row["channel"] == ONLINE,
        ("channel",),
    ),
    Predicate(
        "direct",
        kpi_fact,
        lambda _: or_(_f.channel.is_(None), _f.channel == DIRECT),
        lambda row, _: row["channel"] in {None, DIRECT},
        ("channel",),
    ),
    _is("by_post", "channel", POST),
    _is("known_channel_is_online", "channel", ONLINE),
    Predicate(
        "result_linked_if_paper",
        kpi_fact,
        lambda _: or_(_f.needs_paper == 0, _f.result_linked == 1),
        lambda row, _: either(_equal(row, "needs_paper", 0), _equal(row, "result_linked", 1)),
        ("needs_paper", "result_linked"),
    ),
    _is("of_online_procedure", "level", PARTLY_ONLINE, WHOLLY_ONLINE),
    _is("of_wholly_online_procedure", "level", WHOLLY_ONLINE),
    _is("of_procedure_fit_for_full", "eligible_full", 1),
    _is("of_procedure_for_citizens", "for_citizens", 1),
    Predicate(
        "authenticated",
        kpi_fact,
        lambda _: or_(_f.authenticated == 1, _f.signed == 1),
        lambda row, _: either(_equal(row, "authenticated", 1), _equal(row, "signed", 1)),
        ("authenticated", "signed"),
    ),
    _is("of_procedure_with_fee", "has_fee", 1),
    _is("not_every_fee_zero", "all_fees_zero", 0),
    _is("paid_online", "payment", *PAID_ONLINE),
    _is("of_procedure_with_paper", "needs_paper", 1),
    _is("result_linked", "result_linked", 1),
    _is("papers_filed", "papers_filed", 1),
    Predicate(
        "digitised_or_reused",
        kpi_fact,
        lambda _: or_(_f.digitised == 1, _f.reused == 1),
        lambda row, _: either(_equal(row, "digitised", 1), _equal(row, "reused", 1)),
        ("digitised", "reused"),
    ),
    _is("from_national_store", "national_store", 1),
    Predicate(
        "population_data_used",
        kpi_fact,
        lambda _: or_(_f.authenticated == 1, _f.national_store == 1, _f.population_database == 1),
        lambda row, _: either(
            *(_equal(row, name, 1) for name in ("authenticated", "national_store", "population_database"))
        ),
        ("authenticated", "national_store", "population_database"),
    ),
    Predicate(
        "complained_of",
        kpi_fact,
        _complained,
        lambda row, w: row["complained"] is not None and row["complained"] < w.end,
        ("complained",),
    ),
    Predicate(
        "not_complained_of",
        kpi_fact,
        lambda w: ~_complained(w),
        lambda row, w: row["complained"] is None or row["complained"] >= w.end,
        ("complained",),
    ),
)


def _equal(row: Fact, column: str, value: int) -> Truth:
    return None if row[column] is None else row[column] == value


def _on_procedures(name: str, column: str, *values: int) -> Predicate:
    return _is(name, column, *values, table=kpi_procedure)


_PROCEDURES = (
    Predicate(
        "public_and_in_force",
        kpi_procedure,
        lambda w: and_(_p.is_public == 1, or_(_p.effective.is_(None), _p.effective < w.end)),
        lambda row, w: row["is_public"] == 1 and (row["effective"] is None or row["effective"] < w.end),
        ("is_public", "effective"),
    ),
    _on_procedures("fit_for_online", "eligible_online", 1),
    _on_procedures("fit_for_full", "eligible_full", 1),
    _on_procedures("for_citizens", "for_citizens", 1),
    _on_procedures("online_partly_or_wholly", "level", PARTLY_ONLINE, WHOLLY_ONLINE),
    _on_procedures("online_wholly", "level", WHOLLY_ONLINE),
    _on_procedures("on_national_portal", "on_portal", 1),
    _on_procedures("with_fee", "has_fee", 1),
    _on_procedures("payable_online", "pays_online", 1),
    Predicate(
        "decided_in_period",
        kpi_procedure,
        lambda w: _within(_p.decided, w),
        lambda row, w: _is_within(row["decided"], w),
        ("decided",),
    ),
    _on_procedures("announced_in_time", "announced_in_time", 1),
    Predicate(
        "published_or_due_in_period",
        kpi_procedure,
        lambda w: or_(_within(_p.published, w), _within(_p.publish_due, w)),
        lambda row, w: _is_within(row["published"], w) or _is_within(row["publish_due"], w),
        ("published", "publish_due"),
    ),
    Predicate(
        "published_in_time",
        kpi_procedure,
        lambda _: case(
            (_p.published.is_not(None), _p.published <= _p.publish_due), (_p.is_public == 0, ~true()), else_=null()
        ),
        lambda row, _: (
            (None if row["publish_due"] is None else row["published"] <= row["publish_due"])
            if row["published"] is not None
            else (False if row["is_public"] == 0 else None)
        ),
        ("published", "publish_due", "is_public"),
    ),
)


def _answered(window: KpiWindow) -> ColumnElement[bool]:
    in_time = case((_b.done < window.end, _b.done <= _b.due), else_=_b.due >= window.end)
    return and_(
        in_time,
        or_(_b.asked_in_time.is_(None), _b.asked_in_time == 1),
        or_(_b.published_in_time.is_(None), _b.published_in_time == 1),
    )


def _is_answered(row: Fact, window: KpiWindow) -> Truth:
    if any(row[column] not in {None, 1} for column in ("asked_in_time", "published_in_time")):
        return False
    if row["due"] is None:
        return None
    done = row["done"]
    in_time = done <= row["due"] if done is not None and done < window.end else row["due"] >= window.end
    return bool(in_time)


_FEEDBACK = (
    Predicate(
        "due_in_period", kpi_feedback, lambda w: _within(_b.due, w), lambda row, w: _is_within(row["due"], w), ("due",)
    ),
    Predicate(
        "feedback_received_in_period",
        kpi_feedback,
        lambda w: _within(_b.received, w),
        lambda row, w: _is_within(row["received"], w),
        ("received",),
    ),
    Predicate("answered_in_time", kpi_feedback, _answered, _is_answered, ("due", "done", "asked_in_time")),
    _is("answer_not_disliked", "disliked", 0, table=kpi_feedback),
    _is("not_repeated", "repeated", 0, table=kpi_feedback),
)

_RATINGS = (
    Predicate(
        "rated_in_period", kpi_rating, lambda w: _within(_r.at, w), lambda row, w: _is_within(row["at"], w), ("at",)
    ),
    _is("satisfied", "overall", *SATISFIED, table=kpi_rating),
)

PREDICATES: Mapping[str, Predicate] = {
    predicate.name: predicate for predicate in (*_DOSSIERS, *_PROCEDURES, *_FEEDBACK, *_RATINGS)
}
"""Name -> predicate; definitions name no other."""
