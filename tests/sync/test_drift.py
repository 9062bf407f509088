"""What a source sends otherwise than before is held before it overwrites anything; honest changes never are."""

from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import select

from cchc_connect.adapter import DeleteDetection, SourceProfile
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.state.source_properties import DriftKind, DriftMode, DriftState, accept_drifts
from cchc_connect.database.tables import drift, source_property
from cchc_connect.errors import SourceHeld
from cchc_connect.sync.connection_terms import ConnectionTerms
from cchc_connect.sync.drift_guard import DriftHeld
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.wire.field_rules import field_map, rules_of
from tests.quick import scaled
from tests.sync.mapped_register import MAP, SIGN, MappedRegister, every, mapped_item, mapped_items, renamed
from tests.sync.memory_systems import START
from tests.sync.pulled_database import PulledDatabase

NAMES = count()
"""Numbers of the connections that the examples pull."""

SEVERAL = settings(max_examples=scaled(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def parcels(books: PulledDatabase) -> list[Any]:
    """Return what is stored of every parcel, without its provenance."""
    names = ("map_sheet", "parcel_number", "area_m2", "legal_area_m2", "address", "in_dispute", "holders", "version")
    return [{name: row[name] for name in names} for row in books.rows()]


def drifts(books: PulledDatabase) -> list[tuple[str, str, str, str]]:
    with books.database.reading() as connection:
        columns = (drift.c.property, drift.c.kind, drift.c.detail, drift.c.state)
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]


def held(books: PulledDatabase, source: MappedRegister, name: str = "a") -> list[tuple[str, str]]:
    """Pull a source that must be held; check that no row changed, and return the drift.

    Values that cannot be read any more have a hold of their own, which comes first.
    """
    before = parcels(books)
    with pytest.raises(SourceHeld) as refusal:
        books.pull(name, source)

    assert parcels(books) == before
    if not isinstance(refusal.value, DriftHeld):
        return [("", refusal.value.code)]
    return [(drifted.property, drifted.kind) for drifted in refusal.value.drifts]


def without(name: str) -> Any:
    def leave_out(item: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in item.items() if key != name}

    return leave_out


def with_value(name: str, value: object) -> Any:
    def put(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, name: value}

    return put


def with_parts(**changed: object) -> Any:
    """Return a function that changes the members of each holder; None leaves one out."""

    def change(item: dict[str, Any]) -> dict[str, Any]:
        parts = [
            {name: value for name, value in {**part, **changed}.items() if value is not None} for part in item["chu"]
        ]
        return {**item, "chu": parts}

    return change


@pytest.mark.parametrize("number", [3, 6, 30, 120])
def test_a_renamed_property_is_held_before_a_row_changes(books: PulledDatabase, number: int) -> None:
    source = MappedRegister(mapped_items(number))
    books.pull("a", source)

    source.items = every(source.items, renamed("dienTich", "dien_tich"))

    assert held(books, source) == [("dienTich", DriftKind.RENAMED)]
    assert drifts(books) == [("dienTich", "renamed", "dien_tich", "held")]


@pytest.mark.parametrize("number", [6, 30])
@pytest.mark.parametrize(
    ("change", "name", "kind"),
    [
        (without("dienTich"), "dienTich", DriftKind.VANISHED),
        (with_value("dienTich", None), "dienTich", DriftKind.EMPTIED),
        (with_value("dienTich", ""), "dienTich", DriftKind.EMPTIED),
        (with_value("dienTich", "100.5"), "dienTich", DriftKind.KIND_CHANGED),
        (without("diaChi"), "diaChi", DriftKind.VANISHED),
        (with_value("diaChi", {"chi_tiet": "x"}), "diaChi.chiTiet", DriftKind.RENAMED),
        (with_value("diaChi", "Số 1 đường Mẫu"), "", "source.values_lost"),
        (with_value("tranhChap", "Y"), "", "source.values_lost"),
        (with_parts(so=None), "chu.so", DriftKind.VANISHED),
        (with_parts(so=None, soGiayTo="1"), "chu.so", DriftKind.RENAMED),
        (with_value("chu", []), "chu", DriftKind.EMPTIED),
        (renamed("chu", "chuSuDung"), "chu", DriftKind.RENAMED),
    ],
)
def test_every_kind_of_drift_is_held(books: PulledDatabase, number: int, change: Any, name: str, kind: str) -> None:
    source = MappedRegister(mapped_items(number))
    books.pull("a", source)

    source.items = every(source.items, change)

    assert (name, kind) in held(books, source)


def test_the_source_goes_on_when_it_sends_what_it_sent_before(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(30))
    books.pull("a", source)
    before, source.items = source.items, every(source.items, without("dienTich"))
    held(books, source)

    source.items = before
    books.pull("a", source)

    assert drifts(books) == []


def test_accepted_drift_is_written_and_not_held_again(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(30))
    books.pull("a", source)
    source.items = every(source.items, without("dienTich"))
    held(books, source)
    with books.database.writing() as connection:
        accept_drifts(connection, "a", (), "dienTich", "no longer kept", "2026-03-02T08:00:00.000000Z")

    books.pull("a", source)
    source.items = every(source.items, with_value("tranhChap", "K"))
    books.pull("a", source)

    assert {row["area_m2"] for row in parcels(books)} == {None}
    assert [state for *_, state in drifts(books)] == [DriftState.ACCEPTED]


def accept(books: PulledDatabase, name: str) -> None:
    """Accept drift of a property as a person does, an hour later."""
    books.clock.advance(timedelta(hours=1))
    with books.database.writing() as connection:
        accept_drifts(connection, "a", (), name, "no longer kept", to_timestamp_text(books.clock.now()))
    books.clock.advance(timedelta(hours=1))


@pytest.mark.parametrize("number", [6, 30])
def test_an_accepted_property_is_watched_again_once_it_is_learned_anew(books: PulledDatabase, number: int) -> None:
    source = MappedRegister(mapped_items(number))
    books.pull("a", source)
    source.items = every(mapped_items(number), lambda item: {**item, "dienTich": str(item["dienTich"])})
    assert held(books, source) == [("dienTich", DriftKind.KIND_CHANGED)]
    accept(books, "dienTich")
    books.pull("a", source)

    source.items = every(source.items, with_value("dienTich", None))

    assert held(books, source) == [("dienTich", DriftKind.EMPTIED)]


def test_an_accepted_property_of_a_source_of_changes_is_watched_again_after_twenty_items(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(30), profile=SourceProfile(changed_since=True, deletes=DeleteDetection.NEVER))
    books.pull("a", source)

    def change(first: int, last: int, area: object) -> None:
        books.clock.advance(timedelta(days=1))
        at = books.clock.moment.isoformat()
        source.items[first - 1 : last] = [mapped_item(n, dienTich=area, at=at) for n in range(first, last + 1)]

    change(30, 30, 5.0)  # from here on a listing has what changed only
    books.pull("a", source)
    change(1, 10, "5.5")
    assert held(books, source) == [("dienTich", DriftKind.KIND_CHANGED)]
    accept(books, "dienTich")
    books.pull("a", source)
    change(11, 29, "6.5")
    books.pull("a", source)
    change(1, 29, None)

    assert held(books, source) == [("dienTich", DriftKind.EMPTIED)]


def test_after_an_acceptance_an_item_that_is_read_in_each_run_teaches_once(books: PulledDatabase) -> None:
    """Its key is another one's, so it is translated in each run."""
    twin = {**mapped_item(1), "id": "q1"}
    source = MappedRegister([*mapped_items(6), twin], profile=SourceProfile(changed_since=True))
    books.pull("a", source)
    source.items = every(source.items, lambda item: {**item, "dienTich": str(item["dienTich"])})
    held(books, source)
    accept(books, "dienTich")
    books.pull("a", source)
    learned = books.everything("cursor")["source_property"]

    books.pull("a", source)

    assert books.quarantined() == ["q1"]
    assert books.everything("cursor")["source_property"] == learned


def test_values_from_before_an_acceptance_are_no_new_drift_when_everything_is_listed(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(60), profile=SourceProfile(changed_since=True, deletes=DeleteDetection.NEVER))
    books.pull("a", source)

    def change(first: int, last: int) -> None:
        books.clock.advance(timedelta(days=1))
        at = books.clock.moment.isoformat()
        source.items[first - 1 : last] = every(source.items[first - 1 : last], with_value("at", at))

    change(60, 60)  # from here on a listing has what changed only
    books.pull("a", source)
    source.items = every(source.items, with_value("dienTich", None))
    change(1, 12)
    assert held(books, source) == [("dienTich", DriftKind.EMPTIED)]
    accept(books, "dienTich")
    books.pull("a", source)
    change(13, 30)
    books.pull("a", source)  # and is watched again

    books.pull("a", source, pull_range=PullRange(everything=True))

    assert {row["area_m2"] for row in parcels(books)} == {None}
    assert [state for *_, state in drifts(books)] == [DriftState.ACCEPTED]


def test_what_a_connection_takes_without_asking_is_no_acceptance_by_a_person(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(30))
    books.pull("a", source)
    source.items = every(source.items, lambda item: {**item, "dienTich": str(item["dienTich"])})
    terms = {"a": ConnectionTerms(drift_mode=DriftMode.ACCEPT)}
    books.prepared(source, books.stream("a", source), terms=terms).run()
    assert drifts(books) == [("dienTich", "kind_changed", "text", "told")]

    source.items = every(source.items, with_value("dienTich", None))

    assert held(books, source) == [("dienTich", DriftKind.EMPTIED)]


def test_a_new_property_that_was_accepted_is_not_told_again(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(30))
    books.pull("a", source)
    source.items = every(source.items, with_value("mucDich", "ODT"))
    books.pull("a", source)
    accept(books, "mucDich")
    books.pull("a", source)

    source.items = every(source.items, with_value("tranhChap", "C"))
    books.pull("a", source)

    assert drifts(books) == [("mucDich", "property_new", "", "accepted")]


def test_drift_that_comes_again_after_it_was_accepted_is_a_new_one(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(30))
    books.pull("a", source)
    source.items = every(source.items, with_value("dienTich", None))
    held(books, source)
    accept(books, "dienTich")
    books.pull("a", source)
    for number in range(20):  # the property is filled again, so often that this is usual
        source.items = every(mapped_items(30), with_value("tranhChap", "CK"[number % 2]))
        books.pull("a", source)
    source.items = every(source.items, with_value("dienTich", None))
    held(books, source)

    with books.database.reading() as connection:
        (row,) = connection.execute(select(drift)).all()
    assert (row.state, row.because, row.accepted_at) == (DriftState.HELD, None, None)
    assert row.detected_at > to_timestamp_text(START)


@pytest.mark.parametrize("pull_range", [PullRange(key="p3"), PullRange(since=START - timedelta(days=1))])
def test_a_partial_pull_puts_nothing_on_hold(books: PulledDatabase, pull_range: PullRange) -> None:
    source = MappedRegister(mapped_items(30))
    books.pull("a", source)
    source.items = every(source.items, renamed("dienTich", "dien_tich"))

    with suppress(DriftHeld):
        books.pull("a", source, pull_range=pull_range)

    assert drifts(books) == []


def test_a_pull_of_one_item_is_not_held_by_the_others_and_learns_nothing_of_them(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(30))
    books.pull("a", source)
    learned = books.everything("cursor")["source_property"]
    source.items = [
        mapped_item(1, tranhChap="C"),
        *every(source.items[1:], lambda item: {**item, "dienTich": str(item["dienTich"])}),
    ]

    books.pull("a", source, pull_range=PullRange(key="p1"))

    assert [row["parcel_number"] for row in parcels(books) if row["in_dispute"]] == ["1"]
    assert books.everything("cursor")["source_property"] == learned


def test_faulty_items_that_did_not_change_are_items_without_a_change(books: PulledDatabase) -> None:
    """Six of sixty items lose a value, which is no drift, whether the others are faulty or not."""
    source = MappedRegister(every(mapped_items(50), with_value("to", None)) + mapped_items(60)[50:], page_size=100)
    books.pull("a", source)

    source.items[50:56] = every(source.items[50:56], without("dienTich"))
    books.pull("a", source)

    assert drifts(books) == []


def test_a_source_of_changes_is_held_at_three_items_without_a_property(books: PulledDatabase) -> None:
    """Until then the stored values stay, as the source writes null for no value."""
    source = MappedRegister(mapped_items(30), profile=SourceProfile(changed_since=True, deletes=DeleteDetection.NEVER))
    books.pull("a", source)
    areas = [row["area_m2"] for row in parcels(books)]

    for number in (1, 2):
        books.clock.advance(timedelta(hours=2))
        source.items[number - 1] = without("dienTich")(
            mapped_item(number, tranhChap="C", at=books.clock.moment.isoformat())
        )
        books.pull("a", source)
    assert [row["area_m2"] for row in parcels(books)] == areas

    books.clock.advance(timedelta(days=2))
    source.items[:3] = every(mapped_items(3), without("dienTich"))
    source.items[:3] = every(source.items[:3], with_value("at", books.clock.moment.isoformat()))
    assert held(books, source) == [("dienTich", DriftKind.VANISHED)]


def test_a_missing_property_leaves_the_stored_value_and_null_clears_it(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(30))
    books.pull("a", source)

    source.items[0] = without("dienTich")(mapped_item(1, tranhChap="C"))
    source.items[1] = mapped_item(2, dienTich=None)
    books.pull("a", source)

    first, second = (row for row in parcels(books) if row["parcel_number"] in {"1", "2"})
    assert (first["area_m2"] is not None, first["in_dispute"]) == (True, True)
    assert second["area_m2"] is None
    (noted,) = [row for row in books.rows() if row["notes"]]
    assert "property_missing" in noted["notes"]


def test_a_source_that_never_writes_null_means_none_by_a_missing_property(books: PulledDatabase) -> None:
    def plain(item: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in item.items() if value is not None}

    source = MappedRegister(every(mapped_items(30), plain))
    books.pull("a", source)

    source.items[0] = without("dienTich")(plain(mapped_item(1)))
    books.pull("a", source)

    assert [row["parcel_number"] for row in parcels(books) if row["area_m2"] is None] == ["1"]


def test_a_mistyped_rule_is_held_before_it_empties_a_field(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(30))
    books.pull("a", source)

    source.fields = {**MAP, **field_map(rules_of({"area_m2": {"property": "dienTch", "codec": "number"}}), SIGN)}
    source.mapping_version += 1

    assert held(books, source) == [("dienTch", DriftKind.EMPTIED)]


def test_values_that_cannot_be_read_any_more_are_held_where_they_would_be_lost(books: PulledDatabase) -> None:
    """The kind of the values is the same, and so is the name: what would be lost decides."""
    source = MappedRegister(every(mapped_items(30), with_value("dienTich", "100.5")))
    books.pull("a", source)

    source.items = every(source.items, with_value("dienTich", ""))

    assert ("dienTich", DriftKind.EMPTIED) in held(books, source)


def test_new_properties_are_told_and_hold_nothing(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(30))
    books.pull("a", source)

    source.items = every(source.items, with_value("mucDich", "ODT"))
    books.pull("a", source)

    assert drifts(books) == [("mucDich", "property_new", "", "told")]


def test_another_case_is_read_and_told(books: PulledDatabase) -> None:
    source = MappedRegister(mapped_items(30))
    books.pull("a", source)
    before = parcels(books)

    source.items = every(source.items, renamed("dienTich", "DIENTICH"))
    books.pull("a", source)

    assert parcels(books) == before
    assert drifts(books) == [("dienTich", "respelled", "DIENTICH", "told")]


def test_what_is_learned_is_stored_by_property(books: PulledDatabase) -> None:
    books.pull("a", MappedRegister(mapped_items(30)))

    with books.database.reading() as connection:
        rows = {row.property: row for row in connection.execute(select(source_property))}

    area, legal, nested = rows["dienTich"], rows["dienTichPhapLy"], rows["chu.so"]
    assert (area.items, area.present, area.filled, area.kinds, area.is_read) == (30, 30, 30, '{"number": 30}', 1)
    assert (legal.present, legal.filled) == (30, 4)
    assert (nested.items, nested.is_read, rows["id"].is_read) == (30, 1, 0)
    assert area.first_seen is not None


@given(draws=st.data(), number=st.integers(6, 60), page_size=st.sampled_from([7, 50, 200]))
@SEVERAL
def test_random_drift_over_random_listings_is_held_before_a_row_changes(
    books: PulledDatabase, draws: st.DataObject, number: int, page_size: int
) -> None:
    name = f"c{next(NAMES)}"
    source = MappedRegister(mapped_items(number), page_size=page_size)
    source.items = [{**item, "to": name} for item in source.items]
    books.pull(name, source)
    lost = draws.draw(st.sampled_from(["dienTich", "diaChi", "tranhChap", "chu"]))
    change = draws.draw(
        st.sampled_from([renamed(lost, "moi"), without(lost), with_value(lost, None), with_value(lost, {"x": 1})])
    )

    source.items = every(source.items, change)

    assert held(books, source, name)


@given(draws=st.data(), number=st.integers(0, 60), page_size=st.sampled_from([3, 50]))
@SEVERAL
def test_honest_changes_are_never_held(
    books: PulledDatabase, draws: st.DataObject, number: int, page_size: int
) -> None:
    name = f"c{next(NAMES)}"
    source = MappedRegister(every(mapped_items(number), with_value("to", name)), page_size=page_size)
    books.pull(name, source)
    for _ in range(3):
        touched = draws.draw(st.lists(st.integers(1, 80), max_size=12, unique=True))
        for index in touched:
            edited = mapped_item(
                index,
                to=name,
                dienTich=draws.draw(st.floats(1, 900).map(lambda area: round(area, 1))),
                dienTichPhapLy=draws.draw(st.sampled_from([None, 5.0])),
                tranhChap=draws.draw(st.sampled_from(["C", "K"])),
                diaChi={"chiTiet": draws.draw(st.sampled_from(["Số 1", "Số 2", "Số 3"]))},
            )
            source.items = [item for item in source.items if item["id"] != edited["id"]] + [edited]
        books.pull(name, source)

    assert [kind for *_, kind, _, _ in drifts(books)] == []
