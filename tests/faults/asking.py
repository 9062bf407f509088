"""Requests a page from a faulty server as an adapter does, and names the outcome."""

import json
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cchc_connect import classify_rest
from cchc_connect.errors import CchcError, DeadlineExceeded
from cchc_connect.http import Dialect, Exchange, HttpRequest, HttpResponse, Verdict
from cchc_connect.sync.error_policy import adapter_border
from cchc_connect.testing import WireFault, json_reply
from cchc_connect.transport import Endpoint, Policy, Surroundings
from cchc_connect.transport.network.tls import tls_context
from cchc_connect.wire.json import RawItem
from tests.transport.both_transports import CARRIERS, Carrier

HURRIED = Policy(deadline_s=8.0, connect_s=0.2, read_s=20.0, wait_unit_s=0.001)
"""The default policy with short waits; its deadline is long enough for every fault that ends by itself."""

_OBEYED_RETRY_AFTER = "throttled_seconds"

ITEMS = [{"id": "p1", "use": "Đất ở tại đô thị"}, {"id": "p2", "use": "Đất trồng lúa"}]
PAGE = json_reply({"items": ITEMS, "next": None})
GOOD, SET_ASIDE = "the good answer", "one item set aside"

_PAGE_REQUEST = HttpRequest(method="GET", path="/parcels")
_BETWEEN_S = 0.04


@dataclass(frozen=True)
class Ending:
    """Outcome of a call."""

    what: str
    """`GOOD`, `SET_ASIDE`, the class name of our error, or a text for an outcome that must never occur."""
    code: str
    seconds: float


def due(fault: WireFault) -> str:
    """Return the outcome that a fault must have."""
    if fault.becomes is not None:
        return fault.becomes.__name__
    return SET_ASIDE if fault.spoils_item else GOOD


def deadline_s(fault: WireFault) -> float:
    """Return the deadline of a call in seconds: short for a fault that uses all of it."""
    waits = fault.becomes is DeadlineExceeded or fault.name == _OBEYED_RETRY_AFTER
    return 0.8 if waits else HURRIED.deadline_s


def ask(fault: WireFault, carrier: str, base_url: str, ca_file: Path | None) -> Ending:
    """Request a page; if that succeeds, request it once more over the same connection."""
    tls = tls_context(ca_file=ca_file) if ca_file else None
    policy = replace(HURRIED, deadline_s=deadline_s(fault))
    endpoint = Endpoint(name="registry", base_url=base_url, dialect=Dialect(classify=classify), tls=tls)
    with closing(CARRIERS[carrier](endpoint, policy, Surroundings())) as client:
        first = _ask_once(client)
        if first.what not in {GOOD, SET_ASIDE}:
            return first
        time.sleep(_BETWEEN_S)
        second = _ask_once(client)
        return Ending(second.what, second.code, max(first.seconds, second.seconds))


def _ask_once(client: Carrier) -> Ending:
    began = time.monotonic()
    code = ""
    try:
        with adapter_border(connection="registry", record_type="land_parcel"):
            outcome = _read(client.run(_page()))
    except CchcError as error:
        outcome, code = type(error).__name__, error.code
    except BaseException as foreign:  # noqa: BLE001  # the test shows that there is none
        outcome = f"foreign {type(foreign).__name__}"
    return Ending(outcome, code, time.monotonic() - began)


def _page() -> Exchange[list[Any]]:
    response = yield _PAGE_REQUEST
    return list(response.listing("items").items or ())


def _read(items: list[RawItem]) -> str:
    """Compare a page with the good one, item by item, and return the outcome."""
    readable = [_item(item) for item in items]
    if readable == ITEMS:
        return GOOD
    return SET_ASIDE if readable == [None, ITEMS[1]] else "a wrong answer"


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
