"""A layer is read whole from ArcGIS Server of every version, whatever it tells, refuses and cuts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import given, settings, strategies as st

from cchc_adapters.binh_duong_permits import BinhDuongPermits, BinhDuongPermitsOptions
from cchc_connect import Page, PageRequest, Source, SourceHeld
from cchc_connect.adapter import ListingEnd
from cchc_connect.testing.doubles.arcgis_versions import VERSIONS
from cchc_connect.transport import RequestsTransport, Transport
from cchc_schemas import Record
from tests.adapters.layer_server import LayerServer, works_feature
from tests.adapters.wire import records, transport_to
from tests.quick import scaled

EVERY_VERSION = pytest.mark.parametrize("version", VERSIONS)
OLD = ("10.0", "10.22")
SPELLINGS: Sequence[Callable[[str], str]] = (
    str,
    str.upper,
    str.lower,
    lambda name: f"SDE.DBO.CONGTRINH.{name.upper()}",
)
MOST_PAGES = 600
examples = settings(max_examples=scaled(25), deadline=None)


def works(page_size: int) -> Source:
    return BinhDuongPermits(BinhDuongPermitsOptions(page_size=page_size)).sources[1]


@pytest.fixture(scope="module")
def running() -> Iterator[LayerServer]:
    with LayerServer() as server:
        yield server


@pytest.fixture(scope="module")
def transport(running: LayerServer) -> Iterator[RequestsTransport]:
    with transport_to(BinhDuongPermits(BinhDuongPermitsOptions()), running) as transport:
        yield transport


@pytest.fixture
def server(running: LayerServer) -> LayerServer:
    running.reset()
    return running


def pages(source: Source, transport: Transport, token: str | None = None) -> list[Page]:
    """Return the pages of a listing, as the engine asks for them; a repeated page ends it."""
    listed = list[Page]()
    while len(listed) < MOST_PAGES:
        page = transport.run(source.fetch(PageRequest(since=None, page_token=token)))
        if listed and page.items and page.items == listed[-1].items:
            assert listed[-1].next_is_probe
            return listed
        listed.append(page)
        if page.next_page_token is None:
            return listed
        token = page.next_page_token
    message = "the listing does not end"
    raise AssertionError(message)


def codes(listed: Sequence[Page]) -> list[str]:
    return [item["attributes"]["maCTXD"] for page in listed for item in page.items]


def is_whole(listed: Sequence[Page]) -> bool:
    """Whether the engine takes the pass for whole: its end is proven and the total reached."""
    total = listed[0].total
    return listed[-1].end is ListingEnd.PROVEN and (total is None or len(set(codes(listed))) >= total)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A layer and how it is read."""

    ids: list[int]
    size: int
    """Features per request that the connection asks for."""
    told_limit: int
    untold_limit: int | None
    """A limit below the one that the layer tells."""
    spelling: Callable[[str], str]
    counts: bool

    def prepare(self, server: LayerServer, version: str) -> None:
        """Let the server show this layer."""
        server.reset()
        layer = server.layer
        layer.version, layer.spelling = VERSIONS[version], self.spelling
        layer.max_record_count, layer.untold_limit = self.told_limit, self.untold_limit
        if not self.counts:
            layer.refused.add("returnCountOnly")
        server.show(works_feature(number) for number in self.ids)


sizes = st.integers(1, 12)
readings = st.builds(
    Reading,
    ids=st.lists(st.integers(0, 4000) | st.integers(2**31, 2**31 + 40), unique=True, max_size=40),
    size=sizes,
    told_limit=sizes,
    untold_limit=st.none(),
    spelling=st.sampled_from(SPELLINGS),
    counts=st.booleans(),
)
shorter_readings = st.builds(replace, readings, untold_limit=sizes, counts=st.just(value=True))


@EVERY_VERSION
@examples
@given(reading=readings)
def test_every_feature_is_shown_once_and_the_end_is_proven(
    running: LayerServer, transport: Transport, version: str, reading: Reading
) -> None:
    """The order of the rows, gaps between object ids, names in another spelling, a refused count: all the same."""
    reading.prepare(running, version)

    listed = pages(works(reading.size), transport)

    assert sorted(codes(listed)) == [f"CT{number:06}" for number in sorted(reading.ids)]
    assert listed[-1].end is ListingEnd.PROVEN
    assert listed[0].total in {len(reading.ids), None}
    assert all(len(page.items) <= min(reading.size, reading.told_limit) for page in listed)


@EVERY_VERSION
@examples
@given(reading=shorter_readings)
def test_a_server_that_cuts_shorter_than_it_tells_is_read_whole(
    running: LayerServer, transport: Transport, version: str, reading: Reading
) -> None:
    reading.prepare(running, version)

    listed = pages(works(reading.size), transport)

    assert len(codes(listed)) == len(reading.ids)
    assert is_whole(listed)


@EVERY_VERSION
@examples
@given(draws=st.data(), count=st.integers(0, 25), size=st.integers(1, 6))
def test_a_listing_goes_on_from_any_of_its_pages_in_another_process(
    running: LayerServer, transport: Transport, version: str, draws: st.DataObject, count: int, size: int
) -> None:
    running.reset()
    running.layer.version = VERSIONS[version]
    running.show(works_feature(number) for number in range(count))
    listed = pages(works(size), transport)
    stop = draws.draw(st.integers(0, len(listed) - 1))
    token = listed[stop].next_page_token

    rest = [] if token is None else pages(works(size), transport, token)

    assert codes(listed[: stop + 1]) + codes(rest) == codes(listed)


@EVERY_VERSION
@examples
@given(refused=st.sets(st.sampled_from(["returnCountOnly", "returnIdsOnly", "resultOffset", "orderByFields"])))
def test_whatever_a_server_refuses_it_is_read_whole_or_held(
    running: LayerServer, transport: Transport, version: str, refused: set[str]
) -> None:
    running.reset()
    running.layer.version, running.layer.refused = VERSIONS[version], refused
    running.layer.max_record_count = 4
    running.show(works_feature(number) for number in range(11))

    try:
        listed = pages(works(4), transport)
    except SourceHeld:
        assert "returnIdsOnly" in refused
    else:
        assert len(codes(listed)) == 11
        assert is_whole(listed)


@pytest.mark.parametrize("version", ["10.22", "10.3"])
def test_without_a_list_of_ids_a_layer_is_read_in_their_order(
    server: LayerServer, transport: Transport, version: str
) -> None:
    server.layer.version, server.layer.max_record_count = VERSIONS[version], 4
    server.layer.refused = {"returnIdsOnly", "resultOffset"}
    server.show(works_feature(number) for number in Random(3).sample(range(500), 11))

    listed = pages(works(9), transport)

    assert len(codes(listed)) == 11
    assert [len(page.items) for page in listed] == [4, 4, 3, 0]


@pytest.mark.parametrize("version", OLD)
def test_a_row_that_is_deleted_between_two_windows_hides_no_other(
    server: LayerServer, transport: Transport, version: str
) -> None:
    server.layer.version = VERSIONS[version]
    features = [works_feature(number) for number in range(12)]
    server.show(features)
    source = works(4)
    first = transport.run(source.fetch(PageRequest(since=None, page_token=None)))
    server.show(features[2:5] + features[6:])

    rest = pages(source, transport, first.next_page_token)

    assert codes([first, *rest]) == [f"CT{number:06}" for number in range(12) if number != 5]


@pytest.mark.parametrize("version", OLD)
def test_a_small_layer_of_an_old_server_takes_one_query_for_features(
    server: LayerServer, transport: Transport, version: str
) -> None:
    server.layer.version = VERSIONS[version]
    server.show(works_feature(number) for number in range(7))

    (page,) = pages(works(100), transport)

    assert (len(page.items), page.total, page.end) == (7, 7, ListingEnd.PROVEN)
    assert len([query for query in server.queries if "outFields" in query.query]) == 1


@pytest.mark.parametrize("version", OLD)
def test_ids_are_asked_for_again_only_where_a_page_token_cannot_name_all_windows(
    server: LayerServer, transport: Transport, version: str
) -> None:
    server.layer.version = VERSIONS[version]
    server.show(works_feature(number) for number in range(1000))
    source = works(2)

    listed = pages(source, transport)

    assert len(set(codes(listed))) == 1000
    assert max(len(page.next_page_token or "") for page in listed) < 8000
    assert len([query for query in server.queries if "returnIdsOnly" in query.query]) == 2


@pytest.mark.parametrize("version", OLD)
def test_a_server_that_gives_not_even_one_feature_of_a_window_is_held(
    server: LayerServer, transport: Transport, version: str
) -> None:
    """More is announced, or more ids are listed: then an empty page is never the end."""
    server.layer.version = VERSIONS[version]
    server.show(works_feature(number) for number in range(9))
    server.hides_features = True

    with pytest.raises(SourceHeld) as held:
        pages(works(4), transport)

    assert held.value.code == "arcgis.cut_off"


@pytest.mark.parametrize("version", OLD)
def test_an_id_whose_feature_is_never_sent_holds_the_source_after_few_requests(
    server: LayerServer, transport: Transport, version: str
) -> None:
    server.layer.version = VERSIONS[version]
    server.show(works_feature(number) for number in range(1200))
    server.unsent = {499}

    with pytest.raises(SourceHeld) as held:
        pages(works(500), transport)

    assert held.value.code == "arcgis.cut_off"
    assert len(server.queries) < 60


@pytest.mark.parametrize("version", OLD)
def test_a_limit_that_is_not_told_is_found_after_one_page(
    server: LayerServer, transport: Transport, version: str
) -> None:
    server.layer.version, server.layer.untold_limit = VERSIONS[version], 100
    server.show(works_feature(number) for number in range(1000))

    listed = pages(works(500), transport)

    assert [len(page.items) for page in listed] == [100] * 10


def test_records_are_the_same_from_every_version_and_spelling(server: LayerServer, transport: Transport) -> None:
    server.show(works_feature(number) for number in range(5))
    source, read = works(2), list[dict[str, Record]]()
    for version in VERSIONS.values():
        for spelling in SPELLINGS:
            server.layer.version, server.layer.spelling = version, spelling
            items = [item for page in pages(source, transport) for item in page.items]
            read.append(records(source, items))

    assert len(read[0]) == 5
    assert all(by_key == read[0] for by_key in read)
