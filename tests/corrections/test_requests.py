"""A correction request goes to who provides the record, has a last day, is answered and closed, all of it on record."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, update

from cchc_connect import Config, DiscrepancyState, SharedDatabase, discrepancies, status
from cchc_connect.corrections.administration import (
    CorrectionSubject,
    CorrectionTerm,
    answer_correction,
    assign_discrepancy_to,
    close_correction,
    open_correction,
    remind_corrections,
)
from cchc_connect.corrections.life_cycle import ActedBy
from cchc_connect.corrections.requests import (
    CorrectionFilter,
    CorrectionState,
    CorrectionStep,
    FindingKind,
    correction_requests,
)
from cchc_connect.corrections.settling import settle_requests, touched_requests
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.writing.connection_changes import rename_rows
from cchc_connect.database.writing.purge import old_correction_requests
from cchc_connect.errors import ConfigurationError, NotFound, UsageMistake
from cchc_connect.monitoring.status import CorrectionCounts
from cchc_connect.sharing.operator import operating_user
from tests.corrections.asked import (
    CONFIG,
    NOW,
    NUMBER,
    PARCEL,
    TABLES,
    ask,
    audit_bodies,
    contradict,
    discrepancy_number,
    history,
    of_area,
    read,
)
from tests.sharing.invented_agreements import BUILDING, LAND, PROVINCE
from tests.sharing.shared_records import parcel, write
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase

DUE = date(2026, 12, 14)
"""Ten working days after `NOW`."""


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address) as opened:
        contradict(opened)
        yield opened


def test_a_discrepancy_goes_to_the_agency_that_owns_the_field_with_a_last_day(database: SharedDatabase) -> None:
    """The discrepancy is reported, with the same last day and official."""
    request = ask(database, at=NOW)

    (stored,) = discrepancies(database)
    assert (request.finding, request.owner, request.requested_by) == (FindingKind.DISCREPANCY, LAND, BUILDING)
    assert (request.fields, request.due_on, request.official) == (("area_m2",), DUE, operating_user())
    assert (stored.state, stored.due_on, stored.official) == (DiscrepancyState.REPORTED, DUE, operating_user())


def test_what_an_official_saw_goes_to_the_agency_of_the_record(database: SharedDatabase) -> None:
    request = ask(database, "holders.name", at=NOW)

    assert (request.finding, request.owner, request.record_key) == (FindingKind.OBSERVED, LAND, PARCEL.key)


def test_a_field_goes_to_the_connection_that_is_declared_its_owner(database: SharedDatabase) -> None:
    declared = Config.model_validate({**TABLES, "ownership": {"land_parcel.address": "province"}})
    subject = CorrectionSubject(record_type="land_parcel", record_key=PARCEL.key, fields=["address"])

    assert open_correction(declared, database, subject, "Sai địa chỉ").owner == PROVINCE


def test_a_note_of_quality_is_named_by_its_rule_and_closed_when_it_is_gone(database: SharedDatabase) -> None:
    with database.writing() as connection:
        table = record_table("land_parcel")
        connection.execute(update(table).values(notes='[["holders.0.id_number", "number_placeholder"]]'))
    request = ask(database, "holders.id_number")
    holders = [holder.model_dump(mode="json") for holder in PARCEL.holders]

    write(database, "land", [of_area("100.5").model_copy(update={"holders": ()})])

    assert holders
    assert (request.finding, request.rule) == (FindingKind.QUALITY_NOTE, "number_placeholder")
    assert read(database, request.number).closed_at is not None


@pytest.mark.parametrize(
    ("answered", "closed"),
    [(CorrectionState.CORRECTED, False), (CorrectionState.REJECTED, False), (CorrectionState.MORE_TIME, False)],
)
def test_an_answer_is_on_record_and_leaves_the_request_to_who_asked(
    database: SharedDatabase, answered: CorrectionState, *, closed: bool
) -> None:
    number = ask(database, at=NOW).number
    until = DUE + timedelta(days=7) if answered is CorrectionState.MORE_TIME else None

    request = answer_correction(CONFIG, database, number, answered, note="Đang đo đạc lại", until=until, at=NOW)

    assert (request.state, request.closed_at is not None, request.due_on) == (answered, closed, until or DUE)
    assert [event.step for event in history(database, number)] == [CorrectionStep.OPENED, CorrectionStep.ANSWERED]
    entries = [f"commands/{body['entry']}" for body in audit_bodies(database)]
    assert [event.audit_entry for event in history(database, number)] == entries
    assert [body["state"] for body in audit_bodies(database)] == ["open", answered]


@pytest.mark.parametrize(
    ("state", "note", "until", "code"),
    [
        (CorrectionState.REJECTED, None, None, "note_missing"),
        (CorrectionState.REJECTED, "  ", None, "text_empty"),
        (CorrectionState.MORE_TIME, "x", None, "until_missing"),
        (CorrectionState.MORE_TIME, "x", DUE, "until_earlier"),
        (CorrectionState.MORE_TIME, "x", date(2026, 11, 29), "due_over"),
        (CorrectionState.CORRECTED, None, DUE, "until_unfitting"),
        (CorrectionState.WITHDRAWN, "x", None, "no_answer"),
    ],
)
def test_an_incomplete_answer_changes_nothing(
    database: SharedDatabase, state: CorrectionState, note: str | None, until: date | None, code: str
) -> None:
    before = ask(database, at=NOW)

    with pytest.raises(UsageMistake) as refused:
        answer_correction(CONFIG, database, before.number, state, note=note, until=until, at=NOW)

    assert refused.value.code == f"corrections.{code}"
    assert read(database, before.number) == before
    assert len(audit_bodies(database)) == 1


def test_the_same_is_not_asked_twice_while_it_is_open(database: SharedDatabase) -> None:
    first = ask(database)

    with pytest.raises(UsageMistake) as refused:
        ask(database, "area_m2", "holders.name")

    assert refused.value.context["number"] == first.number
    close_correction(CONFIG, database, first.number, "Đã trao đổi")
    assert ask(database, "area_m2").number != first.number


def test_a_closed_request_keeps_its_outcome_and_has_no_value_any_more(database: SharedDatabase) -> None:
    number = ask(database, "area_m2", proposed_value="260").number

    request = close_correction(CONFIG, database, number, "Rút yêu cầu")

    assert (request.state, request.proposed_value) == (CorrectionState.WITHDRAWN, None)
    assert answer_correction(CONFIG, database, number, CorrectionState.CORRECTED) == request
    assert read(database, number) == request
    with pytest.raises(NotFound):
        close_correction(CONFIG, database, number, "Lần nữa")


@pytest.mark.parametrize("answered", [True, False])
def test_a_request_ends_as_corrected_only_if_something_changed(database: SharedDatabase, *, answered: bool) -> None:
    """An agency that says so without having done it leaves the request open; another end needs to be named."""
    number = ask(database, "area_m2").number
    if answered:
        answer_correction(CONFIG, database, number, CorrectionState.CORRECTED)
    state = None if answered else CorrectionState.CORRECTED

    with pytest.raises(UsageMistake) as refused:
        close_correction(CONFIG, database, number, "Xong", state=state)

    assert refused.value.code == "corrections.nothing_changed"
    assert read(database, number).closed_at is None
    write(database, "land", [of_area("255")])
    if not answered:
        assert close_correction(CONFIG, database, number, "Xong", state=state).state is CorrectionState.CORRECTED
    assert read(database, number).state is CorrectionState.CORRECTED


def test_a_request_that_was_said_to_be_corrected_ends_otherwise_by_name(database: SharedDatabase) -> None:
    number = ask(database, "area_m2").number
    answer_correction(CONFIG, database, number, CorrectionState.CORRECTED)

    closed = close_correction(CONFIG, database, number, "Đối chiếu lại", state=CorrectionState.WITHDRAWN)

    assert (closed.state, closed.closed_at is not None) == (CorrectionState.WITHDRAWN, True)
    steps = [(event.step, event.state) for event in history(database, number)]
    assert (CorrectionStep.ANSWERED, CorrectionState.CORRECTED) in steps


def test_the_same_answer_again_is_not_stored_twice(database: SharedDatabase) -> None:
    number = ask(database, "area_m2").number

    for _ in range(2):
        answer_correction(CONFIG, database, number, CorrectionState.REJECTED, note="Đúng theo hồ sơ")

    assert [event.step for event in history(database, number)] == [CorrectionStep.OPENED, CorrectionStep.ANSWERED]


def test_a_correction_that_arrives_ends_the_discrepancy_and_closes_the_request(database: SharedDatabase) -> None:
    """The run that brought it is named in the audit log."""
    number = ask(database).number

    write(database, "land", [of_area("260")])

    request = read(database, number)
    assert (request.state, request.closed_at is not None) == (CorrectionState.CORRECTED, True)
    steps = [(event.step, event.official) for event in history(database, number)]
    assert steps[1:] == [(CorrectionStep.CHANGED, None), (CorrectionStep.CLOSED, None)]
    of_run = [body for body in audit_bodies(database) if body["chain"] == "runs"]
    assert [body["step"] for body in of_run] == ["changed", "closed"]
    assert all(body["run_id"] for body in of_run)


def test_a_change_that_settles_nothing_is_told_and_closes_nothing(database: SharedDatabase) -> None:
    """The field came with another value, which is still not that of the other agency."""
    number = ask(database).number

    write(database, "land", [of_area("255")])

    request = read(database, number)
    assert (request.state, request.closed_at) == (CorrectionState.OPEN, None)
    assert request.changed_at is not None


def test_a_change_of_another_field_is_no_correction(database: SharedDatabase) -> None:
    number = ask(database, "holders.name").number

    write(database, "land", [of_area("111")])

    assert read(database, number).changed_at is None


def test_a_discrepancy_that_ends_on_the_other_side_withdraws_the_request(database: SharedDatabase) -> None:
    number = ask(database).number

    write(database, "building", [of_area("100.5")])

    request = read(database, number)
    assert (request.state, request.changed_at) == (CorrectionState.WITHDRAWN, None)
    assert request.closed_at is not None


@pytest.mark.parametrize(("arriving", "state"), [("260", CorrectionState.CORRECTED), ("255", CorrectionState.OPEN)])
def test_a_proposed_value_that_arrives_closes_the_request(
    database: SharedDatabase, arriving: str, state: CorrectionState
) -> None:
    number = ask(database, "area_m2", proposed_value="260").number

    write(database, "land", [of_area(arriving)])

    assert read(database, number).state is state


def test_the_answer_corrected_closes_what_has_arrived_already_and_a_change_closes_what_was_answered(
    database: SharedDatabase,
) -> None:
    first = ask(database, "area_m2").number
    write(database, "land", [of_area("255")])
    assert answer_correction(CONFIG, database, first, CorrectionState.CORRECTED).closed_at is not None

    second = ask(database, "area_m2").number
    assert answer_correction(CONFIG, database, second, CorrectionState.CORRECTED).closed_at is None
    write(database, "land", [of_area("256")])
    assert read(database, second).closed_at is not None


def test_an_item_in_quarantine_goes_to_its_agency_and_closes_the_request_when_it_is_a_record(address: str) -> None:
    """No source key is in the audit log: it may be a person's number."""
    with SharedDatabase(address) as database:
        books = PulledDatabase(database)
        books.pull("land", LandRegister([parcel_item(1, id=NUMBER, sheet=None)]))
        subject = CorrectionSubject(quarantine=1)
        request = open_correction(CONFIG, database, subject, "Thiếu số tờ")
        books.pull("land", LandRegister([parcel_item(1, id=NUMBER)]))

        with database.writing() as connection:
            closed = settle_requests(connection, ActedBy(at=NOW))

        assert (request.owner, request.rule, closed) == (LAND, "missing", 1)
        assert read(database, request.number).state is CorrectionState.CORRECTED
        assert NUMBER not in str(audit_bodies(database))
        assert request.shown_key == "***0123"


def test_an_agency_is_reminded_once_a_day_of_what_is_due(database: SharedDatabase) -> None:
    number = ask(database, at=NOW).number

    early = remind_corrections(CONFIG, database, at=NOW)
    due = [remind_corrections(CONFIG, database, owner=LAND, at=NOW + timedelta(days=days)) for days in (12, 12, 13, 20)]

    assert early == []
    assert [[request.number for request in requests] for requests in due] == [[number], [], [number], [number]]
    assert remind_corrections(CONFIG, database, owner=PROVINCE, at=NOW + timedelta(days=30)) == []


def test_status_counts_what_waits_is_overdue_and_is_answered(database: SharedDatabase) -> None:
    ask(database, at=NOW)
    answered = ask(database, "holders.name", at=NOW).number
    answer_correction(CONFIG, database, answered, CorrectionState.REJECTED, note="Đúng theo hồ sơ", at=NOW)

    on_last_day, late = (status(database, at=NOW + timedelta(days=days)) for days in (14, 15))

    assert on_last_day.corrections == CorrectionCounts(waiting=1, overdue=0, answered=1)
    assert late.corrections == CorrectionCounts(waiting=1, overdue=1, answered=1)
    assert (on_last_day.overdue_discrepancies, late.overdue_discrepancies) == (0, 1)
    assert len(correction_requests(database, CorrectionFilter(overdue_on=DUE + timedelta(days=1)))) == 1


def test_a_discrepancy_has_an_official_and_a_last_day_which_end_with_it(database: SharedDatabase) -> None:
    number = discrepancy_number(database)

    due_on = assign_discrepancy_to(CONFIG, database, number, CorrectionTerm(official="lan"), at=NOW)

    (assigned,) = discrepancies(database)
    assert (assigned.due_on, assigned.official) == (due_on, "lan")
    assert [(body["step"], body["assignee"]) for body in audit_bodies(database)] == [("assigned", "lan")]
    write(database, "building", [of_area("100.5")])
    write(database, "building", [of_area("270")])
    (again,) = discrepancies(database)
    assert (again.number, again.due_on, again.official) == (number, None, "lan")


@pytest.mark.parametrize(
    ("kind", "due_on"),
    [
        ("correction", DUE),
        ("personal_data_answer", date(2026, 12, 2)),
        ("personal_data_10", date(2026, 12, 10)),
        ("personal_data_20", date(2026, 12, 21)),  # the twentieth day is a Sunday
    ],
)
def test_the_last_day_is_that_of_the_kind_of_request(database: SharedDatabase, kind: str, due_on: date) -> None:
    assert ask(database, term=CorrectionTerm(kind=kind), at=NOW).due_on == due_on


def test_a_kind_without_a_known_number_of_days_needs_a_day(database: SharedDatabase) -> None:
    """NĐ 212/2026 makes correcting a duty; a number of days was not found in it."""
    with pytest.raises(UsageMistake) as refused:
        ask(database, term=CorrectionTerm(kind="construction_data"), at=NOW)
    request = ask(database, term=CorrectionTerm(kind="construction_data", due_on=DUE), at=NOW)

    assert refused.value.code == "corrections.no_period"
    assert (request.act, request.article, request.due_on) == ("nd-212-2026", "Điều 25", DUE)
    assert audit_bodies(database)[0]["acts"] == ["nd-212-2026"]


def test_an_installation_has_periods_and_holidays_of_its_own(database: SharedDatabase, tmp_path: Path) -> None:
    periods, days = tmp_path / "periods.csv", tmp_path / "days.csv"
    periods.write_text(
        "id,days,unit,act,article,verified,vi,en,source\ncorrection,2,working,,,yes,chỉnh sửa,correction,QĐ 1\n",
        encoding="utf-8",
    )
    days.write_text("day,kind,name\n2026-12-01,off,Nghỉ\n2026-12-05,working,Làm bù\n", encoding="utf-8")
    own = Config.model_validate({**TABLES, "corrections": {"periods": str(periods), "holidays": str(days)}})
    subject = CorrectionSubject(discrepancy=discrepancy_number(database))

    assert open_correction(own, database, subject, "x", at=NOW).due_on == date(2026, 12, 3)

    periods.write_text("id,days,unit,act,article,verified,vi,en,source\na,0,weeks,,,no,a,a,a\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        open_correction(own, database, subject, "x", at=NOW)
    assert "is no number of days" in str(refused.value)
    assert "'weeks' is none of the words of this column" in str(refused.value)


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        (CorrectionSubject(), "corrections.one_subject"),
        (CorrectionSubject(discrepancy=1, quarantine=1), "corrections.one_subject"),
        (CorrectionSubject(record_type="land_parcel", record_key=PARCEL.key), "corrections.no_field"),
        (CorrectionSubject(record_type="land_parcel", fields=["area_m2"]), "corrections.one_subject"),
        (
            CorrectionSubject(record_type="land_parcel", record_key=PARCEL.key, fields=["area"]),
            "corrections.field_unknown",
        ),
        (CorrectionSubject(record_type="parcel", record_key="1", fields=["area"]), "names.record_type_unknown"),
    ],
)
def test_what_is_to_be_corrected_is_named_once_and_exists(
    database: SharedDatabase, subject: CorrectionSubject, code: str
) -> None:
    with pytest.raises(UsageMistake) as refused:
        open_correction(CONFIG, database, subject, "x")

    assert refused.value.code == code
    assert audit_bodies(database) == []


def test_an_official_who_is_none_is_not_put_in_charge(database: SharedDatabase) -> None:
    with pytest.raises(UsageMistake) as refused:
        ask(database, term=CorrectionTerm(official="nobody"))

    assert refused.value.code == "corrections.official_unknown"


def test_a_run_that_touches_nothing_asks_little_however_many_requests_are_open(database: SharedDatabase) -> None:
    numbers = [f"{number}" for number in range(500, 560)]
    write(database, "land", [parcel(number) for number in numbers])
    for number in numbers:
        subject = CorrectionSubject(record_type="land_parcel", record_key=parcel(number).key, fields=["area_m2"])
        open_correction(CONFIG, database, subject, "x")
    statements = list[str]()

    def count(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    with database.reading() as connection:
        event.listen(connection, "before_cursor_execute", count)
        touched = touched_requests(connection)

    assert touched == []
    selects = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(selects) == len(["requests", "present versions"])


def test_a_purge_takes_closed_requests_with_their_events_and_leaves_the_latest_number(
    database: SharedDatabase,
) -> None:
    first, second, third = (
        ask(database, field, at=NOW - timedelta(days=30)).number for field in ("area_m2", "address", "holders.name")
    )
    for number in (first, third):
        close_correction(CONFIG, database, number, "Xong", at=NOW)
    old = old_correction_requests("2026-12-01T00:00:00.000000Z")

    with database.writing() as connection:
        deleted = old.delete(connection, old.keys(connection, None))

    assert deleted == len([first])
    with pytest.raises(NotFound):
        read(database, first)
    assert history(database, first) == []
    assert [read(database, number).number for number in (second, third)] == [second, third]


def test_a_renamed_connection_takes_its_requests_along(database: SharedDatabase) -> None:
    number = ask(database, "area_m2").number

    with database.writing() as connection:
        rename_rows(connection, "land", "land-office")

    assert read(database, number).connection == "land-office"
    write(database, "building", [of_area("100.5")])
    assert read(database, number).closed_at is None


def test_control_characters_of_a_text_are_not_stored(database: SharedDatabase) -> None:
    """PostgreSQL stores no NUL, and a file of an agency may have one."""
    number = ask(database, reason="Sai\x00 diện tích\x1b[31m").number

    answered = answer_correction(CONFIG, database, number, CorrectionState.REJECTED, note="Đúng\x00", at=NOW)

    assert (answered.reason, answered.explanation) == ("Sai diện tích[31m", "Đúng")
