"""The portal gets what is known of a dossier, and an update never empties what we know nothing of."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from cchc_adapters.national_portal.messages import ALWAYS_SENT, dossier_payload
from cchc_connect.testing.doubles.portal_inbox import PortalInbox
from cchc_schemas import (
    Dossier,
    DossierFee,
    DossierStatus,
    OtherPaper,
    ResultPaper,
    SubmittedPaper,
    SupplementRound,
)
from tests.adapters.test_national_portal import DOSSIER
from tests.schemas.invented import records_of

KINDS = {"12": "1", "9": "2"}
FULL = DOSSIER.model_copy(
    update={
        "receipt_number": "BN-44",
        "submitted_via": "1",
        "is_authenticated": True,
        "has_digitised_components": False,
        "payment": "2",
        "applicant_email": "mau@example.org",
        "national_databases": ("7",),
        "fees": (DossierFee(code="P01", name="Phí thẩm định", amount_vnd=Decimal("5E+5"), collected="4", kind="2"),),
        "submitted_papers": (
            SubmittedPaper(
                file_id="1001",
                file_name="don-de-nghi.pdf",
                is_deleted=False,
                component_code="000.00.00.G17-KQ000001",
                file_link="https://files.example.gov.vn/1001",
                is_digitised=True,
                reuse="0",
                is_from_national_store=False,
            ),
        ),
        "other_papers": (OtherPaper(name="Bản vẽ", quantity=2),),
        "supplements": (
            SupplementRound(
                number="1",
                asked_by="Trần Văn Mẫu",
                request="Bổ sung trích lục",
                asked_at=datetime(2021, 9, 23, 3, 15, tzinfo=UTC),
                supplied_at=datetime(2021, 9, 27, 7, 0, tzinfo=UTC),
                is_supplied=True,
                due_before=datetime(2021, 10, 5, 10, 0, tzinfo=UTC),
                due_after=datetime(2021, 10, 11, 10, 0, tzinfo=UTC),
            ),
        ),
        "result_papers": (
            ResultPaper(
                paper_id="7001",
                name="gcn-so-do.pdf",
                result_code="KQ.G13.000001",
                file_link="https://files.example.gov.vn/7001",
            ),
        ),
    }
)
LISTS = (
    *("DSKetNoiCSDL", "TaiLieuNop", "DanhSachLePhi", "DanhSachTepDinhKemKhac", "DanhSachHoSoBoSung"),
    *("DanhSachGiayToKetQua", "DinhDanhCHS"),
)


def payload(dossier: Dossier, *, updating: bool = False, **constants: str) -> dict[str, Any]:
    return dossier_payload(dossier, dossier.procedure_code, KINDS, constants=constants, updating=updating)


def received(inbox: PortalInbox, message: Mapping[str, Any], *, updating: bool) -> Mapping[str, Any]:
    """Return the dossier as the portal has it after a message."""
    verdict = inbox.receive_dossiers({"isUpdating": str(updating), "data": [message]})
    assert verdict.error_code == "0", verdict.message
    return inbox.dossiers[message["MaHoSo"]]


def test_rounds_fees_papers_results_and_flags_are_sent_as_the_clients_write_them() -> None:
    message = payload(FULL)

    assert message["DanhSachLePhi"] == [
        {"TenPhiLePhi": "Phí thẩm định", "MaPhiLePhi": "P01", "Gia": "500000", "HinhThucThu": "4", "LoaiPhiLePhi": "2"}
    ]
    assert message["DanhSachHoSoBoSung"] == [
        {
            "HoSoBoSungId": "1",
            "NguoiYeuCauBoSung": "Trần Văn Mẫu",
            "NoiDungBoSung": "Bổ sung trích lục",
            "NgayBoSung": "20210923101500",
            "NguoiTiepNhanBoSung": "",
            "ThongTinTiepNhan": "",
            "NgayTiepNhanBoSung": "20210927140000",
            "TrangThaiBoSung": "True",
            "NgayHenTraTruoc": "20211005170000",
            "NgayHenTraMoi": "20211011170000",
        }
    ]
    assert message["TaiLieuNop"][0]["TenTepDinhKem"] == "don-de-nghi.pdf"
    assert {message["TaiLieuNop"][0][name] for name in ("DuocTaiSuDung", "DuocLayTuKhoDMQG")} == {"0"}
    assert message["DanhSachGiayToKetQua"][0]["MaGiayToKetQua"] == "KQ.G13.000001"
    assert message["DanhSachTepDinhKemKhac"] == [{"TenGiayTo": "Bản vẽ", "SoLuong": "2", "LoaiGiayTo": ""}]
    flags = ("HoSoCoThanhPhanSoHoa", "TaiKhoanDuocXacThucVoiVNeID", "DuocThanhToanTrucTuyen", "SoBienNhan")
    assert [message[name] for name in flags] == ["0", "1", "2", "BN-44"]
    assert message["DSKetNoiCSDL"] == [{"MaCSDL": "7"}]


@pytest.mark.parametrize("updating", [False, True])
def test_a_list_of_which_nothing_is_known_is_never_sent(*, updating: bool) -> None:
    bare = DOSSIER.model_copy(update={"applicant_id": None})

    assert [name for name in LISTS if name in payload(bare, updating=updating)] == []


def test_a_list_that_is_known_to_be_empty_is_sent_empty() -> None:
    message = payload(DOSSIER.model_copy(update={"fees": ()}), updating=True)

    assert message["DanhSachLePhi"] == []


def test_a_constant_of_the_site_is_what_the_record_does_not_know() -> None:
    assert payload(DOSSIER, NoiNopHoSo="2")["NoiNopHoSo"] == "2"
    assert payload(FULL, NoiNopHoSo="2")["NoiNopHoSo"] == "1"


def test_an_update_without_what_a_former_message_had_takes_nothing_away() -> None:
    """A former system knew the fees; ours knows the dossier's head alone."""
    inbox = PortalInbox()
    before = dict(received(inbox, payload(FULL), updating=False))

    after = received(inbox, payload(DOSSIER, updating=True), updating=True)

    assert after == before


def test_a_date_that_the_status_excludes_is_taken_back() -> None:
    """The result was recalled: the dossier is in process again, so it was not returned."""
    inbox, at = PortalInbox(), datetime(2021, 10, 8, 2, 0, tzinfo=UTC)
    ended = {"status": DossierStatus.RETURNED, "processed_at": at, "returned_at": at}
    received(inbox, payload(DOSSIER.model_copy(update=ended)), updating=False)
    recalled = DOSSIER.model_copy(update={"status": DossierStatus.IN_PROCESS})

    after = received(inbox, payload(recalled, updating=True), updating=True)

    assert (after["NgayTra"], after["NgayKetThucXuLy"]) == ("", "")


@given(records_of(Dossier), records_of(Dossier))
def test_no_update_empties_a_member_that_is_neither_required_nor_excluded(first: Dossier, second: Dossier) -> None:
    inbox = PortalInbox()
    same = {"code": "H09-250801-0007", "procedure_code": "1.013225"}
    before = dict(received(inbox, payload(first.model_copy(update=same)), updating=False))
    update = second.model_copy(update=same)

    after = received(inbox, payload(update, updating=True), updating=True)

    emptied = {name for name, value in before.items() if value and not after[name]}
    stated = {name for name, value in payload(update).items() if value == []}
    assert emptied <= {*ALWAYS_SENT, "NgayTra", "NgayKetThucXuLy"} | stated
