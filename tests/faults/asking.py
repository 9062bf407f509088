"""Requests a page from a faulty server as an adapter does, and names the outcome."""

import json
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from cchc_connect import Page, classify_rest
from cchc_connect.database.stream import Stream
from cchc_connect.errors import CchcError, DeadlineExceeded
from cchc_connect.http import Conversation, Dialect, HttpRequest, HttpResponse, Verdict
from cchc_connect.sync.change_detection import ClassifiedPage
from cchc_connect.sync.completeness import Completeness
from cchc_connect.sync.error_policy import adapter_boundary
from cchc_connect.sync.seen_keys import SeenKeys
from cchc_connect.testing import WireFault, json_response
from cchc_connect.transport import Endpoint, Policy, TransportEnvironment
from cchc_connect.transport.network.tls import tls_context
from cchc_connect.wire.json import RawItem
from tests.transport.both_transports import TRANSPORTS, TransportUnderTest

FAST_POLICY = Policy(deadline_s=8.0, connect_timeout_s=0.2, read_timeout_s=20.0, backoff_base_s=0.001)
"""The default policy with short waits; its deadline is long enough for every fault that ends by itself."""

_OBEYED_RETRY_AFTER = "throttled_seconds"

ITEMS = [{"id": "p1", "use": "Đất ở tại đô thị"}, {"id": "p2", "use": "Đất trồng lúa"}]
PAGE = json_response({"items": ITEMS, "next": None})
GOOD_RESPONSE, ITEM_QUARANTINED = "the good answer", "one item set aside"

AGENCY = "000.00.07.H09"
_PAGE_REQUEST = HttpRequest(method="GET", path="/parcels")
_BETWEEN_S = 0.04


@dataclass(frozen=True)
class FaultOutcome:
    """Outcome of a call."""

    outcome: str
    """`GOOD`, `ITEM_QUARANTINED`, the class name of our error, or a text for an outcome that must never occur."""
    code: str
    seconds: float


def expected_outcome(fault: WireFault) -> str:
    """Return the outcome that a fault must have."""
    if fault.expected_error is not None:
        return fault.expected_error.__name__
    return ITEM_QUARANTINED if fault.corrupts_item else GOOD_RESPONSE


def deadline_s(fault: WireFault) -> float:
    """Return the deadline of a call in seconds: short for a fault that uses all of it."""
    waits = fault.expected_error is DeadlineExceeded or fault.name == _OBEYED_RETRY_AFTER
    return 0.8 if waits else FAST_POLICY.deadline_s


def request_page(fault: WireFault, carrier: str, base_url: str, ca_file: Path | None) -> FaultOutcome:
    """Request a page; if that succeeds, request it once more over the same connection."""
    tls = tls_context(ca_file=ca_file) if ca_file else None
    policy = replace(FAST_POLICY, deadline_s=deadline_s(fault))
    endpoint = Endpoint(name="registry", base_url=base_url, dialect=Dialect(classify=classify), tls=tls)
    with closing(TRANSPORTS[carrier](endpoint, policy, TransportEnvironment())) as client:
        first = _ask_once(client)
        if first.outcome not in {GOOD_RESPONSE, ITEM_QUARANTINED}:
            return first
        time.sleep(_BETWEEN_S)
        second = _ask_once(client)
        return FaultOutcome(second.outcome, second.code, max(first.seconds, second.seconds))


def _ask_once(client: TransportUnderTest) -> FaultOutcome:
    began = time.monotonic()
    code = ""
    try:
        with adapter_boundary(connection="registry", record_type="land_parcel"):
            outcome = _read(client.run(_listing()))
    except CchcError as error:
        is_known = error.code not in {"source.adapter_failed", "source.program_failed"}
        outcome, code = type(error).__name__ if is_known else error.code, error.code
    except BaseException as foreign:  # noqa: BLE001  # the test shows that there is none
        outcome = f"foreign {type(foreign).__name__}"
    return FaultOutcome(outcome, code, time.monotonic() - began)


def _listing() -> Conversation[list[RawItem]]:
    """Request page after page, by the engine's own rules for where a listing ends."""
    completeness = Completeness(Stream(connection="registry", record_type="land_parcel", agency=AGENCY), SeenKeys())
    items: list[RawItem] = []
    request = _PAGE_REQUEST
    while True:
        response = yield request
        listing = response.listing("items")
        page_items, link = list(listing.items or ()), response.next_link(listing.document)
        items += page_items
        page = Page(items=page_items, next_page_token=link if isinstance(link, str) else None)
        keys = {item.raw.decode(errors="replace") for item in page_items}
        if completeness.observe(page, ClassifiedPage(keys=keys)):
            return items
        request = replace(_PAGE_REQUEST, path=page.next_page_token or "")


def _read(items: list[RawItem]) -> str:
    """Compare a page with the good one, item by item, and return the outcome."""
    readable = [_item(item) for item in items]
    if readable == ITEMS:
        return GOOD_RESPONSE
    return ITEM_QUARANTINED if readable == [None, ITEMS[1]] else "a wrong answer"


def _item(item: RawItem) -> object:
    try:
        properties = item.read()
        json.dumps(properties, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except ValueError:
        return None
    return {name: properties[name] for name in ITEMS[0]}


def classify(response: HttpResponse) -> Verdict:
    """Classify like an adapter that recognises a page by its list of items."""
    verdict = classify_rest(response)
    is_page = verdict is Verdict.OK and response.status == 200
    return Verdict.UNKNOWN if is_page and response.listing("items").items is None else verdict
