"""What counts as a change of what a source sends: few items prove nothing, unchanged ones count, the rest is named."""

import pytest

from cchc_connect.database.state.source_properties import DriftKind, StoredProperty
from cchc_connect.sync.drift_rules import DriftRules
from cchc_connect.sync.property_watch import PropertyWatch, SeenItems, word_hash
from cchc_connect.wire.field_map import translated
from cchc_connect.wire.field_rules import field_map, rules_of
from tests.sync.mapped_register import MAP, SIGN, mapped_item

KNOWN = {
    "dienTich": StoredProperty(items=100, present=100, filled=100, kinds={"number": 100}, is_read=True),
    "dienTichPhapLy": StoredProperty(items=100, present=100, filled=14, kinds={"number": 14, "null": 86}, is_read=True),
    "tranhChap": StoredProperty(items=100, present=60, filled=60, kinds={"text": 60}, is_read=True),
}


def seen(*items: dict[str, object]) -> SeenItems:
    watch = PropertyWatch()
    for item in items:
        watch.add_mapped(translated(item, MAP))
    counted = watch.take()
    assert counted is not None
    counted.settle()
    return counted


def kinds(page: SeenItems, unchanged: int = 0, accepted: tuple[str, ...] = ()) -> list[tuple[str, DriftKind]]:
    return [(drift.property, drift.kind) for drift in DriftRules(KNOWN, accepted).drifts(page, unchanged)]


def plain(number: int, /, **changed: object) -> dict[str, object]:
    """Return an item with those properties alone that are known."""
    item = {name: value for name, value in mapped_item(number).items() if name in KNOWN} | changed
    return {name: value for name, value in item.items() if value != "-"}


@pytest.mark.parametrize(
    ("items", "unchanged", "is_drift"), [(2, 0, False), (3, 0, True), (3, 3, False), (10, 9, True)]
)
def test_a_property_vanished_if_three_items_and_more_than_half_lack_it(
    *, items: int, unchanged: int, is_drift: bool
) -> None:
    page = seen(*(plain(number, dienTich="-") for number in range(items)))

    assert (("dienTich", DriftKind.VANISHED) in kinds(page, unchanged)) == is_drift


def test_a_rarely_filled_property_is_not_missed() -> None:
    page = seen(*(plain(number, dienTichPhapLy=None) for number in range(50)))

    assert kinds(page) == []


def test_a_property_that_items_lack_now_and_then_is_not_missed() -> None:
    assert kinds(seen(*(plain(number, tranhChap="-") for number in range(50)))) == []


@pytest.mark.parametrize(("items", "is_drift"), [(2, False), (3, True)])
def test_a_new_word_counts_from_three_items_on(*, items: int, is_drift: bool) -> None:
    page = seen(*(plain(number, tranhChap="Có tranh chấp") for number in range(items)), plain(9))

    assert (("tranhChap", DriftKind.WORD_NEW) in kinds(page)) == is_drift
    assert page.properties["tranhChap"].words == {word_hash("Có tranh chấp"): items}


def test_one_renamed_item_is_enough_and_the_likelier_name_is_named() -> None:
    page = seen(plain(1, dienTich="-", dien_tich=5.0, so=7))

    (drift,) = DriftRules(KNOWN, ()).drifts(page, 0)

    assert (drift.kind, drift.detail, drift.affected) == (DriftKind.RENAMED, "dien_tich", 1)


def test_a_whole_number_and_one_with_a_fraction_are_of_one_kind() -> None:
    assert kinds(seen(*(plain(number, dienTich=number) for number in range(9)))) == []


def test_what_was_accepted_is_not_judged() -> None:
    page = seen(*(plain(number, dienTich="-") for number in range(9)))

    assert kinds(page, accepted=("dienTich",)) == []


@pytest.mark.parametrize(
    "name",
    [
        *("079203001234", "dien\ntich", "x" * 300, "a\u2028b"),
        *("nguyen.van.a@mail.example", "Nguyễn Văn Mẫu", "CCCD 079 203 001 234"),
    ],
)
def test_names_that_must_not_be_shown_are_not_kept(name: str) -> None:
    assert name not in seen({**plain(1), name: 1}).properties


def test_a_rule_whose_property_looks_like_a_person_is_not_named_as_one_that_finds_nothing() -> None:
    name = "Nguyễn Văn Mẫu"
    fields = field_map(rules_of({"area_m2": {"property": name, "codec": "number"}}), SIGN)
    watch = PropertyWatch()
    watch.add_mapped(translated({name: 5}, fields))

    page = watch.take()

    assert page is not None
    assert page.unseen_rules == {}


def test_a_word_is_told_without_its_hash() -> None:
    (drift,) = DriftRules(KNOWN, ()).drifts(seen(*(plain(number, tranhChap="Không rõ") for number in range(9))), 0)

    assert drift.detail == word_hash("Không rõ")
    assert drift.message().context["detail"] == ""


def test_hostile_names_and_forms_are_counted_in_bounded_memory() -> None:
    items: list[dict[str, object]] = [{f"p{number}{index}": index for index in range(20)} for number in range(3000)]
    page = seen(*items)

    assert (page.items, len(page.properties) <= 400) == (3000, True)
