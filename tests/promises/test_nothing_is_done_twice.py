"""Nothing is done twice.

Pull is idempotent by key and content, push carries a stable idempotency key over all attempts, an unchanged
source causes no row write at all.
"""

from datetime import UTC, datetime, timedelta

from cchc_connect import RunEnvironment
from tests.promises.setting import ProvinceSetting
from tests.sync.memory_systems import ManualClock


def test_a_second_run_against_unchanged_sources_does_nothing(province: ProvinceSetting) -> None:
    """No row is written, no message is sent, and the database is unchanged."""
    province.sync()
    before, messages = province.content(), province.agencies.national_portal.message_count

    again = province.sync()

    assert (again.rows_written, again.messages_delivered) == (0, 0)
    assert province.content() == before
    assert province.agencies.national_portal.message_count == messages


def test_only_changed_records_are_written(province: ProvinceSetting) -> None:
    """After an edit at the sources a run writes the edited records and no others."""
    province.sync()
    edit = province.agencies.edit(seed=5, share=0.2)

    again = province.sync()

    written = {line.record_type: line.counts.rows_written for line in again.lines if line.kind == "pull"}
    assert {kind: count for kind, count in written.items() if count} == {
        kind: count for kind, count in edit.counts().items() if count
    }
    assert province.is_complete()


def test_messages_whose_responses_are_lost_have_their_effect_once(province: ProvinceSetting) -> None:
    """If the portal applied a message and its response was lost, sending it again changes nothing."""
    undisturbed = province.agencies.national_portal
    undisturbed.switches.drop_after_write = 3
    clock = ManualClock(moment=datetime(2026, 11, 1, tzinfo=UTC))

    for _ in range(4):
        province.sync(RunEnvironment(clock=clock))
        clock.advance(timedelta(hours=2))

    sent = {code: payload["TrangThaiHoSo"] for code, payload in undisturbed.dossiers.items()}
    assert undisturbed.switches.drop_after_write == 0
    assert undisturbed.change_count == len(sent) + len(undisturbed.steps)
    assert len({str(step) for step in undisturbed.steps}) == len(undisturbed.steps)
