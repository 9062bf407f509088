"""Records the answers of a system, without personal values and secrets; `replay` gives them again.

A file for each source holds requests and responses in the order in which the first pages of a complete listing were
asked for. The address of the system is written `{base_url}`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from cchc_connect.adapter import Page, Source
from cchc_connect.errors import UsageMistake
from cchc_connect.http import HttpRequest, HttpResponse
from cchc_connect.privacy.secrets import mask_secrets
from cchc_connect.testing.kit.bench import Bench
from cchc_connect.testing.kit.listing import first_request, steps
from cchc_connect.testing.kit.replay import BASE_URL
from cchc_connect.testing.kit.rule import RuleBroken
from cchc_connect.testing.kit.scrubbing import Scrubber
from cchc_connect.testing.kit.walk import content
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


def record_all(bench: Bench, base_url: str, max_pages: int) -> list[Recording]:
    """Record the first pages of the complete listings of all sources; what two of them ask for, once.

    Raises:
        UsageMistake: an answer is no JSON, its items are not found in it, or a personal value would remain.
        CchcError: a page cannot be fetched.
    """
    sources = bench.adapter().sources
    scrubber, recorded = Scrubber(sources), list[dict[str, Any]]()
    recordings = list[Recording]()
    for source in sources:
        recording = _record(bench, source, scrubber, (base_url, max_pages))
        recording.exchanges = [exchange for exchange in recording.exchanges if exchange["request"] not in recorded]
        recorded += [exchange["request"] for exchange in recording.exchanges]
        recordings.append(recording)
    _require_scrubbed(recordings, scrubber)
    return recordings


def _record(bench: Bench, source: Source, scrubber: Scrubber, terms: tuple[str, int]) -> Recording:
    """Record the pages of a source as a run asks for them; one that repeats itself, as far as it goes."""
    base_url, max_pages = terms
    recording = Recording(record_type=source.record_type.record_type)
    exchanges, page = list[tuple[HttpRequest, HttpResponse]](), Page(items=[], next_page_token=None)

    def keep(request: HttpRequest, response: HttpResponse) -> None:
        exchanges.append((request, response))

    with bench.transport() as transport, suppress(RuleBroken):
        listed = steps(bench, source, transport, first_request(source), keep)
        for _, page in islice(listed, max_pages):
            recording.exchanges += _documents(exchanges, page, scrubber, base_url)
            exchanges.clear()
    recording.is_whole = page.next_page_token is None or bool(exchanges)
    if exchanges:  # a question beyond the end, whose answer is the last page again
        recording.exchanges += _documents(exchanges, page, scrubber, base_url)
    return recording


def _documents(
    exchanges: Sequence[tuple[HttpRequest, HttpResponse]], page: Page, scrubber: Scrubber, base_url: str
) -> list[dict[str, Any]]:
    """Return the exchanges of one page; its items must be in one of the responses."""
    documents, replaced = list[dict[str, Any]](), list[_ScrubbedItems]()
    for request, response in exchanges:
        body = _with_scrubbed_items(_body(response), page.items, scrubber, replaced)
        asked_for, shown = _request_document(request), _response_document(response, body)
        documents.append(_safe({"request": asked_for, "response": shown}, scrubber, base_url))
    if page.items and not replaced:
        raise UsageMistake("adapter_record.items_unlike")
    return documents


class _ScrubbedItems(list[dict[str, Any]]):
    """Items whose personal values are invented already."""


def _body(response: HttpResponse) -> Any:
    try:
        return json.loads(response.json_body)
    except ValueError:
        raise UsageMistake("adapter_record.not_json", media_type=response.media_type or "-") from None


def _with_scrubbed_items(part: Any, items: Sequence[Item], scrubber: Scrubber, replaced: list[_ScrubbedItems]) -> Any:
    """Return a body with scrubbed items in the place of the list of a page's items; `replaced` gets them."""
    if isinstance(part, dict):
        members = cast("dict[str, Any]", part)
        return {name: _with_scrubbed_items(value, items, scrubber, replaced) for name, value in members.items()}
    if not isinstance(part, list):
        return part
    values = list(cast("Iterable[Any]", part))
    if _are_items(values, items):
        replaced.append(_ScrubbedItems(scrubber.scrubbed(value) for value in values))
        return replaced[-1]
    return [_with_scrubbed_items(value, items, scrubber, replaced) for value in values]


def _are_items(members: list[Any], items: Sequence[Item]) -> bool:
    """True if a list has every item of a page; it may have more, which the adapter leaves out."""
    if not items or not all(isinstance(member, dict) for member in members):
        return False
    contents = {content(cast("dict[str, Any]", member)) for member in members}
    return all(content(dict(item)) in contents for item in items)


def _request_document(request: HttpRequest) -> dict[str, Any]:
    query = {"query": sorted(request.params.items()), "json": request.json}
    return {"method": request.method, "path": request.path, **query}


def _response_document(response: HttpResponse, body: Any) -> dict[str, Any]:
    headers = {
        name: value
        for name, value in response.headers.items()
        if name in KEPT_HEADERS or any(word in name for word in _PAGING_WORDS)
    }
    return {"status": response.status, "headers": headers, "json": body}


def _safe(part: Any, scrubber: Scrubber, base_url: str) -> Any:
    """Return a JSON value whose texts hold no secret, no replaced value and not the system's address."""
    match part:
        case _ScrubbedItems():
            return [_without_address(item, base_url) for item in part]
        case str():
            return _without_address(scrubber.text(part), base_url)
        case Mapping():
            return {name: _safe(value, scrubber, base_url) for name, value in cast("Mapping[str, Any]", part).items()}
        case list() | tuple():
            return [_safe(value, scrubber, base_url) for value in cast("Sequence[Any]", part)]
        case _:
            return part


def _without_address(part: Any, base_url: str) -> Any:
    """Return a JSON value whose texts hold no secret and not the system's address."""
    return json.loads(mask_secrets(json.dumps(part, ensure_ascii=False).replace(base_url, BASE_URL)))


def _require_scrubbed(recordings: Sequence[Recording], scrubber: Scrubber) -> None:
    text = json.dumps([recording.exchanges for recording in recordings], ensure_ascii=False)
    remaining = sum(scrubber.has_personal(value, text) for value in scrubber.personal_values)
    if remaining:
        raise UsageMistake("adapter_record.personal_remains", number=remaining)
