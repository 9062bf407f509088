"""Nothing is taken for delivered that was not: refusals in any status, conflicts of versions, paths without a field."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from cchc_adapters.declared.answers import AnswerRule
from cchc_adapters.rest.manifest import RestOptions
from cchc_connect import DeliveryStatus, Receipt, Retriable
from cchc_connect.testing.doubles.server import json_response
from tests.adapters.rest.paged_system import PagedSystem
from tests.adapters.rest.test_targets import TARGET, delivered


@pytest.fixture
def system() -> Iterator[PagedSystem]:
    with PagedSystem() as running:
        yield running


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"contains": "đã tồn tại"},
        {"status": [200], "contains": "đã tồn tại"},
        {"status": [200], "values": [0]},
    ],
)
def test_a_rule_for_answers_that_would_fit_any_answer_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="needs status or property"):
        AnswerRule.model_validate(rule)


def test_a_property_alone_must_have_a_value(system: PagedSystem) -> None:
    receipt = {"receipt": {"refused": {"property": "error"}, "reason": "error"}}

    for value, expected in (("E7", Receipt(status=DeliveryStatus.REFUSED, reason="E7")), (None, None), ("", None)):
        system.fixed_response = json_response({"code": 0, "error": value})
        assert delivered(system, receipt) == (expected or Receipt(status=DeliveryStatus.DELIVERED))
    system.fixed_response = json_response({"code": 0})
    assert delivered(system, receipt).status is DeliveryStatus.DELIVERED


@pytest.mark.parametrize("status", [403, 500])
def test_a_receipt_rule_is_asked_for_every_status_that_it_names(system: PagedSystem, status: int) -> None:
    """Some services refuse a message with the status of a failure; what fits no rule stays a failure."""
    receipt = {"receipt": {"refused": {"status": [status], "property": "code", "values": [7]}, "reason": "code"}}
    system.fixed_response = json_response({"code": 7}, status=status)

    assert delivered(system, receipt) == Receipt(status=DeliveryStatus.REFUSED, reason="7")

    system.fixed_response = json_response({"code": 8}, status=500)
    with pytest.raises(Retriable):
        delivered(system, receipt)


def test_a_receipt_rule_without_a_status_is_not_asked_for_the_status_of_a_failure(system: PagedSystem) -> None:
    receipt = {"receipt": {"refused": {"property": "code", "values": [7]}, "reason": "code"}}
    system.fixed_response = json_response({"code": 7}, status=422)

    assert delivered(system, receipt) == Receipt(status=DeliveryStatus.REFUSED, reason="7")

    system.fixed_response = json_response({"code": 7}, status=500)
    with pytest.raises(Retriable):
        delivered(system, receipt)


@pytest.mark.parametrize("status", [401, 407, 429])
def test_a_receipt_rule_for_a_status_of_the_connection_is_refused(status: int) -> None:
    targets = {"dossier": {**TARGET, "receipt": {"refused": {"status": [status]}}}}

    with pytest.raises(ValidationError, match="no receipt has this status"):
        RestOptions.model_validate({"targets": targets})


VERSION = {"path": "/ho-so/{code}", "property": "ban"}


def test_a_version_for_the_body_is_sent_although_nothing_else_is_in_it(system: PagedSystem) -> None:
    system.fixed_response = json_response({"code": 0, "ban": 7})

    delivered(system, {"body": {}, "if_match": {**VERSION, "parameter": "phien_ban"}})

    assert system.questions[-1] == {"phien_ban": "7"}


@pytest.mark.parametrize("status", [409, 412])
@pytest.mark.parametrize("parameter", ["", "phien_ban"])
@pytest.mark.parametrize("withdraw", [False, True])
def test_a_conflict_of_versions_is_no_duplicate(
    system: PagedSystem, status: int, parameter: str, *, withdraw: bool
) -> None:
    """A withdrawal asks for the version too."""
    system.responses_by_method = {"GET": json_response({"code": 0, "ban": 7})}
    system.fixed_response = json_response({"code": 5}, status=status)
    more = {"if_match": {**VERSION, "parameter": parameter}, "withdraw": {"method": "DELETE", "path": "/ho-so/{code}"}}

    receipt = delivered(system, more, withdraw=withdraw)

    assert receipt == Receipt(status=DeliveryStatus.RETRY, reason="version_changed")
    assert [sent.method for sent in system.requests] == ["GET", "DELETE" if withdraw else "PUT"]
    sent = system.questions[1].get("phien_ban") if parameter else system.requests[1].headers["if-match"]
    assert sent == "7"

    fitting = {**more, "receipt": {"duplicate": {"status": [status]}}}
    assert delivered(system, fitting, withdraw=withdraw).status is DeliveryStatus.DUPLICATE


@pytest.mark.parametrize(
    "more",
    [
        {"request": {"method": "PUT", "path": "/ho-so/{source_status}"}},
        {"if_match": {"path": "/ho-so/{source_status}"}},
        {"withdraw": {"method": "DELETE", "path": "/ho-so/{source_status}"}},
    ],
)
def test_a_record_without_a_field_of_the_path_is_refused_and_not_sent(
    system: PagedSystem, more: dict[str, Any]
) -> None:
    """Without it the path would be that of the whole collection."""
    receipt = delivered(system, more, withdraw="withdraw" in more)

    assert receipt == Receipt(status=DeliveryStatus.REFUSED, reason="field_missing:source_status")
    assert system.requests == []
