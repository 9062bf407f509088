"""The verdict on an ordinary REST response, and its Retry-After."""

from datetime import UTC, datetime

import pytest

from cchc_connect import HttpRequest, HttpResponse, Verdict, classify_rest
from cchc_connect.transport import normalised
from cchc_connect.transport.retry_policy import retry_after_s

NOW = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)


def response_of(status: int, body: bytes = b"{}", kind: str = "application/json") -> HttpResponse:
    return HttpResponse(status=status, headers={"content-type": kind}, body=body)


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (response_of(200), Verdict.OK),
        (response_of(201), Verdict.OK),
        (response_of(200, kind="application/geo+json; charset=utf-8"), Verdict.OK),
        (response_of(200, b"\xef\xbb\xbf[]"), Verdict.OK),
        (response_of(204, b""), Verdict.OK),
        (response_of(204, b"x"), Verdict.UNKNOWN),
        (response_of(200, b""), Verdict.UNKNOWN),
        (response_of(200, b'{"a":1'), Verdict.UNKNOWN),
        (response_of(200, b'{"a":NaN}'), Verdict.OK),  # strict reading is done item by item
        (response_of(200, b'{"a":1,"a":2}'), Verdict.OK),
        (response_of(200, b'{"a":"\\ud800"}'), Verdict.OK),
        (response_of(200, b"[" * 100_000), Verdict.UNKNOWN),
        (response_of(200, b"<html>", "text/html"), Verdict.UNKNOWN),
        (response_of(200, b"{}", "text/html"), Verdict.OK),
        (response_of(200, b"{}", ""), Verdict.OK),
        (response_of(200, b"1", "text/plain"), Verdict.UNKNOWN),
        (response_of(200, b'"OK"', ""), Verdict.UNKNOWN),
        (response_of(205, b""), Verdict.OK),
        (response_of(205, b"x"), Verdict.UNKNOWN),
        (response_of(202), Verdict.UNKNOWN),
        (response_of(206), Verdict.UNKNOWN),
        (response_of(302), Verdict.UNKNOWN),
        (response_of(203), Verdict.AUTH),
        (response_of(401), Verdict.AUTH),
        (response_of(403), Verdict.AUTH),
        (response_of(400, b"<center>No required SSL certificate was sent</center>", "text/html"), Verdict.AUTH),
        (response_of(400), Verdict.INVALID),
        (response_of(422), Verdict.INVALID),
        (response_of(404), Verdict.NOT_FOUND),
        (response_of(410), Verdict.NOT_FOUND),
        (response_of(409), Verdict.DUPLICATE),
        (response_of(408), Verdict.THROTTLED),
        (response_of(429), Verdict.THROTTLED),
        (response_of(500), Verdict.MAINTENANCE),
        (response_of(502, b"<html>", "text/html"), Verdict.MAINTENANCE),
        (response_of(503), Verdict.MAINTENANCE),
        (response_of(504), Verdict.MAINTENANCE),
        (response_of(501), Verdict.UNKNOWN),
    ],
)
def test_the_verdict_depends_on_status_and_body(response: HttpResponse, verdict: Verdict) -> None:
    assert classify_rest(response) is verdict


def test_a_body_is_read_as_json_once() -> None:
    response = response_of(200, b'{"items": []}')

    assert response.json() is response.with_verdict(Verdict.OK).json()


def test_texts_are_compared_without_case_spacing_or_composition() -> None:
    decomposed = "Hồ sơ  \u0111a\u0303 TÔ\u0300N TẠI\n"

    assert normalised(decomposed) == normalised("hồ sơ đã tồn tại")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"retry-after": "Mon, 02 Mar 2026 08:01:00 GMT"}, 60.0),
        ({"retry-after": "Mon, 02 Mar 2026 08:01:00 GMT", "date": "Mon, 02 Mar 2026 07:59:00 GMT"}, 120.0),
        ({"retry-after": "Mon, 02 Mar 2026 07:00:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 02 Mar 2026 08:01:00 -0000"}, 60.0),
        ({"retry-after": "1772438460"}, 60.0),
        ({"retry-after": "1772438460", "date": "Mon, 02 Mar 2026 07:59:00 GMT"}, 120.0),
        ({"retry-after": "1772438000"}, 0.0),
        ({"retry-after": "1999999999"}, 86_400.0),
        ({"retry-after": "999999999"}, 86_400.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 5000}, None),
        ({"retry-after": "Mon, 99 Foo 2026"}, None),
        ({"retry-after": "Mon, 01 Jan 2024 00:00:00 +9999999999999999"}, None),
        ({"retry-after": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_a_date_or_a_unix_time_and_a_day_at_most(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_s(headers, lambda: NOW) == seconds


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/parcels?q=secret", "/parcels"),
        ("/parcels:search", "/parcels:search"),
        ("/parcels;jsessionid=secret/x", "/parcels"),
        ("https://user:secret@host/parcels?q=secret#secret", "/parcels"),
        ("//user:secret@host/parcels", "/parcels"),
        ("https:\\\\user:secret@host/parcels", "/parcels"),
        ("/a\r\nb", "/a??b"),
    ],
)
def test_a_request_shows_its_path_without_query_user_and_fragment(path: str, shown: str) -> None:
    request = HttpRequest(method="GET", path=path)

    assert request.display_path == shown
    assert repr(request) == f"<GET {shown}>"
