"""After any wire fault the cursor is after the last good page, and the next run resumes from there."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from cchc_connect import Conversation, Dialect, HttpRequest
from cchc_connect.adapter import Page, PageRequest
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.cursors import read_cursor
from cchc_connect.database.stream import Stream
from cchc_connect.errors import CchcError
from cchc_connect.sync.error_policy import adapter_boundary
from cchc_connect.sync.pull import Pull
from cchc_connect.testing import FAULTS, FaultyServer, ReceivedRequest, ServerResponse, WireFault, json_response
from cchc_connect.transport import Endpoint, RequestsTransport
from tests.faults.asking import FAST_POLICY, classify, deadline_s
from tests.quick import few
from tests.sync.memory_systems import LandRegister, ManualClock, UnfencedRunContext, parcel_item
from tests.sync.test_pull import rows

pytestmark = pytest.mark.repeats

ENDLESS = {"endless_empty_pages", "endless_repeated_page"}
"""Faults of whole listings, whose pages are in order: the cursor moves with them."""

LASTING = [
    fault
    for fault in FAULTS.values()
    if fault.expected_error and not fault.needs_tls and deadline_s(fault) > 1 and fault.name not in ENDLESS
]


@dataclass
class DistantRegister(LandRegister):
    """The land register, fetched over HTTP."""

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Fetch one page."""
        response = yield HttpRequest(method="GET", path="/parcels", params={"page": page_request.page_token or "1"})
        listing = response.listing("items")
        return Page(items=listing.items or (), next_page_token=listing.document["next"], total=4)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDatabase]:
    with SharedDatabase(
        f"sqlite:///{tmp_path_factory.mktemp('faulty') / 'shared.db'}", create_or_upgrade=True
    ) as opened:
        yield opened


def page(number: int, of: WireFault) -> ServerResponse:
    """Return a page of parcels with keys that are unique to this fault."""
    items = [parcel_item(number, sheet=str(LASTING.index(of) + 1)) for number in (2 * number - 1, 2 * number)]
    return json_response({"items": items, "next": "2" if number == 1 else None})


def page_and_then(server: FaultyServer, fault: WireFault) -> None:
    """Let the server send a good first page and the fault from then on."""

    def reply(request: ReceivedRequest) -> ServerResponse:
        if request.first("page") == "1":
            server.fail(fault)
        return page(int(request.first("page")), fault)

    server.response = reply


@pytest.mark.parametrize("fault", few(LASTING, 30), ids=lambda fault: fault.name)
def test_a_fault_moves_no_cursor_and_the_next_run_resumes(database: SharedDatabase, fault: WireFault) -> None:
    stream = Stream(connection=fault.name, record_type="land_parcel", agency="H09.1")
    run_context = UnfencedRunContext(run_id="run", database=database, clock=ManualClock(), token=None, owners={})

    with FaultyServer() as server:
        page_and_then(server, fault)
        endpoint = Endpoint(name="village", base_url=server.base_url, dialect=Dialect(classify=classify))
        with RequestsTransport(endpoint, FAST_POLICY) as transport:
            with pytest.raises(CchcError), adapter_boundary(connection="village", record_type="land_parcel"):
                Pull(DistantRegister(), stream, transport, run_context).run()
            with database.reading() as connection:
                stopped_at = read_cursor(connection, stream).page_token
            server.clear_fault()
            server.response = page(2, fault)
            again = Pull(DistantRegister(), stream, transport, run_context)
            again.run()

    stored = [row for row in rows(database).values() if row.connection == fault.name]
    assert (stopped_at, again.counts.fetched) == ("2", 2)
    assert [(row.parcel_number, row.version) for row in stored] == [("1", 1), ("2", 1), ("3", 1), ("4", 1)]
