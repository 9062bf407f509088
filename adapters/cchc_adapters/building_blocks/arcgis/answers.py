"""What an answer of ArcGIS Server means, and the questions that some of its versions refuse.

Source: Esri's documentation of the REST API; answers observed in public bug reports. Every request asks for `f=json`,
so any body that is a JSON object counts, whatever its media type: 10.0 sends `text/plain`.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from cchc_connect import Conversation, HttpRequest, HttpResponse, Item, Verdict, classify_rest
from cchc_connect.wire import codecs

OK, TOO_MANY_REQUESTS = 200, 429
SERVER_ERRORS, CLIENT_ERRORS = range(500, 600), range(400, 500)
ANY_REFUSAL = frozenset({Verdict.OK, Verdict.INVALID, Verdict.NOT_FOUND, Verdict.MAINTENANCE, Verdict.UNKNOWN})

PAGES_ARE_READ_AS_A_WHOLE: Mapping[str, str] = {
    "unreadable_item_is_quarantined_alone": "the adapter reads a page as a whole, to find an error in it; one that is "
    "no strict JSON is held with all its items and asked for again",
}
"""Rule of the conformance kit that an adapter of such a server leaves out, with the reason."""


def classify_arcgis(response: HttpResponse, token_errors: Collection[int]) -> Verdict:
    """Return the verdict on a response; ArcGIS reports errors in an `error` object with HTTP status 200."""
    document = codecs.as_object(response.json()) if response.is_json else None
    error = None if document is None else _error(document)
    if error is None:
        return classify_rest(response)
    code = codecs.whole_number(error.get("code"))
    if code in token_errors:
        return Verdict.AUTH
    if code == TOO_MANY_REQUESTS:
        return Verdict.THROTTLED
    if code in SERVER_ERRORS:
        return Verdict.MAINTENANCE
    if response.status != OK:
        return classify_rest(response)
    return Verdict.INVALID if code in CLIENT_ERRORS else Verdict.UNKNOWN


def unless_refused(request: HttpRequest) -> Conversation[Item | None]:
    """Ask what a server may refuse; return None if it does.

    Only an error object of ArcGIS is a refusal. A system that does not work now is asked again, as for any request.
    """
    response = yield replace(request, accepted_verdicts=ANY_REFUSAL)
    if response.verdict is not Verdict.OK:
        if is_refusal(response):
            return None
        response = yield request
    return codecs.as_object(response.json()) or {}


def is_refusal(response: HttpResponse) -> bool:
    """Return whether a response is an error object of ArcGIS with HTTP status 200."""
    document = codecs.as_object(response.json()) if response.status == OK and response.is_json else None
    return document is not None and _error(document) is not None


def _error(document: Item) -> Item | None:
    """Return the error that a response tells; None if it tells none.

    Beside `{"error": {...}}` there is `{"status": "error", "code": ..., "messages": [...]}`.
    """
    if "error" in document:
        return codecs.as_object(document["error"]) or {}
    return document if document.get("status") == "error" and "messages" in document else None
