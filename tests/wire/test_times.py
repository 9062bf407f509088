"""Times in every usual spelling come back as the same instant; what has two readings or lost digits is unreadable."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cchc_connect import Unreadable
from cchc_connect.wire import times
from cchc_connect.wire.codecs import Reader
from cchc_connect.wire.field_map import FieldMap, at, translated
from cchc_connect.wire.named_codecs import INSTANTS, READERS, Codec
from cchc_connect.wire.times import NOTHING, change_time, day, instant
from cchc_schemas import VIETNAM, LandParcel, Note, PartialDate
from tests.schemas.invented import PARCEL

Write = Callable[[datetime], object]

MOMENTS = st.integers(631_300_000, 7_258_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, VIETNAM))
"""Whole seconds; as numbers they are neither a compact date nor seconds and milliseconds at once."""

DAYS = st.dates(min_value=date(1000, 1, 1), max_value=date(9999, 12, 31)).filter(
    lambda calendar_day: calendar_day not in times.PLACEHOLDER_DAYS
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text("0123456789-/:. TZ+SACHhngày", max_size=26),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=8,
)


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def half_of_day(moment: datetime, marks: str) -> str:
    return f"{moment.hour % 12 or 12}:{moment:%M:%S} {marks.split()[moment.hour >= 12]}"


def in_zone(hours: float, text: str) -> Write:
    zone = timezone(timedelta(hours=hours))
    return lambda moment: moment.astimezone(zone).strftime(text)


SPELLINGS: dict[str, Write] = {
    ".NET, milliseconds": lambda moment: f"/Date({round(moment.timestamp() * 1000)})/",
    ".NET, milliseconds with an offset to show": lambda moment: f"/Date({round(moment.timestamp() * 1000)}+0700)/",
    ".NET, seven digits": lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}.0000000+07:00",
    ".NET, seven digits, Z": lambda moment: f"{utc(moment):%Y-%m-%dT%H:%M:%S}.0000000Z",
    ".NET, no kind": lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}",
    ".NET, Vietnamese": lambda moment: f"{moment.day}/{moment.month}/{moment.year} {half_of_day(moment, 'SA CH')}",
    "SQL Server": lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}.000",
    "SQL Server, offset": in_zone(-3.5, "%Y-%m-%d %H:%M:%S.0000000 -03:30"),
    "Java, zone in brackets": lambda moment: f"{utc(moment):%Y-%m-%dT%H:%M:%S}Z[UTC]",
    "Java, zone of Vietnam": lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}+07:00[Asia/Ho_Chi_Minh]",
    "Java, offset without colon": lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}.000+0700",
    "Java, nine digits": lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}.000000000",
    "Java, list": lambda moment: list(moment.timetuple()[:6]),
    "Java, list with nanoseconds": lambda moment: [*moment.timetuple()[:6], 999],
    "Java, milliseconds": lambda moment: round(moment.timestamp() * 1000),
    "Java, milliseconds as text": lambda moment: str(round(moment.timestamp() * 1000)),
    "Java, seconds with a fraction": lambda moment: moment.timestamp(),
    "Gson": lambda moment: f"{moment:%b} {moment.day}, {moment.year} {half_of_day(moment, 'AM PM')}",
    "Gson of newer Java": lambda moment: f"{moment:%b} {moment.day}, {moment.year}, {half_of_day(moment, 'AM PM')}",
    "java.util.Date": lambda moment: f"{moment:%a %b %d %H:%M:%S} ICT {moment.year}",
    "HTTP": lambda moment: f"{utc(moment):%a, %d %b %Y %H:%M:%S} GMT",
    "PostgreSQL": lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}+07",
    "PostgreSQL, session in UTC": lambda moment: f"{utc(moment):%Y-%m-%d %H:%M:%S}.000000+00",
    "PostgreSQL, India": in_zone(5.5, "%Y-%m-%d %H:%M:%S+05:30"),
    "MySQL": lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}",
    "seconds since 1970": lambda moment: round(moment.timestamp()),
    "national portal": lambda moment: f"{moment:%Y%m%d%H%M%S}",
    "compact number": lambda moment: int(f"{moment:%Y%m%d%H%M%S}"),
    "compact ISO": lambda moment: f"{utc(moment):%Y%m%dT%H%M%S}Z",
    "office": lambda moment: f"{moment:%d/%m/%Y %H:%M:%S}",
    "office, dashes": lambda moment: f"{moment:%d-%m-%Y %H:%M:%S}",
    "office, dots": lambda moment: f"{moment:%d.%m.%Y %H:%M:%S}",
    "office, no zeros": lambda moment: f"{moment.day}/{moment.month}/{moment.year} {moment.hour}:{moment:%M:%S}",
    "office, time first": lambda moment: f"{moment:%H:%M:%S %d/%m/%Y}",
    "browser": lambda moment: f"{moment:%H:%M:%S} {moment.day}/{moment.month}/{moment.year}",
    "browser, comma": lambda moment: f"{moment:%H:%M:%S}, {moment.day}/{moment.month}/{moment.year}",
    "year first, slashes": lambda moment: f"{moment:%Y/%m/%d %H:%M:%S}",
    "with a no-break space": lambda moment: f" {moment:%d/%m/%Y}\u00a0{moment:%H:%M:%S} ",
}
MINUTES: dict[str, Write] = {
    "Java, no seconds": lambda moment: f"{moment:%Y-%m-%dT%H:%M}+07:00",
    "Java, no seconds, Z": lambda moment: f"{utc(moment):%Y-%m-%dT%H:%M}Z",
    "Java, no seconds, no zone": lambda moment: f"{moment:%Y-%m-%dT%H:%M}",
    "Java, short list": lambda moment: list(moment.timetuple()[:5]),
    "office": lambda moment: f"{moment:%d/%m/%Y %H:%M}",
    "office, time first": lambda moment: f"{moment:%H:%M %d/%m/%Y}",
    "office, in words": lambda moment: f"{moment.hour}h{moment:%M ngày %d/%m/%Y}",
    "office, decomposed": lambda moment: (
        f"{moment.hour} giơ\u0300 {moment:%M} phu\u0301t, nga\u0300y {moment:%d/%m/%Y}"
    ),
    "SQL Server, named month": lambda moment: (
        f"{moment:%b} {moment.day:2} {moment.year}  {moment.hour % 12 or 12}:{moment:%M%p}"
    ),
}
WHOLE_DAYS: dict[str, Callable[[date], object]] = {
    "ISO": lambda calendar_day: f"{calendar_day:%Y-%m-%d}",
    "slashes": lambda calendar_day: f"{calendar_day:%d/%m/%Y}",
    "dashes": lambda calendar_day: f"{calendar_day:%d-%m-%Y}",
    "dots": lambda calendar_day: f"{calendar_day:%d.%m.%Y}",
    "no zeros": lambda calendar_day: f"{calendar_day.day}/{calendar_day.month}/{calendar_day.year}",
    "year first": lambda calendar_day: f"{calendar_day:%Y/%m/%d}",
    "compact": lambda calendar_day: f"{calendar_day:%Y%m%d}",
    "compact number": lambda calendar_day: int(f"{calendar_day:%Y%m%d}"),
    "midnight": lambda calendar_day: f"{calendar_day:%Y-%m-%dT00:00:00}",
    "midnight of MySQL": lambda calendar_day: f"{calendar_day:%Y-%m-%d 00:00:00}",
    "midnight of an office": lambda calendar_day: f"{calendar_day:%d/%m/%Y 00:00:00}",
    "late": lambda calendar_day: f"{calendar_day:%Y-%m-%dT23:59:59.9999999}",
    "list": lambda calendar_day: [calendar_day.year, calendar_day.month, calendar_day.day],
}


@pytest.mark.parametrize("name", SPELLINGS)
@given(moment=MOMENTS)
def test_every_spelling_of_an_instant_is_that_instant(name: str, moment: datetime) -> None:
    written = json.loads(json.dumps(SPELLINGS[name](moment)))

    assert instant(written) == change_time(written) == moment
    assert day(written) in (PartialDate.of(moment.date()), Unreadable("date_unreadable"))


@pytest.mark.parametrize("name", MINUTES)
@given(moment=MOMENTS)
def test_every_spelling_without_seconds_is_the_full_minute(name: str, moment: datetime) -> None:
    written = MINUTES[name](moment)

    assert instant(written) == change_time(written) == moment.replace(second=0)


@pytest.mark.parametrize("name", WHOLE_DAYS)
@given(calendar_day=DAYS)
def test_every_spelling_of_a_day_is_that_day(name: str, calendar_day: date) -> None:
    assert day(WHOLE_DAYS[name](calendar_day)) == PartialDate.of(calendar_day)


@given(DAYS)
def test_a_day_without_a_time_stays_a_day_and_as_time_of_change_is_its_beginning(calendar_day: date) -> None:
    for write in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%Y%m%d"):
        assert instant(calendar_day.strftime(write)) == Unreadable("instant_unreadable")
        assert change_time(calendar_day.strftime(write)) == datetime(
            calendar_day.year, calendar_day.month, calendar_day.day, tzinfo=VIETNAM
        )


@given(MOMENTS, st.text("0123456789", min_size=1, max_size=12))
def test_digits_of_a_second_count_to_the_microsecond(moment: datetime, digits: str) -> None:
    expected = moment.replace(microsecond=int(digits[:6].ljust(6, "0")))

    for text in (f"{moment:%Y-%m-%dT%H:%M:%S}.{digits}+07:00", f"{moment:%Y-%m-%d %H:%M:%S},{digits}"):
        assert instant(text) == expected
    assert READERS[Codec.ISO_INSTANT](f"{moment:%Y-%m-%dT%H:%M:%S}.{digits}+07:00") == expected


@given(ANYTHING)
def test_no_value_raises_in_any_codec(value: Any) -> None:
    for read in READERS.values():
        read(value)
    at("x", "y", read=day)({"x": value, "y": value})


@given(st.dates(), st.times(), st.integers(-14, 14), st.sampled_from(sorted(INSTANTS | {Codec.DAY, Codec.ISO_DAY})))
def test_no_day_of_the_calendar_raises_at_either_end(calendar_day: date, clock: Any, hours: int, codec: Codec) -> None:
    for ends in (calendar_day, date.min + timedelta(calendar_day.day), date.max - timedelta(calendar_day.day)):
        moment = datetime.combine(ends, clock.replace(microsecond=0), timezone(timedelta(hours=hours)))
        seconds = round((moment.replace(tzinfo=UTC) - times.EPOCH).total_seconds()) - 3600 * hours
        for written in (
            moment.isoformat(),
            seconds,
            seconds * 1000,
            f"/Date({seconds * 1000})/",
            f"{ends:%d/%m/}{ends.year:04}",
        ):
            READERS[codec](written)


@pytest.mark.parametrize(
    "value",
    [
        "03/04/26",
        "260403",
        "03/04/2026 08:00 AM",
        "3-4-2026 1:00:00 PM",
        "04/13/2026 08:00",
        "1.79047E+12",
        "46114.333",
        "2026-04-02 8:5",
        "2026-04-02T08",
        "2026-04-02T25:00:00",
        "2026-04-02T08:00:60",
        "2026-02-29",
        "02/04/2026 13:00 SA",
        "02/04/2026 00:30 CH",
        "2026-04-02T08:00:00+25:00",
        "2026-04-02T08:00:00[Europe/Paris]",
        "2026-04-02 08:00 EST",
        "infinity",
        "0044-03-15 BC",
        "hôm qua",
        17,
        12345678,
        86_400_000,
        638_791_704_000_000_000,
        [2026, 13, 1, 8, 0],
        [2026, 4],
        [2026, "4", 2],
        {"$date": 3},
        True,
    ],
)
def test_a_value_with_two_readings_or_a_lost_digit_is_unreadable(value: object) -> None:
    assert isinstance(change_time(value), Unreadable)
    assert isinstance(instant(value), Unreadable)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("13/04/2026 08:00 AM", 13), ("04/13/2026 08:00 AM", 13), ("04/04/2026 08:00 AM", 4)],
)
def test_an_english_clock_is_read_where_only_one_day_fits(text: str, expected: int) -> None:
    assert instant(text) == datetime(2026, 4, expected, 8, tzinfo=VIETNAM)


def test_the_end_of_a_day_is_the_beginning_of_the_next() -> None:
    assert instant("2026-12-31T24:00:00") == datetime(2027, 1, 1, tzinfo=VIETNAM)


PLACEHOLDERS: tuple[object, ...] = (
    *("0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+07:00", "01/01/0001 00:00:00"),
    *(-62135596800000, -62135622000000, "/Date(-62135596800000)/", "/Date(-62135622000000)/", [1, 1, 1, 0, 0]),
    *("1900-01-01", "01/01/1900", "1/1/1900 12:00:00 SA", "1900-01-01T00:00:00", "1899-12-31T17:00:00.000Z"),
    *("1899-12-31T16:53:30Z", -2209014390000, "1899-12-30T00:00:00", "1753-01-01 00:00:00.000"),
)


@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_a_placeholder_is_nothing_with_a_note_and_no_time_of_change(value: object) -> None:
    assert day(value) == NOTHING
    assert change_time(value) is None
    codecs_of: dict[type, tuple[Codec, ...]] = {
        str: (
            Codec.DATE,
            Codec.ISO_DATE,
            Codec.ISO_DAY,
            Codec.ISO_INSTANT,
            Codec.SQL_LOCAL,
            Codec.DOTNET_DAY,
            Codec.DMY_TIME,
        ),
        int: (Codec.EPOCH_MS, Codec.EPOCH_DAY),
        list: (Codec.DAY,),
    }
    read = [READERS[codec](value) for codec in codecs_of[type(value)]]
    assert NOTHING in read
    assert all(result == NOTHING or isinstance(result, Unreadable) for result in read)


@pytest.mark.parametrize("value", [0, "0", "1970-01-01T00:00:00Z", "1970-01-01T07:00:00+07:00", "/Date(0)/"])
def test_the_beginning_of_1970_is_no_time_of_change(value: object) -> None:
    assert change_time(value) is None


@pytest.mark.parametrize("value", [None, "", "  ", "0", "00/00/0000", "0000-00-00", "0000-00-00 00:00:00"])
def test_zeros_are_no_day(value: object) -> None:
    assert day(value) is None
    assert change_time(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1987", "1987"),
        (1987, "1987"),
        ("09/2021", "2021-09"),
        ("2021-9", "2021-09"),
        ("00/00/1995", "1995"),
        ("00/05/1995", "1995-05"),
        ("1900", "1900"),
        ("2021-09-26T17:00:00Z", "2021-09-27"),
        (1632675600000, "2021-09-27"),
        (-315644400000, "1960-01-01"),
        ("9999-12-31T23:59:59", "9999-12-31"),
    ],
)
def test_a_day_may_be_known_in_part_or_be_that_of_an_instant(value: object, expected: str) -> None:
    assert str(day(value)) == expected


@pytest.mark.parametrize("value", ["0900-05-05", "05/05/0900", "0205", "2021.9", 1_700_000_000, "2021-00-05"])
def test_a_day_that_no_record_can_hold_or_that_has_two_readings_is_unreadable(value: object) -> None:
    assert isinstance(day(value), Unreadable)


@pytest.mark.parametrize(
    ("codec", "good", "bad"),
    [
        (Codec.SQL_LOCAL, "2026-04-02 08:00:00", "02/04/2026 08:00:00"),
        (Codec.SQL_LOCAL, "2026-04-02 01:00:00+00", "2026-04-02"),
        (Codec.DMY_TIME, "02/04/2026 08:00", "2026-04-02 08:00"),
        (Codec.DMY_TIME, "8:00:00 SA 2/4/2026", "02/04/2026"),
        (Codec.COMPACT_INSTANT, "20260402080000", "2026-04-02T08:00:00"),
        (Codec.EPOCH_S, 1775091600, "1775091600000.5"),
        (Codec.EPOCH_S, "1775091600", "02/04/2026"),
        (Codec.LOCAL_ISO, "2026-04-02T08:00:00Z", "2026-04-02"),
    ],
)
def test_a_named_codec_reads_its_own_spelling_alone(codec: Codec, good: object, bad: object) -> None:
    assert READERS[codec](good) == datetime(2026, 4, 2, 8, tzinfo=VIETNAM)
    assert READERS[codec](bad) == Unreadable("instant_unreadable")


@pytest.mark.parametrize(
    ("codec", "good"),
    [
        (Codec.LOCAL_DAY, "2026-04-02T23:00:00Z"),
        (Codec.COMPACT_DAY, "20260402"),
        (Codec.COMPACT_DAY, 20260402),
        (Codec.DOTNET_DAY, "/Date(1775062800000)/"),
        (Codec.ISO_DAY, "2026-04-02T00:00:00"),
        (Codec.ISO_DAY, "2026-04-01T17:00Z"),
        (Codec.ISO_DATE, "2026-04-02T00:00:00"),
        (Codec.ISO_DATE, "2026-04-01T17:00:00Z"),
        (Codec.DATE, "02/04/2026 00:00:00"),
        (Codec.DATE, "02-04-2026"),
    ],
)
def test_a_date_field_takes_the_vietnamese_day_of_a_time(codec: Codec, good: object) -> None:
    assert READERS[codec](good) == PartialDate(2026, 4, 2)


def read_parcel(item: dict[str, object], read: Reader) -> tuple[LandParcel, tuple[Note, ...]]:
    fields: FieldMap = {
        **{name: at(name) for name in ("scheme", "commune_code", "map_sheet", "parcel_number")},
        "certificates": lambda item: [{"serial": "AB1", "issued_on": at("x", "y", read=read)(item)}],
    }
    number = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "4", "parcel_number": "5"}
    reading = LandParcel.read(translated({**number, **item}, fields).read())
    return reading.record, reading.notes


@pytest.mark.parametrize("read", [day, READERS[Codec.DATE]])
def test_a_record_notes_the_placeholder_that_it_does_not_store(read: Reader) -> None:
    parcel, notes = read_parcel({"x": "01/01/1900"}, read)

    assert parcel.certificates[0].issued_on is None
    assert notes == (Note("certificates.0.issued_on", "date_placeholder"),)


def test_a_placeholder_gives_way_to_the_next_property_with_a_value() -> None:
    parcel, notes = read_parcel({"x": "0001-01-01T00:00:00", "y": "2021"}, day)

    assert (str(parcel.certificates[0].issued_on), notes) == ("2021", ())


@pytest.mark.parametrize(
    "value",
    [
        *("01/01/1900", "1/1/1900", "1900-01-01", "1900-01-01T00:00:00", "1900-01-01 00:00:00.000", "19000101"),
        *("0001-01-01", "0001-01-01T00:00:00", "01/01/0001", "0001-01-01T00:00:00Z", "/Date(-62135596800000)/"),
        *("01/01/1970", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00:00Z", "1970-01-01T07:00:00+07:00"),
        *("1970-01-01T08:00:00+08:00", "/Date(0)/", "01/01/1753", "30/12/1899"),
    ],
)
def test_a_day_that_systems_write_for_none_is_no_birth_and_no_expiry(value: object) -> None:
    reading = LandParcel.read(
        {
            **PARCEL,
            "uses": [{"code": "ODT", "catalogue": "TT 08/2024/TT-BTNMT", "expires_on": times.day(value)}],
            "holders": [{"kind": "individual", "name": "Nguyễn Thị Mẫu", "birth": times.day(value)}],
        }
    )

    assert (reading.record.uses[0].expires_on, reading.record.holders[0].birth) == (None, None)
    noted = {note.path for note in reading.notes if note.rule == "date_placeholder"}
    assert noted == {"uses.0.expires_on", "holders.0.birth"}


@pytest.mark.parametrize("value", ["1970", 1970, "01/1970", "02/01/1970", "1900", "31/12/1969"])
def test_a_year_or_another_day_of_it_stays(value: object) -> None:
    assert isinstance(times.day(value), PartialDate)
