"""Page tokens: sent as the source gave them, not stored if they hold a secret, shown without their values."""

from dataclasses import dataclass

import pytest

from cchc_connect import Conversation, Page, PageRequest, SharedDatabase, Unreachable
from cchc_connect.database.state.cursors import read_cursor
from cchc_connect.privacy.page_tokens import display_token, storable_token
from cchc_connect.privacy.secrets import register_secret
from cchc_connect.sync.pull import Pull
from tests.databases import on_sqlite_only
from tests.sync.memory_systems import LandRegister, ManualClock, NoRequestTransport, UnfencedRunContext, parcel_item
from tests.sync.test_pull import STREAM

LINK = "http://land.example/parcels?offset=3&"


@pytest.mark.parametrize(
    ("position", "is_stored"),
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
def test_a_position_with_a_secret_is_not_stored(position: str, is_stored: bool) -> None:  # noqa: FBT001  # a column
    assert storable_token(position) == (position if is_stored else None)


def test_a_position_that_repeats_our_own_secret_is_not_stored() -> None:
    register_secret("our-own-key-of-positions")

    assert storable_token("/parcels?id=our-own-key-of-positions") is None


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("300", "300"),
        (f"{LINK}token=abc", "/parcels?***"),
        ("https://user:password@land.example/parcels#abc", "/parcels"),
        ("074087000001", "***0001"),
        ("/citizens/074087000001/parcels?page=2", "/citizens/***0001/parcels?***"),
        (None, None),
    ],
)
def test_a_page_token_is_shown_without_its_values(position: str | None, expected: str | None) -> None:
    assert display_token(position) == expected


@dataclass
class LinkingRegister(LandRegister):
    """A register whose page tokens are URLs."""

    parameter: str = ""

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return one page; its page token is the URL of the next one."""
        start = page_request.page_token.partition("offset=")[2].partition("&")[0] if page_request.page_token else None
        page = yield from super().fetch(PageRequest(since=page_request.since, page_token=start))
        following = (
            None
            if page.next_page_token is None
            else f"http://land.example/parcels?offset={page.next_page_token}&{self.parameter}"
        )
        return Page(items=page.items, next_page_token=following, total=page.total)


@on_sqlite_only
@pytest.mark.parametrize(("parameter", "read_again"), [("limit=3", 0), ("access_token=abc", 1)])
def test_a_listing_whose_page_tokens_hold_a_secret_restarts_from_the_first_page(
    address: str, parameter: str, read_again: int
) -> None:
    """A listing whose tokens hold no secret goes on from the last committed page; both are read to their end."""
    register = LinkingRegister([parcel_item(number) for number in range(1, 8)], parameter=parameter)
    with SharedDatabase(address, create_or_upgrade=True) as database:

        def pull(*failures: Unreachable | None) -> Pull:
            scope = UnfencedRunContext(run_id="run", database=database, clock=ManualClock(), token=None)
            return Pull(register, STREAM, NoRequestTransport(failures), scope)

        with pytest.raises(Unreachable):
            pull(None, Unreachable("transport.unreachable")).run()
        with database.reading() as connection:
            stored = read_cursor(connection, STREAM)
        resumed = pull()
        resumed.run()

    assert (stored.page_token is None) == bool(read_again)
    assert resumed.counts.inserted == 4
    assert resumed.counts.unchanged == 3 * read_again
