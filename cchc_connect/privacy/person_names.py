"""Tells whether words are the name of a person (họ và tên), as it stands in a property name or in an id.

A name is told by its family name (họ). Many family names are also ordinary words, and more are once their marks are
lost: they count with a middle name (tên đệm), or as the first of three capitalised words. What follows decides too:
"hồ sơ" and "Do_Thi_Moi" name nobody, "Do Thi Lan" does.
"""

import re
import unicodedata
from collections.abc import Sequence

_SURNAMES = frozenset(
    {
        *("nguyễn", "trần", "lê", "phạm", "hoàng", "huỳnh", "phan", "vũ", "võ", "đặng", "bùi", "đỗ", "hồ", "ngô"),
        *("dương", "lý", "đinh", "đoàn", "trịnh", "trương", "lâm", "mai", "hà", "tô", "tạ", "châu", "tống", "triệu"),
        *("quách", "phùng", "vương", "lưu", "đào", "đàm", "kiều", "doãn", "nghiêm", "khổng", "uông", "hứa"),
        *("lã", "cù", "bạch", "diệp", "âu", "lữ", "lư", "mạc", "tào", "sầm", "bế", "đới", "chử", "cầm", "bành"),
        *("cấn", "lèng", "giàng", "sùng", "lường", "quàng", "tòng", "phàn", "vừ", "điêu"),
    }
)
"""Family names that few other words are spelt like."""
_WORDS_TOO = frozenset(
    {
        *("cao", "kim", "chu", "lương", "thái", "tăng", "nông", "lại", "ninh", "tiêu", "tôn", "giang", "giáp", "hàn"),
        *("la", "khúc", "thạch", "thân", "vàng", "lầu", "hạng", "bàn", "lò", "đậu"),
    }
)
"""Family names that are frequent words too."""
_SURE_SURNAMES = frozenset({"nguyen", "tran", "pham", "hoang", "huynh"})
"""Family names without their marks that few other words are spelt like."""
_MIDDLE_NAMES = frozenset(
    {
        *("văn", "thị", "hữu", "đức", "ngọc", "thanh", "minh", "quốc", "xuân", "đình", "công", "quang", "bá", "duy"),
        *("gia", "trọng", "tuấn", "thế", "phúc", "phước", "bích", "hồng", "khánh", "mạnh", "tấn", "thùy", "thúy"),
        *("tuyết", "vĩnh", "diệu", "cẩm", "viết", "khắc", "đăng", "đắc", "huy", "hùng", "hoài", "mỹ", "như", "trung"),
    }
)
"""Frequent middle names."""
_PLAIN_MIDDLE_NAMES = frozenset(
    {
        *("van", "thi", "huu", "duc", "ngoc", "thanh", "minh", "quoc", "xuan", "dinh", "cong", "quang", "duy", "khanh"),
        *("tuan", "phuoc", "manh"),
    }
)
"""Those that tell a family name without its marks from other words."""

_NAMELESS = frozenset(
    {
        *("hồ sơ", "hồ ao", "hồ nước", "lý do", "lý lịch", "đỗ xe", "dương lịch", "lâm nghiệp", "lâm sản"),
        *("mai táng", "đoàn đường", "đoàn thể", "đoàn viên", "đoàn kiểm", "lưu ý", "lưu trữ", "lưu trú"),
        *("lưu vực", "lưu lượng", "lưu thông", "lưu không", "lưu hành", "lưu giữ", "đào tạo", "đào đất"),
        *("đào móng", "đào đường", "đào ao", "kiều bào", "cao độ", "cao tầng", "cao trình", "cao nhất"),
        *("cao su", "cao tốc", "cao đẳng", "chu vi", "chu kỳ", "lương thực", "lương hưu", "nông nghiệp"),
        *("nông thôn", "nông dân", "tiêu chuẩn", "tiêu chí", "tôn giáo", "giáp ranh", "tăng thêm", "tăng giảm"),
        *("kim loại", "thân nhân", "to trinh", "dao duc", "đậu xe", "lại đất", "triệu đồng", "vũ trụ"),
        *("bàn giao", "hạng mục", "châu lục", "khúc sông", "thân thiện", "lưu tại", "lưu lại", "lưu vào"),
        "hồ chí",
    }
)
"""Words that begin like a name and belong to none, whatever follows."""
_AMBIGUOUS = frozenset(
    {
        *("phạm vi", "hà nội", "hà nam", "hà giang", "hà tĩnh", "lâm đồng", "châu thành", "châu đức", "tô hiệu"),
        *("lê lợi", "trần phú", "thái bình", "thái nguyên", "ninh bình", "ninh thuận", "cao bằng", "kim sơn"),
        *("do thi", "nguyen nhan", "nguyen gia", "nguyen goc", "nguyen quan", "nguyen tac", "nguyen lieu", "pham vi"),
        *("nguyen trang", "nguyen don", "tran nha", "tran nen", "hoang hoa", "hoang thanh"),
    }
)
"""Words that are no name where they stand alone or before an ordinary word: places, streets, things without marks."""
_ORDINARY = frozenset(
    {
        *("áp", "bộ", "cấp", "cầu", "chủ", "chuyển", "có", "của", "diện", "dụng", "dự", "đất", "đầu", "địa", "điểm"),
        *("điện", "đồ", "độ", "đối", "đơn", "giá", "giấy", "hạn", "hầm", "hiện", "hoạch", "hộ", "huyện", "khác"),
        *("khoản", "không", "khu", "lô", "loại", "mã", "mặt", "móng", "mới", "mục", "mức", "nền", "ngày", "nghiệp"),
        *("nhà", "nhập", "nộp", "nước", "phép", "phí", "phòng", "phố", "phường", "quận", "quy", "ranh", "rộng", "sách"),
        *(
            "sàn",
            "số",
            "sở",
            "sử",
            "tầng",
            "tên",
            "thôn",
            "thuế",
            "thuộc",
            "thửa",
            "tích",
            "tiền",
            "tiếp",
            "tỉnh",
            "tờ",
        ),
        *("trạng", "trên", "trình", "và", "vực", "xã", "xây", "xử", "đã", "được", "bị", "cho", "chưa", "hoặc", "khi"),
        *("là", "nếu", "ngoài", "tại", "theo", "trong", "từ", "với", "xong"),
    }
)
"""Frequent words of property names that are rarely part of a person's name."""
_PLAIN_ORDINARY = frozenset(
    {
        *("so", "to", "thua", "dat", "nha", "ngay", "ma", "ten", "loai", "dien", "tich", "su", "dung", "chu", "ho"),
        *("giay", "phep", "phi", "don", "nop", "nhan", "dia", "diem", "hoach", "xay", "duong", "muc", "moi", "khac"),
        *("khu", "vuc", "sach", "thue", "rong", "dai", "nen", "mong", "tang", "ham", "chieu", "do", "xu", "trang"),
        *("bi", "cho", "chua", "cua", "da", "duoc", "khong", "theo", "trong", "va", "voi", "xong"),
    }
)
"""The same without their marks."""
_ORDINARY_PAIRS = frozenset(
    {
        *("van ban", "van phong", "van thu", "van hoa", "van chuyen", "thi tran", "thi xa", "thi cong", "thi hanh"),
        *(
            "thi truong",
            "cong trinh",
            "cong viec",
            "cong an",
            "cong ty",
            "cong van",
            "cong chung",
            "cong bo",
            "cong dan",
        ),
        *("cong nghiep", "cong suat", "cong khai", "cong dong", "cong chuc", "cong cong", "cong nhan", "cong thuc"),
        *("thanh toan", "thanh pho", "thanh vien", "thanh cong", "thanh phan", "thanh lap", "thanh tra", "thanh ly"),
        *("thanh tich", "thanh tien", "thanh nien", "quoc gia", "quoc lo", "quoc te", "quoc tich", "quoc phong"),
        *("minh bach", "minh chung", "dinh danh", "dinh gia", "dinh muc", "dinh kem", "dinh chinh", "dinh chi"),
        *("dinh huong", "dinh ky", "dinh vi", "quang cao", "manh dat", "khanh thanh", "xuan thu", "tuan tra"),
    }
)
"""Words without their marks that begin like a middle name and belong to none."""

_ENDS_OF_WORDS = frozenset(
    {
        *("dich vu", "nhiem vu", "chuc vu", "nghiep vu", "vu vu", "xu ly", "quan ly", "phap ly", "dia ly", "vat ly"),
        *("dai ly", "thanh ly", "hop ly", "tam ly", "bao cao", "chieu cao", "nang cao", "dong ho", "can ho", "chu ho"),
        *("so ho", "hang ho", "duoc luu", "ban luu", "tai lieu", "hoa mai", "thuong mai", "khuyen mai", "nen kieu"),
    }
)
"""Two words without their marks, the second of which is like a family name and ends the first."""

_CAPITALISED = range(3, 6)
"""Words of a name that is told by its capitals alone."""
_SYLLABLE = re.compile(r"(?:ngh|[cgknpt]h|n?g|gi|qu|tr|[bcdhklmnpqrstvx])?[aeiouy]{1,3}(?:ng|nh|ch|[cmnpt])?")
"""A Vietnamese syllable without its marks; few words of other languages have the form."""


def is_person(written: Sequence[str], *, is_spaced: bool) -> bool:
    """True if a person's name may begin at one of several words.

    Args:
        written: the words in their order, in NFC.
        is_spaced: nothing but spaces stands between them, as in a sentence.

    >>> is_person(["Cao", "Bá", "Mẫu"], is_spaced=True), is_person(["Cao", "độ", "nền"], is_spaced=True)
    (True, False)
    """
    words = [word.casefold() for word in written]
    plain = [_without_marks(word) for word in words]
    return any(
        _is_surname(words[first], plain[first])
        and not _is_nameless(written, words, plain, first)
        and _begins_name(words, first, is_capitalised=is_spaced and _is_capitalised(written, plain))
        for first in range(len(words) - 1)
    )


def _is_surname(word: str, plain_word: str) -> bool:
    return word in _SURNAMES or word in _WORDS_TOO or (word == plain_word and word in _PLAIN_SURNAMES)


def _is_nameless(written: Sequence[str], words: Sequence[str], plain: Sequence[str], first: int) -> bool:
    """True if a family name and the words after it are ordinary words."""
    if first and f"{plain[first - 1]} {plain[first]}" in _ENDS_OF_WORDS:
        return True
    pair = " ".join(words[first : first + 2])
    if pair in _NAMELESS or words[first + 1] in _ORDINARY or " ".join(plain[first + 1 : first + 3]) in _ORDINARY_PAIRS:
        return True
    is_sentence = written[first][0].isupper() and written[first + 1].islower()
    following = words[first + 2 : first + 3]
    return pair in _AMBIGUOUS and (is_sentence or not following or _is_ordinary(following[0]))


def _is_ordinary(word: str) -> bool:
    return word in _ORDINARY or word in _PLAIN_ORDINARY


def _begins_name(words: Sequence[str], first: int, *, is_capitalised: bool) -> bool:
    word, second = words[first], words[first + 1]
    if (not word.isascii() and word not in _WORDS_TOO) or word in _SURE_SURNAMES:
        return True
    if second in _MIDDLE_NAMES if not second.isascii() else second in _PLAIN_MIDDLE_NAMES:
        return True
    return first == 0 and is_capitalised


def _is_capitalised(written: Sequence[str], plain: Sequence[str]) -> bool:
    """True if all words may be those of one name: capitalised syllables, none of them an ordinary word."""
    return len(written) in _CAPITALISED and all(
        part[0].isupper() and _SYLLABLE.fullmatch(word) and not _is_ordinary(part.casefold())
        for part, word in zip(written, plain, strict=True)
    )


def _without_marks(word: str) -> str:
    return "".join(
        character
        for character in unicodedata.normalize("NFD", word.replace("đ", "d"))
        if not unicodedata.combining(character)
    )


_PLAIN_SURNAMES = frozenset(map(_without_marks, _SURNAMES | _WORDS_TOO))
