"""Request encoding: the headers and the body of a request as sent."""

from dataclasses import replace
from typing import Any

import pytest

from cchc_connect import Dialect, HttpRequest, classify_rest
from cchc_connect.transport import Endpoint
from cchc_connect.transport.calls.call import Call, Deadline
from cchc_connect.transport.request_encoding import prepare_request

DIALECT = Dialect(classify=classify_rest, headers={"dstcode": "VN:GOV:G22", "Accept": "application/geo+json"})
ENDPOINT = Endpoint(name="registry", base_url="http://127.0.0.1", dialect=DIALECT)
GET = HttpRequest(method="GET", path="/parcels")


def headers(request: HttpRequest) -> dict[str, str]:
    call = Call(connection="registry", request=request, request_id="id-1", deadline=Deadline(lambda: 0.0, 60.0))
    return dict(prepare_request(request, call, ENDPOINT, ENDPOINT.origins).headers)


def test_the_dialects_headers_go_with_every_request() -> None:
    assert headers(GET)["dstcode"] == "VN:GOV:G22"


def test_a_requests_own_header_replaces_the_dialects_whatever_its_case() -> None:
    written_headers = headers(replace(GET, headers={"ACCEPT": "text/csv", "DstCode": "other"}))

    assert {name: value for name, value in written_headers.items() if name.lower() in {"accept", "dstcode"}} == {
        "ACCEPT": "text/csv",
        "DstCode": "other",
    }


def test_an_empty_json_object_is_a_body() -> None:
    assert headers(replace(GET, method="POST", json={}))["Content-Type"] == "application/json"
    assert "Content-Type" not in headers(GET)


def test_content_is_sent_unchanged_with_its_media_type() -> None:
    request = replace(GET, method="POST", content=b"<a/>", content_type="text/xml")
    call = Call(connection="registry", request=request, request_id="id-1", deadline=Deadline(lambda: 0.0, 60.0))

    wire = prepare_request(request, call, ENDPOINT, ENDPOINT.origins)

    assert wire.body == b"<a/>"
    assert wire.headers["Content-Type"] == "text/xml"


@pytest.mark.parametrize(
    "bodies", [{"json": {}, "content": b""}, {"form": {}, "json": {}}, {"content_type": "text/xml"}]
)
def test_a_request_has_one_body(bodies: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        replace(GET, method="POST", **bodies)


def test_a_form_is_sent_url_encoded() -> None:
    request = replace(GET, method="POST", form={"tên": "Thủ Dầu Một"})
    call = Call(connection="registry", request=request, request_id="id-1", deadline=Deadline(lambda: 0.0, 60.0))

    wire = prepare_request(request, call, ENDPOINT, ENDPOINT.origins)

    assert wire.body == b"t%C3%AAn=Th%E1%BB%A7+D%E1%BA%A7u+M%E1%BB%99t"
    assert wire.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_content_without_a_media_type_has_no_content_type_header() -> None:
    assert "Content-Type" not in headers(replace(GET, method="POST", content=b""))
