"""Behaviour of the national portal that its double reproduces."""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from cchc_connect.testing import NationalPortalDouble, World
from cchc_connect.testing.doubles.national_portal import INTEGRATION, LOGIN, SHARE

Payload = dict[str, Any]

DOSSIER: Payload = {
    "MaHoSo": "000.00.05.H09-260115-0001",
    "MaTTHC": "1.013225",
    "TenTTHC": "Cấp giấy phép xây dựng nhà ở riêng lẻ",
    "MaLinhVuc": "G17-XD11",
    "TenLinhVuc": "Hoạt động xây dựng",
    "ChuHoSo": "Nguyễn Thị Mẫu",
    "LoaiDoiTuong": "1",
    "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "074180000001"}],
    "NgayTiepNhan": "20260115081500",
    "NgayHenTra": "",
    "TrangThaiHoSo": "2",
    "HinhThuc": "0",
    "DonViXuLy": "Sở Xây dựng",
}
STEP: Payload = {
    "MaHoSo": DOSSIER["MaHoSo"],
    "NguoiXuLy": "Lê Thị Mẫu",
    "ThoiDiemXuLy": "20260115081500",
    "NoiDungXuLy": "Tiếp nhận hồ sơ",
    "TrangThai": "2",
}


class HandedInClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 7, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


class Client:
    """Client of the portal, like the one of a one-stop system."""

    def __init__(self, portal: NationalPortalDouble, http: requests.Session) -> None:
        self._portal = portal
        self._http = http
        self.session = self.login()["session"]

    def post(self, path: str, message: object, headers: Mapping[str, str] | None = None) -> Payload:
        sent_headers = {"dstcode": "VN:GOV:mau"} if headers is None else headers
        response = self._http.post(self._portal.base_url + path, json=message, headers=sent_headers, timeout=5)
        assert response.status_code == 200
        envelope: Payload = response.json()
        return envelope

    def login(self, password: str | None = None) -> Payload:
        account = {"username": self._portal.username, "password": password or self._portal.password}
        return self.post(LOGIN, account)

    def call(self, path: str, service: str, **parameters: object) -> Payload:
        envelope = {"session": self.session, "madonvi": "000.00.00.H09", "service": service}
        return self.post(path, envelope | parameters)

    def send_dossiers(self, *dossiers: object, updating: object = "False") -> Payload:
        return self.call(INTEGRATION, "DongBoHoSoMC", isUpdating=updating, data=list(dossiers))

    def send_steps(self, *steps: object) -> Payload:
        return self.call(INTEGRATION, "CapNhatTienDoHoSoMC", data=list(steps))


@pytest.fixture(scope="module")
def world() -> World:
    """Draw a province with hardly more than its catalogue; the portal writes nothing into it."""
    return World(seed=3, dossiers=5, parcels=5, works=5)


@pytest.fixture
def clock() -> HandedInClock:
    return HandedInClock()


@pytest.fixture
def portal(world: World, clock: HandedInClock) -> Iterator[NationalPortalDouble]:
    with NationalPortalDouble(world, clock=clock) as running:
        yield running


@pytest.fixture
def client(portal: NationalPortalDouble, http: requests.Session) -> Client:
    return Client(portal, http)


def succeeded(envelope: Payload) -> bool:
    return int(str(envelope["error_code"])) == 0 and "thành công" in envelope["message"].lower()


def test_a_login_opens_a_session(client: Client) -> None:
    envelope = client.login()

    assert envelope["error_code"] == 0
    assert envelope["session"]


def test_a_refused_login_is_an_envelope_with_status_200(client: Client) -> None:
    envelope = client.login(password="sai")

    assert (envelope["session"], envelope["error_code"]) == ("", -1)


def test_a_session_lives_ten_minutes_and_its_end_is_an_error_in_a_200(client: Client, clock: HandedInClock) -> None:
    clock.seconds = 599.0
    alive = client.call(SHARE, "LayDanhSachTTHC")
    clock.seconds = 600.0
    ended = client.call(SHARE, "LayDanhSachTTHC")

    assert alive["error_code"] == 0
    assert ended["error_code"] == -1
    assert "hết hạn" in ended["message"]


def test_sessions_may_be_forgotten(client: Client, portal: NationalPortalDouble) -> None:
    portal.switches.expire_session = 1

    assert client.call(SHARE, "LayDanhSachTTHC")["error_code"] == -1
    client.session = client.login()["session"]
    assert client.call(SHARE, "LayDanhSachTTHC")["error_code"] == 0


def test_the_header_dstcode_is_required(client: Client) -> None:
    envelope = client.post(SHARE, {"session": client.session, "service": "LayDanhSachTTHC"}, headers={})

    assert envelope["error_code"] == -1
    assert "dstcode" in envelope["message"]


@pytest.mark.parametrize(
    ("path", "service"), [(SHARE, "KhongCo"), (SHARE, "LayThuTuc"), (INTEGRATION, "LayDanhSachTTHC")]
)
def test_a_service_is_known_at_its_own_address_only(client: Client, path: str, service: str) -> None:
    assert client.call(path, service)["error_code"] == -1


def test_an_unknown_address_is_404(portal: NationalPortalDouble, http: requests.Session) -> None:
    response = http.post(f"{portal.base_url}/khong-co", json={}, headers={"dstcode": "x"}, timeout=5)

    assert response.status_code == 404


def test_catalogues_come_whole_and_in_upper_case(client: Client) -> None:
    procedures = client.call(SHARE, "LayDanhSachTTHC")["result"]
    fields = client.call(SHARE, "LayDanhMucLinhVuc")["result"]
    agencies = client.call(SHARE, "LayDanhMucCoQuan")["result"]

    assert len(procedures) == 40
    assert {"MATTHC": "1.001193", "TENTTHC": "Đăng ký khai sinh"} in procedures
    assert {"MALINHVUC": "G07-LĐ06", "TENLINHVUC": "Việc làm", "MANGANH": "G07"} in fields
    assert agencies[0] == {"MADONVI": "000.00.05.H09", "TENDONVI": "Sở Xây dựng", "CAPDONVI": "1"}


def test_the_type_of_the_error_code_depends_on_the_service(client: Client) -> None:
    codes = [
        client.call(SHARE, "LayDanhSachTTHC")["error_code"],
        client.call(SHARE, "LayDanhMucLinhVuc")["error_code"],
        client.send_dossiers(DOSSIER)["error_code"],
        client.send_steps(STEP)["error_code"],
        client.send_dossiers(DOSSIER)["error_code"],
    ]

    assert codes == [0, "0", "0", "00", "-3"]


def test_a_procedure_is_a_list_of_one(client: Client) -> None:
    (detail,) = client.call(INTEGRATION, "LayThuTuc", maTTHC="1.013225")["result"]
    term = detail["CACHTHUCTHUCHIEN"][0]["THOIGIAN"][0]

    assert detail["MATTHC"] == "1.013225"
    assert detail["LINHVUCTHUCHIEN"] == [{"MALINHVUC": "G17-XD11", "TENLINHVUC": "Hoạt động xây dựng"}]
    assert (term["THOIGIANGIAIQUYET"], term["DONVITINH"]) == ("7", "Ngày làm việc")
    assert client.call(INTEGRATION, "LayThuTuc", maTTHC="9.999999")["result"] == []


def test_every_procedure_of_the_catalogue_has_a_detail(client: Client, portal: NationalPortalDouble) -> None:
    codes = [procedure["MATTHC"] for procedure in client.call(SHARE, "LayDanhSachTTHC")["result"]]
    details = [client.call(INTEGRATION, "LayThuTuc", maTTHC=code)["result"][0] for code in codes]

    assert [detail["MATTHC"] for detail in details] == codes
    assert sum(not detail["TENTTHC"] for detail in details) == portal.faulty_counts()["procedure"] == 1


def test_only_the_existence_of_a_dossier_can_be_asked(client: Client) -> None:
    before = client.call(INTEGRATION, "TraCuuHoSo", mahoso=DOSSIER["MaHoSo"])
    client.send_dossiers(DOSSIER)
    after = client.call(INTEGRATION, "TraCuuHoSo", mahoso=DOSSIER["MaHoSo"])

    assert (before["error_code"], before["result"]) == (0, [])
    assert after["result"] == [{"MaHoSo": DOSSIER["MaHoSo"]}]


def test_a_new_dossier_is_kept(client: Client, portal: NationalPortalDouble) -> None:
    assert succeeded(client.send_dossiers(DOSSIER))
    assert portal.dossiers == {DOSSIER["MaHoSo"]: DOSSIER}
    assert (portal.message_count, portal.change_count) == (1, 1)


def test_a_dossier_that_exists_cannot_be_new(client: Client, portal: NationalPortalDouble) -> None:
    client.send_dossiers(DOSSIER)
    envelope = client.send_dossiers(DOSSIER)

    assert envelope == {"error_code": "-3", "message": f"Hồ sơ {DOSSIER['MaHoSo']} đã tồn tại"}
    assert (portal.message_count, portal.change_count) == (2, 1)


def test_a_dossier_that_does_not_exist_cannot_be_updated(client: Client, portal: NationalPortalDouble) -> None:
    envelope = client.send_dossiers(DOSSIER, updating="True")

    assert envelope == {"error_code": "3", "message": f"Hồ sơ {DOSSIER['MaHoSo']} không tồn tại"}
    assert portal.change_count == 0


def test_an_update_replaces_and_the_same_update_changes_nothing(client: Client, portal: NationalPortalDouble) -> None:
    client.send_dossiers(DOSSIER)
    finished = DOSSIER | {"TrangThaiHoSo": "9"}

    assert succeeded(client.send_dossiers(finished, updating="True"))
    assert succeeded(client.send_dossiers(finished, updating="True"))
    assert portal.dossiers[DOSSIER["MaHoSo"]]["TrangThaiHoSo"] == "9"
    assert (portal.message_count, portal.change_count) == (3, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"LoaiDoiTuong": 1},
        {"ChuHoSo": None},
        {"DinhDanhCHS": [{"LoaiDinhDanh": 1}]},
        {"NgayTiepNhan": "15/01/2026"},
        {"NgayTiepNhan": "20260230000000"},
        {"NgayTiepNhan": "2026011508150"},
        {"TrangThaiHoSo": "11"},
        {"TrangThaiHoSo": ""},
        {"MaHoSo": ""},
    ],
)
def test_a_dossier_of_the_wrong_form_is_refused(
    client: Client, portal: NationalPortalDouble, change: dict[str, object]
) -> None:
    assert client.send_dossiers(DOSSIER | change)["error_code"] == "-1"
    assert portal.dossiers == {}


def test_a_dossier_without_a_required_field_is_refused(client: Client) -> None:
    lacking = {name: value for name, value in DOSSIER.items() if name != "DonViXuLy"}

    assert "DonViXuLy" in client.send_dossiers(lacking)["message"]


@pytest.mark.parametrize("updating", [True, "true", None])
def test_is_updating_is_the_text_true_or_false(client: Client, updating: object) -> None:
    assert client.send_dossiers(DOSSIER, updating=updating)["error_code"] == "-1"


def test_a_message_is_taken_whole_or_not_at_all(client: Client, portal: NationalPortalDouble) -> None:
    client.send_dossiers(DOSSIER)
    second = DOSSIER | {"MaHoSo": "000.00.05.H09-260115-0002"}

    assert client.send_dossiers(second, DOSSIER)["error_code"] == "-3"
    assert list(portal.dossiers) == [DOSSIER["MaHoSo"]]


@pytest.mark.parametrize("content", [None, {}, ["hồ sơ"]])
def test_what_is_sent_is_a_list_of_objects(client: Client, content: object) -> None:
    assert client.call(INTEGRATION, "DongBoHoSoMC", isUpdating="False", data=content)["error_code"] == "-1"


def test_a_step_needs_its_dossier(client: Client, portal: NationalPortalDouble) -> None:
    assert client.send_steps(STEP) == {"error_code": "3", "message": f"Hồ sơ {STEP['MaHoSo']} không tồn tại"}
    assert portal.steps == ()


def test_the_same_step_again_changes_nothing_and_succeeds(client: Client, portal: NationalPortalDouble) -> None:
    client.send_dossiers(DOSSIER)

    assert succeeded(client.send_steps(STEP))
    assert succeeded(client.send_steps(STEP))
    assert portal.steps == (STEP,)
    assert (portal.message_count, portal.change_count) == (3, 2)


def test_at_most_ten_steps_come_in_one_message(client: Client, portal: NationalPortalDouble) -> None:
    client.send_dossiers(DOSSIER)
    steps = [STEP | {"ThoiDiemXuLy": f"202601150815{second:02d}"} for second in range(11)]

    assert client.send_steps(*steps)["error_code"] == "-1"
    assert succeeded(client.send_steps(*steps[:10]))
    assert len(portal.steps) == 10


@pytest.mark.parametrize(
    "change", [{"NguoiXuLy": "M" * 51}, {"NguoiXuLy": ""}, {"ThoiDiemXuLy": "nay"}, {"TrangThai": "0"}]
)
def test_a_step_of_the_wrong_form_is_refused(
    client: Client, portal: NationalPortalDouble, change: dict[str, object]
) -> None:
    client.send_dossiers(DOSSIER)

    assert client.send_steps(STEP | change)["error_code"] == "-1"
    assert portal.steps == ()


def test_a_reply_may_be_lost_after_the_write(client: Client, portal: NationalPortalDouble) -> None:
    portal.switches.drop_after_write = 1
    client.call(SHARE, "LayDanhSachTTHC")
    with pytest.raises(requests.ConnectionError):
        client.send_dossiers(DOSSIER)

    assert list(portal.dossiers) == [DOSSIER["MaHoSo"]]
    assert client.send_dossiers(DOSSIER)["error_code"] == "-3"


def test_a_message_may_be_decomposed(client: Client, portal: NationalPortalDouble) -> None:
    portal.switches.nfd_message = True
    message = client.send_dossiers(DOSSIER)["message"]

    assert "thành công" not in message
    assert "thành công" in unicodedata.normalize("NFC", message)


def test_an_answer_may_be_json_inside_a_message(client: Client, portal: NationalPortalDouble) -> None:
    portal.switches.double_encode = True
    envelope = client.call(INTEGRATION, "LayThuTuc", maTTHC="1.013225")

    assert set(envelope) == {"error_code", "message"}
    assert json.loads(envelope["message"])["result"][0]["MATTHC"] == "1.013225"
