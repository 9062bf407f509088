"""National portal: procedures in, dossiers and steps out, and each caveat replayed."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from pydantic import ValidationError

from cchc_adapters.national_portal.adapter import NationalPortal, NationalPortalOptions
from cchc_connect import (
    AuthenticationFailed,
    DeliveryStatus,
    HttpRequest,
    HttpResponse,
    Outgoing,
    PageRequest,
    Receipt,
    SourceHeld,
    Target,
    Verdict,
)
from cchc_connect.errors import Unreachable
from cchc_connect.testing import Agencies, NationalPortalDouble, World
from cchc_connect.transport import Login, RequestsTransport
from cchc_schemas import (
    ApplicantKind,
    Channel,
    Dossier,
    DossierStatus,
    DossierStep,
    PartialDate,
    Procedure,
    ProcedureLevel,
    ProcedureSubject,
    Record,
)
from tests.adapters.wire import (
    FIRST_PAGE,
    all_items,
    credentials,
    faults,
    faulty_keys,
    html_response,
    json_response,
    records as records_of,
    run_conversation,
    transport_to,
)

BASE: Mapping[str, object] = {
    "agency": "000.00.00.H09",
    "destination": "VN:GOV:000.00.00.G22:vpcpdvcqg",
    "login_path": "/dvcqg/login",
    "share_path": "/dvcqg/share",
    "integration_path": "/dvcqg/integration",
}
DETAIL: dict[str, Any] = {
    "ID": "900001",
    "MATTHC": "1.013225",
    "TENTTHC": "Cấp giấy phép xây dựng nhà ở riêng lẻ",
    "TRANGTHAI": "1",
    "LOAITTHC": "0",
    "QUYETDINH": "22/QĐ-UBND",
    "CAPTHUCHIEN": [{"CAPTHUCHIEN": "2", "TENCAP": "Cấp Quận/huyện"}],
    "LINHVUCTHUCHIEN": [{"MALINHVUC": "G17-XD11", "TENLINHVUC": "Hoạt động xây dựng"}],
    "CACHTHUCTHUCHIEN": [
        {
            "KENH": "2",
            "THOIGIAN": [
                {
                    "THOIGIANGIAIQUYET": "7,5",
                    "DONVITINH": "Ngày làm việc",
                    "MOTA": "",
                    "PHILEPHI": [
                        {"MAPHILEPHI": "LP01", "SOTIEN": "75.000", "DONVI": "đồng", "MOTA": "Lệ phí"},
                        {"MAPHILEPHI": "LP02", "SOTIEN": "Theo quy định của HĐND tỉnh", "MOTA": ""},
                    ],
                },
                {"THOIGIANGIAIQUYET": "Trả kết quả ngay", "DONVITINH": "Ngày", "PHILEPHI": []},
            ],
        }
    ],
    "THANHPHANHOSO": {
        "TRUONGHOP": "Xây mới",
        "GIAYTO": [{"MAGIAYTO": "K1", "TENGIAYTO": "Đơn đề nghị", "SOBANCHINH": "1", "SOBANSAO": ""}],
    },
    "KETQUATHUCHIEN": [{"MAKETQUA": "KQ.G17.000001", "TENKETQUA": "Giấy phép xây dựng"}],
    "CANCUPHAPLY": [{"SOVANBAN": "135/2025/QH15", "TENVANBAN": "Luật Xây dựng", "NGAYBANHANH": "10/12/2025"}],
    "COQUANTHUCHIEN": [{"MADONVI": "000.00.05.H09", "TENDONVI": "Sở Xây dựng"}],
    "YEUCAU": "",
}
DOSSIER = Dossier(
    code="000.00.05.H09-210927-0001",
    procedure_code="1.013225",
    procedure_name="Cấp giấy phép xây dựng nhà ở riêng lẻ",
    field_code="G17-XD11",
    field_name="Hoạt động xây dựng",
    agency_name="Sở Xây dựng",
    status=DossierStatus.RECEIVED,
    channel=Channel.DIRECT,
    applicant_name="NGUYỄN THỊ MẪU",
    applicant_kind=ApplicantKind.CITIZEN,
    applicant_id="074000000001",
    summary="Xin cấp GPXD nhà ở",
    received_at=datetime(2021, 9, 27, 6, 15, tzinfo=UTC),
    due_at=datetime(2021, 10, 18, 10, 0, tzinfo=UTC),
)
STEP = DossierStep(
    dossier_code=DOSSIER.code,
    at=datetime(2021, 9, 27, 6, 15, tzinfo=UTC),
    action="Tiếp nhận hồ sơ",
    status=DossierStatus.RECEIVED,
    handler_name="Lê Thị Mẫu",
)


def portal(**options: object) -> NationalPortal:
    return NationalPortal(NationalPortalOptions.model_validate({**BASE, **options}))


def verdict_of(document: object, *, status: int = 200, **options: object) -> Verdict:
    return portal(**options).dialect.classify(json_response(document, status=status))


def verdict_of_message(code: object, message: str, **options: object) -> Verdict:
    return portal(**options).dialect.classify(json_response({"error_code": code, "message": message}))


def procedure_fields(**changed: object) -> Mapping[str, object]:
    return portal().sources[0].translate(DETAIL | changed)


def body(request: HttpRequest) -> dict[str, Any]:
    return cast("dict[str, Any]", request.json)


def outgoing(record: Record, *, previously_delivered: bool = False) -> Outgoing:
    return Outgoing(record=record, idempotency_key="k", previously_delivered=previously_delivered)


def reply(verdict: Verdict, code: object = "0") -> HttpResponse:
    return json_response({"error_code": code, "message": "x"}, verdict=verdict)


def delivered(
    target: Target, batch: Sequence[Outgoing], *responses: HttpResponse
) -> tuple[list[HttpRequest], Sequence[Receipt]]:
    return run_conversation(target.deliver(batch), *responses)


def unsent(record: Record) -> object:
    """Return the receipts of a dossier for which no request is sent."""
    with pytest.raises(StopIteration) as finished:
        next(portal().targets[0].deliver([outgoing(record)]))
    return finished.value.value


@pytest.mark.parametrize("code", [0, "0", "00", " 0 "])
@pytest.mark.parametrize("form", ["composed", "decomposed"])
def test_success_is_code_zero_and_the_words_in_whatever_unicode_form(code: object, form: str) -> None:
    message = "Đồng bộ hồ sơ THÀNH  CÔNG"

    assert (
        verdict_of_message(code, message if form == "composed" else unicodedata.normalize("NFD", message)) is Verdict.OK
    )


@pytest.mark.parametrize(
    ("code", "message", "verdict"),
    [
        ("0", "Đồng bộ hồ sơ không thành công", Verdict.UNKNOWN),
        ("0", "Chưa thành công", Verdict.UNKNOWN),
        ("0", "", Verdict.UNKNOWN),
        ("-3", "Hồ sơ 1 đã tồn tại", Verdict.DUPLICATE),
        ("0", "Hồ sơ 1 đã tồn tại", Verdict.DUPLICATE),
        ("3", "Hồ sơ 1 không tồn tại", Verdict.NOT_FOUND),
        ("-1", "Phiên làm việc không tồn tại hoặc đã hết hạn", Verdict.AUTH),
        ("-1", "Trường MaHoSo không được để trống", Verdict.INVALID),
        (-1, "", Verdict.INVALID),
        ("99", "Lỗi hệ thống", Verdict.UNKNOWN),
        ("3", "Đồng bộ hồ sơ thành công", Verdict.UNKNOWN),
        ("", "thành công", Verdict.UNKNOWN),
        ("0_0", "thành công", Verdict.UNKNOWN),
        (True, "thành công", Verdict.UNKNOWN),
        ("0", '{"error_code": 0, "message": "thành công"}', Verdict.UNKNOWN),
    ],
)
def test_an_answer_is_judged_by_its_words_and_then_by_its_code(code: object, message: str, verdict: Verdict) -> None:
    assert verdict_of_message(code, message) is verdict


def test_an_answer_that_brings_something_needs_no_words() -> None:
    assert verdict_of({"error_code": 0, "message": "Không có dữ liệu", "result": []}) is Verdict.OK
    assert verdict_of({"error_code": 0, "session": "s"}) is Verdict.OK
    assert verdict_of({"error_code": "-1", "message": "x", "result": None}) is Verdict.INVALID


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(404, Verdict.UNKNOWN), (409, Verdict.UNKNOWN), (201, Verdict.UNKNOWN), (401, Verdict.AUTH)],
)
def test_an_http_status_never_speaks_of_a_dossier(status: int, verdict: Verdict) -> None:
    assert verdict_of({"error_code": 0, "message": "thành công"}, status=status) is verdict


def test_an_empty_object_or_a_page_for_people_is_no_success() -> None:
    assert verdict_of({}) is Verdict.UNKNOWN
    assert verdict_of([]) is Verdict.UNKNOWN
    assert portal().dialect.classify(html_response()) is Verdict.UNKNOWN


def test_an_installation_may_say_what_other_words_mean() -> None:
    rules = [{"says": "LỖI HỆ THỐNG", "verdict": "maintenance"}]

    assert verdict_of_message("99", "Lỗi  hệ thống", replies=rules) is Verdict.MAINTENANCE
    assert verdict_of_message("-3", "đã tồn tại", replies=rules) is Verdict.DUPLICATE


def test_an_answer_inside_an_answer_is_unwrapped_only_where_that_is_declared() -> None:
    inner = {"error_code": "-3", "message": "Hồ sơ 1 đã tồn tại"}
    wrapped = {"error_code": "0", "message": json.dumps(inner, ensure_ascii=False)}

    assert verdict_of(wrapped, double_encoded=True) is Verdict.DUPLICATE
    assert verdict_of(wrapped) is Verdict.UNKNOWN


def test_a_failure_of_the_proxy_itself_is_told_in_plain_words() -> None:
    assert verdict_of_message("-1", "Phiên làm việc đã hết hạn", double_encoded=True) is Verdict.AUTH
    assert verdict_of_message("99", "lỗi {", double_encoded=True) is Verdict.UNKNOWN


def test_a_login_may_be_repeated_and_its_session_counts_only_beside_code_zero() -> None:
    login = portal(session_minutes=5).dialect.login
    assert login is not None

    request = login.login_request(credentials("tichhop", "mat-khau"))

    assert (request.path, request.is_idempotent) == ("/dvcqg/login", True)
    assert body(request) == {"username": "tichhop", "password": "mat-khau"}
    assert login.lifetime_s == 300
    assert login.token_from(json_response({"session": "s", "error_code": "00"})) == "s"
    assert login.token_from(json_response({"session": "s", "error_code": -1})) is None
    assert login.token_from(json_response({"session": "", "error_code": 0})) is None
    assert login.token_from(json_response({"error_code": 0})) is None


def test_the_session_goes_into_the_body() -> None:
    adapter = portal()
    request = HttpRequest(method="POST", path="/x", json={"service": "s"})
    assert adapter.dialect.login is not None

    with_session = adapter.dialect.login.with_token(request, "geheim")

    assert with_session == replace(request, json={"session": "geheim", "service": "s"})
    assert "geheim" not in repr(with_session)
    assert adapter.dialect.headers["dstcode"] == "VN:GOV:000.00.00.G22:vpcpdvcqg"


def test_a_procedure_is_read_with_all_its_parts() -> None:
    record = Procedure.read(procedure_fields()).record

    assert (record.code, record.name) == ("1.013225", "Cấp giấy phép xây dựng nhà ở riêng lẻ")
    assert (record.field_code, record.field_name) == ("G17-XD11", "Hoạt động xây dựng")
    assert (record.levels, record.is_public) == ((ProcedureLevel.DISTRICT,), True)
    assert (record.kind, record.decision_number, record.requirements) == ("0", "22/QĐ-UBND", None)
    (channel,) = record.channels
    assert channel.channel is Channel.ONLINE
    assert [(term.duration, term.unit, term.raw) for term in channel.terms] == [
        (Decimal("7.5"), "Ngày làm việc", None),
        (None, "Ngày", "Trả kết quả ngay"),
    ]
    assert [(fee.code, fee.amount_vnd, fee.raw) for fee in channel.terms[0].fees] == [
        ("LP01", Decimal(75000), None),
        ("LP02", None, "Theo quy định của HĐND tỉnh"),
    ]
    (component,) = record.components
    assert (component.code, component.name, component.case) == ("K1", "Đơn đề nghị", "Xây mới")
    assert (component.originals, component.copies) == (1, None)
    assert record.legal_bases[0].issued_on == PartialDate(2025, 12, 10)
    assert record.executing_agencies[0].code == "000.00.05.H09"


def test_every_fault_of_a_procedure_is_found_at_once() -> None:
    fields = procedure_fields(
        TENTTHC="",
        TRANGTHAI=None,
        CAPTHUCHIEN=["2"],
        THANHPHANHOSO=["x", {"GIAYTO": [{"TENGIAYTO": "a", "SOBANCHINH": "hai"}, 7]}],
        CACHTHUCTHUCHIEN=[{"KENH": "9"}],
    )

    assert faults(Procedure, fields) == {
        ("name", "missing"),
        ("is_public", "missing"),
        ("levels.0", "text_expected"),
        ("components.0", "object_expected"),
        ("components.1.originals", "whole_number_unreadable"),
        ("components.2", "object_expected"),
        ("channels.0.channel", "value_unknown"),
    }


def test_a_procedure_that_is_not_published_is_told_so() -> None:
    assert Procedure.read(procedure_fields(TRANGTHAI="2")).record.is_public is False


def result_response(*rows: Mapping[str, object]) -> HttpResponse:
    return json_response({"error_code": 0, "message": "", "result": list(rows)})


def test_the_catalogue_is_read_code_by_code_in_pages() -> None:
    source = portal(procedures_a_page=2).sources[0]
    rows = [{"MATTHC": code, "TENTTHC": "a"} for code in ("1.000003", "1.000001", "1.000002")]

    requests, first = run_conversation(
        source.fetch(FIRST_PAGE), result_response(*rows), result_response(DETAIL), result_response(DETAIL)
    )
    later, last = run_conversation(
        source.fetch(PageRequest(since=None, page_token=first.next_page_token)),
        result_response(*rows),
        result_response(DETAIL),
    )

    assert [(request.path, body(request)["service"]) for request in requests] == [
        ("/dvcqg/share", "LayDanhSachTTHC"),
        ("/dvcqg/integration", "LayThuTuc"),
        ("/dvcqg/integration", "LayThuTuc"),
    ]
    assert [body(request)["maTTHC"] for request in (*requests[1:], *later[1:])] == ["1.000001", "1.000002", "1.000003"]
    assert body(requests[0])["madonvi"] == "000.00.00.H09"
    assert all(request.is_idempotent for request in requests)
    assert (first.next_page_token, first.total, last.next_page_token) == ("1.000002", 3, None)


def test_a_procedure_without_details_or_code_is_not_lost() -> None:
    source = portal().sources[0]
    rows = ({"MATTHC": "1.000001", "TENTTHC": "a"}, {"MATTHC": "", "TENTTHC": "b"})

    _, page = run_conversation(source.fetch(FIRST_PAGE), result_response(*rows), result_response())

    assert {item["TENTTHC"] for item in page.items} == {"a", "b"}
    assert all(faults(Procedure, source.translate(item)) for item in page.items)


@pytest.mark.parametrize(
    "bad",
    [
        json_response({"error_code": 0, "result": None}),
        json_response({"error_code": 0, "message": "thành công"}),
        json_response({"error_code": 0, "result": ["x"]}),
        json_response({"error_code": -1, "result": []}, verdict=Verdict.INVALID),
    ],
)
def test_a_catalogue_without_a_result_holds_the_source(bad: HttpResponse) -> None:
    with pytest.raises(SourceHeld) as held:
        run_conversation(portal().sources[0].fetch(FIRST_PAGE), bad)

    assert (held.value.code, held.value.context["service"]) == ("national_portal.no_result", "LayDanhSachTTHC")


FREE = {"MAPHILEPHI": "LP01", "SOTIEN": "0"}
COSTLY = {"MAPHILEPHI": "LP01", "SOTIEN": "75.000"}
PROSE = {"MAPHILEPHI": "LP02", "SOTIEN": "Theo quy định"}


FEES: list[tuple[list[object], bool | None]] = [
    ([[COSTLY]], True),
    ([[FREE], [PROSE, COSTLY]], True),
    ([[FREE]], False),
    ([[], []], False),
    ([[FREE, PROSE]], None),
    ([[FREE], None], None),
    ([], None),
]
"""The lists of fees of a procedure's terms, and whether a fee is due."""


@pytest.mark.parametrize(("fees", "has_fee"), FEES)
def test_whether_a_procedure_has_a_fee_is_open_where_the_portal_leaves_it_open(
    fees: list[object], *, has_fee: bool | None
) -> None:
    terms = [{"THOIGIANGIAIQUYET": "7", "PHILEPHI": listed} for listed in fees]

    assert (
        Procedure.read(procedure_fields(CACHTHUCTHUCHIEN=[{"KENH": "1", "THOIGIAN": terms}])).record.has_fee is has_fee
    )


def test_who_may_use_a_procedure_is_unknown_where_the_portal_does_not_say() -> None:
    subjects = [{"MADOITUONG": "1", "TENDOITUONG": "Công dân Việt Nam"}]

    assert Procedure.read(procedure_fields()).record.subjects is None
    assert Procedure.read(procedure_fields(DOITUONGTHUCHIEN=[])).record.subjects == ()
    read = Procedure.read(procedure_fields(DOITUONGTHUCHIEN=subjects)).record
    assert read.subjects == (ProcedureSubject(code="1", name="Công dân Việt Nam"),)


def test_a_dossier_is_written_as_text_with_local_times() -> None:
    requests, receipts = delivered(portal().targets[0], [outgoing(DOSSIER)], reply(Verdict.OK))

    message = body(requests[0])
    (payload,) = message["data"]
    assert (message["service"], message["isUpdating"], message["madonvi"]) == ("DongBoHoSoMC", "False", "000.00.00.H09")
    assert payload["MaHoSo"] == "000.00.05.H09-210927-0001"
    assert (payload["NgayTiepNhan"], payload["NgayTra"]) == ("20210927131500", "")
    assert (payload["TrangThaiHoSo"], payload["KenhThucHien"], payload["LoaiDoiTuong"]) == ("2", "1", "1")
    assert (payload["HinhThuc"], payload["NoiNopHoSo"], payload["DonViXuLy"]) == ("0", "2", "Sở Xây dựng")
    assert payload["DinhDanhCHS"] == [{"LoaiDinhDanh": "1", "SoDinhDanh": "074000000001"}]
    assert all(isinstance(value, str | list) for value in payload.values())
    assert list(receipts) == [Receipt(status=DeliveryStatus.DELIVERED)]


@pytest.mark.parametrize(
    ("number", "kinds"),
    [
        ("074000000001", ["1"]),
        ("280000001", ["2"]),
        ("3700000001", []),
        ("097087000001", []),
        ("07400000000x", []),
        (None, []),
    ],
)
def test_an_identity_number_has_a_kind_only_where_its_length_tells(number: str | None, kinds: list[str]) -> None:
    dossier = DOSSIER.model_copy(update={"applicant_id": number})

    requests, _ = delivered(portal().targets[0], [outgoing(dossier)], reply(Verdict.OK))

    (payload,) = body(requests[0])["data"]
    assert [entry["LoaiDinhDanh"] for entry in payload.get("DinhDanhCHS", [])] == kinds
    assert payload["SoGiayToChuHoSo"] == (number or "")


@pytest.mark.parametrize("number", ["000000001", "111111111", "123456789", "không có"])
def test_a_placeholder_is_never_sent_as_an_identity(number: str) -> None:
    dossier = DOSSIER.model_copy(update={"applicant_id": number})

    requests, _ = delivered(portal().targets[0], [outgoing(dossier)], reply(Verdict.OK))

    (payload,) = body(requests[0])["data"]
    assert "DinhDanhCHS" not in payload
    assert payload["SoGiayToChuHoSo"] == ""


def test_a_long_summary_and_a_long_name_are_cut_so_that_it_shows() -> None:
    dossier = DOSSIER.model_copy(update={"summary": "ă" * 1001})
    step = STEP.model_copy(update={"handler_name": "ă" * 51})
    adapter = portal()

    sent, _ = delivered(adapter.targets[0], [outgoing(dossier)], reply(Verdict.OK))
    sent_steps, _ = delivered(adapter.targets[1], [outgoing(step)], reply(Verdict.OK))

    assert body(sent[0])["data"][0]["TrichYeuHoSo"] == "ă" * 999 + "…"
    assert body(sent_steps[0])["data"][0]["NguoiXuLy"] == "ă" * 49 + "…"


@pytest.mark.parametrize(
    ("previously_delivered", "first", "second"), [(False, "False", "True"), (True, "True", "False")]
)
def test_the_flag_is_turned_round_once_where_the_portal_knows_better(
    *, previously_delivered: bool, first: str, second: str
) -> None:
    wrong_way = reply(Verdict.NOT_FOUND if previously_delivered else Verdict.DUPLICATE)

    requests, receipts = delivered(
        portal().targets[0],
        [outgoing(DOSSIER, previously_delivered=previously_delivered)],
        wrong_way,
        reply(Verdict.OK),
    )

    assert [body(request)["isUpdating"] for request in requests] == [first, second]
    assert [receipt.status for receipt in receipts] == [DeliveryStatus.DELIVERED]
    assert requests[0].is_idempotent


@pytest.mark.parametrize("previously_delivered", [False, True])
def test_a_portal_that_contradicts_itself_is_asked_again_later(*, previously_delivered: bool) -> None:
    wrong_way, other_way = Verdict.DUPLICATE, Verdict.NOT_FOUND
    replies = (reply(other_way), reply(wrong_way)) if previously_delivered else (reply(wrong_way), reply(other_way))

    requests, (receipt,) = delivered(
        portal().targets[0], [outgoing(DOSSIER, previously_delivered=previously_delivered)], *replies
    )

    assert len(requests) == 2
    assert receipt.status is DeliveryStatus.RETRY


def test_what_the_portal_refuses_is_refused_with_its_code() -> None:
    _, (receipt,) = delivered(portal().targets[0], [outgoing(DOSSIER)], reply(Verdict.INVALID, "-1"))

    assert receipt == Receipt(status=DeliveryStatus.REFUSED, reason="error_code:-1")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"procedure_name": None}, "missing:TenTTHC"),
        ({"field_code": None}, "missing:MaLinhVuc"),
        ({"field_name": None}, "missing:TenLinhVuc"),
        ({"applicant_kind": None}, "missing:LoaiDoiTuong"),
        ({"agency_name": None}, "missing:DonViXuLy"),
        ({"received_at": None}, "missing:NgayTiepNhan"),
        ({"procedure_code": "GPXD-NO"}, "procedure_code_unmapped"),
    ],
)
def test_a_dossier_that_lacks_what_is_required_is_refused_and_not_sent(
    changed: Mapping[str, object], reason: str
) -> None:
    receipts = unsent(DOSSIER.model_copy(update=changed))

    assert receipts == [Receipt(status=DeliveryStatus.REFUSED, reason=reason)]


def test_what_is_no_dossier_is_refused_and_not_sent() -> None:
    assert unsent(STEP) == [Receipt(status=DeliveryStatus.REFUSED, reason="record_type_unexpected")]


def test_a_dossier_that_is_not_received_yet_needs_no_day_of_receipt() -> None:
    registered = DOSSIER.model_copy(update={"status": DossierStatus.REGISTERED, "received_at": None})

    _, (receipt,) = delivered(portal().targets[0], [outgoing(registered)], reply(Verdict.OK))

    assert receipt.status is DeliveryStatus.DELIVERED


def test_a_local_procedure_code_is_sent_as_the_national_one_it_is_mapped_to() -> None:
    local = DOSSIER.model_copy(update={"procedure_code": "GPXD-NO"})
    target = portal(procedure_codes={"GPXD-NO": "1.013225"}).targets[0]

    requests, _ = delivered(target, [outgoing(local)], reply(Verdict.OK))

    assert body(requests[0])["data"][0]["MaTTHC"] == "1.013225"


def test_what_no_record_tells_is_what_the_options_say() -> None:
    target = portal(constants={"NoiNopHoSo": "1", "GhiChu": "thử"}).targets[0]

    requests, _ = delivered(target, [outgoing(DOSSIER)], reply(Verdict.OK))

    assert (body(requests[0])["data"][0]["NoiNopHoSo"], body(requests[0])["data"][0]["GhiChu"]) == ("1", "thử")


def test_steps_go_in_one_message_that_is_never_repeated_blindly() -> None:
    nameless = STEP.model_copy(update={"handler_name": None, "status": DossierStatus.SUPPLEMENT_REQUESTED})

    requests, receipts = delivered(
        portal(default_handler="Cán bộ một cửa").targets[1], [outgoing(STEP), outgoing(nameless)], reply(Verdict.OK)
    )

    first, second = body(requests[0])["data"]
    assert first == {
        "MaHoSo": "000.00.05.H09-210927-0001",
        "NguoiXuLy": "Lê Thị Mẫu",
        "ChucDanh": "",
        "ThoiDiemXuLy": "20210927131500",
        "PhongBanXuLy": "",
        "NoiDungXuLy": "Tiếp nhận hồ sơ",
        "TrangThai": "2",
        "NgayBatDau": "",
        "NgayKetThucTheoQuyDinh": "",
    }
    assert (second["NguoiXuLy"], second["TrangThai"]) == ("Cán bộ một cửa", "5")
    assert body(requests[0])["service"] == "CapNhatTienDoHoSoMC"
    assert not requests[0].is_idempotent
    assert [receipt.status for receipt in receipts] == [DeliveryStatus.DELIVERED] * 2


@pytest.mark.parametrize(
    ("verdict", "receipt"),
    [
        (Verdict.NOT_FOUND, Receipt(status=DeliveryStatus.REFUSED, reason="not_found")),
        (Verdict.DUPLICATE, Receipt(status=DeliveryStatus.DUPLICATE)),
        (Verdict.INVALID, Receipt(status=DeliveryStatus.REFUSED, reason="error_code:0")),
    ],
)
def test_steps_share_the_answer_to_their_message(verdict: Verdict, receipt: Receipt) -> None:
    _, receipts = delivered(portal().targets[1], [outgoing(STEP), outgoing(STEP)], reply(verdict))

    assert list(receipts) == [receipt, receipt]


def test_batches_are_as_large_as_observed_clients_make_them() -> None:
    assert [target.batch_limit for target in portal().targets] == [1, 10]


@pytest.mark.parametrize(
    "wrong",
    [
        {"session_minutes": 0},
        {"procedures_a_page": 0},
        {"replies": [{"says": "x", "verdict": "fine"}]},
        {"legal_dates": "MM/dd/yyyy"},
        {"agency": None},
        {"proxy": True},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        portal(**wrong)


@pytest.fixture
def double(agencies: Agencies) -> NationalPortalDouble:
    return agencies.national_portal


def to(double: NationalPortalDouble, adapter: NationalPortal, password: str = "") -> RequestsTransport:
    return transport_to(adapter, double, Login(credentials(double.username, password or double.password)))


@pytest.mark.parametrize("switch", ["", "nfd_message", "double_encode"])
def test_procedures_are_what_the_portal_publishes_and_only_faulty_ones_are_set_aside(
    double: NationalPortalDouble, world: World, switch: str
) -> None:
    adapter = portal(procedures_a_page=7, double_encoded=switch == "double_encode")
    source = adapter.sources[0]
    if switch:
        setattr(double.switches, switch, True)

    with to(double, adapter) as transport:
        items = all_items(source, transport)

    assert len(items) == len(world.procedures)
    assert faulty_keys(source, items) == set(world.listing_defects["procedure"].faulty_ids())
    for key, record in records_of(source, items).items():
        fact = world.procedures[key]
        assert isinstance(record, Procedure)
        assert (record.name, record.levels) == (fact.name, (fact.level,))
        assert [term.duration for channel in record.channels for term in channel.terms] == [fact.working_days] * 2


def test_a_session_that_ends_in_the_middle_is_opened_anew(double: NationalPortalDouble, world: World) -> None:
    adapter = portal(procedures_a_page=7)

    with to(double, adapter) as transport:
        transport.run(adapter.sources[0].fetch(FIRST_PAGE))
        double.switches.expire_session = 1
        items = all_items(adapter.sources[0], transport)

    assert len(items) == len(world.procedures)
    assert double.request_counts["/dvcqg/login"] == 2


def test_a_wrong_password_is_told_as_refused_credentials(double: NationalPortalDouble) -> None:
    adapter = portal()

    with to(double, adapter, password="sai") as transport, pytest.raises(AuthenticationFailed):
        all_items(adapter.sources[0], transport)


def test_an_error_that_no_list_explains_holds_the_source(double: NationalPortalDouble) -> None:
    adapter = portal()
    double.switches.error_in_200 = True

    with to(double, adapter) as transport, pytest.raises(SourceHeld):
        all_items(adapter.sources[0], transport)


def test_a_dossier_and_its_step_arrive_once_and_in_their_order(double: NationalPortalDouble) -> None:
    adapter = portal()
    dossiers, steps = adapter.targets

    with to(double, adapter) as transport:
        too_early = transport.run(steps.deliver([outgoing(STEP)]))
        arrived = transport.run(dossiers.deliver([outgoing(DOSSIER)]))
        in_time = transport.run(steps.deliver([outgoing(STEP)]))
        again = transport.run(dossiers.deliver([outgoing(DOSSIER, previously_delivered=False)]))

    assert [receipts[0].status for receipts in (too_early, arrived, in_time, again)] == [
        DeliveryStatus.REFUSED,
        DeliveryStatus.DELIVERED,
        DeliveryStatus.DELIVERED,
        DeliveryStatus.DELIVERED,
    ]
    assert too_early[0].reason == "not_found"
    assert list(double.dossiers) == [DOSSIER.code]
    assert len(double.steps) == 1
    assert double.change_count == 2


def test_a_dossier_whose_answer_was_lost_is_not_written_twice(double: NationalPortalDouble) -> None:
    adapter = portal()
    double.switches.drop_after_write = 1

    with to(double, adapter) as transport:
        (receipt,) = transport.run(adapter.targets[0].deliver([outgoing(DOSSIER)]))

    assert receipt.status is DeliveryStatus.DELIVERED
    assert (double.message_count, double.change_count) == (3, 1)


def test_steps_whose_answer_was_lost_are_left_to_a_later_run(double: NationalPortalDouble) -> None:
    adapter = portal()
    dossiers, steps = adapter.targets

    with to(double, adapter) as transport:
        transport.run(dossiers.deliver([outgoing(DOSSIER)]))
        double.switches.drop_after_write = 1
        with pytest.raises(Unreachable):
            transport.run(steps.deliver([outgoing(STEP)]))

    assert double.message_count == 2
