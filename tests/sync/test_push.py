"""Rules of pushing a route: order, retries, dead letters, receipts, the audit log."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from cchc_connect.adapter import DeliveryStatus, Target
from cchc_connect.database.outbox.deliveries import ENQUEUE_BATCH_SIZE, MAX_ATTEMPTS, MAX_RETRY_WAIT, route_states
from cchc_connect.database.private_copy import private_copy
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.incoming import PageBatch, WriteContext
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.errors import AuthenticationFailed, CchcError, SourceHeld, Unreachable
from cchc_connect.sync.outgoing import Route
from cchc_connect.sync.pull import Pull
from cchc_connect.sync.push import Push
from cchc_connect.sync.push_permission import RECHECK_S, PermissionLapsed, PushPermission
from cchc_connect.sync.run_context import RunContext
from cchc_schemas import Dossier, DossierStep
from tests.audit_log import broken_entry
from tests.databases import on_sqlite_only
from tests.sync.agreement import agreement_of
from tests.sync.memory_systems import (
    DossierRegister,
    ManualClock,
    MemoryTarget,
    NoRequestTransport,
    UnfencedRunContext,
    dossier_codes,
    dossier_fields,
    step_fields,
)

A, B, C = dossier_codes(3)


class Office:
    """A shared database with one route to a target for dossiers and steps."""

    def __init__(self, database: SharedDatabase) -> None:
        self.database = database
        self.clock = ManualClock()
        self.agreement = agreement_of(database, "dossier", "dossier_step", at=self.clock.moment)
        self.dossiers = MemoryTarget(Dossier)
        self.steps = MemoryTarget(DossierStep, batch_limit=10)
        self.withhold: tuple[str, ...] = ()

    @property
    def run_context(self) -> RunContext:
        return UnfencedRunContext(run_id="run", database=self.database, clock=self.clock, token=None)

    def holds(self, dossiers: list[dict[str, Any]], steps: list[dict[str, Any]] | None = None) -> None:
        """Pull these dossiers and steps into the shared database."""
        for record_type, items in ((Dossier, dossiers), (DossierStep, steps or [])):
            if items:
                stream = Stream(connection="desk", record_type=record_type.record_type, agency="H09.1")
                Pull(DossierRegister(items, record_type), stream, NoRequestTransport(), self.run_context).run()

    def pending(self) -> dict[str, int]:
        """Return how many messages of each record type a dry run counts."""
        with private_copy(self.database) as copy:
            dry = RunContext(run_id="dry", database=copy, clock=self.clock, token=None, is_on_copy=True)
            push = Push(self.route, NoRequestTransport(), dry)
            push.count_pending()
        return {record_type: counts.waiting for record_type, counts in push.counts.items()}

    def push(self, *failures: CchcError | None) -> Push:
        """Run the route once."""
        push = Push(self.route, NoRequestTransport(failures), self.run_context)
        push.run()
        return push

    @property
    def route(self) -> Route:
        targets: Mapping[str, Target] = {"dossier": self.dossiers, "dossier_step": self.steps}
        return Route(
            name="portal",
            connection="national-portal",
            record_types=("dossier", "dossier_step"),
            receiver="G22",
            account="sync",
            agreement=replace(self.agreement, withhold=self.withhold),
            targets=targets,
        )

    def state(self) -> tuple[Any, ...]:
        """Return the number of messages waiting, delivered and dead."""
        with self.database.reading() as connection:
            (counts,) = route_states(connection)
        return counts["waiting"], counts["delivered"], counts["dead"]


@pytest.fixture
def office(address: str) -> Iterator[Office]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield Office(database)


def test_each_change_is_sent_once(office: Office) -> None:
    """A change is delivered, and a second run sends nothing."""
    office.holds([dossier_fields(A), dossier_fields(B)], [step_fields(A, 1)])

    office.push()
    office.push()

    assert office.dossiers.keys == [A, B]
    assert len(office.steps.keys) == 1
    assert office.state() == (0, 3, 0)


def test_only_changed_records_are_sent_and_marked_as_known(office: Office) -> None:
    """A further version is sent as an update of what the target has."""
    office.holds([dossier_fields(A), dossier_fields(B)])
    office.push()
    office.holds([dossier_fields(A), dossier_fields(B, status=9)])

    office.push()

    assert [
        [(sent.record.key, sent.previously_delivered) for sent in message] for message in office.dossiers.received
    ] == [
        [(A, False)],
        [(B, False)],
        [(B, True)],
    ]


def test_a_version_after_one_that_was_accepted_in_the_same_run_is_an_update(office: Office) -> None:
    """A target that creates and updates by different calls would create the record twice."""
    office.holds([dossier_fields(A)])
    office.push()
    for status in (9, 10):
        office.holds([dossier_fields(A, status=status), dossier_fields(B, status=status)])

    office.push()

    sent = [(sent.record.key, sent.previously_delivered) for message in office.dossiers.received for sent in message]
    assert sent == [(A, False), (A, True), (B, False), (A, True), (B, True)]


@on_sqlite_only
def test_messages_are_sent_in_batches_of_the_targets_size(office: Office) -> None:
    """No message holds more than the target's limit."""
    office.holds([dossier_fields(A)], [step_fields(A, minute) for minute in range(23)])

    office.push()

    assert [len(message) for message in office.steps.received] == [10, 10, 3]


def test_a_refused_record_does_not_hold_the_others(office: Office) -> None:
    """One refused record in a batch becomes a dead letter; the others are delivered."""
    office.holds([dossier_fields(A)], [step_fields(A, minute) for minute in range(4)])
    refused = f"{A}@20260302T080200Z@Thẩm định hồ sơ"
    office.steps.outcomes = {refused: DeliveryStatus.REFUSED}

    office.push()

    assert refused in office.steps.keys
    assert len(office.steps.effects) == 3
    assert office.state() == (0, 4, 1)


def test_a_failed_message_holds_back_its_own_order_key_only(office: Office) -> None:
    """Order is kept for each dossier; other dossiers are sent."""
    office.holds([dossier_fields(A), dossier_fields(B)], [step_fields(A, 1), step_fields(B, 1)])
    office.dossiers.outcomes = {A: DeliveryStatus.RETRY}

    office.push()

    assert list(office.dossiers.effects) == [B]
    assert [record.order_key for record in office.steps.effects.values()] == [B]
    assert office.state() == (2, 2, 0)


def test_a_failed_message_is_sent_again_before_its_successors(office: Office) -> None:
    """Messages that were held back are sent in order once the target accepts them, with the same idempotency key."""
    office.holds([dossier_fields(A)], [step_fields(A, 1)])
    office.dossiers.outcomes = {A: DeliveryStatus.RETRY}
    office.push()
    office.dossiers.outcomes = {}
    office.clock.advance(MAX_RETRY_WAIT)

    office.push()

    first, second = (message[0] for message in office.dossiers.received)
    assert first.idempotency_key == second.idempotency_key
    assert office.state() == (0, 2, 0)


@on_sqlite_only
def test_a_message_is_not_tried_again_before_its_time(office: Office) -> None:
    """A run right after a failed one sends nothing."""
    office.holds([dossier_fields(A)])
    office.dossiers.outcomes = {A: DeliveryStatus.RETRY}
    office.push()

    office.push()

    assert office.dossiers.keys == [A]


@on_sqlite_only
def test_after_its_last_attempt_a_message_is_a_dead_letter(office: Office) -> None:
    """Attempts are limited; an undelivered message is kept and shown."""
    office.holds([dossier_fields(A)])
    office.dossiers.outcomes = {A: DeliveryStatus.RETRY}

    for _ in range(MAX_ATTEMPTS):
        office.push()
        office.clock.advance(MAX_RETRY_WAIT)

    assert office.state() == (0, 0, 1)


def test_a_message_whose_response_was_lost_has_its_effect_once(office: Office) -> None:
    """It is sent again with the same idempotency key, and the target applies it once."""
    office.holds([dossier_fields(A)])
    losing = LosesFirstResponse(office.dossiers)
    office.dossiers = losing

    office.push()
    office.clock.advance(MAX_RETRY_WAIT)
    office.push()

    assert len({sent.idempotency_key for message in losing.received for sent in message}) == 1
    assert (len(losing.received), len(losing.effects), office.state()) == (2, 1, (0, 1, 0))


class LosesFirstResponse(MemoryTarget):
    """A target that applies the first message and loses its response."""

    def __init__(self, like: MemoryTarget) -> None:
        super().__init__(like.record_type)

    def deliver(self, batch: Any) -> Any:
        receipts = yield from super().deliver(batch)
        if len(self.received) == 1:
            raise Unreachable("transport.unreachable")
        return receipts


@on_sqlite_only
def test_a_target_that_is_down_ends_the_run_after_three_failures(office: Office) -> None:
    """After three failed messages in a row the remaining ones wait without an attempt."""
    office.holds([dossier_fields(code) for code in dossier_codes(9)])
    down = [Unreachable("transport.unreachable")] * 9

    with pytest.raises(Unreachable):
        office.push(*down)

    assert office.state() == (9, 0, 0)
    assert office.dossiers.received == []


@on_sqlite_only
def test_refused_credentials_stop_the_route_and_cost_no_attempt(office: Office) -> None:
    """A wrong password is not a failure of the messages."""
    office.holds([dossier_fields(A)])

    with pytest.raises(AuthenticationFailed):
        office.push(AuthenticationFailed("transport.auth"))
    office.push()

    assert office.state() == (0, 1, 0)


def test_steps_refused_for_a_missing_dossier_are_sent_again_after_it_is_delivered(office: Office) -> None:
    """A dead letter that only lacked another record is requeued once that record is delivered."""
    office.holds([dossier_fields(A)], [step_fields(A, 1)])
    (step,) = (f"{A}@20260302T080100Z@Thẩm định hồ sơ",)
    office.dossiers.outcomes = {A: DeliveryStatus.REFUSED}
    office.steps.outcomes = {step: DeliveryStatus.REFUSED}
    office.push()
    assert office.state() == (0, 0, 2)
    office.dossiers.outcomes = office.steps.outcomes = {}
    office.holds([dossier_fields(A, status=9)])

    office.push()

    assert list(office.steps.effects) == [step]


def test_a_step_refused_for_a_missing_dossier_is_not_sent_after_its_own_deletion(office: Office) -> None:
    """The target would keep it for ever: it never had the step, so no withdrawal follows."""
    office.holds([dossier_fields(A)], [step_fields(A, 1)])
    office.dossiers.outcomes = {A: DeliveryStatus.REFUSED}
    office.steps.outcomes = {f"{A}@20260302T080100Z@Thẩm định hồ sơ": DeliveryStatus.REFUSED}
    office.push()
    table = record_table("dossier_step")
    with office.database.writing() as connection:
        stream = Stream(connection="desk", record_type="dossier_step", agency="H09.1")
        keys = list(connection.execute(select(table.c.source_key)).scalars())
        write_page(connection, stream, PageBatch(deleted_keys=keys), WriteContext(run_id="run", now="now"))
    office.dossiers.outcomes = office.steps.outcomes = {}
    office.holds([dossier_fields(A, status=9)])

    office.push()

    assert list(office.dossiers.effects) == [A]
    assert office.steps.effects == {}


@on_sqlite_only
def test_withheld_fields_are_not_sent(office: Office) -> None:
    """Fields that the route withholds are empty in the message."""
    office.withhold = ("dossier.summary",)
    office.holds([dossier_fields(A, summary="Xây nhà", applicant_name="Nguyễn Thị Mẫu")])

    office.push()

    (sent,) = office.dossiers.effects.values()
    assert isinstance(sent, Dossier)
    assert (sent.summary, sent.applicant_name) == (None, "Nguyễn Thị Mẫu")


def test_each_message_is_in_the_audit_log_with_its_reason_and_no_value(office: Office) -> None:
    """An entry has the receiver, the purpose, the agreement with its acts, and the record keys, and no values."""
    office.holds([dossier_fields(A, applicant_name="Nguyễn Thị Mẫu")])

    office.push()

    with office.database.reading() as connection:
        bodies = list(connection.execute(text("SELECT body FROM audit_entry ORDER BY entry")).scalars())
    for body, outcome in zip(bodies, ("leaving", "delivered"), strict=True):
        assert all(
            part in body
            for part in ("progress_publication", "dossier-dossier-step@1", "qd-766-2022", A, "G22", outcome)
        )
        assert "Mẫu" not in body


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entry SET body = replace(body, 'delivered', 'refused') WHERE entry = 2",
        "DELETE FROM audit_entry WHERE entry = 2",
        "UPDATE audit_entry SET entry = entry + 10 WHERE entry > 1",
    ],
)
def test_tampering_with_the_audit_log_is_detected(office: Office, tampering: str) -> None:
    """The hash chain breaks at the first entry that was changed, removed or moved."""
    office.holds([dossier_fields(code) for code in dossier_codes(3)])
    office.push()
    with office.database.reading() as connection:
        assert broken_entry(connection) is None

    with office.database.writing() as connection:
        connection.execute(text(tampering))

    with office.database.reading() as connection:
        assert broken_entry(connection) == ("runs", 2)


def test_a_dry_run_counts_the_messages_and_sends_nothing(office: Office) -> None:
    """It changes neither the target nor the route's position in the change feed."""
    office.holds([dossier_fields(A), dossier_fields(B)])

    assert office.pending() == {"dossier": 2, "dossier_step": 0}

    assert office.dossiers.received == []
    office.clock.advance(timedelta(seconds=1))
    office.push()
    assert office.state() == (0, 2, 0)


def test_a_dry_run_counts_only_what_may_be_sent_now(office: Office) -> None:
    """Not a message whose next attempt is due later, nor a later one of the same key."""
    office.holds([dossier_fields(A), dossier_fields(B)])
    office.dossiers.outcomes = {A: DeliveryStatus.RETRY}
    office.push()
    office.holds([dossier_fields(A, status=5), dossier_fields(B, status=5)])

    assert office.pending()["dossier"] == 1

    office.clock.advance(MAX_RETRY_WAIT)
    assert office.pending()["dossier"] == 3


@on_sqlite_only
def test_an_adapter_that_raises_on_a_message_stops_the_route_and_loses_nothing(office: Office) -> None:
    """The error names the adapter and no value; the message waits."""
    office.holds([dossier_fields(A)])
    office.dossiers = RaisingTarget(Dossier)

    with pytest.raises(SourceHeld) as stopped:
        office.push()

    assert stopped.value.code == "source.adapter_failed"
    assert "Mẫu" not in str(stopped.value)
    assert office.state() == (1, 0, 0)


class RaisingTarget(MemoryTarget):
    """A target that raises a KeyError."""

    def deliver(self, batch: Any) -> Any:
        yield from ()
        raise KeyError("Nguyễn Thị Mẫu", batch)


@on_sqlite_only
@pytest.mark.parametrize("receipts", [None, [], ["delivered"], [None]])
def test_a_target_that_returns_no_receipt_for_each_record_holds_the_route(office: Office, receipts: object) -> None:
    """The error names the adapter, and its messages wait."""
    office.holds([dossier_fields(A)])
    office.dossiers = WrongReceipts(receipts)

    with pytest.raises(SourceHeld) as stopped:
        office.push()

    assert stopped.value.code == "source.adapter_failed"
    assert office.state() == (1, 0, 0)


class WrongReceipts(MemoryTarget):
    """A target that returns anything but one receipt per record."""

    def __init__(self, receipts: object) -> None:
        super().__init__(Dossier)
        self._receipts = receipts

    def deliver(self, batch: Any) -> Any:
        self.received.append(tuple(batch))
        yield from ()
        return self._receipts


@on_sqlite_only
def test_a_change_feed_longer_than_one_stage_is_sent_completely(office: Office) -> None:
    """Changes after the first thousand are not skipped."""
    codes = list(dossier_codes(ENQUEUE_BATCH_SIZE + 5))
    office.holds([dossier_fields(code) for code in codes])

    office.push()

    assert office.dossiers.keys == codes


@on_sqlite_only
def test_an_outage_costs_a_message_no_attempt(office: Office) -> None:
    """However long a target is down, no message becomes a dead letter."""
    office.holds([dossier_fields(A)])

    for _ in range(MAX_ATTEMPTS + 2):
        office.push(Unreachable("transport.unreachable"))
        office.clock.advance(MAX_RETRY_WAIT)
    office.push()

    assert office.state() == (0, 1, 0)


def test_a_dead_letter_with_a_newer_version_is_not_requeued(office: Office) -> None:
    """A requeued message never overwrites a later one."""
    office.holds([dossier_fields(A)], [step_fields(A, 1)])
    (step,) = (f"{A}@20260302T080100Z@Thẩm định hồ sơ",)
    office.dossiers.outcomes = {A: DeliveryStatus.REFUSED}
    office.steps.outcomes = {step: DeliveryStatus.REFUSED}
    office.push()
    office.dossiers.outcomes = office.steps.outcomes = {}
    office.holds([dossier_fields(A, status=9)], [{**step_fields(A, 1), "status": 9}])

    office.push()

    sent = office.steps.effects[step]
    assert isinstance(sent, DossierStep)
    assert sent.status == 9
    assert office.state() == (0, 2, 2)


def test_a_record_deleted_while_its_message_waited_is_not_sent(office: Office) -> None:
    """Its message becomes a dead letter."""
    office.holds([dossier_fields(A)])
    office.dossiers.outcomes = {A: DeliveryStatus.RETRY}
    office.push()
    with office.database.writing() as connection:
        stream = Stream(connection="desk", record_type="dossier", agency="H09.1")
        write_page(connection, stream, PageBatch(deleted_keys=[A]), WriteContext(run_id="run", now="now"))
    office.dossiers.outcomes = {}
    office.clock.advance(MAX_RETRY_WAIT)

    office.push()

    assert office.dossiers.effects == {}
    assert office.state() == (0, 0, 1)


def test_an_answer_that_a_batch_may_leave_holds_for_the_first_attempt_and_a_moment(office: Office) -> None:
    """A repetition asks the database again, and so does a process that froze."""
    permission, now = PushPermission(office.route, office.run_context), office.clock.now()
    office.run_context.commit(lambda connection: permission.decide(connection, now))
    assert permission.still_holds()
    with office.database.writing() as connection:
        connection.execute(text("UPDATE agreement SET state = 'suspended'"))

    permission.require(1)
    with pytest.raises(PermissionLapsed):
        permission.require(2)
    with pytest.raises(PermissionLapsed):
        permission.require(1)


def test_a_process_that_froze_asks_again_before_it_sends(office: Office) -> None:
    permission, now = PushPermission(office.route, office.run_context), office.clock.now()
    office.run_context.commit(lambda connection: permission.decide(connection, now))
    assert permission.still_holds()
    with office.database.writing() as connection:
        connection.execute(text("UPDATE agreement SET state = 'suspended'"))

    office.clock.advance(timedelta(seconds=RECHECK_S))
    with pytest.raises(PermissionLapsed):
        permission.require(1)
