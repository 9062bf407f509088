"""Shared helpers of the adapter tests: prepared responses, and ways to run a conversation."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from cchc_connect import (
    Adapter,
    Conversation,
    Credentials,
    HttpRequest,
    HttpResponse,
    Item,
    PageRequest,
    Source,
    Verdict,
)
from cchc_connect.sync.change_detection import ChangeDetector
from cchc_connect.testing.doubles.loopback_server import LoopbackServer
from cchc_connect.transport import Anonymous, Basic, Endpoint, Login, Policy, RequestsTransport, Transport
from cchc_schemas import Record, RecordInvalid, from_document

Result = TypeVar("Result")

FIRST_PAGE = PageRequest(since=None, page_token=None)
FAST_POLICY = Policy(max_attempts=2, deadline_s=10.0, backoff_base_s=0.01)


def json_response(
    document: object, *, status: int = 200, verdict: Verdict = Verdict.OK, **headers: str
) -> HttpResponse:
    """Return a JSON response as the transport gives it to an adapter."""
    all_headers = {
        "content-type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return HttpResponse(status=status, headers=all_headers, body=json.dumps(document).encode(), verdict=verdict)


def html_response(status: int = 200) -> HttpResponse:
    """Return an HTML response, such as a login or maintenance page."""
    return HttpResponse(status=status, headers={"content-type": "text/html"}, body=b"<html></html>")


def run_conversation(exchange: Conversation[Result], *responses: HttpResponse) -> tuple[list[HttpRequest], Result]:
    """Run a conversation with prepared responses; return its requests and its result."""
    requests = [next(exchange)]
    try:
        for response in responses:
            following = exchange.send(response)
            requests.append(following)
    except StopIteration as finished:
        result: Result = finished.value
        return requests, result
    message = f"the conversation goes on with {requests[-1]}"
    raise AssertionError(message)


def faults(record_type: type[Record], fields: Mapping[str, object]) -> set[tuple[str, str]]:
    """Return path and rule of every fault of the fields; empty if each makes a member of a record."""
    try:
        record_type.read(fields, strict=True)
    except RecordInvalid as refused:
        return {(fault.path, fault.rule) for fault in refused.faults}
    return set()


def transport_to(
    adapter: Adapter, double: LoopbackServer, account: Basic | Login | None = None, path: str = ""
) -> RequestsTransport:
    """Return a transport to a running double."""
    endpoint = Endpoint(
        name="double",
        base_url=double.base_url + path,
        dialect=adapter.dialect,
        authentication=account or Anonymous(),
    )
    return RequestsTransport(endpoint, FAST_POLICY)


def credentials(username: str, password: str) -> Credentials:
    return Credentials(username=username, password=password)


def all_items(source: Source, transport: Transport, page_request: PageRequest = FIRST_PAGE) -> list[Item]:
    """Return every item of a listing, page after page."""
    items: list[Item] = []
    page = transport.run(source.fetch(page_request))
    items.extend(page.items)
    while page.next_page_token is not None:
        page = transport.run(source.fetch(PageRequest(since=page_request.since, page_token=page.next_page_token)))
        items.extend(page.items)
    return items


def without_fraction(moment: datetime | None) -> datetime | None:
    """Return an instant without fractions of a second."""
    return moment and moment.replace(microsecond=0)


def records(source: Source, items: Sequence[Item]) -> dict[str, Record]:
    """Return the records of the items by source key; faulty items are left out."""
    return {
        arrival.source_key: from_document(source.record_type, json.loads(arrival.record.document))
        for arrival in ChangeDetector(source).classify_all(items).records
    }


def faulty_keys(source: Source, items: Sequence[Item]) -> set[str]:
    """Return the source keys of the faulty items."""
    return {faulty.source_key for faulty in ChangeDetector(source).classify_all(items).faulty}
