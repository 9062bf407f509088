"""Feature services whose listings stop, move or never end: nothing is believed that they did not show."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.testing import AgencyDouble, World
from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse, json_response
from tests.cli.conftest import CONFIG, Call, write_config
from tests.sync.pulled_database import PulledDatabase

Feature = dict[str, Any]


def feature(number: int) -> Feature:
    properties = {"xaId": 25747, "soHieuToBanDo": "45", "soThuTuThua": str(number), "dienTich": 100.5}
    return {"type": "Feature", "id": f"p{number}", "geometry": None, "properties": properties}


class FeatureService(AgencyDouble):
    """Lists parcels by offset; `page` says what a page holds beside its features."""

    record_types = ("land_parcel",)

    def __init__(self, numbers: range, page_size: int) -> None:
        """Start with these parcels."""
        super().__init__(World(1, dossiers=0, parcels=1, works=0))
        self.features = [feature(number) for number in numbers]
        self.page_size = page_size
        self.page: Callable[[int, list[Feature]], dict[str, Any]] = lambda _start, _features: {}
        self.request_number = 0

    def handle(self, request: ReceivedRequest) -> ServerResponse:
        """Return a page."""
        self.request_number += 1
        start = int(request.first("offset", "0"))
        shown = self.features[start : start + self.page_size]
        document = {"type": "FeatureCollection", "features": shown, "links": [], **self.page(start, shown)}
        return json_response(document)

    def error_in_200(self) -> ServerResponse:
        """Return an error in a document."""
        return json_response({"code": "InternalServerError"})

    def link(self, start: int) -> list[dict[str, str]]:
        """Return a link to the page after `start`."""
        following = f"{self.base_url}/collections/p/items?limit={self.page_size}&offset={start + self.page_size}"
        return [{"rel": "next", "type": "application/geo+json", "href": following}]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FeatureService]:
    """Run a service of seven parcels, three a page, and connect to it."""
    del tmp_path
    with FeatureService(range(1, 8), 3) as running:
        connect(running)
        yield running


def connect(service: FeatureService, **keys: str) -> None:
    options = {"collection": "p", "scheme": "gso-2025-07", "complete_listing": True, "page_size": service.page_size}
    table = {"adapter": "ogc_features", "agency": "000.00.07.H09", "base_url": service.base_url, **keys}
    write_config(CONFIG, {"connections": {"land": {**table, "options": options}}})


def reason(call: Call) -> tuple[int, str | None]:
    ran = call("sync", "--json")
    (line,) = ran.document["lines"]
    return ran.code, line["reason"] and line["reason"]["code"]


def test_a_full_page_without_a_link_or_a_count_is_exit_code_3_until_the_connection_says_why(
    call: Call, service: FeatureService, books: PulledDatabase
) -> None:
    """What came is kept, and no parcel that the next full page lacks is marked as gone."""
    service.features = [feature(number) for number in range(1, 4)]
    assert reason(call) == (3, "source.end_unproven")
    service.features = [feature(9), feature(1), feature(2)]
    assert [reason(call) for _ in range(2)] == [(3, "source.end_unproven")] * 2
    assert books.live_parcels() == ["1", "2", "3", "9"]

    connect(service, end="no_link", end_because="The agency wrote that it has three parcels")

    assert [reason(call) for _ in range(2)] == [(0, None)] * 2
    assert books.live_parcels() == ["1", "2", "9"]


def test_next_links_for_ever_end_where_the_counted_features_were_shown(
    call: Call, service: FeatureService, books: PulledDatabase
) -> None:
    """Without a count three empty pages put the source on hold."""
    service.page = lambda start, _: {"numberMatched": 7, "links": service.link(start)}
    assert reason(call) == (0, None)
    assert (len(books.live_parcels()), service.request_number <= 6) == (7, True)

    service.page = lambda start, _: {"links": service.link(start)}

    assert reason(call) == (69, "source.empty_pages")


def test_fewer_features_than_counted_are_exit_code_3(
    call: Call, service: FeatureService, books: PulledDatabase
) -> None:
    """They are stored."""
    service.page = lambda start, _: {"numberMatched": 9, "links": service.link(start) if start < 6 else []}

    assert reason(call) == (3, "source.fewer_than_counted")
    assert len(books.live_parcels()) == 7


def test_a_count_that_falls_between_pages_marks_nothing_as_gone(
    call: Call, service: FeatureService, books: PulledDatabase
) -> None:
    """The parcel at the page's edge was never shown; it exists."""
    service.page = lambda start, _: {"numberMatched": 7, "links": service.link(start) if start < 6 else []}
    assert reason(call) == (0, None)
    every_feature = list(service.features)

    def falling(start: int, shown: list[Feature]) -> dict[str, Any]:
        if start:
            shown[:] = every_feature[start + 1 : start + 4]
        return {"numberMatched": 6 if start else 7, "links": service.link(start) if start < 3 else []}

    service.page = falling

    assert reason(call) == (3, "source.total_changed")
    assert len(books.live_parcels()) == 7
