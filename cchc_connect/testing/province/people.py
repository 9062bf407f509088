"""Invented people and companies. Each name holds "Mẫu" (sample), serials are 0000xx, phones are 0900000xxx.

An identity number (số định danh cá nhân) has 3 digits for the province, 1 for century and sex, 2 for the year of
birth and 6 for the serial; even is male, odd is female (NĐ 137/2015/NĐ-CP). A tax code (mã số thuế) has 10 digits,
the last of them a check digit; the invented ones have serials far above those that were issued.
"""

from datetime import date
from itertools import count
from random import Random

from cchc_connect.testing.province.facts import Party
from cchc_connect.testing.province.seeded_random import happens
from cchc_schemas.tax_codes import check_digit

_SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Ngô", "Hồ", "Dương")
_MALE = ("Văn Mẫu", "Hoàng Mẫu", "Đức Mẫu", "Quốc Mẫu", "Minh Mẫu", "Hữu Mẫu", "Thanh Mẫu")
_FEMALE = ("Thị Mẫu", "Ngọc Mẫu", "Thùy Mẫu", "Kim Mẫu", "Bích Mẫu", "Thu Mẫu", "Diễm Mẫu")
_GIVEN = ("An", "Bình", "Chi", "Dũng", "Giang", "Hạnh", "Hiếu", "Khánh", "Lộc", "Phước", "Quyên", "Thảo", "Vũ", "Yến")
_TRADES = ("Xây dựng", "Địa ốc", "Thương mại", "Sản xuất", "Vận tải", "Nông sản", "Cơ khí", "May mặc")
_STREETS = ("Đại lộ Mẫu", "đường Mẫu 1", "đường Mẫu 2", "đường Mẫu 3", "hẻm Mẫu 4")
_SERIALS = 100
_PHONES = 1000
_FIRST_SERIAL, _NO_CHECK_DIGIT = 9_990_000, 10
_ADULT_FROM, _ADULT_TO = 1950, 2003


class People:
    """Draws people and companies from one random generator."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def person(self, commune: str, *, male: bool | None = None) -> Party:
        """Draw an adult who lives in `commune`."""
        rng = self._rng
        male = happens(rng, 0.5) if male is None else male
        birth = date(rng.randint(_ADULT_FROM, _ADULT_TO), rng.randint(1, 12), rng.randint(1, 28))
        century = 2 * (birth.year // 100 - 19) + (0 if male else 1)
        serial = rng.randrange(1, _SERIALS)
        return Party(
            is_company=False,
            name=f"{self._full_name(male=male)}",
            id_number=f"074{century}{birth.year % 100:02d}{serial:06d}",
            birth=birth,
            birth_year_only=happens(rng, 0.15),
            phone=self._phone(),
            email="",
            address=self._address(commune),
        )

    def company(self, commune: str) -> Party:
        """Draw a company whose seat is in `commune`."""
        rng = self._rng
        serial = rng.randrange(1, _SERIALS)
        return Party(
            is_company=True,
            name=f"Công ty TNHH Mẫu {rng.choice(_TRADES)} {rng.choice(_GIVEN)}",
            id_number=_tax_code(serial),
            birth=None,
            birth_year_only=False,
            phone=self._phone(),
            email=f"congty{serial:02d}@example.vn",
            address=self._address(commune),
        )

    def official(self) -> str:
        """Draw an official's name."""
        return self._full_name(male=happens(self._rng, 0.5))

    def _full_name(self, *, male: bool) -> str:
        rng = self._rng
        return f"{rng.choice(_SURNAMES)} {rng.choice(_MALE if male else _FEMALE)} {rng.choice(_GIVEN)}"

    def _phone(self) -> str:
        return f"0900000{self._rng.randrange(_PHONES):03d}"

    def _address(self, commune: str) -> str:
        return f"Số {self._rng.randint(1, 400)}, {self._rng.choice(_STREETS)}, {commune}"


def _tax_code(serial: int) -> str:
    """Return an invented tax code; the few serials that give no check digit are passed over."""
    digits = (f"37{_FIRST_SERIAL + number:07d}" for number in count(serial))
    return next(f"{nine}{check_digit(nine)}" for nine in digits if check_digit(nine) < _NO_CHECK_DIGIT)
