"""Nothing is done twice.

Pull is idempotent by key and content, push carries a stable idempotency key over all attempts, an unchanged
source causes no row write at all.
"""

from datetime import UTC, datetime, timedelta

from cchc_connect import Surroundings
from tests.promises.province import Province
from tests.sync.village import HandClock


def test_a_second_run_against_unchanged_sources_does_nothing(province: Province) -> None:
    """Nothing is done twice: 0 rows written, 0 messages sent, and the database is as it was."""
    province.sync()
    before, told = province.content(), province.agencies.national_portal.messages_received

    again = province.sync()

    assert (again.rows_written, again.messages_delivered) == (0, 0)
    assert province.content() == before
    assert province.agencies.national_portal.messages_received == told


def test_only_what_changed_moves(province: Province) -> None:
    """After an edit at the sources a run writes the edited records and no other."""
    province.sync()
    edit = province.agencies.edit(seed=5, share=0.2)

    again = province.sync()

    written = {line.record_type: line.counts.rows_written for line in again.lines if line.kind == "pull"}
    assert {kind: count for kind, count in written.items() if count} == {
        kind: count for kind, count in edit.counts().items() if count
    }
    assert province.is_complete()


def test_answers_that_get_lost_have_their_effect_once(province: Province) -> None:
    """Where the portal applied a message and its answer was lost, sending it again changes nothing more."""
    undisturbed = province.agencies.national_portal
    undisturbed.switches.drop_after_write = 3
    clock = HandClock(moment=datetime(2026, 11, 1, tzinfo=UTC))

    for _ in range(4):
        province.sync(Surroundings(clock=clock))
        clock.pass_time(timedelta(hours=2))

    sent = {code: payload["TrangThaiHoSo"] for code, payload in undisturbed.dossiers.items()}
    assert undisturbed.switches.drop_after_write == 0
    assert undisturbed.effects == len(sent) + len(undisturbed.steps)
    assert len({str(step) for step in undisturbed.steps}) == len(undisturbed.steps)
