"""Records the answers of a system, without personal values and secrets; `replay` gives them again.

A file for each source holds requests and responses in the order in which the first pages of a complete listing were
asked for. The address of the system is written `{base_url}`.
"""

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from cchc_connect.adapter import Page, PageRequest, Source
from cchc_connect.errors import UsageMistake
from cchc_connect.http import Conversation, HttpRequest, HttpResponse
from cchc_connect.privacy.secrets import mask_secrets
from cchc_connect.testing.kit.bench import Bench
from cchc_connect.testing.kit.listing import content
from cchc_connect.testing.kit.replay import BASE_URL
from cchc_connect.testing.kit.scrubbing import Scrubber
from cchc_connect.wire.json import Item

KEPT_HEADERS = ("content-type", "link", "content-crs")
"""Headers of responses that are recorded, beside those about totals and positions."""

_PAGING_WORDS = ("total", "count", "next", "cursor", "range")


@dataclass(kw_only=True)
class Recording:
    """The recorded exchanges of one source."""

    record_type: str
    exchanges: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]], repr=False)
    is_whole: bool = False
    """Whether the last page of the listing is among them."""

    def text(self) -> str:
        """Return the content of its file."""
        document = {"record_type": self.record_type, "is_whole": self.is_whole, "exchanges": self.exchanges}
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def record(bench: Bench, source: Source, base_url: str, max_pages: int) -> Recording:
    """Record the first pages of a source's complete listing.

    Raises:
        UsageMistake: an answer is no JSON, its items are not found in it, or a personal value would remain.
        CchcError: a page cannot be fetched.
    """
    scrubber, recording = Scrubber(source), Recording(record_type=source.record_type.record_type)
    page_request = PageRequest(since=None, page_token=None, partition=next(iter(source.profile.partitions), ""))
    with bench.transport() as transport:
        for _ in range(max_pages):
            exchanges = list[tuple[HttpRequest, HttpResponse]]()
            page = transport.run(_observed(source.fetch(page_request), exchanges))
            recording.exchanges += _documents(exchanges, page, scrubber, base_url)
            if page.next_page_token is None:
                recording.is_whole = True
                break
            page_request = PageRequest(since=None, page_token=page.next_page_token, partition=page_request.partition)
    _require_scrubbed(recording, scrubber)
    return recording


def _observed(
    conversation: Conversation[Page], exchanges: list[tuple[HttpRequest, HttpResponse]]
) -> Generator[HttpRequest, HttpResponse, Page]:
    try:
        request = next(conversation)
        while True:
            response = yield request
            exchanges.append((request, response))
            request = conversation.send(response)
    except StopIteration as finished:
        page: Page = finished.value
        return page


def _documents(
    exchanges: Sequence[tuple[HttpRequest, HttpResponse]], page: Page, scrubber: Scrubber, base_url: str
) -> list[dict[str, Any]]:
    """Return the exchanges of one page; its items must be found in one of the responses."""
    bodies = [_body(response) for _, response in exchanges]
    replaced = sum(_replace_items(body, page.items, scrubber) for body in bodies)
    if page.items and not replaced:
        raise UsageMistake("adapter_record.items_unlike")
    return [
        {
            "request": _request_document(request, scrubber, base_url),
            "response": _response_document(response, body, scrubber, base_url),
        }
        for (request, response), body in zip(exchanges, bodies, strict=True)
    ]


def _body(response: HttpResponse) -> Any:
    try:
        return json.loads(response.json_body)
    except ValueError:
        raise UsageMistake("adapter_record.not_json", media_type=response.media_type or "-") from None


def _replace_items(part: Any, items: Sequence[Item], scrubber: Scrubber) -> int:
    """Replace the list of a page's items below a part by scrubbed ones; return how many lists were replaced."""
    if isinstance(part, dict):
        values: list[Any] = list(cast("dict[str, Any]", part).values())
        return sum(_replace_items(value, items, scrubber) for value in values)
    if not isinstance(part, list):
        return 0
    members: list[Any] = part
    if _are_items(members, items):
        members[:] = [scrubber.scrubbed(item) for item in items]
        return 1
    return sum(_replace_items(member, items, scrubber) for member in members)


def _are_items(members: list[Any], items: Sequence[Item]) -> bool:
    if not members or len(members) != len(items):
        return False
    return all(
        isinstance(member, dict) and content(cast("dict[str, Any]", member)) == content(dict(item))
        for member, item in zip(members, items, strict=True)
    )


def _request_document(request: HttpRequest, scrubber: Scrubber, base_url: str) -> dict[str, Any]:
    address = urlsplit(request.path.replace(base_url, ""))
    query = [*parse_qsl(address.query, keep_blank_values=True), *request.params.items()]
    document = {"method": request.method, "path": address.path, "query": sorted(query), "json": request.json}
    return cast("dict[str, Any]", _safe(document, scrubber, base_url))


def _response_document(response: HttpResponse, body: Any, scrubber: Scrubber, base_url: str) -> dict[str, Any]:
    headers = {
        name: value
        for name, value in response.headers.items()
        if name in KEPT_HEADERS or any(word in name for word in _PAGING_WORDS)
    }
    return cast(
        "dict[str, Any]", _safe({"status": response.status, "headers": headers, "json": body}, scrubber, base_url)
    )


def _safe(part: Any, scrubber: Scrubber, base_url: str) -> Any:
    """Return a JSON value whose texts hold no secret, no replaced value and not the system's address."""
    match part:
        case str():
            return mask_secrets(scrubber.text(part).replace(base_url, BASE_URL))
        case Mapping():
            return {name: _safe(value, scrubber, base_url) for name, value in cast("Mapping[str, Any]", part).items()}
        case list() | tuple():
            return [_safe(value, scrubber, base_url) for value in cast("Sequence[Any]", part)]
        case _:
            return part


def _require_scrubbed(recording: Recording, scrubber: Scrubber) -> None:
    text = json.dumps(recording.exchanges, ensure_ascii=False)
    remaining = sum(value in text for value in scrubber.personal_values)
    if remaining:
        raise UsageMistake("adapter_record.personal_remains", number=remaining)
