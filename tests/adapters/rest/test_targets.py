"""Records are sent to a declared service as it wants them; its answers are told apart over a real socket."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from cchc_adapters.rest.adapter import Rest
from cchc_adapters.rest.manifest import RestOptions
from cchc_connect import DeliveryStatus, Outgoing, Receipt, SourceHeld, Throttled, WithdrawalTarget
from cchc_connect.testing.doubles.server import ServerResponse, json_response
from cchc_schemas import Dossier, DossierStatus
from tests.adapters.rest.paged_system import PagedSystem
from tests.adapters.wire import transport_to

TARGET: dict[str, Any] = {
    "request": {"method": "PUT", "path": "/ho-so/{code}/trang-thai", "idempotency_header": "X-Khoa"},
    "body": {
        "trang_thai": {"field": "status", "codes": {"in_process": "Đang xử lý", "10": "Đã trả"}},
        "ho_so.ngay": {"field": "received_at", "format": "dmy_local"},
        "ho_so.ten": "applicant_name",
        "nguon": {"constant": "cchc"},
    },
    "receipt": {
        "duplicate": {"property": "message", "contains": "đã tồn tại"},
        "refused": {"property": "code", "values": [7]},
        "retry": {"property": "code", "values": ["BUSY"]},
        "reason": "code",
    },
}
DOSSIER = Dossier(
    code="000.00.05.H09-260402-0001",
    procedure_code="1.013225",
    status=DossierStatus.IN_PROCESS,
    received_at=datetime(2026, 4, 2, 1, tzinfo=UTC),
)


@pytest.fixture
def system() -> Iterator[PagedSystem]:
    with PagedSystem() as running:
        yield running


def delivered(
    system: PagedSystem, changes: Mapping[str, Any] | None = None, *, dossier: Dossier = DOSSIER, withdraw: bool = False
) -> Receipt:
    options = {"targets": {"dossier": {**TARGET, **(changes or {})}}, "success": {"property": "code", "values": [0]}}
    adapter = Rest(RestOptions.model_validate(options))
    outgoing = Outgoing(record=dossier, idempotency_key="0" * 32, previously_delivered=True)
    target = adapter.targets[0]
    with transport_to(adapter, system) as transport:
        if withdraw:
            assert isinstance(target, WithdrawalTarget)
            return transport.run(target.withdraw([outgoing]))[0]
        return transport.run(target.deliver([outgoing]))[0]


def test_a_record_is_sent_as_the_service_wants_it(system: PagedSystem) -> None:
    system.fixed_response = json_response({"code": 0})

    assert delivered(system) == Receipt(status=DeliveryStatus.DELIVERED)

    sent = system.requests[0]
    assert (sent.method, sent.path) == ("PUT", "/ho-so/000.00.05.H09-260402-0001/trang-thai")
    assert sent.headers["x-khoa"] == "0" * 32
    assert system.questions[0] == {
        "trang_thai": "Đang xử lý",
        "ho_so": {"ngay": "02/04/2026 08:00:00", "ten": None},
        "nguon": "cchc",
    }
    delivered(system, {"send_null": False})
    assert system.questions[1]["ho_so"] == {"ngay": "02/04/2026 08:00:00"}


@pytest.mark.parametrize(
    ("response", "receipt"),
    [
        (json_response({"code": 1, "message": "HO SO DA TON TAI"}), Receipt(status=DeliveryStatus.DUPLICATE)),
        (json_response({"code": 7}), Receipt(status=DeliveryStatus.REFUSED, reason="7")),
        (json_response({"code": "BUSY"}), Receipt(status=DeliveryStatus.RETRY, reason="BUSY")),
        (json_response({}, status=422), Receipt(status=DeliveryStatus.REFUSED, reason="status:422")),
        (json_response({}, status=404), Receipt(status=DeliveryStatus.REFUSED, reason="not_found")),
        (json_response({}, status=409), Receipt(status=DeliveryStatus.DUPLICATE)),
        (
            json_response({"code": "Nguyễn Văn Mẫu"}, status=400),
            Receipt(status=DeliveryStatus.REFUSED, reason="free_text"),
        ),
    ],
)
def test_an_answer_has_its_meaning(system: PagedSystem, response: ServerResponse, receipt: Receipt) -> None:
    system.fixed_response = response

    assert delivered(system) == receipt


def test_a_success_without_its_code_is_none(system: PagedSystem) -> None:
    system.fixed_response = json_response({"code": False})

    with pytest.raises(SourceHeld, match="no success"):
        delivered(system)


def test_a_code_without_a_counterpart_is_refused_and_not_sent(system: PagedSystem) -> None:
    refused = DOSSIER.model_copy(update={"status": DossierStatus.STOPPED})

    receipt = delivered(system, dossier=refused)

    assert receipt == Receipt(status=DeliveryStatus.REFUSED, reason="code_unmapped:status")
    assert system.requests == []


def test_a_message_replaces_only_the_version_that_the_service_shows(system: PagedSystem) -> None:
    version = {"if_match": {"path": "/ho-so/{code}"}}
    shown = json_response({"code": 0, "ban": 7})
    system.fixed_response = ServerResponse(body=shown.body, headers={"ETag": '"v7"'})

    assert delivered(system, version).status is DeliveryStatus.DELIVERED
    assert [sent.method for sent in system.requests] == ["GET", "PUT"]
    assert system.requests[1].headers["if-match"] == '"v7"'

    in_body = {"if_match": {"path": "/ho-so/{code}", "property": "ban", "parameter": "phien_ban"}}
    delivered(system, in_body)
    assert system.questions[3]["phien_ban"] == "7"

    system.fixed_response = json_response({})
    with pytest.raises(SourceHeld, match="ETag has no value"):
        delivered(system, version)


def test_a_version_that_changed_meanwhile_is_asked_for_again_later(system: PagedSystem) -> None:
    system.fixed_response = json_response({}, status=412)

    assert delivered(system) == Receipt(status=DeliveryStatus.RETRY, reason="version_changed")


def test_a_withdrawal_of_what_is_not_there_is_a_duplicate(system: PagedSystem) -> None:
    system.fixed_response = json_response({}, status=404)

    receipt = delivered(system, {"withdraw": {"method": "DELETE", "path": "/ho-so/{code}"}}, withdraw=True)

    assert receipt.status is DeliveryStatus.DUPLICATE
    assert (system.requests[0].method, system.requests[0].path) == ("DELETE", "/ho-so/000.00.05.H09-260402-0001")


def test_a_target_without_a_request_for_it_takes_no_withdrawals() -> None:
    adapter = Rest(RestOptions.model_validate({"targets": {"dossier": TARGET}}))

    assert not isinstance(adapter.targets[0], WithdrawalTarget)


def test_too_many_messages_are_sent_later(system: PagedSystem) -> None:
    system.fixed_response = json_response({}, status=429)

    with pytest.raises(Throttled):
        delivered(system)
