"""Where a listing goes on: asked for as it is, stored without a secret, shown without anything."""

from dataclasses import dataclass

import pytest

from cchc_connect import Ask, Exchange, Page, SharedDatabase, Unreachable
from cchc_connect.database.state.cursors import read_cursor
from cchc_connect.privacy.page_tokens import kept, shown
from cchc_connect.privacy.secrets import revealed
from cchc_connect.sync.pull import Pull
from tests.databases import on_one_kind
from tests.sync.test_pull import STREAM
from tests.sync.village import FencelessScope, HandClock, LandRegister, LocalTransport, parcel_item

LINK = "http://land.example/parcels?offset=3&"


@pytest.mark.parametrize(
    ("position", "is_kept"),
    [
        ("300", True),
        ("1.013225", True),
        (f"{LINK}limit=100", True),
        (f"{LINK}pageToken=abc", True),
        (f"{LINK}next_token=abc", True),
        (f"{LINK}token=abc", False),
        (f"{LINK}access_token=abc", False),
        (f"{LINK}apikey=abc", False),
        (f"{LINK}x-goog-signature=abc", False),
        (f"{LINK}sig=abc&limit=100", False),
        ("https://user:password@land.example/parcels", False),
        ("//user@land.example/parcels", False),
        ("/parcels?after=a@b.example", True),
    ],
)
def test_a_position_with_a_secret_is_not_stored(position: str, is_kept: bool) -> None:  # noqa: FBT001  # a column
    assert kept(position) == (position if is_kept else None)


def test_a_position_that_repeats_our_own_secret_is_not_stored() -> None:
    revealed("our-own-key-of-positions")

    assert kept("/parcels?id=our-own-key-of-positions") is None


@pytest.mark.parametrize(
    ("position", "told"),
    [
        ("300", "300"),
        (f"{LINK}token=abc", "/parcels?***"),
        ("https://user:password@land.example/parcels#abc", "/parcels"),
        ("074087000001", "***0001"),
        ("/citizens/074087000001/parcels?page=2", "/citizens/***0001/parcels?***"),
        (None, None),
    ],
)
def test_of_an_address_the_path_is_shown(position: str | None, told: str | None) -> None:
    assert shown(position) == told


@dataclass
class Linked(LandRegister):
    """A register whose positions are addresses."""

    parameter: str = ""

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Return one page, its successor named by an address."""
        start = ask.position.partition("offset=")[2].partition("&")[0] if ask.position else None
        page = yield from super().fetch(Ask(since=ask.since, position=start))
        following = None if page.next is None else f"http://land.example/parcels?offset={page.next}&{self.parameter}"
        return Page(items=page.items, next=following, total=page.total)


@on_one_kind
@pytest.mark.parametrize(("parameter", "asked_again"), [("limit=3", 0), ("access_token=abc", 1)])
def test_a_listing_whose_links_hold_a_secret_begins_anew_after_it_broke(
    address: str, parameter: str, asked_again: int
) -> None:
    """It is read to its end all the same; the others go on from the last committed page."""
    register = Linked([parcel_item(number) for number in range(1, 8)], parameter=parameter)
    with SharedDatabase(address) as database:

        def pull(*failures: Unreachable | None) -> Pull:
            scope = FencelessScope(run_id="run", database=database, clock=HandClock(), token=None)
            return Pull(register, STREAM, LocalTransport(failures), scope)

        with pytest.raises(Unreachable):
            pull(None, Unreachable("transport.unreachable")).run()
        with database.reading() as connection:
            stored = read_cursor(connection, STREAM)
        resumed = pull()
        resumed.run()

    assert (stored.position is None) == bool(asked_again)
    assert resumed.counts.inserted == 4
    assert resumed.counts.unchanged == 3 * asked_again
