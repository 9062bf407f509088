"""Every kind of paging over real sockets: all items come, the end is proven, and a dishonest end is told."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.clock import in_vietnam
from cchc_connect.config.file import Config
from cchc_connect.errors import ConfigurationError
from cchc_connect.sync.report import RunStatus
from cchc_schemas import VIETNAM
from tests.adapters.rest.paged_system import Desk, Habits, dossiers, running_desk

PAGE = '{ kind = "page", parameter = "page", size = 4, size_parameter = "size"%s }'
COUNTED = ', total = "total"'
OFFSET = '{ kind = "offset", parameter = "offset", size = 4, size_parameter = "size"%s }'
KEYSET = '{ kind = "keyset", parameter = "after", property = "id", size = 4, size_parameter = "size"%s }'
CURSOR = '{ kind = "cursor", parameter = "cursor", property = "next", size = 4, size_parameter = "size"%s }'
HEADER_CURSOR = '{ kind = "cursor", parameter = "cursor", header = "X-Next", size = 4, size_parameter = "size"%s }'
LINK = '{ kind = "link", size = 4, size_parameter = "size"%s }'
MEMBER_LINK = '{ kind = "link", property = "next", size = 4, size_parameter = "size"%s }'


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with running_desk(tmp_path) as running:
        yield running


@pytest.mark.parametrize("count", [0, 3, 4, 9])
@pytest.mark.parametrize("total", [None, -1])
@pytest.mark.parametrize(
    ("kind", "paging", "links"),
    [
        ("page", PAGE, ""),
        ("offset", OFFSET, ""),
        ("keyset", KEYSET, ""),
        ("cursor", CURSOR, "body"),
        ("cursor", HEADER_CURSOR, "header"),
        ("link", LINK, "header"),
        ("link", LINK, "body"),
        ("link", MEMBER_LINK, "body"),
        ("none", '{ kind = "none"%s }', ""),
    ],
)
def test_a_listing_comes_whole(desk: Desk, kind: str, paging: str, links: str, total: int | None, count: int) -> None:
    """Whether it counts or not, and wherever its last page ends."""
    desk.system.items = dossiers(count)
    desk.system.habits = Habits(kind=kind, cap=4, total=total, links=links, last_cursor="null")

    pulled = desk.pull(paging % ("" if total is None else COUNTED))

    assert len(pulled.codes) == count
    assert pulled.code == ""
    assert len(desk.system.questions) <= count // 4 + 2


def test_a_server_that_allows_fewer_items_than_asked_for_is_read_whole(desk: Desk) -> None:
    desk.system.items = dossiers(9)
    desk.system.habits = Habits(cap=2, total=None)

    for kind, paging in (("page", PAGE), ("offset", OFFSET), ("keyset", KEYSET)):
        desk.system.habits.kind = kind
        assert (len(desk.pull(paging % "").codes), len(desk.system.questions)) == (9, 6)


@pytest.mark.parametrize(
    ("habits", "more", "requests"),
    [
        (Habits(total=None), "", 3),  # a full page before: a short one is the end
        (Habits(total=None, cap=4), ", cap = 4", 3),
        (Habits(), COUNTED, 3),
        (Habits(total=None, beyond="repeat"), ', end = "repeats_last"', 4),
        (Habits(total=None, beyond="404"), ', end = "status_404"', 4),
    ],
)
def test_a_page_is_asked_for_no_more_often_than_the_end_needs(
    desk: Desk, habits: Habits, more: str, requests: int
) -> None:
    desk.system.items = dossiers(12 if habits.beyond != "empty" else 11)
    desk.system.habits = habits

    pulled = desk.pull(PAGE % more)

    assert (pulled.code, len(pulled.codes), len(desk.system.questions)) == ("", len(desk.system.items), requests)


@pytest.mark.parametrize(
    ("habits", "paging", "count", "code"),
    [
        (Habits(total=13), PAGE % COUNTED, 8, "rest.empty_page"),
        (Habits(kind="offset", total=12), OFFSET % COUNTED, 8, "rest.empty_page"),
        (Habits(first=0), PAGE % COUNTED, 8, "rest.first_missing"),
        (Habits(first=1), PAGE % (COUNTED + ", first = 0"), 8, "rest.first_twice"),
        (Habits(beyond="stuck", total=None), PAGE % "", 4, "source.page_repeated"),
        (Habits(beyond="repeat", total=None), PAGE % "", 8, "source.page_repeated"),
        (Habits(beyond="404", total=None), PAGE % "", 8, "transport.request_refused"),
        (Habits(kind="keyset", beyond="stuck", total=None), KEYSET % "", 4, "rest.position_stays"),
        (Habits(kind="link", links="never", total=None, cap=4), LINK % "", 8, "source.end_unproven"),
        (Habits(kind="cursor", links="never", cap=4), CURSOR % COUNTED, 8, "source.fewer_than_counted"),
        (Habits(kind="none", total=9), '{ kind = "none", total = "total" }', 8, "source.fewer_than_counted"),
        (Habits(limit=8), PAGE % (COUNTED + ", result_limit = 8"), 12, "rest.result_limit"),
        (Habits(limit=8), PAGE % COUNTED, 13, "rest.empty_page"),
    ],
)
def test_a_listing_that_contradicts_itself_is_told(
    desk: Desk, habits: Habits, paging: str, count: int, code: str
) -> None:
    """And it ends: no listing is read for ever."""
    desk.system.items = dossiers(count)
    desk.system.habits = habits

    assert desk.pull(paging).code == code
    assert len(desk.system.questions) < 20


@pytest.mark.parametrize(("total", "code"), [(12, "source.fewer_than_counted"), (7, ""), (0, "")])
@pytest.mark.parametrize(
    ("kind", "paging", "links"),
    [("page", PAGE, ""), ("offset", OFFSET, ""), ("keyset", KEYSET, ""), ("link", LINK, "header")],
)
def test_a_total_that_may_be_wrong_neither_ends_a_listing_nor_puts_it_on_hold(
    desk: Desk, kind: str, paging: str, links: str, total: int, code: str
) -> None:
    """More announced than there is makes the pass incomplete: nothing is deleted, and what came is kept."""
    desk.system.items = dossiers(9)
    desk.system.habits = Habits(kind=kind, cap=4, total=total, links=links)

    pulled = desk.pull(paging % (COUNTED + ", estimate = true"))

    assert (len(pulled.codes), pulled.code) == (9, code)


def test_empty_pages_that_lead_on_and_on_put_it_on_hold(desk: Desk) -> None:
    desk.system.habits = Habits(kind="cursor", links="body", shape=lambda _, __: {"data": {"items": []}, "next": "7"})
    desk.system.items = dossiers(8)

    assert desk.pull(CURSOR % "").code == "rest.position_stays"

    numbers = iter(range(100))
    desk.system.habits.shape = lambda _, __: {"data": {"items": []}, "next": str(next(numbers))}
    assert desk.pull(CURSOR % "").code == "source.empty_pages"


def test_a_link_less_listing_ends_where_the_manifest_says_so(desk: Desk) -> None:
    desk.system.items = dossiers(4)
    desk.system.habits = Habits(kind="link", links="never", total=None)

    assert desk.pull(LINK % ', end = "no_link"').line.outcome is RunStatus.DONE


def test_a_listing_that_is_cut_at_a_limit_is_read_by_windows(desk: Desk) -> None:
    """Windows without items are passed over, however many follow one another."""
    days = ["2025-12-03", "2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08", "2026-04-01"]
    desk.system.items = [{**item, "sua": day} for item, day in zip(dossiers(6), days, strict=True)]
    desk.system.habits = Habits(kind="windows", cap=2, limit=4)
    declared = 'kind = "windows", from = "tu", to = "den", format = "day", step = "month", start = 2020-01-01'
    paging = f"{{ {declared}, inside = {PAGE % COUNTED} }}"

    pulled = desk.pull(paging)

    assert (pulled.code, len(pulled.codes)) == ("", 6)
    windows = [(sent["tu"], sent["den"]) for sent in desk.system.questions]
    assert windows[0] == ("2020-01-01", "2020-02-01")
    assert windows[-1][0] == f"{in_vietnam(datetime.now(UTC)):%Y-%m}-01"

    desk.system.habits.limit = 3
    desk.system.items.append({**desk.system.items[1], "id": 99})
    assert desk.pull(paging, "version = 2").code == "rest.first_missing"


@pytest.mark.parametrize(
    ("form", "is_included", "first"),
    [
        ("day", False, ("2026-01-01", "2026-02-01")),
        ("day", True, ("2026-01-01", "2026-01-31")),
        ("iso_local", True, ("2026-01-01T00:00:00", "2026-02-01T00:00:00")),
        ("iso_utc", False, ("2025-12-31T17:00:00Z", "2026-01-31T17:00:00Z")),
    ],
)
def test_windows_meet_and_do_not_overlap(desk: Desk, form: str, is_included: bool, first: tuple[str, str]) -> None:  # noqa: FBT001  # a case
    desk.system.habits = Habits(kind="none")
    declared = f'kind = "windows", from = "tu", to = "den", format = "{form}", start = 2026-01-15, step = "month"'

    desk.pull(f'{{ {declared}, to_is_included = {str(is_included).lower()}, inside = {{ kind = "none" }} }}')

    windows = [(sent["tu"], sent["den"]) for sent in desk.system.questions]
    assert windows[0] == first
    if not is_included:
        assert [to for _, to in windows[:-1]] == [begins for begins, _ in windows[1:]]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("iso_utc", "2026-04-01T17:50:00Z"),
        ("iso_local", "2026-04-02T00:50:00"),
        ("sql_local", "2026-04-02 00:50:00"),
        ("dmy_day", "02/04/2026"),
        ("epoch_ms", 1775065800000),
    ],
)
@pytest.mark.parametrize("parameters", ["query", "body"])
def test_what_changed_is_asked_for_as_the_system_wants_it(
    desk: Desk, written: str, expected: object, parameters: str
) -> None:
    """In the query or in the body of a POST, beside static parameters."""
    desk.system.items = [{**item, "sua": "2026-04-02T01:00:00"} for item in dossiers(2)]
    request = '{ method = "POST", parameters = "body", body = { loai = "A" }, headers = { X-Don-Vi = "H09" } }'
    more = f"""since = {{ parameter = "moi", format = "{written}" }}
changed_at = {{ property = "sua", codec = "local_iso" }}
request = {request if parameters == "body" else '{ params = { loai = "A" } }'}
"""

    desk.pull(PAGE % COUNTED, more)
    assert "moi" not in desk.system.questions[0]
    desk.pull(PAGE % COUNTED, more)

    sent, request_sent = desk.system.questions[0], desk.system.requests[0]
    assert sent["moi"] == (expected if parameters == "body" else str(expected))
    assert (sent["loai"], request_sent.method) == ("A", "POST" if parameters == "body" else "GET")
    assert parameters == "query" or (request_sent.headers["x-don-vi"], sent["page"]) == ("H09", 1)


SHAPES: Sequence[tuple[str, Callable[[Any], object]]] = [
    ("", lambda listed: listed),
    ("rows", lambda listed: {"rows": listed}),
    ("a.b.c", lambda listed: {"a": {"b": {"c": listed, "x": [1]}}}),
    ("a.b", lambda listed: {"a": {"b": listed[0]}}),
    ("", lambda listed: listed[0]),
    ("Data.Items", lambda listed: {"data": {"items": listed}}),
]


@pytest.mark.parametrize(("items", "shape"), SHAPES)
def test_items_stand_anywhere(desk: Desk, items: str, shape: Callable[[Any], object]) -> None:
    """In the body itself, in objects, alone without a list, under a name in another case."""
    desk.system.items = dossiers(1)
    desk.system.habits = Habits(kind="none", total=None, shape=lambda listed, _: shape(listed))

    config = desk.configuration('{ kind = "none" }').replace('items = "data.items"', f'items = "{items}"')
    assert len(desk.pull_text(config).codes) == 1


def test_items_may_be_an_object_by_key(desk: Desk) -> None:
    desk.system.items = dossiers(3)
    by_key = {f"k{item['id']}": item for item in desk.system.items}
    desk.system.habits = Habits(kind="none", shape=lambda _, __: {"data": by_key})
    config = desk.configuration('{ kind = "none" }').replace('items = "data.items"', 'items = "data"\nitems_by = "ma"')

    assert len(desk.pull_text(config.replace('key = "id"', 'key = "ma"')).codes) == 3


def test_a_place_without_a_list_is_told_with_the_places_that_have_one(desk: Desk) -> None:
    desk.system.items = dossiers(1)
    config = desk.configuration('{ kind = "none" }').replace("data.items", "data.item")

    pulled = desk.pull_text(config)

    assert pulled.code == "rest.no_listing"
    assert "Did you mean 'data.items'?" in str(pulled.line.reason)


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        ({"code": 0, "message": "Thành công"}, ""),
        ({"code": "00", "message": "ok"}, ""),
        ({"code": False}, "rest.no_success"),
        ({"code": "0"}, "rest.no_success"),
        ({"message": "?"}, "rest.no_success"),
        ({"code": 0, "message": "Có lỗi khi đọc hồ sơ"}, "rest.contradicted"),
    ],
)
def test_a_success_is_told_by_a_typed_code_and_not_denied_by_words(
    desk: Desk, envelope: dict[str, Any], code: str
) -> None:
    desk.system.items = dossiers(2)
    desk.system.habits = Habits(kind="none", shape=lambda listed, _: {**envelope, "data": {"items": listed}})

    pulled = desk.pull('{ kind = "none" }', 'success = { property = "code", values = [0, "00"], words = "message" }')

    assert pulled.code == code


@pytest.mark.parametrize(
    ("code", "shown"), [(False, "false"), ("7", '"7"'), (None, "null"), ("Nguyễn Văn Mẫu", '"..."'), (123456789, "...")]
)
def test_the_code_of_a_failure_is_shown_as_toml_writes_it_and_only_if_it_is_short(
    desk: Desk, code: object, shown: str
) -> None:
    desk.system.items = dossiers(2)
    desk.system.habits = Habits(kind="none", shape=lambda listed, _: {"code": code, "data": {"items": listed}})

    pulled = desk.pull('{ kind = "none" }', 'success = { property = "code", values = [true, "00"] }')

    assert f'code = {shown}, which is no success (expected: true, "00")' in str(pulled.line.reason)


@pytest.mark.parametrize(
    ("spoilt", "records"),
    [(b'"\xff\xfe"', 2), (b"NaN", 2), (b"1e999", 3), (b"9" * 5000, 2)],
    ids=["bad byte", "NaN", "too large", "too long"],
)
@pytest.mark.parametrize("envelope", [{"code": "00"}, {}], ids=["beside the list", "around it"])
def test_an_item_that_cannot_be_read_leaves_the_success_of_its_page(
    desk: Desk, spoilt: bytes, records: int, envelope: dict[str, Any]
) -> None:
    desk.system.habits = Habits(kind="none")
    listed = [{**item, "further": item["id"]} for item in dossiers(3)]
    inner = {} if envelope else {"code": "00"}
    body = json.dumps({**envelope, "data": {**inner, "items": listed}}).encode()
    body = body.replace(b'"further": 2', b'"further": ' + spoilt)
    desk.system.fixed_response = type(desk.system.error_in_200())(body=body)

    code_path = "code" if envelope else "data.code"
    pulled = desk.pull('{ kind = "none" }', f'success = {{ property = "{code_path}", values = [0, "00"] }}')

    assert (pulled.code, len(pulled.codes), pulled.line.counts.quarantined) == ("", records, 3 - records)


def test_status_403_may_be_a_rate_limit(desk: Desk) -> None:
    desk.system.items = dossiers(2)
    desk.system.habits = Habits(kind="none")
    desk.system.fail_next(1, status=403, retry_after_s=1)
    config = desk.configuration('{ kind = "none" }')

    answers = "[connections.desk.options.answers]\nrate_limited = { status = [403] }\n"
    assert desk.pull_text(config + answers).code == ""


def test_an_item_that_cannot_be_read_spoils_no_other_one(desk: Desk) -> None:
    desk.system.items = dossiers(3)
    body = json.dumps({"data": {"items": dossiers(3)}}).replace('"id": 2', '"id": NaN').encode()
    desk.system.habits = Habits(kind="none")
    desk.system.fixed_response = type(desk.system.error_in_200())(body=body)

    pulled = desk.pull('{ kind = "none" }')

    assert (len(pulled.codes), pulled.line.counts.quarantined) == (2, 1)


def test_an_item_that_a_listing_lacks_is_asked_for_before_it_is_deleted(desk: Desk) -> None:
    """Without `by_key` only the next run deletes it."""
    desk.system.items = dossiers(6)
    more = 'deletes = "absence"\nby_key = { path = "/ho-so/{}", items = "data.items" }'
    desk.pull(PAGE % COUNTED, more)
    gone = desk.system.items.pop(2)

    pulled = desk.pull(PAGE % COUNTED, more)

    assert desk.system.requests[-1].path == "/ho-so/3"
    assert gone["so"] not in pulled.codes
    assert len(pulled.codes) == 5


def test_a_question_for_changes_needs_their_times(desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match="needs changed_at"):
        Config.load(desk.configuration(PAGE % COUNTED, 'since = { parameter = "moi" }'))


def test_a_deleted_item_with_a_mark_is_deleted(desk: Desk) -> None:
    desk.system.items = dossiers(6)
    more = 'deletes = { property = "xoa", values = [true] }'
    desk.pull(PAGE % COUNTED, more)

    desk.system.items[1]["xoa"] = True
    pulled = desk.pull(PAGE % COUNTED, more)

    assert (pulled.code, len(pulled.codes)) == ("", 5)


def test_a_token_of_another_kind_of_paging_starts_over(desk: Desk) -> None:
    desk.system.items = dossiers(9)
    desk.system.habits = Habits(cap=4, total=None)
    desk.system.fixed_response = None
    assert len(desk.pull(PAGE % "").codes) == 9
    desk.system.habits.kind = "offset"
    assert len(desk.pull(OFFSET % "").codes) == 9


def test_paging_is_checked_with_the_rest(desk: Desk) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Config.load(desk.configuration('{ kind = "pages", parameter = "page" }', "sinze = 1\npath2 = 2"))

    text = str(refusal.value)
    assert "must have a kind that is one of" in text
    assert "Did you mean 'page'?" in text
    assert "sinze: is an unknown key; did you mean since?" in text


def test_a_server_that_takes_ranges_of_time_only_gets_a_beginning_and_an_end(desk: Desk) -> None:
    """Also for the complete listing, where a first day is declared; the end is that of tomorrow, in Vietnamese time."""
    desk.system.items = [{**item, "sua": "2026-03-02T01:00:00Z"} for item in dossiers(3)]
    more = 'since = { parameter = "tu", to = "den", start = 2015-01-01, format = "day" }\nchanged_at = "sua"'

    asked_at = datetime.now(VIETNAM).date()
    ranges = list[tuple[str, str]]()
    for _ in range(2):
        desk.pull(PAGE % COUNTED, more)
        ranges.append((desk.system.questions[0]["tu"], desk.system.questions[0]["den"]))

    assert ranges[0] == ("2015-01-01", (asked_at + timedelta(days=2)).isoformat())
    assert ranges[1][0] == "2026-03-02"


def test_the_end_of_a_range_is_a_parameter_of_its_own(desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match="two meanings"):
        Config.load(desk.configuration(PAGE % COUNTED, 'since = { parameter = "tu", to = "tu" }\nchanged_at = "sua"'))
