"""Calls of functions of an adapter, and checks that what they return is what their contracts say.

What an adapter returned is used far from its code, so without the checks its mistakes would look like the engine's.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from cchc_connect.adapter import (
    DeliveryStatus,
    ListingEnd,
    Outgoing,
    Page,
    PageRequest,
    Receipt,
    Source,
    Target,
    WithdrawalTarget,
)
from cchc_connect.database.stream import Stream
from cchc_connect.errors import CchcError, Rejected, Retriable, SourceHeld, StartOver
from cchc_connect.http import Conversation, HttpRequest, HttpResponse, Result
from cchc_connect.privacy.adapter_failure import ContractBroken, require_type
from cchc_connect.privacy.page_tokens import display_token
from cchc_connect.sync.error_policy import adapter_boundary
from cchc_connect.sync.local_transport import LocalTransport
from cchc_connect.transport import Transport
from cchc_connect.transport.retry_policy import always
from cchc_connect.wire.page_limits import DEFAULT_PAGE_LIMITS

MAX_SNAPSHOT_LENGTH = 200
"""Characters of the name of a listing's state."""


@dataclass(frozen=True, kw_only=True)
class RequestRules:
    """What holds for the requests of one message."""

    may_send: Callable[[int], None] = always
    """Raises if the run may send nothing more; called before each request after the first."""
    new_request_id: Callable[[], str] | None = None
    """Returns the id under which the next request leaves; None: the transport makes one."""


NO_RULES = RequestRules()


def fetch_page(
    transport: Transport,
    source: Source,
    page_request: PageRequest,
    connection: str,
    on_response: Callable[[HttpRequest, HttpResponse], None] | None = None,
) -> Page:
    """Fetch one page of a source; `on_response` gets every request with its response before the adapter does.

    Raises:
        CchcError: what the source raised, or the typed error of one of its requests.
        SourceHeld: the adapter failed, or returned no page, or one that is too large.
    """
    record_type = source.record_type.record_type
    with adapter_boundary(
        connection=connection,
        record_type=record_type,
        called=source.fetch,
        page=display_token(page_request.page_token),
    ):
        if isinstance(transport, LocalTransport):
            return _local_page(transport, source, page_request)
        limits = DEFAULT_PAGE_LIMITS

        def see(request: HttpRequest, response: HttpResponse) -> None:
            nonlocal limits
            limits = response.page_limits
            if on_response is not None:
                on_response(request, response)

        page = transport.run(_observed(source.fetch(page_request), see))
        _require_page(page)
        limits.require_items(len(page.items))
    return page


def _local_page(transport: LocalTransport, source: Source, page_request: PageRequest) -> Page:
    """Return a page of a source without HTTP, which returns it instead of a conversation."""
    transport.require_open()
    page = cast("Page", source.fetch(page_request))
    _require_page(page)
    transport.require_within_limits(page)
    return page


def _observed(
    conversation: Conversation[Result], on_response: Callable[[HttpRequest, HttpResponse], None]
) -> Conversation[Result]:
    """Run `conversation` and let `on_response` see its responses.

    Raises:
        ContractBroken: `conversation` is no generator.
    """
    require_type("Conversation", Generator, conversation)
    try:
        request = next(conversation)
        while True:
            try:
                response = yield request
            except (CchcError, ContractBroken) as error:
                request = conversation.throw(error)
            else:
                on_response(request, response)
                request = conversation.send(response)
    except StopIteration as finished:
        result: Result = finished.value
        return result
    finally:
        conversation.close()


def lacks_item(transport: Transport, source: Source, stream: Stream, key: str) -> bool:
    """Ask a source whose profile has `by_key` for one item; True if its answer shows that it does not have it.

    No answer, or one that is no proof, is False.
    """
    page_request = PageRequest(since=None, page_token=None, partition=stream.partition, source_key=key)
    try:
        page = fetch_page(transport, source, page_request, stream.connection)
    except (Retriable, Rejected, SourceHeld, StartOver):
        return False
    is_whole = page.next_page_token is None and page.end is ListingEnd.PROVEN
    return is_whole and (key in page.deleted_keys or not page.items)


def send_batch(
    transport: Transport,
    target: Target,
    batch: Sequence[Outgoing],
    *,
    route: str,
    is_withdrawal: bool = False,
    rules: RequestRules = NO_RULES,
) -> Sequence[Receipt]:
    """Deliver one message to a target, or withdraw its records.

    Args:
        transport: the transport to the receiver.
        target: the target; for a withdrawal one that takes them.
        batch: the records of the message.
        route: name of the route, for errors.
        is_withdrawal: withdraw the records.
        rules: what holds for its requests.

    Raises:
        CchcError: what the conversation raised, or the typed error of one of its requests.
        SourceHeld: the adapter failed, or did not return one receipt for each record.
    """
    called = target.withdraw if is_withdrawal and isinstance(target, WithdrawalTarget) else target.deliver
    with adapter_boundary(connection=route, record_type=target.record_type.record_type, called=called):
        receipts = transport.run(_guarded(called(batch), rules))
        _require_receipts(receipts, len(batch))
    return receipts


def _guarded(conversation: Conversation[Sequence[Receipt]], rules: RequestRules) -> Conversation[Sequence[Receipt]]:
    """Give each request of a conversation its id, and ask before each after the first one whether it may be sent."""
    require_type("Conversation", Generator, conversation)
    try:
        request = next(conversation)
        while True:
            try:
                response = yield _with_id(request, rules.new_request_id)
            except (CchcError, ContractBroken) as error:
                request = conversation.throw(error)
            else:
                request = conversation.send(response)
            rules.may_send(1)
    except StopIteration as finished:
        receipts: Sequence[Receipt] = finished.value
        return receipts
    finally:
        conversation.close()


def _with_id(request: HttpRequest, new_request_id: Callable[[], str] | None) -> HttpRequest:
    """Return a request with an id; what is no request is refused by the transport."""
    if new_request_id is None or not isinstance(request, HttpRequest):  # pyright: ignore[reportUnnecessaryIsInstance]  # of an adapter
        return request
    return replace(request, request_id=new_request_id())


def _require_page(page: object) -> None:
    """Check what `Source.fetch` returned.

    Raises:
        ContractBroken: it is no page, or a field of it has another type.
    """
    if not isinstance(page, Page):
        raise ContractBroken("Page", page)
    fields: tuple[tuple[str, object, Any], ...] = (
        ("items", page.items, Sequence),
        ("next_page_token", page.next_page_token, str | None),
        ("total", page.total, int | None),
        ("deleted_keys", page.deleted_keys, Sequence),
        ("end", page.end, ListingEnd),
        ("next_is_probe", page.next_is_probe, bool),
        ("total_has_deleted", page.total_has_deleted, bool),
        ("ends_part", page.ends_part, bool),
        ("snapshot", page.snapshot, str),
        ("lacks", page.lacks, Sequence),
    )
    for name, value, expected in fields:
        if not isinstance(value, expected):
            raise ContractBroken(f"{getattr(expected, '__name__', expected)} in Page.{name}", value)
    if len(page.snapshot) > MAX_SNAPSHOT_LENGTH or not page.snapshot.isprintable():
        raise ContractBroken(f"printable text of at most {MAX_SNAPSHOT_LENGTH} characters in Page.snapshot", "")


def _require_receipts(receipts: object, expected: int) -> None:
    """Check what `Target.deliver` returned.

    Raises:
        ContractBroken: it is not a list or tuple of `expected` valid receipts.
    """
    if not isinstance(receipts, list | tuple):
        raise ContractBroken("list of Receipt", receipts)
    members = cast("Sequence[object]", receipts)
    for receipt in members:
        if not isinstance(receipt, Receipt):
            raise ContractBroken("Receipt", receipt)
        if receipt.status not in set(DeliveryStatus):
            raise ContractBroken("DeliveryStatus in Receipt.status", receipt.status)
    if len(members) != expected:
        raise ContractBroken("list with one Receipt for each record", members)
