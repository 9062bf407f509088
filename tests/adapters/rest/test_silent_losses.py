"""What a listing does not show is told, whatever else it declares: marks of deletion, windows, another way to read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cchc_adapters.rest.adapter import Rest
from cchc_adapters.rest.manifest import RestOptions
from cchc_connect import PageRequest, Source, StartOver
from tests.adapters.rest.paged_system import Desk, Habits, dossiers, running_desk
from tests.adapters.rest.test_any_paging import page_of

COUNTED = '{ kind = "page", parameter = "page", size = 4, size_parameter = "size", total = "total"%s }'
MARKED = 'deletes = { property = "xoa", values = [true] }'


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with running_desk(tmp_path) as running:
        yield running


def shape(
    hidden: Sequence[int] = (), **counts: object
) -> Callable[[Sequence[Mapping[str, Any]], Mapping[str, Any]], object]:
    """Return a form of pages that hides items and counts in its own way."""

    def shaped(listed: Sequence[Mapping[str, Any]], members: Mapping[str, Any]) -> object:
        items = [item for item in listed if item["id"] not in hidden]
        return {**members, **counts, "data": {"items": items}}

    return shaped


@pytest.mark.parametrize(
    ("habits", "more", "code"),
    [
        (Habits(), "", ""),
        (Habits(shape=shape(hidden=[5])), "", "source.fewer_than_counted"),
        (Habits(shape=shape(hidden=[3])), "", "rest.first_missing"),
        (Habits(shape=shape(pages=1)), ', pages = "pages"', "source.fewer_than_counted"),
        (Habits(shape=shape(more=False)), ', more = "more"', "source.fewer_than_counted"),
        (Habits(total=13, beyond="404"), ', end = "status_404"', "source.fewer_than_counted"),
    ],
)
def test_a_total_counts_the_items_that_are_marked_as_deleted(desk: Desk, habits: Habits, more: str, code: str) -> None:
    """Item 2 is marked, and counted like every other."""
    desk.system.items = [{**item, "xoa": item["id"] == 2} for item in dossiers(12)]
    desk.system.habits = habits

    assert desk.pull(COUNTED % more, MARKED).code == code


def test_a_marked_item_that_comes_on_two_pages_makes_up_for_no_missing_one(desk: Desk) -> None:
    desk.system.items = [{**item, "xoa": item["id"] == 2} for item in dossiers(12)]
    desk.system.items[6] = desk.system.items[1]

    assert desk.pull(COUNTED % "", MARKED).code == "source.fewer_than_counted"


# --- windows


BY_DAYS = 'format = "day"'


def windows(more: str = BY_DAYS, inside: str = COUNTED % "", step: str = "month", start: object = "2026-01-01") -> str:
    declared = f'kind = "windows", from = "tu", to = "den", step = "{step}", start = {start}'
    return f"{{ {declared}, {more}, inside = {inside} }}"


def days_ago(days: int) -> str:
    return f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}"


@pytest.mark.parametrize("day", ["2026-02-03", days_ago(0)])
@pytest.mark.parametrize(
    ("habits", "more"),
    [
        (Habits(kind="windows", shape=shape(hidden=[6])), ""),
        (Habits(kind="windows", total=13, beyond="404"), ', end = "status_404"'),
        (Habits(kind="windows", total=13, beyond="repeat"), ', end = "repeats_last"'),
    ],
)
def test_a_window_that_shows_fewer_than_it_counts_is_told(desk: Desk, habits: Habits, more: str, day: str) -> None:
    """An old one and the newest one."""
    desk.system.items = [{**item, "sua": day} for item in dossiers(12)]
    desk.system.habits = habits

    assert desk.pull(windows(inside=COUNTED % more)).code in {"rest.window_cut_off", "rest.empty_page"}


def test_windows_of_receipt_are_all_read_in_every_run(desk: Desk) -> None:
    """What was received long ago may have changed today; windows of changes begin with the last change."""
    received = {item["id"]: f"{days_ago(200 - 60 * item['id'])}T08:00:00" for item in dossiers(3)}
    desk.system.items = [{**item, "sua": received[item["id"]], "nhan": received[item["id"]]} for item in dossiers(3)]
    desk.system.habits = Habits(kind="windows", windows_of="nhan")
    changed_at = 'changed_at = { property = "sua", codec = "local_iso" }\n'
    paging = windows(start=days_ago(230))
    desk.pull(paging, changed_at + 'since = { parameter = "since", format = "iso_local" }')
    number = len(desk.system.questions)

    desk.system.items[0] |= {"sua": f"{days_ago(1)}T08:00:00", "trang_thai": "1"}
    pulled = desk.pull(paging, changed_at + 'since = { parameter = "since", format = "iso_local" }')
    assert (pulled.code, pulled.line.counts.updated, len(desk.system.questions)) == ("", 1, number)

    desk.system.habits.windows_of = "sua"
    desk.system.items[1] |= {"sua": f"{days_ago(0)}T00:00:01", "trang_thai": "1"}
    pulled = desk.pull(windows(f"{BY_DAYS}, of_changes = true", start=days_ago(230)), changed_at)
    assert (pulled.code, pulled.line.counts.updated, len(desk.system.questions) < number) == ("", 1, True)


@pytest.mark.parametrize("leads_on", ["more", "cursor"])
def test_a_window_of_empty_pages_is_held_like_any_listing_and_empty_windows_are_not(desk: Desk, leads_on: str) -> None:
    desk.system.habits = Habits(kind="windows")
    assert desk.pull(windows(step="day", start=days_ago(8))).code == ""
    assert len(desk.system.questions) >= 8

    numbers = iter(range(1000))
    desk.system.habits.shape = lambda _, __: {"more": True, "next": str(next(numbers)), "data": {"items": []}}
    inside = {
        "more": '{ kind = "page", parameter = "page", more = "more" }',
        "cursor": '{ kind = "cursor", parameter = "cursor", property = "next" }',
    }
    assert desk.pull(windows(inside=inside[leads_on], start=days_ago(60))).code == "source.empty_pages"
    assert len(desk.system.questions) < 10


def test_an_end_that_is_included_leaves_out_no_fraction_of_a_second(desk: Desk) -> None:
    """Windows then share an instant; what was changed in it is seen twice and is no page that comes twice."""
    moments = ["2026-01-31T23:59:59.500", "2026-02-01T00:00:00", "2026-03-01T00:00:00"]
    desk.system.items = [{**item, "sua": moment} for item, moment in zip(dossiers(3), moments, strict=True)]
    desk.system.habits = Habits(kind="windows", end_is_included=True)
    paging = windows('format = "iso_local", to_is_included = true')

    assert (desk.pull(paging).code, len(desk.pull(paging).codes)) == ("", 3)

    del desk.system.items[0]
    assert (desk.pull(paging).code, len(desk.pull(paging, "version = 2").codes)) == ("", 3)


def test_a_system_that_ignores_its_windows_is_told(desk: Desk) -> None:
    desk.system.items = dossiers(3)
    desk.system.habits = Habits(kind="none", total=None)

    assert desk.pull(windows(inside='{ kind = "none" }')).code == "source.page_repeated"


# --- totals


@pytest.mark.parametrize("size", [', size = 4, size_parameter = "size"', ""])
def test_a_total_of_the_page_alone_is_told(desk: Desk, size: str) -> None:
    desk.system.items = dossiers(11)
    desk.system.habits = Habits(cap=4, shape=lambda listed, _: {"total": len(listed), "data": {"items": listed}})
    paging = f'{{ kind = "page", parameter = "page", total = "total"{size} }}'

    assert desk.pull(paging).code == "rest.total_of_page"


@pytest.mark.parametrize("beyond", ["empty", "repeat", "404", "stuck"])
def test_a_listing_of_exactly_one_page_is_whole_whatever_is_beyond(desk: Desk, beyond: str) -> None:
    desk.system.items = dossiers(4)
    desk.system.habits = Habits(cap=4, beyond=beyond)

    pulled = desk.pull(COUNTED % "")

    assert (pulled.code, len(pulled.codes), len(desk.system.questions)) == ("", 4, 2)


# --- a way to read that was changed


def source(paging: Mapping[str, object], **more: object) -> Source:
    fields = {"code": "so", "procedure_code": "thu_tuc", "status": {"constant": "received"}}
    table = {"path": "/ho-so", "items": "data.items", "key": "id", "paging": paging, "fields": fields, **more}
    return Rest(RestOptions.model_validate({"sources": {"dossier": table}})).sources[0]


PAGES = {"kind": "page", "parameter": "page", "size": 4, "size_parameter": "size"}


@pytest.mark.parametrize(
    "changed",
    [
        source({**PAGES, "kind": "offset"}),
        source({**PAGES, "size": 8}),
        source(PAGES, path="/ho-so-moi"),
        source(PAGES, request={"params": {"xa": "1"}}),
        source({"kind": "windows", "from": "a", "to": "b", "start": "2026-01-01", "inside": PAGES}),
    ],
)
def test_a_page_token_of_another_way_to_read_starts_over(desk: Desk, changed: Source) -> None:
    """A number of pages of another size would pass over items."""
    desk.system.items = dossiers(9)
    token = page_of(source(PAGES), desk.system, None).next_page_token
    assert token

    for written in (token, "5", '["a",null,true,"x"]', ""):
        with pytest.raises(StartOver):
            next(changed.fetch(PageRequest(since=None, page_token=written)))
    assert page_of(source(PAGES), desk.system, token).items
