"""Procedures from responses of LayThuTuc, after an adapter has mapped them."""

from decimal import Decimal

import pytest

from cchc_schemas import Channel, Fault, Procedure, ProcedureLevel, RecordInvalid, from_document, to_document

PROCEDURE: dict[str, object] = {
    "code": "1.013225",
    "name": "Cấp giấy phép xây dựng nhà ở riêng lẻ",
    "field_code": "G17-XD11",
    "levels": ["2", 3],
    "is_public": "1",
    "channels": [
        {
            "channel": "2",
            "terms": [
                {"duration": "15", "unit": "Ngày làm việc", "fees": [{"code": "LP01", "amount_vnd": "75000"}]},
                {"raw": "Không quy định", "fees": [{"raw": "Theo quy định của địa phương"}]},
            ],
        }
    ],
    "components": [{"name": "Đơn đề nghị cấp giấy phép xây dựng", "originals": "1", "copies": 0}],
    "results": [{"code": "KQ.G17.000001", "name": "Giấy phép xây dựng"}],
    "legal_bases": [{"number": "217/2026/NĐ-CP", "effective_on": "2026-07-01"}],
    "executing_agencies": [{"name": "Ủy ban nhân dân cấp xã"}],
}


def test_numbers_that_the_wire_writes_as_text_are_read_as_numbers() -> None:
    record = Procedure.read(PROCEDURE).record

    assert record.levels == (ProcedureLevel.DISTRICT, ProcedureLevel.COMMUNE)
    assert record.is_public is True
    assert record.channels[0].channel is Channel.ONLINE
    assert record.channels[0].terms[0].fees[0].amount_vnd == Decimal(75000)
    assert (record.components[0].originals, record.components[0].copies) == (1, 0)


def test_a_term_in_prose_keeps_its_words() -> None:
    prose = Procedure.read(PROCEDURE).record.channels[0].terms[1]

    assert (prose.duration, prose.raw) == (None, "Không quy định")
    assert prose.fees[0].raw == "Theo quy định của địa phương"


def test_faults_deep_inside_have_their_whole_path() -> None:
    broken = {**PROCEDURE, "channels": [{"channel": 2, "terms": [{"fees": [{"amount_vnd": "miễn phí"}]}]}]}

    with pytest.raises(RecordInvalid) as refusal:
        Procedure.read(broken, strict=True)

    assert refusal.value.faults == (Fault("channels.0.terms.0.fees.0.amount_vnd", "decimal_parsing"),)


def test_a_procedure_comes_back_from_its_document() -> None:
    record = Procedure.read(PROCEDURE).record

    assert from_document(Procedure, to_document(record)) == record
    assert record.key == "1.013225"
