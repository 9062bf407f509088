"""Routes by an agreement: what leaves is what it grants; without one in force nothing leaves or is lost."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import Config
from cchc_connect.database.audit.chain import EntryNumber
from cchc_connect.database.audit.entries import AuditKind
from cchc_connect.database.audit.listing import AuditFilter, audit_entries, audit_entry
from cchc_connect.database.writing.agency_changes import follow_agency
from cchc_connect.diagnostics.routes import route_findings
from cchc_connect.monitoring.status import status as status_of
from cchc_connect.sharing.life_cycle import end, resume, suspend
from cchc_connect.sync.report import RunStatus
from cchc_schemas import DossierStep
from cchc_schemas.legal_acts import legal_acts
from tests.receiving.agreed import (
    CODES,
    CONSUMER,
    FURTHER,
    OTHER,
    PROVIDER,
    Step,
    agree,
    change,
    entries,
    outcome,
    pull,
    route_check,
    states,
    waiting,
)
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sharing.in_force import in_force
from tests.sync.memory_systems import (
    step_fields,
)


def test_what_leaves_is_what_the_agreement_grants(agreed: ReceivingSetting) -> None:
    agree(agreed, treatments={"dossier.applicant_phone": "masked"}, withheld=["dossier.applicant_name"])

    assert agreed.sync().outcome is RunStatus.DONE

    for arrival in agreed.portal.arrivals:
        assert arrival.document["procedure_code"] == "1.013225"
        assert arrival.document["applicant_phone"] == "***0123"
        assert arrival.document["applicant_name"] is None
    assert len(agreed.portal.holdings) == len(CODES)


def test_a_route_can_only_withhold_more(agreed: ReceivingSetting) -> None:
    agree(agreed, withheld=["dossier.submitted_at"])
    agreed.routes["publish"]["withhold"] = ["dossier.applicant_name", "dossier.applicant_phone"]

    agreed.sync()

    assert {arrival.document["applicant_name"] for arrival in agreed.portal.arrivals} == {None}
    (leaving,) = entries(agreed, kind="push", outcome="leaving")
    assert not leaving["fields"].keys() & {"applicant_name", "applicant_phone", "submitted_at"}


def test_the_audit_log_says_by_what_agreement_and_acts_which_fields_left(agreed: ReceivingSetting) -> None:
    agree(agreed, purpose="reform_indicators", acts=["qd-766-2022", "nd-13-2023"])
    assert not legal_acts()["nd-13-2023"].in_force(agreed.clock.moment.date())

    agreed.sync()

    for entry in entries(agreed, kind="push"):
        assert (entry["agreement"], entry["purpose"]) == ("invented@1", "reform_indicators")
        assert entry["acts"] == ["qd-766-2022"]
        assert (entry["provider"], entry["consumer"]) == (PROVIDER, CONSUMER)
        assert "legal_basis" not in entry


def test_each_entry_of_a_push_tells_all_fields_that_left_also_under_later_versions(agreed: ReceivingSetting) -> None:
    """They are in the log once, in what was about to leave, to which the outcomes refer."""
    agree(agreed, treatments={"dossier.applicant_phone": "masked"}, withheld=["dossier.applicant_name"])
    agreed.sync()
    agree(agreed, version=2, withheld=["dossier.applicant_phone"])
    change(agreed, end)

    with agreed.database() as database:
        listed = [numbered.entry for numbered in audit_entries(database, AuditFilter(kind=AuditKind.PUSH))]
        shown = audit_entry(database, EntryNumber("runs", listed[0].leaving or 0)).entry

    bodies = entries(agreed, kind="push")
    assert [("fields" in body, body["outcome"]) for body in bodies[:2]] == [(True, "leaving"), (False, "delivered")]
    assert len(listed) == len(CODES) + 1
    for entry in listed:
        assert entry.agreement == "invented@1"
        assert entry.fields == shown.fields == bodies[0]["fields"]
        assert entry.fields["applicant_phone"] == "masked"
        assert "applicant_name" not in entry.fields


def test_a_delay_of_the_agreement_is_in_each_entry(agreed: ReceivingSetting) -> None:
    delay = {"disclosure": "delayed", "delay": {"act": "qd-766-2022", "days": 30}}
    agree(agreed, further=delay)

    agreed.sync()

    shown_from = (agreed.clock.moment + timedelta(days=30)).date().isoformat()
    assert {entry["disclosed_from"] for entry in entries(agreed, kind="push")} == {shown_from}


@pytest.mark.parametrize("step", [suspend, end])
def test_without_an_agreement_in_force_nothing_leaves_and_nothing_is_lost(agreed: ReceivingSetting, step: Step) -> None:
    agree(agreed)
    change(agreed, step)

    status, reason = outcome(agreed)

    assert status is RunStatus.HELD
    assert reason is not None
    assert "the agreement is not in force; state: " in reason
    assert agreed.portal.arrivals == []
    assert waiting(agreed) == {"waiting": len(CODES), "delivered": 0, "dead": 0}
    assert entries(agreed, kind="push") == []


def test_an_agreement_that_is_not_stored_holds_the_route(agreed: ReceivingSetting) -> None:
    status, reason = outcome(agreed)

    assert (status, agreed.portal.arrivals) == (RunStatus.HELD, [])
    assert reason is not None
    assert "the database has no agreement invented with the agency G22" in reason


def test_when_it_is_in_force_again_the_next_run_sends(agreed: ReceivingSetting) -> None:
    agree(agreed)
    change(agreed, suspend)
    agreed.sync()
    change(agreed, resume)

    assert agreed.sync().outcome is RunStatus.DONE
    assert waiting(agreed) == {"waiting": 0, "delivered": len(CODES), "dead": 0}


def test_a_refusal_is_on_record_once_while_the_route_is_held_for_it(agreed: ReceivingSetting) -> None:
    agree(agreed)
    change(agreed, suspend)
    for _ in range(3):
        agreed.sync()
    change(agreed, resume)
    agreed.sync()
    change(agreed, suspend)
    agreed.sync()

    refused = entries(agreed, kind="refused")
    assert [entry["reasons"] for entry in refused] == [["not_in_force"], ["not_in_force"]]
    assert {(entry["route"], entry["agreement"], entry["record_type"]) for entry in refused} == {
        ("publish", "invented@1", "dossier")
    }


def test_if_one_record_type_is_refused_no_other_leaves(agreed: ReceivingSetting) -> None:
    agreed.holds(step_fields(CODES[0], 1), record_type=DossierStep)
    agreed.routes["publish"]["from"] = ["dossier", "dossier_step"]
    agree(agreed, "dossier")

    status, reason = outcome(agreed)

    assert (status, agreed.portal.arrivals) == (RunStatus.HELD, [])
    assert reason is not None
    assert "dossier_step: no agreement shares records of this type" in reason
    assert [entry["record_type"] for entry in entries(agreed, kind="refused")] == ["dossier_step"]


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"treatments": {"dossier.applicant_name": "exists"}}, "applicant_name is granted as exists"),
        ({"treatments": {"dossier.submitted_at": "year"}}, "submitted_at is granted as year"),
        ({"withheld": ["dossier.status"]}, "every record has the field status"),
        ({"withheld": ["dossier.other_papers.name"]}, "every record has the field other_papers.name"),
    ],
)
def test_what_no_message_can_have_holds_the_route_and_is_named(
    agreed: ReceivingSetting, terms: dict[str, Any], sentence: str
) -> None:
    agree(agreed, **terms)

    status, reason = outcome(agreed)

    assert (status, agreed.portal.arrivals) == (RunStatus.HELD, [])
    assert reason is not None
    assert sentence in reason
    assert [entry["reasons"] for entry in entries(agreed, kind="refused")] == [["unsendable"]]


@pytest.mark.parametrize(
    ("further", "sentence"),
    [
        ({"requires": ["official"]}, "requires an official, and a route has none"),
        ({"requires": ["dossier"]}, "requires a dossier"),
        ({"quota": {"records_per_dossier": 5}}, "requires a dossier"),
        ({"procedures": ["1.009994"]}, "is for single procedures"),
        ({"actions": ["read"]}, "does not allow push"),
    ],
)
def test_what_a_route_cannot_name_holds_it_and_says_what_to_agree_on(
    agreed: ReceivingSetting, further: dict[str, Any], sentence: str
) -> None:
    agree(agreed, further=further)

    status, reason = outcome(agreed)

    assert (status, agreed.portal.arrivals) == (RunStatus.HELD, [])
    assert reason is not None
    assert sentence in reason


def test_a_check_says_ahead_whether_a_route_will_send(agreed: ReceivingSetting) -> None:
    ((level, sentence),) = route_check(agreed)
    assert (level, "no agreement invented" in sentence) == ("bad", True)

    agree(agreed)
    ((level, sentence),) = route_check(agreed)
    assert (level, "invented@1" in sentence) == ("good", True)

    change(agreed, suspend)
    ((level, sentence),) = route_check(agreed)
    assert (level, "state: suspended" in sentence) == ("bad", True)


def test_a_check_warns_of_a_provider_of_which_there_are_no_records(agreed: ReceivingSetting) -> None:
    with agreed.database() as database:
        in_force(database, "H09.2", CONSUMER, "dossier", at=agreed.clock.moment)

    _, (level, sentence) = route_check(agreed, officials={"lan": {"agency": "H09.2"}})

    assert level == "warning"
    assert "there is no record of the agency H09.2, and no connection is its own; codes that look alike: H09.1" in (
        sentence
    )


def test_a_check_warns_of_an_agency_that_nothing_names(agreed: ReceivingSetting) -> None:
    with agreed.database() as database:
        in_force(database, "H90.1", CONSUMER, "dossier", at=agreed.clock.moment)

    _, (level, sentence) = route_check(agreed)

    assert level == "warning"
    assert "no agency has the code H90.1" in sentence


def test_a_check_before_the_first_run_says_that_no_agreement_is_stored(agreed: ReceivingSetting) -> None:
    config = Config.from_tables(agreed.tables, Path("cchc.toml"))

    (finding,) = route_findings(config, None, agreed.clock)

    assert (finding.level, finding.message.code) == ("warning", "check.route_not_stored")
    assert finding.message.context == {"agreement": "invented"}


def test_a_check_warns_before_the_agreement_of_a_route_ends(agreed: ReceivingSetting) -> None:
    agree(agreed, further={"ends": agreed.clock.moment.date() + timedelta(days=20)})

    _, (level, sentence) = route_check(agreed)

    assert level == "warning"
    assert "in 20 days (warning 30 days before)" in sentence


def test_a_suspension_between_two_messages_stops_the_second(agreed: ReceivingSetting) -> None:
    agree(agreed)

    def suspend_once() -> None:
        if len(agreed.portal.arrivals) == 2:
            change(agreed, suspend)

    agreed.portal.on_message = suspend_once

    status, _ = outcome(agreed)

    assert status is RunStatus.HELD
    assert len(agreed.portal.arrivals) == 3
    assert waiting(agreed) == {"waiting": 3, "delivered": 3, "dead": 0}
    (not_sent,) = entries(agreed, kind="push", outcome="not_sent")
    assert not_sent["keys"] == list(CODES[3:])
    assert [entry["reasons"] for entry in entries(agreed, kind="refused")] == [["not_in_force"]]


def test_at_midnight_after_its_last_day_nothing_more_leaves(agreed: ReceivingSetting) -> None:
    agree(agreed, further={"ends": agreed.clock.moment.date() + timedelta(days=1)})
    agreed.portal.on_message = lambda: agreed.clock.advance(timedelta(hours=16))

    status, _ = outcome(agreed)

    assert status is RunStatus.HELD
    assert 1 <= len(agreed.portal.arrivals) < len(CODES)


def test_a_new_version_decides_on_the_messages_after_it(agreed: ReceivingSetting) -> None:
    agree(agreed)

    def agree_anew() -> None:
        if len(agreed.portal.arrivals) == 2:
            agree(agreed, version=2, withheld=["dossier.applicant_name"])

    agreed.portal.on_message = agree_anew

    assert agreed.sync().outcome is RunStatus.DONE
    names = [arrival.document["applicant_name"] for arrival in agreed.portal.arrivals]
    assert names == ["Nguyễn Thị Mẫu"] * 3 + [None] * 3
    released = [entry["agreement"] for entry in entries(agreed, kind="push", outcome="delivered")]
    assert released == ["invented@1"] * 3 + ["invented@2"] * 3


def test_a_dry_run_says_that_nothing_would_leave(agreed: ReceivingSetting) -> None:
    (line, *_) = agreed.sync(dry_run=True).lines

    assert line.outcome is RunStatus.HELD
    assert entries(agreed) == []


@pytest.mark.parametrize("quota", [None, 3])
def test_a_dry_run_counts_what_a_run_would_send_and_what_is_not_granted(
    agreed: ReceivingSetting, quota: int | None
) -> None:
    agreed.holds(*dossiers(*CODES[:2], status=9))
    further = {} if quota is None else {"quota": {"records_per_day": quota}}
    agree(agreed, rows={"dossier": [{"field": "status", "eq": 4}]}, further=further)

    (foreseen,) = agreed.sync(dry_run=True).lines

    assert agreed.portal.arrivals == []
    (done,) = agreed.sync().lines
    assert (foreseen.counts.waiting, foreseen.counts.not_granted) == (done.counts.delivered, done.counts.not_granted)
    assert (done.counts.delivered, done.counts.not_granted) == (quota or 4, 2)
    assert (foreseen.outcome, foreseen.reason) == (done.outcome, done.reason)


def test_what_the_rows_do_not_describe_is_set_aside_and_counted(agreed: ReceivingSetting) -> None:
    agreed.holds(*dossiers(*CODES[:2], status=9))
    agree(agreed, rows={"dossier": [{"field": "status", "eq": 4}]})

    (line,) = agreed.sync().lines

    assert (line.outcome, line.counts.not_granted, line.counts.delivered) == (RunStatus.DONE, 2, 4)
    assert states(agreed) == {"delivered": 4, "not_granted": 2}
    assert {arrival.document["status"] for arrival in agreed.portal.arrivals} == {4}
    announced = [key for entry in entries(agreed, kind="push", outcome="leaving") for key in entry["keys"]]
    assert announced == list(CODES[2:])
    with agreed.database() as database:
        (route,) = status_of(database).routes
    assert (route.not_granted, route.dead) == (2, 0)


def test_records_of_another_agency_are_set_aside(agreed: ReceivingSetting) -> None:
    with agreed.database() as database:
        in_force(database, OTHER, CONSUMER, "dossier", at=agreed.clock.moment)

    (line,) = agreed.sync().lines

    assert (line.counts.not_granted, agreed.portal.arrivals) == (len(CODES), [])
    assert entries(agreed, kind="push") == []


def test_records_whose_agency_is_put_right_are_judged_anew(agreed: ReceivingSetting) -> None:
    with agreed.database() as database:
        in_force(database, OTHER, CONSUMER, "dossier", at=agreed.clock.moment)
    agreed.sync()
    with agreed.database() as database, database.writing() as connection:
        follow_agency(connection, "desk", OTHER, ["dossier"])

    (line,) = agreed.sync().lines

    assert (line.counts.delivered, states(agreed)) == (len(CODES), {"delivered": len(CODES)})


def test_another_version_judges_anew_the_latest_version_of_what_was_set_aside(agreed: ReceivingSetting) -> None:
    agree(agreed, rows={"dossier": [{"field": "status", "eq": 1}]})
    agreed.sync()
    agreed.holds(*dossiers(CODES[0], status=9))
    agreed.sync()
    assert agreed.portal.arrivals == []

    agree(agreed, version=2)
    (line,) = agreed.sync().lines

    assert line.counts.delivered == len(CODES)
    sent = {arrival.key: arrival.document["status"] for arrival in agreed.portal.arrivals}
    assert sent == {**dict.fromkeys(CODES, 4), CODES[0]: 9}
    assert states(agreed) == {"delivered": len(CODES), "not_granted": 1}


def test_a_record_that_was_set_aside_does_not_hold_its_later_version(agreed: ReceivingSetting) -> None:
    agree(agreed, rows={"dossier": [{"field": "status", "eq": 9}]})
    agreed.sync()
    agreed.holds(*dossiers(CODES[0], status=9))

    agreed.sync()

    assert [arrival.key for arrival in agreed.portal.arrivals] == [CODES[0]]


def test_a_withdrawal_needs_the_agreement_and_no_row(agreed: ReceivingSetting) -> None:
    agree(agreed)
    agreed.sync()
    agree(agreed, version=2, rows={"dossier": [{"field": "status", "eq": 9}]})
    agreed.deletes(CODES[0])

    agreed.sync()

    assert [(effect.kind, effect.key) for effect in agreed.portal.effects][-1] == ("withdrawal", CODES[0])


def test_a_withdrawal_names_the_key_and_nothing_of_what_the_record_was(agreed: ReceivingSetting) -> None:
    """Its last version is outside the grant, which reached the one that was sent."""
    agree(agreed, rows={"dossier": [{"field": "status", "eq": 4}]})
    agreed.sync()
    agreed.holds(*dossiers(CODES[0], status=9, applicant_name="Nguyễn Thị Mẫu"))
    agreed.deletes(CODES[0])

    agreed.sync()

    last = agreed.portal.arrivals[-1]
    assert (last.kind, last.key) == ("withdrawal", CODES[0])
    assert last.document["applicant_name"] is None
    (entry,) = entries(agreed, kind="push", message_kind="withdrawal", outcome="leaving")
    assert "applicant_name" not in entry["fields"]


def test_a_waiting_version_of_another_agency_does_not_leave_as_the_providers(agreed: ReceivingSetting) -> None:
    """The provider's connection became the owner before it left."""
    agree(agreed)
    agreed.sync()
    pull(agreed, "other", OTHER, dossiers(FURTHER, applicant_name="Nguyễn Văn Khác"))
    pull(agreed, "desk", PROVIDER, dossiers(FURTHER, status=5), owners={"dossier": "desk"})

    agreed.sync()

    assert [each.document["status"] for each in agreed.portal.arrivals if each.key == FURTHER] == [5]
    assert states(agreed)["not_granted"] == 1


def test_an_older_version_does_not_leave_when_the_record_of_today_is_outside(agreed: ReceivingSetting) -> None:
    agree(agreed, rows={"dossier": [{"field": "status", "eq": 4}]})
    agreed.sync()
    for status in (4, 9):
        agreed.holds(*dossiers(FURTHER, status=status))

    agreed.sync()

    assert FURTHER not in {each.key for each in agreed.portal.arrivals}
    assert states(agreed) == {"delivered": len(CODES), "not_granted": 2}


def test_a_record_type_that_a_route_dropped_stays_ended_under_a_new_version(agreed: ReceivingSetting) -> None:
    agreed.holds(step_fields(CODES[0], 1), record_type=DossierStep)
    agreed.routes["publish"]["from"] = ["dossier", "dossier_step"]
    agree(agreed, "dossier", "dossier_step", rows={"dossier_step": [{"field": "action_code", "in": ["9999"]}]})
    agreed.sync()
    assert states(agreed)["not_granted"] == 1

    agreed.routes["publish"]["from"] = ["dossier"]
    agree(agreed, "dossier", "dossier_step", version=2)
    assert outcome(agreed) == (RunStatus.DONE, None)
    assert states(agreed) == {"delivered": len(CODES), "dead": 1}

    agreed.routes["publish"]["from"] = ["dossier", "dossier_step"]
    assert outcome(agreed) == (RunStatus.DONE, None)
    assert states(agreed) == {"delivered": len(CODES) + 1}


def test_a_status_counts_only_records_that_are_not_granted_as_they_are_now(agreed: ReceivingSetting) -> None:
    agree(agreed, rows={"dossier": [{"field": "status", "eq": 9}]})
    agreed.sync()
    agreed.holds(*dossiers(CODES[0], status=9))
    agreed.sync()

    with agreed.database() as database:
        (route,) = status_of(database).routes
    assert (route.delivered, route.not_granted) == (1, len(CODES) - 1)


def test_an_agreement_with_another_agency_is_told_as_such(agreed: ReceivingSetting) -> None:
    with agreed.database() as database:
        in_force(database, PROVIDER, OTHER, "dossier", at=agreed.clock.moment)

    status, reason = outcome(agreed)

    assert (status, agreed.portal.arrivals) == (RunStatus.HELD, [])
    assert reason is not None
    assert f"invented is stored with the agency {OTHER}, and the route leads to {CONSUMER}" in reason


def test_a_suspension_after_a_batch_was_refused_holds_the_route(agreed: ReceivingSetting) -> None:
    """The records of a refused batch are sent alone; the receiver has read them in the batch."""
    agreed.options = {"batch_limit": len(CODES)}
    agreed.portal.refused = set(CODES)
    agree(agreed)

    def suspend_once() -> None:
        if not agreed.portal.arrivals:
            change(agreed, suspend)

    agreed.portal.on_message = suspend_once

    status, _ = outcome(agreed)

    assert status is RunStatus.HELD
    assert len(agreed.portal.arrivals) == len(CODES)
    retried = entries(agreed, kind="push", outcome="retry")
    assert sum(entry["count"] for entry in retried if entry["may_have_arrived"]) == len(CODES)
