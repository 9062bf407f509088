"""Rules about a target: its receipts fit, a message sent twice has one effect, a refused record stops no other."""

from collections.abc import Sequence
from typing import cast

from cchc_connect.adapter import DeliveryStatus, Outgoing, Receipt, Target
from cchc_connect.database.outbox.dead_letters import dead_letters
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import CchcError
from cchc_connect.sync.adapter_calls import send_batch
from cchc_connect.sync.record_writer import RecordWriter
from cchc_connect.sync.report import RunReport
from cchc_connect.sync.run_environment import RunEnvironment
from cchc_connect.sync.synchronizer import Synchronizer
from cchc_connect.testing.doubles.server import ReceivedRequest
from cchc_connect.testing.kit.answer_rules import answering, is_login, log_lines, login_end, require_untold
from cchc_connect.testing.kit.bench import LONG_PAUSE, PROGRAM_CONNECTION, ROUTE, Bench, LaterClock
from cchc_connect.testing.kit.rule import Rule, RuleBroken, Subject
from cchc_connect.testing.kit.run_rules import require_done
from cchc_connect.testing.kit.systems import ReceivingSystem, RefusingSystem
from cchc_connect.testing.kit.wrong_answers import CAPTIVE_PORTAL, EMPTY, HTML, LOGIN_PAGE, TELLING, errors_in_200
from cchc_schemas import Record

ACCEPTED = frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.DUPLICATE})
VERSIONS = 3
"""Versions of a record whose order is looked at."""


def receipts_fit(bench: Bench, target: Target) -> None:
    """A message with one record, and one with as many as fit, has a receipt for each, and all are accepted."""
    system, records = receiver_of(bench, target)
    before = system.change_count
    sent = 0
    for size in sorted({1, min(target.batch_limit, len(records) - 1)}):
        batch = [outgoing_of(record) for record in records[sent : sent + size]]
        receipts = send(bench, target, batch)
        refused = [receipt.reason for receipt in receipts if receipt.status is not DeliveryStatus.DELIVERED]
        if refused:
            raise RuleBroken("kit.not_delivered", number=len(refused), reason=refused[0] or "-")
        sent += size
    if system.change_count != before + sent:
        raise RuleBroken("kit.effects_differ", effects=system.change_count - before, sent=sent)


def sending_twice_has_one_effect(bench: Bench, target: Target) -> None:
    """A message that is sent again, with the same idempotency keys, is accepted and changes nothing."""
    system, records = receiver_of(bench, target)
    batch = [outgoing_of(record) for record in records[: target.batch_limit]]
    send(bench, target, batch)
    before = system.change_count
    receipts = send(bench, target, batch)
    if not {receipt.status for receipt in receipts} <= ACCEPTED or system.change_count != before:
        raise RuleBroken("kit.second_effect", effects=system.change_count - before, status=receipts[0].status.value)


def lost_response_has_one_effect(bench: Bench, target: Target) -> None:
    """A message whose response was lost is sent again by the next runs, and has one effect."""
    system, records = receiver_of(bench, target)
    end, lost, before = login_end(bench), list[str](), system.change_count

    def loses(request: ReceivedRequest) -> bool:
        """Lose the response to the first message that had an effect."""
        if lost or is_login(request, end) or system.change_count == before:
            return False
        lost.append(request.path)
        return True

    with bench.database() as database:
        write(bench, database, records[:1])
        if bench.relay is not None:
            bench.relay.loses_response = loses
        reports = [push(bench, database) for _ in range(VERSIONS + 1)]
        dead = [dead_letter.reason for dead_letter in dead_letters(database, route=ROUTE)]
    if system.change_count != before + 1:
        raise RuleBroken("kit.effects_differ", effects=system.change_count - before, sent=1)
    if dead:
        raise RuleBroken("kit.not_delivered", number=len(dead), reason=dead[0])
    require_done(reports[-1])
    if _sum(reports[-1], "waiting"):
        raise RuleBroken("kit.still_waiting", number=len(reports))


def refused_record_stops_no_other(bench: Bench, target: Target) -> None:
    """A record that the system refuses becomes a dead letter, and the records before and after it are delivered."""
    system, records = receiver_of(bench, target)
    if not isinstance(bench.system, RefusingSystem):
        raise RuleBroken("kit.cannot_refuse")
    refused = bench.system.record_to_refuse(target.record_type.record_type)
    before = system.change_count
    with bench.database() as database:
        write(bench, database, [records[0], refused, *records[1:3]])
        reports = [push(bench, database) for _ in range(2)]
        dead_keys = [dead_letter.record_key for dead_letter in dead_letters(database, route=ROUTE)]
    delivered, dead = (sum(_sum(report, name) for report in reports) for name in ("delivered", "refused"))
    if (delivered, dead) != (3, 1) or system.change_count != before + delivered:
        raise RuleBroken("kit.refusal_spread", delivered=delivered, refused=dead)
    if dead_keys != [refused.key]:
        raise RuleBroken("kit.receipts_mixed_up")


def order_is_kept(bench: Bench, target: Target) -> None:
    """The versions of a record arrive in their order, also after attempts that failed."""
    system, records = receiver_of(bench, target)
    before = system.change_count
    versions = [_version(records[0], number) for number in range(VERSIONS)]
    sequences, reports = list[int](), list[RunReport]()
    bench.config.watch(deliveries=lambda batch: sequences.extend(outgoing.sequence for outgoing in batch))
    try:
        with bench.database() as database:
            for number, version in enumerate(versions):
                write(bench, database, [version])
                if number == 1:
                    with answering(bench, HTML[1]):
                        reports.append(push(bench, database))
            reports += [push(bench, database) for _ in range(VERSIONS)]
    finally:
        bench.config.watch()
    is_all = not _sum(reports[-1], "waiting") and not any(_sum(report, "refused") for report in reports)
    if sequences != sorted(sequences) or not is_all:
        raise RuleBroken("kit.order_of_versions", sequences=", ".join(map(str, sequences)))
    require_done(reports[-1])
    if system.change_count != before + len(set(sequences)):
        raise RuleBroken("kit.effects_differ", effects=system.change_count - before, sent=len(set(sequences)))


def update_has_effect(bench: Bench, target: Target) -> None:
    """A later version of a record that was accepted changes the system once more."""
    system, records = receiver_of(bench, target)
    before = system.change_count
    with bench.database() as database:
        for number in range(2):
            write(bench, database, [_version(records[0], number)])
            push(bench, database)
    if system.change_count != before + 2:
        raise RuleBroken("kit.effects_differ", effects=system.change_count - before, sent=2)


def no_answer_is_taken_for_a_receipt(bench: Bench, target: Target) -> None:
    """Empty answers, pages of HTML and errors with status 200 deliver nothing."""
    _, records = receiver_of(bench, target)
    for response in (*EMPTY, *HTML, *LOGIN_PAGE, *CAPTIVE_PORTAL, *errors_in_200(bench.system)):
        with answering(bench, response):
            try:
                receipts = send(bench, target, [outgoing_of(records[0])])
            except CchcError:
                continue
        if any(receipt.status in ACCEPTED for receipt in receipts):
            raise RuleBroken("kit.answer_taken_for_receipt", status=response.status, media_type=response.media_type)


def failed_deliveries_tell_no_secret(bench: Bench, target: Target) -> None:
    """No log line and no reason of a delivery repeats a secret of the account, or what a response says of a person."""
    _, records = receiver_of(bench, target)
    with bench.database() as database, log_lines() as lines:
        write(bench, database, records[:1])
        reports = list[RunReport]()
        for response in TELLING:
            with answering(bench, response):
                reports.append(push(bench, database))
        require_untold(bench, lines, reports, database)


def write(bench: Bench, database: SharedDatabase, records: Sequence[Record]) -> None:
    """Write records into the shared database, as a program of another agency does."""
    with RecordWriter(bench.config, database, PROGRAM_CONNECTION) as writer:
        for record in records:
            writer.write(record)


def push(bench: Bench, database: SharedDatabase) -> RunReport:
    """Send what is due."""
    bench.ahead += LONG_PAUSE
    environment = RunEnvironment(open_transport=bench.open_transport, prefetch=0, clock=LaterClock(bench.ahead))
    return Synchronizer(bench.config, database, environment).synchronise(only=[ROUTE])


def receiver_of(bench: Bench, target: Target) -> tuple[ReceivingSystem, Sequence[Record]]:
    """Return the system under test and records that it accepts.

    Raises:
        RuleBroken: it takes none, or gives too few.
    """
    if not isinstance(bench.system, ReceivingSystem):
        raise RuleBroken("kit.cannot_receive")
    records = bench.system.records_to_send(target.record_type.record_type)
    if len(records) < VERSIONS:
        raise RuleBroken("kit.too_few_records", number=len(records), needed=VERSIONS)
    return bench.system, records


def send(bench: Bench, target: Target, batch: Sequence[Outgoing]) -> Sequence[Receipt]:
    """Send one message by the target under test and return its receipts."""
    with bench.transport() as transport:
        return send_batch(transport, target, batch, route=ROUTE)


def outgoing_of(record: Record, sequence: int = 1, *, is_delivered: bool = False) -> Outgoing:
    """Return a message about a record, with the same idempotency key for the same sequence."""
    key = f"{abs(hash((record.key, sequence))):032x}"[-32:]
    return Outgoing(record=record, idempotency_key=key, previously_delivered=is_delivered, sequence=sequence, version=1)


def _version(record: Record, number: int) -> Record:
    """Return the record with another text in a field that is no part of its key.

    Raises:
        RuleBroken: it has no such text.
    """
    if not number:
        return record
    for name in type(record).model_fields:
        value: object = getattr(record, name)
        if isinstance(value, str) and " " in value:
            version = record.model_copy(update={name: f"{value} ({number})"})
            if version.key == record.key:
                return version
    raise RuleBroken("kit.no_free_text")


def _sum(report: RunReport, counter: str) -> int:
    return sum(cast("int", getattr(line.counts, counter)) for line in report.lines)


TARGET_RULES = (
    Rule(name="receipts_fit", check=receipts_fit, subject=Subject.TARGET),
    Rule(name="sending_twice_has_one_effect", check=sending_twice_has_one_effect, subject=Subject.TARGET),
    Rule(
        name="lost_response_has_one_effect",
        check=lost_response_has_one_effect,
        subject=Subject.TARGET,
        needs_http=True,
    ),
    Rule(name="refused_record_stops_no_other", check=refused_record_stops_no_other, subject=Subject.TARGET),
    Rule(name="update_has_effect", check=update_has_effect, subject=Subject.TARGET),
    Rule(name="order_is_kept", check=order_is_kept, subject=Subject.TARGET, needs_http=True),
    Rule(
        name="no_answer_is_taken_for_a_receipt",
        check=no_answer_is_taken_for_a_receipt,
        subject=Subject.TARGET,
        needs_http=True,
    ),
    Rule(
        name="failed_deliveries_tell_no_secret",
        check=failed_deliveries_tell_no_secret,
        subject=Subject.TARGET,
        needs_http=True,
    ),
)
