"""A parcel is read as people write it: what it may mean is returned, and nothing is guessed."""

import unicodedata

import pytest

from cchc_connect import UsageMistake
from cchc_connect.database.reading.written_parcels import written_parcel

NEW, OLD = "gso-2025-07:25747:45:123", "gso-2025-01:25747:45:123"


@pytest.mark.parametrize(
    "text",
    [
        NEW,
        " GSO-2025-07 : 25747 : 045 : 0123 ",
        "thửa 123, tờ 45, phường Thủ Dầu Một",
        "Thửa đất số 123, tờ bản đồ số 45, Phường Thủ Dầu Một, TP. Hồ Chí Minh",
        "tờ bản đồ số: 45; thửa đất số: 123, P. Thủ Dầu Một",
        "thua 123 to 45 phuong thu dau mot",
        "THỬA ĐẤT SỐ 0123, TỜ BẢN ĐỒ ĐỊA CHÍNH SỐ 45, PHƯỜNG THỦ DẦU MỘT",
        "123 Đường 30/4, Phường Thủ Dầu Một, thửa 123 (tờ bản đồ số 45)",
        unicodedata.normalize("NFD", "thửa 123, tờ 45, phường Thủ Dầu Một"),
    ],
)
def test_one_parcel_in_the_forms_in_which_people_write_it(text: str) -> None:
    assert written_parcel(text).keys == (NEW,)


@pytest.mark.parametrize("text", ["25747:45:123", "thửa 123 tờ 45 xã 25747", "thửa 123, tờ 45, mã xã 25747"])
def test_a_code_without_its_scheme_may_be_of_both(text: str) -> None:
    assert set(written_parcel(text).keys) == {NEW, OLD}


def test_a_name_of_several_communes_means_any_of_them() -> None:
    keys = written_parcel("thửa 123, tờ 45, Phú Cường").keys

    assert OLD in keys
    assert len(keys) > 1


def test_what_became_of_the_commune_may_have_the_parcel_with_the_same_numbers() -> None:
    """Sheets may have been numbered anew there, so that this is said to be uncertain."""
    divided = written_parcel("gso-2025-01:25741:45:123")
    new = written_parcel("gso-2025-07:25846:45:123")

    assert NEW in divided.perhaps
    assert len(divided.perhaps) > 1
    assert new.perhaps == ("gso-2025-01:25846:45:123",)


def test_a_number_keeps_its_letters() -> None:
    assert written_parcel("thửa 12a, tờ DC-7, phường Thủ Dầu Một").keys == ("gso-2025-07:25747:DC-7:12a",)


def test_a_national_code_is_read_in_capitals_too() -> None:
    assert written_parcel("W3GVK1H2M8Q0").national_id == "w3gvk1h2m8q0"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "case.parcel_unreadable"),
        ("123/45", "case.parcel_unreadable"),
        ("thửa 123", "case.parcel_unreadable"),
        ("gso-2025-07:25747:45", "case.parcel_unreadable"),
        ("gso-1999:25747:45:123", "case.parcel_unreadable"),
        ("25747::123", "case.parcel_unreadable"),
        ("25747:45:12, 13", "case.parcel_unreadable"),
        ("99999:45:123", "case.commune_unknown"),
        ("thửa 123 tờ 45", "case.commune_unknown"),
        ("thửa 123 tờ 45 phường Không Có", "case.commune_unknown"),
    ],
)
def test_what_says_no_parcel_is_a_mistake(text: str, code: str) -> None:
    with pytest.raises(UsageMistake) as mistake:
        written_parcel(text)

    assert mistake.value.code == code
