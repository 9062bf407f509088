"""Asking a faulty server for a page as an adapter does, and what came of it."""

import json
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cchc_connect import classify_rest
from cchc_connect.errors import CchcError, DeadlineExceeded
from cchc_connect.http import Dialect, Exchange, HttpRequest, HttpResponse, Verdict
from cchc_connect.sync.border import adapter_border
from cchc_connect.testing import WireFault, json_reply
from cchc_connect.transport import Endpoint, Policy, Surroundings
from cchc_connect.transport.network.tls import tls_context
from cchc_connect.wire.json import RawItem
from tests.transport.carriers import CARRIERS, Carrier

HURRIED = Policy(deadline_s=8.0, connect_s=0.2, read_s=20.0, wait_unit_s=0.001)
"""The default policy at a test's pace, in whose time all ends that ends by itself, however busy the machine is."""

_WAITS_AS_TOLD = "throttled_seconds"

ITEMS = [{"id": "p1", "use": "Đất ở tại đô thị"}, {"id": "p2", "use": "Đất trồng lúa"}]
PAGE = json_reply({"items": ITEMS, "next": None})
GOOD, SET_ASIDE = "the good answer", "one item set aside"

_ASK = HttpRequest(method="GET", path="/parcels")
_BETWEEN_S = 0.04


@dataclass(frozen=True)
class Ending:
    """What came of a call."""

    what: str
    """`GOOD`, `SET_ASIDE`, the name of our error's class, or what should never be."""
    code: str
    seconds: float


def due(fault: WireFault) -> str:
    """Return what must come of a fault."""
    if fault.becomes is not None:
        return fault.becomes.__name__
    return SET_ASIDE if fault.spoils_item else GOOD


def deadline_s(fault: WireFault) -> float:
    """Return the seconds a call has: few where they will all be used."""
    waits = fault.becomes is DeadlineExceeded or fault.name == _WAITS_AS_TOLD
    return 0.8 if waits else HURRIED.deadline_s


def ask(fault: WireFault, carrier: str, base_url: str, ca_file: Path | None) -> Ending:
    """Ask once; and where that went well, once more over the same connection."""
    tls = tls_context(ca_file=ca_file) if ca_file else None
    policy = replace(HURRIED, deadline_s=deadline_s(fault))
    endpoint = Endpoint(name="registry", base_url=base_url, dialect=Dialect(classify=classify), tls=tls)
    with closing(CARRIERS[carrier](endpoint, policy, Surroundings())) as line:
        first = _ask_once(line)
        if first.what not in {GOOD, SET_ASIDE}:
            return first
        time.sleep(_BETWEEN_S)
        second = _ask_once(line)
        return Ending(second.what, second.code, max(first.seconds, second.seconds))


def _ask_once(line: Carrier) -> Ending:
    began = time.monotonic()
    code = ""
    try:
        with adapter_border(connection="registry", record_type="land_parcel"):
            what = _read(line.run(_page()))
    except CchcError as error:
        what, code = type(error).__name__, error.code
    except BaseException as foreign:  # noqa: BLE001  # that there is none is what is to be shown
        what = f"foreign {type(foreign).__name__}"
    return Ending(what, code, time.monotonic() - began)


def _page() -> Exchange[list[Any]]:
    answer = yield _ASK
    return list(answer.listing("items").items or ())


def _read(items: list[RawItem]) -> str:
    """Compare a page with the good one, item by item, as the engine does."""
    read = [_item(item) for item in items]
    if read == ITEMS:
        return GOOD
    return SET_ASIDE if read == [None, ITEMS[1]] else "a wrong answer"


def _item(item: RawItem) -> object:
    try:
        found = item.read()
        json.dumps(found, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except ValueError:
        return None
    return {name: found[name] for name in ITEMS[0]}


def classify(response: HttpResponse) -> Verdict:
    """Judge as an adapter does that knows what a page looks like."""
    verdict = classify_rest(response)
    is_page = verdict is Verdict.OK and response.status == 200
    return Verdict.UNKNOWN if is_page and response.listing("items").items is None else verdict
