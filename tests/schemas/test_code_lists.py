"""Code lists return the meaning of a code, now or on a given day."""

from datetime import date

import pytest

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
