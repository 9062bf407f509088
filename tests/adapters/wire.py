"""What the tests of the adapters share: answers as they come over the wire, and ways to lead a conversation."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from cchc_connect import Adapter, Ask, Credentials, Exchange, HttpRequest, HttpResponse, Item, Source, Verdict
from cchc_connect.sync.change_detection import Sieve
from cchc_connect.testing import AgencyDouble
from cchc_connect.transport import Anonymous, Basic, Endpoint, Login, Policy, RequestsTransport, Transport
from cchc_schemas import Record, RecordInvalid, from_document

Result = TypeVar("Result")

FIRST_PAGE = Ask(since=None, position=None)
IMPATIENT = Policy(attempts=2, deadline_s=10.0, wait_unit_s=0.01)


def answer(document: object, *, status: int = 200, verdict: Verdict = Verdict.OK, **headers: str) -> HttpResponse:
    """Return JSON as the transport hands it to an adapter."""
    media = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return HttpResponse(status=status, headers=media, body=json.dumps(document).encode(), verdict=verdict)


def page_for_people(status: int = 200) -> HttpResponse:
    """Return what a login or maintenance page looks like."""
    return HttpResponse(status=status, headers={"content-type": "text/html"}, body=b"<html></html>")


def led(exchange: Exchange[Result], *answers: HttpResponse) -> tuple[list[HttpRequest], Result]:
    """Lead a conversation with prepared answers; return what was asked and what came of it."""
    asked = [next(exchange)]
    try:
        for one in answers:
            following = exchange.send(one)
            asked.append(following)
    except StopIteration as finished:
        result: Result = finished.value
        return asked, result
    message = f"the conversation goes on with {asked[-1]}"
    raise AssertionError(message)


def faults(record_type: type[Record], fields: Mapping[str, object]) -> set[tuple[str, str]]:
    """Return path and rule of every fault that keeps the fields from being a record."""
    try:
        record_type.read(fields)
    except RecordInvalid as refused:
        return {(fault.path, fault.rule) for fault in refused.faults}
    return set()


def line(
    adapter: Adapter, double: AgencyDouble, account: Basic | Login | None = None, path: str = ""
) -> RequestsTransport:
    """Return a transport to a running double."""
    endpoint = Endpoint(
        name="double",
        base_url=double.base_url + path,
        dialect=adapter.dialect,
        authentication=account or Anonymous(),
    )
    return RequestsTransport(endpoint, IMPATIENT)


def credentials(username: str, password: str) -> Credentials:
    return Credentials(username=username, password=password)


def listed(source: Source, transport: Transport, ask: Ask = FIRST_PAGE) -> list[Item]:
    """Return every item of a listing, page after page."""
    items: list[Item] = []
    page = transport.run(source.fetch(ask))
    items.extend(page.items)
    while page.next is not None:
        page = transport.run(source.fetch(Ask(since=ask.since, position=page.next)))
        items.extend(page.items)
    return items


def to_the_second(moment: datetime | None) -> datetime | None:
    """Return an instant as a system writes it that knows no fractions."""
    return moment and moment.replace(microsecond=0)


def records(source: Source, items: Sequence[Item]) -> dict[str, Record]:
    """Return the records that items become, by source key; what becomes none is left out."""
    return {
        arrival.source_key: from_document(source.record_type, json.loads(arrival.record.document))
        for arrival in Sieve(source).sift(items).arrivals
    }


def faulty_keys(source: Source, items: Sequence[Item]) -> set[str]:
    """Return the source keys of the items that become no record."""
    return {one.source_key for one in Sieve(source).sift(items).faulty}
