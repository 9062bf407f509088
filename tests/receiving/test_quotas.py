"""The quota of a day: what counts for it, what waits, and what leaves although it is used up."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from cchc_connect.database.tables import agreement_use
from cchc_connect.sharing.facts import AgreementUse
from cchc_connect.sharing.life_cycle import suspend
from cchc_connect.sharing.stored_agreements import count_use
from cchc_connect.sync.report import RunStatus
from cchc_schemas import DossierStep, vietnamese_day
from tests.receiving.agreed import CODES, FURTHER, agree, change, entries, outcome, route_check, waiting
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sync.memory_systems import step_fields


def test_the_quota_of_a_day_lets_the_rest_wait_for_the_next_day(agreed: ReceivingSetting) -> None:
    agree(agreed, further={"quota": {"records_per_day": 4}})

    first, reason = outcome(agreed)
    again, _ = outcome(agreed)
    assert (first, again) == (RunStatus.HELD, RunStatus.HELD)
    assert reason is not None
    assert "the quota of the agreement is used up" in reason
    assert waiting(agreed) == {"waiting": 2, "delivered": 4, "dead": 0}
    assert [entry["reasons"] for entry in entries(agreed, kind="refused")] == [["quota"]]

    agreed.clock.advance(timedelta(days=1))
    assert outcome(agreed) == (RunStatus.DONE, None)
    assert [arrival.key for arrival in agreed.portal.arrivals] == list(CODES)


def test_an_outage_uses_nothing_of_a_quota(agreed: ReceivingSetting) -> None:
    agree(agreed, further={"quota": {"records_per_day": len(CODES)}})
    agreed.sync_while_down()

    assert outcome(agreed) == (RunStatus.DONE, None)
    assert len(agreed.portal.arrivals) == len(CODES)


def test_of_a_quota_only_what_was_about_to_be_sent_is_used(agreed: ReceivingSetting) -> None:
    agree(agreed, further={"quota": {"records_per_day": 6}})

    def suspend_once() -> None:
        if len(agreed.portal.arrivals) == 1:
            change(agreed, suspend)

    agreed.portal.on_message = suspend_once
    agreed.sync()

    assert used(agreed) == len(agreed.portal.arrivals) == 2


def arrived(setting: ReceivingSetting) -> list[tuple[str, str]]:
    return [(arrival.kind, arrival.key) for arrival in setting.portal.arrivals]


def test_a_withdrawal_leaves_although_the_quota_is_used_up(
    agreed: ReceivingSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also from behind more records than are read at a time; the records wait, and the route says why."""
    monkeypatch.setattr("cchc_connect.sync.due_messages.DELIVERY_BATCH_SIZE", 2)
    agree(agreed, further={"quota": {"records_per_day": 3}})
    agreed.sync()
    agreed.deletes(CODES[0])
    agreed.portal.forget_arrivals()

    first, reason = outcome(agreed)

    assert (first, arrived(agreed)) == (RunStatus.HELD, [("withdrawal", CODES[0])])
    assert reason is not None
    assert "the quota of the agreement is used up" in reason
    assert waiting(agreed) == {"waiting": 3, "delivered": 4, "dead": 0}
    assert [entry["keys"] for entry in entries(agreed, kind="push", message_kind="withdrawal", outcome="leaving")] == [
        [CODES[0]]
    ]
    assert used(agreed) == 3


def test_a_withdrawal_overtakes_no_record_with_its_order_key(agreed: ReceivingSetting) -> None:
    """The step of a dossier waits for the next day, and so does the dossier's withdrawal."""
    agreed.routes["publish"]["from"] = ["dossier", "dossier_step"]
    agree(agreed, "dossier", "dossier_step", further={"quota": {"records_per_day": len(CODES)}})
    agreed.sync()
    agreed.portal.forget_arrivals()
    agreed.holds(step_fields(CODES[0], 1), record_type=DossierStep)
    agreed.deletes(CODES[0], CODES[1])

    assert outcome(agreed)[0] is RunStatus.HELD
    assert arrived(agreed) == [("withdrawal", CODES[1])]
    assert outcome(agreed)[0] is RunStatus.HELD

    agreed.clock.advance(timedelta(days=1))
    assert outcome(agreed) == (RunStatus.DONE, None)
    assert [kind for kind, _ in arrived(agreed)] == ["withdrawal", "record", "withdrawal"]


def test_a_route_whose_quota_is_used_up_is_on_hold_only_while_records_wait(agreed: ReceivingSetting) -> None:
    agree(agreed, further={"quota": {"records_per_day": len(CODES)}})
    agreed.sync()
    assert outcome(agreed) == (RunStatus.DONE, None)

    agreed.holds(*dossiers(FURTHER))

    assert outcome(agreed)[0] is RunStatus.HELD
    assert [entry["reasons"] for entry in entries(agreed, kind="refused")] == [["quota"]]


def test_a_check_says_that_a_quota_is_used_up(agreed: ReceivingSetting) -> None:
    agree(agreed, further={"quota": {"records_per_day": len(CODES)}})
    agreed.sync()

    ((level, sentence),) = route_check(agreed)

    assert (level, "no further record leaves today" in sentence) == ("bad", True)


def used(setting: ReceivingSetting) -> int:
    """Return how many records count for the quota of the day."""
    with setting.database() as database, database.reading() as connection:
        return int(connection.execute(select(agreement_use.c.records)).scalar_one())


def test_what_others_use_of_a_quota_meanwhile_does_not_leave(agreed: ReceivingSetting) -> None:
    """A reader used up the rest while the route was sending."""
    agree(agreed, further={"quota": {"records_per_day": len(CODES)}})

    def read_by_another() -> None:
        if len(agreed.portal.arrivals) == 1:
            with agreed.database() as database, database.writing() as connection:
                use = AgreementUse(agreement="invented", day=vietnamese_day(agreed.clock.moment), dossier="", records=3)
                count_use(connection, use)

    agreed.portal.on_message = read_by_another

    assert outcome(agreed)[0] is RunStatus.HELD
    assert len(agreed.portal.arrivals) == len(CODES) - 3
    assert used(agreed) == len(CODES)
    assert waiting(agreed) == {"waiting": 3, "delivered": len(CODES) - 3, "dead": 0}
