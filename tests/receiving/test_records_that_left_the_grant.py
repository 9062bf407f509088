"""Records that leave the grant of a route: the receiver is told, and gets them as new when they come back."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from cchc_connect import status as status_of
from cchc_connect.database.outbox.deliveries import MAX_RETRY_WAIT
from cchc_connect.database.writing.agency_changes import follow_agency
from cchc_connect.sync.report import RunStatus
from cchc_schemas import DossierStep
from tests.quick import few
from tests.receiving.agreed import CODES, FURTHER, OTHER, PROVIDER, agree, entries, outcome, states
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sync.memory_systems import dossier_codes, step_fields

IN_PROCESS: Mapping[str, Any] = {"rows": {"dossier": [{"field": "status", "eq": 4}]}}
"""Terms of an agreement that reaches dossiers with the status 4, as those of the setting have."""

A, B = CODES[:2]


def arrived(setting: ReceivingSetting) -> list[tuple[str, str, bool]]:
    """Return kind and key of what arrived, and whether it was said to be delivered before."""
    return [(arrival.kind, arrival.key, arrival.previously_delivered) for arrival in setting.portal.arrivals]


def counts(setting: ReceivingSetting) -> tuple[int, int, int]:
    """Run once; return how many messages were outside the grant, withdrawn, and not taken."""
    (line,) = (line for line in setting.sync().lines if line.kind == "push")
    return line.counts.not_granted, line.counts.withdrawn, line.counts.not_withdrawn


def test_a_record_that_leaves_the_grant_is_withdrawn_and_comes_back_as_new(agreed: ReceivingSetting) -> None:
    agree(agreed, **IN_PROCESS)
    agreed.sync()
    agreed.portal.forget_arrivals()
    agreed.holds(*dossiers(A, status=9, applicant_name="Nguyễn Thị Mẫu"))

    assert counts(agreed) == (1, 1, 0)
    assert counts(agreed) == (0, 0, 0)

    assert arrived(agreed) == [("withdrawal", A, True)]
    assert agreed.portal.arrivals[0].document["applicant_name"] is None
    assert agreed.portal.holdings.keys() == set(CODES) - {A}
    announced = entries(agreed, kind="push", message_kind="withdrawal")
    assert [(entry["outcome"], entry["keys"]) for entry in announced] == [("leaving", [A]), ("delivered", [A])]
    assert "applicant_name" not in announced[0]["fields"]

    agreed.holds(*dossiers(A, status=4))
    agreed.sync()

    assert arrived(agreed)[1:] == [("record", A, False)]
    assert agreed.portal.conflicts == []


def test_a_record_that_left_before_anything_was_sent_is_not_withdrawn(agreed: ReceivingSetting) -> None:
    agree(agreed, **IN_PROCESS)
    agreed.sync()
    agreed.portal.forget_arrivals()
    agreed.holds(*dossiers(FURTHER, status=4))
    agreed.holds(*dossiers(FURTHER, status=9))

    agreed.sync()

    assert arrived(agreed) == []


def test_of_several_versions_outside_the_latest_becomes_the_withdrawal(agreed: ReceivingSetting) -> None:
    agree(agreed, **IN_PROCESS)
    agreed.sync()
    for status in (1, 5, 9):
        agreed.holds(*dossiers(A, status=status))

    assert counts(agreed) == (3, 1, 0)
    assert states(agreed) == {"delivered": len(CODES) + 1, "not_granted": 2}


def test_a_withdrawal_keeps_its_place_among_messages_with_its_order_key(agreed: ReceivingSetting) -> None:
    agreed.routes["publish"]["from"] = ["dossier", "dossier_step"]
    agree(agreed, "dossier", "dossier_step", **IN_PROCESS)
    agreed.sync()
    agreed.portal.forget_arrivals()
    agreed.holds(*dossiers(A, status=9))
    agreed.holds(step_fields(A, 1), record_type=DossierStep)

    agreed.sync()

    assert [kind for kind, _, _ in arrived(agreed)] == ["withdrawal", "record"]


def test_a_narrower_version_withdraws_and_a_wider_one_sends_as_new(agreed: ReceivingSetting) -> None:
    """Also what did not change; under another idempotency key each time."""
    agree(agreed)
    agreed.holds(*dossiers(A, status=9))
    agreed.sync()
    agreed.portal.forget_arrivals()

    agree(agreed, version=2, **IN_PROCESS)
    agreed.sync()
    assert arrived(agreed) == [("withdrawal", A, True)]
    for version, kind in enumerate(["record", "withdrawal", "record"], start=3):
        agreed.portal.forget_arrivals()
        agree(agreed, version=version, **({} if kind == "record" else IN_PROCESS))
        agreed.sync()
        assert arrived(agreed) == [(kind, A, kind == "withdrawal")]

    assert agreed.portal.holdings.keys() == set(CODES)
    assert agreed.portal.conflicts == []


def test_what_was_sent_is_judged_in_steps(agreed: ReceivingSetting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cchc_connect.sync.push_permission.JUDGED_BATCH_SIZE", 2)
    agree(agreed)
    agreed.sync()
    agreed.portal.forget_arrivals()

    agree(agreed, version=2, rows={"dossier": [{"field": "status", "eq": 9}]})
    agreed.sync()

    assert arrived(agreed) == [("withdrawal", code, True) for code in CODES]
    assert agreed.portal.holdings == {}


def test_records_that_become_another_agencys_are_withdrawn(agreed: ReceivingSetting) -> None:
    agree(agreed)
    agreed.sync()
    agreed.portal.forget_arrivals()
    for agency, kind in ((OTHER, "withdrawal"), (PROVIDER, "record")):
        with agreed.database() as database, database.writing() as connection:
            follow_agency(connection, "desk", agency, ["dossier"])
        agreed.sync()
        assert [each for each, _, _ in arrived(agreed)] == [kind] * len(CODES)
        agreed.portal.forget_arrivals()


def test_a_receiver_that_takes_no_withdrawals_keeps_the_record_and_is_counted(agreed: ReceivingSetting) -> None:
    agreed.options = {"takes_withdrawals": False}
    agree(agreed, **IN_PROCESS)
    agreed.sync()
    agreed.holds(*dossiers(A, B, status=9))

    assert counts(agreed) == (2, 0, 2)
    assert counts(agreed) == (0, 0, 0)
    with agreed.database() as database:
        (route,) = status_of(database).routes
    assert (route.not_taken, route.not_granted) == (2, 0)
    agreed.holds(*dossiers(B, status=4))
    agreed.sync()
    agreed.portal.forget_arrivals()
    with agreed.database() as database:
        (route,) = status_of(database).routes
    assert route.not_taken == 1

    agreed.options = {"takes_withdrawals": True}
    agreed.sync()
    assert arrived(agreed) == [("withdrawal", A, True)]


def test_what_was_not_withdrawn_need_not_be_sent_when_it_comes_back(agreed: ReceivingSetting) -> None:
    agreed.options = {"takes_withdrawals": False}
    agree(agreed)
    agreed.holds(*dossiers(A, status=9))
    agreed.sync()
    agree(agreed, version=2, **IN_PROCESS)
    agreed.sync()
    assert states(agreed)["not_taken"] == 1
    agreed.portal.forget_arrivals()

    agree(agreed, version=3)
    agreed.sync()

    assert (arrived(agreed), states(agreed)["not_taken"]) == ([], 0)


def test_a_withdrawal_leaves_from_behind_records_that_wait_for_their_quota(
    agreed: ReceivingSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More wait than are read at a time; two versions outside are set aside one after the other."""
    monkeypatch.setattr("cchc_connect.sync.due_messages.DELIVERY_BATCH_SIZE", 2)
    agree(agreed, **IN_PROCESS, further={"quota": {"records_per_day": len(CODES)}})
    agreed.sync()
    agreed.portal.forget_arrivals()
    agreed.holds(*dossiers(*list(dossier_codes(len(CODES) + 4))[len(CODES) :]))
    agreed.holds(*dossiers(A, status=4, applicant_name="Nguyễn Văn Thử"))
    for status in (5, 9):
        agreed.holds(*dossiers(B, status=status))

    assert outcome(agreed)[0] is RunStatus.HELD

    assert arrived(agreed) == [("withdrawal", B, True)]
    agreed.clock.advance(timedelta(days=1))
    assert outcome(agreed) == (RunStatus.DONE, None)


def test_a_record_that_is_deleted_after_it_left_is_withdrawn_once(agreed: ReceivingSetting) -> None:
    agree(agreed)
    agreed.sync()
    agreed.portal.busy = {A}
    agree(agreed, version=2, rows={"dossier": [{"field": "status", "eq": 9}]})
    agreed.sync()
    agreed.deletes(A)
    agreed.portal.busy = set()
    agreed.clock.advance(MAX_RETRY_WAIT)

    agreed.sync()

    assert agreed.portal.holdings == {}
    assert [effect.kind for effect in agreed.portal.effects if effect.key == A] == ["record", "withdrawal"]


@pytest.mark.parametrize("seed", few(range(20), 2))
def test_the_receiver_ends_with_what_the_agreement_reaches(agreed: ReceivingSetting, seed: int) -> None:
    """Edits, deletes, versions of the agreement, lost answers and busy times at random."""
    dice, codes, live, narrow = Random(seed), list(CODES[:4]), dict.fromkeys(CODES, 4), False
    agreed.options = {"batch_limit": dice.choice([1, 3]), "max_parallel": dice.choice([1, 3])}
    agree(agreed)
    for version in range(2, 10):
        for code in dice.choices(codes, k=3):
            if code in live and dice.random() < 0.3:
                agreed.deletes(code)
                del live[code]
            else:
                live[code] = dice.choice([4, 4, 5, 9])
                agreed.holds(*dossiers(code, status=live[code]))
        if dice.random() < 0.5:
            narrow = not narrow
            agree(agreed, version=version, **(IN_PROCESS if narrow else {}))
        agreed.portal.busy = set(dice.sample(codes, dice.choice([0, 2])))
        agreed.portal.switches.drop_after_write = dice.choice([0, 0, 2])
        agreed.sync()
        agreed.clock.advance(MAX_RETRY_WAIT)
    agreed.portal.busy, agreed.portal.switches.drop_after_write = set(), 0
    agreed.sync()

    holdings = {code: document["status"] for code, document in agreed.portal.holdings.items()}
    assert holdings == {code: status for code, status in live.items() if status == 4 or not narrow}
    assert agreed.portal.conflicts == []
