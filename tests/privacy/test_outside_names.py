"""Names and ids from outside are shown on one line, without persons; declared codes are always shown."""

import random
import re
from collections.abc import Callable

import pytest

from cchc_connect import HttpRequest
from cchc_connect.privacy.masking import masked_item
from cchc_connect.privacy.outside_names import looks_like_person, shown_name
from cchc_schemas.faults import dotted_path
from tests.checkout import ROOT

pytestmark = pytest.mark.repeats

NUMBER = 10_000
"""Names of each kind that are generated."""

DIGITS = ("0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩")
GAPS = ("", " ", ".", "-", "\u00a0")
SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Ngô", "Hồ", "Dương", "Nguyen", "Tran")
MIDDLE, GIVEN = ("Văn", "Thị", "Hữu", "Đức"), ("An", "Mẫu", "Hùng", "Lan", "Tám")
BREAKING = (
    "\n",
    "\r",
    "\r\n",
    "\u2028",
    "\u2029",
    "\x85",
    "\x0b",
    "\x0c",
    "\x1b[2J",
    "\u202e",
    "\u2066",
    "\0",
    "\t",
    "\ufeff",
)
LETTERS = "abcđxyzÁỀỗ_-. /:()[]"

Draw = Callable[[random.Random], str]


def digits(rng: random.Random, count: int) -> str:
    alphabet = rng.choice(DIGITS)
    return "".join(rng.choice(alphabet) for _ in range(count))


def identity(rng: random.Random) -> str:
    return digits(rng, rng.choice((9, 10, 12, 13)))


def telephone(rng: random.Random) -> str:
    gap = rng.choice(GAPS)
    return rng.choice(("0", "+84", "84")) + gap.join(f"{rng.randrange(900, 1000)}" for _ in range(3))


def person(rng: random.Random) -> str:
    words = [rng.choice(SURNAMES), rng.choice(MIDDLE), rng.choice(GIVEN)]
    joined = rng.choice((" ", "_", "-", ".", "  ")).join(words)
    return rng.choice((joined, joined.upper(), joined.lower(), "".join(words)))


def dossier(rng: random.Random) -> str:
    agency = rng.choice(("000.00.16.H09", "H09.16", "H09", "28.22.H17", "000.17.22.H56"))
    return f"{agency}-{rng.randrange(10**6):06}-{rng.randrange(10**4):04}"


def parcel(rng: random.Random) -> str:
    version = rng.choice(("gso-2025-01", "gso-2025-07"))
    return f"{version}:{rng.randrange(10**5):05}:{rng.randrange(1, 1000)}:{rng.randrange(1, 10_000)}"


def national_parcel(rng: random.Random) -> str:
    letters = "".join(rng.choice("0123456789bcdefghjkmnpqrstuvwxyz") for _ in range(11))
    return letters + "k"


def procedure(rng: random.Random) -> str:
    return f"{rng.randrange(1, 10)}.{rng.randrange(10**6):06}"


def agency(rng: random.Random) -> str:
    return f"{rng.randrange(1000):03}.{rng.randrange(100):02}.{rng.randrange(100):02}.H{rng.randrange(100):02}"


def noise(rng: random.Random) -> str:
    return "".join(rng.choice(LETTERS) for _ in range(rng.randrange(4)))


PERSONS: tuple[Draw, ...] = (identity, telephone, person)
CODES: tuple[Draw, ...] = (dossier, parcel, national_parcel, procedure, agency)


def hostile(rng: random.Random) -> tuple[str, str]:
    """Return an id that names a person and has characters that end lines, and the personal part of it."""
    personal = rng.choice(PERSONS)(rng)
    return f"{rng.choice(BREAKING)}{noise(rng)}|{personal}|{rng.choice(BREAKING)}{noise(rng)}", personal


def test_hostile_names_are_shown_on_one_line_without_the_person() -> None:
    rng = random.Random(1)
    for _ in range(NUMBER):
        name, personal = hostile(rng)

        shown = shown_name(name)

        assert shown.isprintable() or "\u00a0" in shown, ascii(name)
        assert len(shown.splitlines()) == 1
        assert personal not in shown, ascii(name)
        assert "***" in shown
        assert looks_like_person(name)


@pytest.mark.parametrize("draw", CODES)
def test_declared_codes_are_never_masked(draw: Draw) -> None:
    """Alone, after a prefix of the source's own, before a number of a step, and as a property name."""
    rng = random.Random(2)
    for _ in range(NUMBER // 4):
        code = draw(rng)

        assert shown_name(code) == code
        assert code in shown_name(f"(HS/{code}/7)")
        assert masked_item({code: code}) == {code: code}


@pytest.mark.parametrize("draw", CODES)
def test_a_person_beside_a_declared_code_is_masked(draw: Draw) -> None:
    rng = random.Random(3)
    for _ in range(NUMBER // 10):
        code, personal = draw(rng), rng.choice(PERSONS)(rng)

        shown = shown_name(f"{code} | {personal}")

        assert code in shown
        assert personal not in shown


def test_a_persons_number_is_no_number_of_a_parcel() -> None:
    """Also where the whole has the form of a parcel's key."""
    assert shown_name("gso-2025-07:25747:45:074087000001") == "gso-2025-07:25747:45:***0001"
    assert masked_item({"thua": "gso-2025-07:25747:45:Nguyễn Thị Mẫu"}) == {"thua": "***"}


@pytest.mark.parametrize(
    "name",
    [
        *("hoTen", "soTo", "so_to", "TO_BAN_DO", "SoThua", "DienTich", "LoaiDat", "LyDo", "LE_PHI", "HoSo", "DO_THI"),
        *("Mã hồ sơ", "Hồ Sơ", "Số tờ bản đồ", "Diện tích", "Phạm vi", "Lý do", "Nguyên nhân", "properties.maXa"),
        *("Lưu ý", "Lưu trữ", "LuuVanBan", "KieuCongTrinh", "KieuVanBan", "BaoCaoCongViec", "BAO_CAO_THANH_TOAN"),
        *("Chiều cao tầng", "Cao độ nền", "Chiều Cao Công Trình", "Cao trình", "CaoDo", "Chu vi thửa", "Đào đất"),
        *(
            "Phạm vi áp dụng",
            "do_thi_moi",
            "NguyenGiaDat",
            "Địa danh Hà Nội",
            "Lâm nghiệp",
            "Lương cơ bản",
            "LoaiVanBan",
        ),
        *("Đồng sở hữu", "Quyền sử dụng", "Tăng giảm", "Hà Nội/Số nhà", "Vo_Chong", "QUOC_LO", "DuongQuocLo"),
        *(
            "MaDichVuCong",
            "DichVuCongApi",
            "DICH_VU_CONG",
            "Bước xử lý hồ sơ",
            "XuLyThanhCong",
            "Thành phố Hồ Chí Minh",
        ),
        *("Được lưu lại", "phạm vi đã khai báo", "Đồng hồ nước", "DO UPDATE SET", "To Building Date", "Dang Cho Duyet"),
        *("01-07-2026 08:15", "02.04.2026 08:00:00", "hs_02_04_2026 08", "BaoCaoVanBan", "NhiemVuQuocGia"),
        *("Tên hồ/ao", "Hạng mục", "Tỷ lệ", "Thái độ", "Giáp ranh", "THANH_PHO", "ma_to_khai", "Loại đất/Mục đích"),
        *("25747:45:123", "25747-45-123", "HS-2026-000123", "12/GPXD", "550e8400-e29b-41d4-a716-446655440000", ""),
    ],
)
def test_ordinary_names_and_ids_are_shown(name: str) -> None:
    assert shown_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("Lưu Quang Mẫu", "Đào Mẫu", "Cao Bá Mẫu", "Kiều Thanh Mẫu", "Đàm Mẫu Tám", "Doãn Kế Mẫu", "Hứa Thị Mẫu"),
        *("Cao Thị Mẫu", "cao thị mẫu", "CAO_THI_MAU", "CaoThiMau", "Chu Văn Mẫu", "Lương Thế Mẫu", "Kim Ngọc Mẫu"),
        *("Le Bao Chau", "LE BAO CHAU", "Cao Gia Bao", "Luu Thi Mau", "Dao Duy Mau", "Kieu Thi Mau", "Ly Gia Thanh"),
        *("Nguyen Gia Bao", "Do Thi Lan", "Nguyen Quan Anh", "Nguyen Nhan Tam", "Hà Nam Trung", "Lê Lợi Mẫu"),
        *("NGUYEN_GIA_BAO", "DoThiLan", "Phạm Vi Anh", "Trần Phú Mẫu", "Châu Đức Mẫu"),
    ],
)
@pytest.mark.parametrize("gap", [None, "\t", "/", "\n", " / ", "\r\n", "\u2028", "\\", "\u200b", ";", " - "])
def test_a_persons_name_is_masked_whatever_divides_its_words(name: str, gap: str | None) -> None:
    if gap is not None and (" " not in name or name in {"Le Bao Chau", "LE BAO CHAU", "Cao Gia Bao", "Ly Gia Thanh"}):
        return  # without marks and middle name it is told by its spaces alone
    written = name if gap is None else name.replace(" ", gap)

    assert shown_name(f"12, {written}") == "12, ***"
    assert looks_like_person(written)


@pytest.mark.parametrize("start", [b"", b"x"])
@pytest.mark.parametrize("personal", ["074087000001", "074 087 000 001", "Nguyễn Thị Mẫu", "mau.nguyen@example.vn"])
def test_no_beginning_of_a_person_is_shown_where_a_name_is_cut(start: bytes, personal: str) -> None:
    """Wherever the cut falls: what is shown is what the masked whole begins with."""
    for length in range(150, 420):
        name = start.decode() + "a," * (length // 2) + "," * (length % 2) + personal + ", " + "b," * 200

        shown = shown_name(name)

        expected = name.replace(personal, "***0001" if personal[0] == "0" else "***")
        assert shown.removesuffix("...") == expected[: len(shown) - 3]


@pytest.mark.parametrize("length", [*range(180, 202), *range(385, 402)])
def test_no_beginning_of_a_number_is_shown_where_a_path_is_cut(length: int) -> None:
    path = "/" + "a" * (length - 2) + "/" + "074087000001" + "/b" * 300

    shown = HttpRequest(method="GET", path=path).display_path

    assert "0740" not in shown
    assert path.replace("074087000001", "***0001").startswith(shown)


def test_every_property_name_that_our_adapters_read_is_shown() -> None:
    names = {
        step
        for path in ROOT.glob("adapters/cchc_adapters/**/*.py")
        for text in re.findall(r'"([^"\\\n]{1,80})"', path.read_text(encoding="utf-8"))
        if re.fullmatch(r"[\w.]+", text)
        for step in (text, *text.split("."))
    }

    assert len(names) > 300
    assert [name for name in names if shown_name(name) != name and not re.search("[0-9]{9}", name)] == []


def test_a_number_as_property_name_is_no_step_of_a_faults_path() -> None:
    assert dotted_path(("uses", 0, "074087000001")) == "uses.0.?"
    assert dotted_path(("uses", 0, "area_m2")) == "uses.0.area_m2"
