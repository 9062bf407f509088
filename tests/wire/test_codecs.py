"""Codecs read a wire value in the format that the source declared, or report it as unreadable."""

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from cchc_connect.wire import codecs
from cchc_connect.wire.codecs import LocalTime, Unreadable
from cchc_schemas import VIETNAM, LandParcel, PartialDate, RecordInvalid

BAD_INSTANT = Unreadable("instant_unreadable")
SECONDS_OF_TWO_CENTURIES = 200 * 365 * 24 * 3600
MOMENTS = st.integers(0, SECONDS_OF_TWO_CENTURIES).map(lambda past: vietnam(1900, 1, 1) + timedelta(seconds=past))
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60)


def vietnam(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=VIETNAM)


@given(MOMENTS)
def test_a_compact_local_instant_reads_back_as_it_was_written(moment: datetime) -> None:
    assert codecs.local_instant(codecs.compact_local(moment), LocalTime.COMPACT) == moment


@given(MOMENTS, st.integers(-12, 14))
def test_an_instant_is_written_in_vietnamese_time_whatever_zone_it_comes_in(moment: datetime, hours: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))

    assert codecs.compact_local(elsewhere) == codecs.compact_local(moment)


@given(MOMENTS)
def test_a_slashed_local_instant_reads_back_as_it_was_written(moment: datetime) -> None:
    text = f"{moment:%d/%m/%Y %H:%M:%S}"

    assert codecs.local_instant(text, LocalTime.SLASHED) == moment


@pytest.mark.parametrize(
    ("afternoon", "night", "form"),
    [
        ("20210927130000", "20210927010000", LocalTime.COMPACT),
        ("27/09/2021 13:00:00", "27/09/2021 01:00:00", LocalTime.SLASHED),
        ("2021-09-27T13:00:00.000Z", "2021-09-27T01:00:00.000Z", LocalTime.ISO),
    ],
)
def test_one_in_the_afternoon_is_not_one_at_night(afternoon: str, night: str, form: LocalTime) -> None:
    assert codecs.local_instant(afternoon, form) == vietnam(2021, 9, 27, 13)
    assert codecs.local_instant(night, form) == vietnam(2021, 9, 27, 1)


def test_a_z_behind_local_time_means_nothing_where_the_source_declares_local_time() -> None:
    local = codecs.local_instant("2021-09-27T08:15:00Z", LocalTime.ISO)

    assert local == vietnam(2021, 9, 27, 8, 15)
    assert codecs.iso_instant("2021-09-27T08:15:00Z") == datetime(2021, 9, 27, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("27/09/2021 13:00:00", LocalTime.COMPACT),
        ("20210927130000", LocalTime.SLASHED),
        ("27/09/2021", LocalTime.SLASHED),
        ("27/9/2021 13:00:00", LocalTime.SLASHED),
        ("31/02/2021 13:00:00", LocalTime.SLASHED),
        ("00/00/1995 00:00:00", LocalTime.SLASHED),
        ("27/09/2021 24:00:00", LocalTime.SLASHED),
        ("20211327130000", LocalTime.COMPACT),
        ("２0210927130000", LocalTime.COMPACT),
        ("2021-09-27 08:15:00", LocalTime.ISO),
    ],
)
def test_an_instant_in_another_form_than_declared_is_unreadable(text: str, form: LocalTime) -> None:
    assert codecs.local_instant(text, form) == BAD_INSTANT


@pytest.mark.parametrize("nothing", ["", "  ", "\u00a0", None])
def test_a_blank_value_is_read_as_none(nothing: object) -> None:
    read = [
        codecs.text_or_none(nothing),
        codecs.padded_code(nothing, 5),
        codecs.flag(nothing),
        codecs.whole_number(nothing),
        codecs.decimal_number(nothing, ","),
        codecs.local_instant(nothing, LocalTime.SLASHED),
        codecs.iso_instant(nothing),
        codecs.epoch_ms(nothing),
        codecs.dotnet_instant(nothing),
        codecs.partial_date(nothing, "dd/MM/yyyy"),
        codecs.code_meaning(nothing, {"a": 1}, "unknown"),
    ]

    assert read == [None] * len(read)


@pytest.mark.parametrize("value", [[], {}, True])
def test_a_list_an_object_or_a_boolean_is_unreadable_as_text(value: object) -> None:
    assert codecs.text_or_none(value) == Unreadable("text_expected")
    assert codecs.local_instant(value, LocalTime.SLASHED) == Unreadable("text_expected")


@pytest.mark.parametrize("text", ["0000-00-00T00:00:00.000+0700", "0001-01-01T00:00:00Z", "1900-01-01T00:00:00+07:00"])
def test_a_placeholder_date_is_none_only_where_the_source_declares_it(text: str) -> None:
    assert codecs.iso_instant(text, none_prefixes=codecs.NO_DATE_PREFIXES) is None
    assert codecs.iso_instant(text) is not None
    assert codecs.local_instant(text, LocalTime.ISO, none_prefixes=codecs.NO_DATE_PREFIXES) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-09-21T08:15:00.000+0700", datetime(2022, 9, 21, 1, 15, tzinfo=UTC)),
        ("2022-09-21T08:15:00+07:00", datetime(2022, 9, 21, 1, 15, tzinfo=UTC)),
        ("2022-09-21T01:15:00.000+0000", datetime(2022, 9, 21, 1, 15, tzinfo=UTC)),
        ("2022-09-21T01:15:00Z", datetime(2022, 9, 21, 1, 15, tzinfo=UTC)),
        ("2022-09-21T08:15:00", datetime(2022, 9, 21, 1, 15, tzinfo=UTC)),
        ("2022-09-21", BAD_INSTANT),
        ("2022-09-21 08:15:00+07:00", BAD_INSTANT),
        ("2022-09-31T08:15:00+07:00", BAD_INSTANT),
        ("2022-09-21T24:00:00+07:00", BAD_INSTANT),
        ("0001-01-01T00:00:00+07:00", BAD_INSTANT),
    ],
)
def test_an_iso_instant_takes_its_offset_with_or_without_a_colon_and_is_vietnamese_time_without_one(
    text: str, expected: object
) -> None:
    assert codecs.iso_instant(text) == expected


@given(MOMENTS)
def test_milliseconds_since_1970_read_back_as_the_instant(moment: datetime) -> None:
    count = round(moment.timestamp()) * 1000

    assert codecs.epoch_ms(count) == moment
    assert codecs.epoch_ms(str(count)) == moment
    assert codecs.dotnet_instant(f"/Date({count})/") == moment


@pytest.mark.parametrize("value", [10**17, 10**30, "soon", 1.5])
def test_a_value_that_is_no_plausible_number_of_milliseconds_is_unreadable(value: object) -> None:
    assert codecs.epoch_ms(value) == BAD_INSTANT


def test_midnight_in_vietnam_written_in_utc_is_the_vietnamese_day() -> None:
    midnight = codecs.iso_instant("2021-09-26T17:00:00.000Z")

    assert codecs.local_day(midnight) == PartialDate(2021, 9, 27)
    assert codecs.local_day(None) is None
    assert codecs.local_day(BAD_INSTANT) == BAD_INSTANT


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_date_reads_back_in_every_form(day: date) -> None:
    expected = PartialDate.of(day)

    assert codecs.partial_date(f"{day:%d/%m/%Y}", "dd/MM/yyyy") == expected
    assert codecs.partial_date(f"{day:%Y/%m/%d}", "yyyy/MM/dd") == expected
    assert codecs.partial_date(f"{day:%Y-%m-%d}", "yyyy-MM-dd") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1987, PartialDate(1987)),
        ("1987", PartialDate(1987)),
        ("09/1987", PartialDate(1987, 9)),
        ("00/00/1995", PartialDate(1995)),
        ("00/09/1995", PartialDate(1995, 9)),
        (0, None),
        ("0", None),
        ("00/00/0000", None),
        ("15/00/1995", Unreadable("date_unreadable")),
        ("31/02/1995", Unreadable("date_unreadable")),
        ("1995-02-01", Unreadable("date_unreadable")),
        ("khoảng 1995", Unreadable("date_unreadable")),
    ],
)
def test_a_date_of_which_only_a_part_is_known_stays_a_part(value: object, expected: object) -> None:
    assert codecs.partial_date(value, "dd/MM/yyyy") == expected


@pytest.mark.parametrize(
    ("value", "sign", "expected"),
    [
        ("1.234,5", ",", Decimal("1234.5")),
        ("1234,5", ",", Decimal("1234.5")),
        ("1.234", ",", Decimal(1234)),
        ("-3,0", ",", Decimal("-3.0")),
        ("1234.5", ".", Decimal("1234.5")),
        ("1,234.5", ".", Decimal("1234.5")),
        (1234.5, ",", Decimal("1234.5")),
        (7, ",", Decimal(7)),
        ("1234.5", ",", Unreadable("number_unreadable")),
        ("1.23,5", ",", Unreadable("number_unreadable")),
        ("1,234,5", ",", Unreadable("number_unreadable")),
        ("228 m2", ",", Unreadable("number_unreadable")),
        ("1e3", ".", Unreadable("number_unreadable")),
        ("NaN", ".", Unreadable("number_unreadable")),
        (True, ",", Unreadable("text_expected")),
    ],
)
def test_a_number_in_text_is_read_with_the_declared_decimal_sign(
    value: object, sign: codecs.DecimalSign, expected: object
) -> None:
    assert codecs.decimal_number(value, sign) == expected


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_a_grouped_number_reads_back_with_either_sign(number: Decimal) -> None:
    english = f"{number:,}"

    assert codecs.decimal_number(english, ".") == number
    assert codecs.decimal_number(english.translate(str.maketrans(",.", ".,")), ",") == number


@pytest.mark.parametrize("value", [True, "True", "true", 1, "1", "Y", "yes", "x", "X", "Có", "CÓ", "Co\u0301"])
def test_yes_comes_in_many_forms(value: object) -> None:
    assert codecs.flag(value) is True


@pytest.mark.parametrize("value", [False, "False", "false", 0, "0", "N", "No", "Không", "KHÔNG", "kho\u0302ng"])
def test_no_comes_in_many_forms(value: object) -> None:
    assert codecs.flag(value) is False


def test_a_value_that_is_neither_yes_nor_no_is_unreadable() -> None:
    assert codecs.flag("có lẽ") == Unreadable("flag_unreadable")
    assert codecs.flag(2) == Unreadable("flag_unreadable")


@given(st.integers(0, 99999))
def test_a_code_gets_back_the_zeros_that_a_number_lost(number: int) -> None:
    padded = f"{number:05d}"

    assert [codecs.padded_code(value, 5) for value in (number, float(number), str(number), f"{number}.0", padded)] == [
        padded
    ] * 5


def test_a_code_that_is_no_number_stays_as_it_is() -> None:
    assert codecs.padded_code("25747a", 5) == "25747a"
    assert codecs.padded_code("257470", 5) == "257470"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("3", 3), (3.0, 3), ("3.0", 3), ("-3", -3), ("ba", None), (3.5, None), ("３", None)],
)
def test_a_whole_number_may_be_text(value: object, expected: int | None) -> None:
    assert codecs.whole_number(value) == (Unreadable("whole_number_unreadable") if expected is None else expected)


@given(st.integers(0, 10**15), st.text("abcđơ\u0302\u0323 -", min_size=1, max_size=8).map(str.strip).filter(bool))
def test_an_item_has_one_key_however_its_number_or_its_letters_are_written(number: int, word: str) -> None:
    spellings = (number, float(number), str(number), f"{number}.0", f" {number}.00")

    assert {codecs.item_key(spelling) for spelling in spellings} == {str(number)}
    assert codecs.item_key(unicodedata.normalize("NFD", word)) == codecs.item_key(unicodedata.normalize("NFC", word))
    assert codecs.item_key("1.5") == "1.5"


def test_a_code_outside_the_declared_table_is_unreadable() -> None:
    meanings = {"0": "individual"}

    assert codecs.code_meaning(0, meanings, "kind_unknown") == "individual"
    assert codecs.code_meaning("9", meanings, "kind_unknown") == Unreadable("kind_unknown")


def test_a_local_code_becomes_the_national_one_and_an_unmapped_code_stays() -> None:
    codes = {"SXD": "000.00.05.H09"}

    assert codecs.mapped_code("SXD", codes) == "000.00.05.H09"
    assert codecs.mapped_code("STC", codes) == "STC"
    assert codecs.mapped_code("", codes) is None


def test_a_lone_object_counts_as_a_list_of_one() -> None:
    assert codecs.as_list({"a": 1}) == [{"a": 1}]
    assert codecs.as_list(None) == []
    assert codecs.as_objects({"a": 1}) == [{"a": 1}]


def test_a_list_with_anything_but_objects_is_no_list_of_objects() -> None:
    assert codecs.as_objects([{"a": 1}, "b"]) is None
    assert codecs.as_objects(None) is None
    assert codecs.as_objects([]) == []


def test_layout_spaces_become_plain_ones_or_vanish() -> None:
    assert codecs.text_or_none("\ufeffThủ\u00a0Dầu\u202fMột\u200b\u00a0") == "Thủ Dầu Một"


@given(TEXTS, st.integers(1, 50))
def test_truncation_keeps_the_limit_and_shows(text: str, limit: int) -> None:
    composed = unicodedata.normalize("NFC", text)

    cut = codecs.truncated(text, limit)

    assert len(cut) <= limit
    assert (cut == composed) if len(composed) <= limit else cut.endswith("…")
    assert composed.startswith(cut.removesuffix("…")) or cut == composed


def test_a_decomposed_letter_counts_as_one_character_when_text_is_cut() -> None:
    decomposed = unicodedata.normalize("NFD", "Thủ Dầu Một")

    assert codecs.truncated(decomposed, len("Thủ Dầu Một")) == "Thủ Dầu Một"


def test_every_unreadable_value_is_a_fault_at_its_field() -> None:
    """One item shows all its faults at once, each with the rule that was broken."""
    fields = {
        "scheme": "gso-2025-07",
        "commune_code": "25747",
        "map_sheet": "45",
        "parcel_number": "123",
        "area_m2": codecs.decimal_number("1234.5", ","),
        "is_encroached": codecs.flag("?"),
        "address": codecs.text_or_none([]),
        "uses": [{"code": "ODT", "catalogue": "mẫu", "expires_on": codecs.partial_date("x", "dd/MM/yyyy")}],
    }

    with pytest.raises(RecordInvalid) as refused:
        LandParcel.read(fields, strict=True)

    assert {(fault.path, fault.rule) for fault in refused.value.faults} == {
        ("area_m2", "number_unreadable"),
        ("is_encroached", "flag_unreadable"),
        ("address", "text_expected"),
        ("uses.0.expires_on", "date_unreadable"),
    }
