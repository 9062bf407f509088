"""Records are sent to a declared operation as its description wants them; what it answers is told apart."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cchc_adapters.soap.adapter import Soap
from cchc_adapters.soap.options import SoapOptions
from cchc_connect import DeliveryStatus, Maintenance, MessageRefused, Outgoing, Receipt, SourceHeld, WithdrawalTarget
from cchc_connect.testing import ServerResponse
from cchc_schemas import LandParcel
from tests.adapters.soap.soap_register import OPTIONS, SPACE, TARGET, SoapRegister, fault, result
from tests.adapters.wire import transport_to
from tests.conformance.register import parcel

KEY = "0" * 32


@pytest.fixture
def register() -> Iterator[SoapRegister]:
    with SoapRegister() as running:
        yield running


def delivered(
    register: SoapRegister,
    changes: Mapping[str, Any] | None = None,
    *,
    record: LandParcel | None = None,
    withdraw: bool = False,
) -> Receipt:
    options = {**OPTIONS, **(changes or {})}
    adapter = Soap(SoapOptions.model_validate(options))
    outgoing = Outgoing(record=record or parcel(1), idempotency_key=KEY, previously_delivered=False)
    target = adapter.targets[0]
    with transport_to(adapter, register) as transport:
        if withdraw:
            assert isinstance(target, WithdrawalTarget)
            return transport.run(target.withdraw([outgoing]))[0]
        return transport.run(target.deliver([outgoing]))[0]


def test_a_record_is_sent_as_the_description_says(register: SoapRegister) -> None:
    assert delivered(register) == Receipt(status=DeliveryStatus.DELIVERED)

    sent = {element.tag: (element.text or "").strip() for element in register.bodies[0].iter() if element.text}
    assert sent == {
        f"{{{SPACE}}}khoa": KEY,
        f"{{{SPACE}}}to": "12",
        f"{{{SPACE}}}so": "1",
        f"{{{SPACE}}}diaChi": "Ấp 1, xã mẫu",
    }


@pytest.mark.parametrize(
    ("response", "receipt"),
    [
        (result("NhanThua", "<ketQua>duplicate</ketQua>"), Receipt(status=DeliveryStatus.DUPLICATE)),
        (result("NhanThua", "<ketQua>refused</ketQua>"), Receipt(status=DeliveryStatus.REFUSED, reason="refused")),
        (fault("Client.DaCo", "đã tồn tại"), Receipt(status=DeliveryStatus.DUPLICATE)),
        (fault("Server.SaiTo", "Nguyễn Thị Mẫu"), Receipt(status=DeliveryStatus.REFUSED, reason="SaiTo")),
        (fault("Client.Khac", "Nguyễn Thị Mẫu"), Receipt(status=DeliveryStatus.REFUSED, reason="Khac")),
    ],
)
def test_an_answer_has_its_meaning(register: SoapRegister, response: ServerResponse, receipt: Receipt) -> None:
    register.instead = response
    answers = {
        "duplicate": {"property": "Fault.reason", "contains": "đã tồn tại"},
        "refused": {"property": "Fault.code", "values": ["SaiTo"]},
    }
    rules = {**TARGET["receipt"], "reason": "Fault.code"} if b"Fault" in response.body else TARGET["receipt"]

    changes = {"answers": answers, "targets": {"land_parcel": {**TARGET, "receipt": rules}}}
    assert delivered(register, changes) == receipt


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (result("NhanThua", "<ketQua>Lỗi</ketQua>"), SourceHeld),
        (result("ThuHoiThua", "<ketQua>delivered</ketQua>"), SourceHeld),
        (fault("Server", "Bảo trì"), Maintenance),
        (ServerResponse(body=b"<html/>", media_type="text/html"), SourceHeld),
    ],
)
def test_what_is_no_receipt_delivers_nothing(
    register: SoapRegister, response: ServerResponse, error: type[Exception]
) -> None:
    register.instead = response

    with pytest.raises(error):
        delivered(register)


def test_a_record_without_a_required_argument_is_refused_and_not_sent(register: SoapRegister) -> None:
    without = {**TARGET, "arguments": {**TARGET["arguments"], "thua.to": "address"}}

    with pytest.raises(MessageRefused):
        delivered(
            register,
            {"targets": {"land_parcel": without}},
            record=parcel(1).model_copy(update={"address": None}),
        )

    assert register.bodies == []


def test_a_withdrawal_of_what_is_not_there_is_a_duplicate(register: SoapRegister) -> None:
    answers = {"answers": {"not_found": {"property": "Fault.code", "values": ["KhongCo"]}}}

    assert delivered(register, answers, withdraw=True).status is DeliveryStatus.DUPLICATE
    delivered(register)
    assert delivered(register, answers, withdraw=True).status is DeliveryStatus.DELIVERED


def test_a_refusal_with_the_code_not_found_is_no_withdrawal(register: SoapRegister) -> None:
    register.instead = result("ThuHoiThua", "<ketQua>not_found</ketQua>")
    receipt = {"refused": {"property": "ketQua", "values": ["not_found"]}, "reason": "ketQua"}
    changes = {"targets": {"land_parcel": {**TARGET, "receipt": receipt}}}

    assert delivered(register, changes, withdraw=True) == Receipt(status=DeliveryStatus.REFUSED, reason="not_found")


def test_a_target_without_a_message_for_it_takes_no_withdrawals() -> None:
    target = {name: value for name, value in TARGET.items() if name != "withdraw"}
    adapter = Soap(SoapOptions.model_validate({**OPTIONS, "targets": {"land_parcel": target}}))

    assert not isinstance(adapter.targets[0], WithdrawalTarget)
