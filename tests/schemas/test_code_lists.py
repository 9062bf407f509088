"""Code lists return the meaning of a code, now or on a given day."""

from datetime import date

import pytest
from hypothesis import given, strategies as st

from cchc_schemas import CODE_LISTS, CodeEntry, CodeList, CodeUnknown, DossierStatus, code_list
from cchc_schemas.construction import PermitStatus
from cchc_schemas.procedures import Channel


@pytest.mark.parametrize("name", CODE_LISTS)
def test_every_code_has_a_vietnamese_name(name: str) -> None:
    codes = code_list(name)

    assert len(codes) > 0
    assert all(entry.columns.get("vi") or entry.columns.get("name_vi") for entry in map(codes.entry, codes))


def test_the_status_list_is_the_enumeration() -> None:
    assert list(code_list("dossier_status")) == [str(status.value) for status in DossierStatus]


def test_the_channel_list_is_the_enumeration() -> None:
    assert list(code_list("channels")) == [str(channel.value) for channel in Channel]


def test_the_permit_status_has_the_ten_words_of_the_contract() -> None:
    assert len(PermitStatus) == 10


def test_the_end_states_are_those_of_the_formula_document() -> None:
    ended = {
        code
        for code in code_list("dossier_status")
        if code_list("dossier_status").entry(code).columns["is_end"] == "true"
    }

    assert ended == {"3", "7", "8", "9", "10"}


def test_a_code_of_today_s_catalogue_was_not_in_force_before_it() -> None:
    uses = code_list("land_use_codes")

    assert uses.entry("CNT", on=date(2024, 8, 1)).columns["catalogue"] == "TT 08/2024/TT-BTNMT"
    with pytest.raises(CodeUnknown):
        uses.entry("CNT", on=date(2024, 7, 31))


@pytest.mark.parametrize(
    ("code", "day", "catalogue"),
    [
        ("ODT", date(2020, 1, 1), "TT 27/2018/TT-BTNMT"),
        ("ODT", date(2024, 7, 31), "TT 27/2018/TT-BTNMT"),
        ("ODT", date(2024, 8, 1), "TT 08/2024/TT-BTNMT"),
        ("LUN", date(2020, 1, 1), "TT 27/2018/TT-BTNMT"),
        ("HNK", date(2020, 1, 1), "TT 27/2018/TT-BTNMT"),
        ("TTN", date(2010, 1, 1), "trước TT 27/2018/TT-BTNMT"),
    ],
)
def test_a_code_has_the_meaning_of_the_catalogue_of_its_day(code: str, day: date, catalogue: str) -> None:
    assert code_list("land_use_codes").entry(code, on=day).columns["catalogue"] == catalogue


@pytest.mark.parametrize(
    ("code", "day"), [("LUN", date(2026, 1, 1)), ("SKT", date(2024, 8, 1)), ("TTN", date(2020, 1, 1))]
)
def test_a_code_is_not_in_force_after_its_catalogue(code: str, day: date) -> None:
    with pytest.raises(CodeUnknown):
        code_list("land_use_codes").entry(code, on=day)


def test_a_code_of_two_catalogues_has_a_meaning_in_each() -> None:
    uses = code_list("land_use_codes")
    names = {entry.columns["catalogue"]: entry.columns["name_vi"] for entry in uses.entries["LUC"]}

    assert names == {"TT 08/2024/TT-BTNMT": "Đất chuyên trồng lúa", "TT 27/2018/TT-BTNMT": "Đất chuyên trồng lúa nước"}
    assert uses.entry("LUC").columns["catalogue"] == "TT 08/2024/TT-BTNMT"


@given(st.dates(date(1990, 1, 1), date(2040, 1, 1)))
def test_no_code_has_two_meanings_on_one_day(day: date) -> None:
    for entries in code_list("land_use_codes").entries.values():
        assert len([entry for entry in entries if entry.in_force(day)]) <= 1


def test_a_code_whose_dates_are_not_known_is_found_on_any_day() -> None:
    assert code_list("land_use_codes").entry("SKT", on=date(1999, 1, 1)).effective_from is None


def test_a_code_that_changed_its_meaning_means_what_it_meant_on_the_day() -> None:
    older = CodeEntry("SKN", {"vi": "vật liệu"}, None, date(2014, 12, 31))
    newer = CodeEntry("SKN", {"vi": "cụm công nghiệp"}, date(2015, 1, 1), None)
    codes = CodeList("invented", "", {"SKN": (older, newer)})

    assert codes.entry("SKN") is newer
    assert codes.entry("SKN", on=date(2014, 12, 31)) is older
    assert codes.entry("SKN", on=date(2015, 1, 1)) is newer


def test_an_unknown_code_is_named_with_its_list_and_day() -> None:
    with pytest.raises(CodeUnknown) as refusal:
        code_list("works_status").entry("ZZZ", on=date(2021, 9, 27))

    assert (refusal.value.list_name, refusal.value.code, refusal.value.on) == ("works_status", "ZZZ", date(2021, 9, 27))
    assert "works_status" in str(refusal.value)
