"""Rules about a target that takes withdrawals: a withdrawn record is gone, and a refusal is told."""

from collections.abc import Sequence

from cchc_connect.adapter import Receipt, Target, takes_withdrawals
from cchc_connect.errors import CchcError
from cchc_connect.sync.adapter_calls import send_batch
from cchc_connect.testing.doubles.server import ServerResponse, json_response
from cchc_connect.testing.kit.answer_rules import answering
from cchc_connect.testing.kit.bench import ROUTE, Bench
from cchc_connect.testing.kit.rule import Rule, RuleBroken, Subject
from cchc_connect.testing.kit.systems import HoldingSystem
from cchc_connect.testing.kit.target_rules import ACCEPTED, outgoing_of, receiver_of, send
from cchc_connect.testing.kit.wrong_answers import CAPTIVE_PORTAL, EMPTY, HTML, LOGIN_PAGE, errors_in_200
from cchc_schemas import Record

AFTER_RECORD = 2
"""Sequence of a withdrawal after the record itself."""

REFUSALS: tuple[ServerResponse, ...] = (
    json_response({"message": "forbidden"}, status=403),
    json_response({"message": "invalid"}, status=422),
    json_response({"message": "internal"}, status=500),
)
"""Answers by which a system refuses a withdrawal, for good or for now."""


def withdrawn_record_is_gone(bench: Bench, target: Target) -> None:
    """A record that is withdrawn is no longer at the system, and the others still are."""
    system = _holder(bench)
    _, records = receiver_of(bench, target)
    withdrawn, remaining = records[0], records[1]
    for record in (withdrawn, remaining):
        _require_accepted(send(bench, target, [outgoing_of(record)]))
    if not all(system.holds(record) for record in (withdrawn, remaining)):
        raise RuleBroken("kit.not_held")
    _require_accepted(_withdrawn(bench, target, withdrawn))
    if system.holds(withdrawn):
        raise RuleBroken("kit.still_held")
    if not system.holds(remaining):
        raise RuleBroken("kit.others_withdrawn")


def withdrawing_twice_is_no_error(bench: Bench, target: Target) -> None:
    """A withdrawal that comes again, or of a record that the system never had, is accepted and changes nothing."""
    system, records = receiver_of(bench, target)
    _require_accepted(send(bench, target, [outgoing_of(records[0])]))
    _require_accepted(_withdrawn(bench, target, records[0]))
    before = system.change_count
    receipts = [*_withdrawn(bench, target, records[0]), *_withdrawn(bench, target, records[1])]
    if not {receipt.status for receipt in receipts} <= ACCEPTED or system.change_count != before:
        status = next((receipt.status for receipt in receipts if receipt.status not in ACCEPTED), receipts[0].status)
        raise RuleBroken("kit.second_withdrawal", effects=system.change_count - before, status=status.value)


def refused_withdrawal_is_told(bench: Bench, target: Target) -> None:
    """A withdrawal that the system refuses, or answers with what is no receipt, is not taken for accepted."""
    _, records = receiver_of(bench, target)
    _require_accepted(send(bench, target, [outgoing_of(records[0])]))
    answers = (*REFUSALS, *EMPTY, *HTML, *LOGIN_PAGE, *CAPTIVE_PORTAL, *errors_in_200(bench.system))
    for response in answers:
        with answering(bench, response):
            try:
                receipts = _withdrawn(bench, target, records[0])
            except CchcError:
                continue
        if any(receipt.status in ACCEPTED for receipt in receipts):
            raise RuleBroken("kit.answer_taken_for_withdrawal", status=response.status, media_type=response.media_type)


def _holder(bench: Bench) -> HoldingSystem:
    if not isinstance(bench.system, HoldingSystem):
        raise RuleBroken("kit.cannot_hold")
    return bench.system


def _withdrawn(bench: Bench, target: Target, record: Record) -> Sequence[Receipt]:
    with bench.transport() as transport:
        batch = [outgoing_of(record, AFTER_RECORD, is_delivered=True)]
        return send_batch(transport, target, batch, route=ROUTE, is_withdrawal=True)


def _require_accepted(receipts: Sequence[Receipt]) -> None:
    refused = [receipt.reason for receipt in receipts if receipt.status not in ACCEPTED]
    if refused:
        raise RuleBroken("kit.not_delivered", number=len(refused), reason=refused[0] or "-")


WITHDRAWAL_RULES = (
    Rule(
        name="withdrawn_record_is_gone",
        check=withdrawn_record_is_gone,
        subject=Subject.TARGET,
        applies=takes_withdrawals,
    ),
    Rule(
        name="withdrawing_twice_is_no_error",
        check=withdrawing_twice_is_no_error,
        subject=Subject.TARGET,
        applies=takes_withdrawals,
    ),
    Rule(
        name="refused_withdrawal_is_told",
        check=refused_withdrawal_is_told,
        subject=Subject.TARGET,
        applies=takes_withdrawals,
        needs_http=True,
    ),
)
