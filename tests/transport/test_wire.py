"""What is put on the wire."""

from dataclasses import replace
from typing import Any

import pytest

from cchc_connect import Dialect, HttpRequest, classify_rest
from cchc_connect.transport import Endpoint
from cchc_connect.transport.call import Call, Deadline
from cchc_connect.transport.request_encoding import written

DIALECT = Dialect(classify=classify_rest, headers={"dstcode": "VN:GOV:G22", "Accept": "application/geo+json"})
ENDPOINT = Endpoint(name="registry", base_url="http://127.0.0.1", dialect=DIALECT)
ASK = HttpRequest(method="GET", path="/parcels")


def headers(request: HttpRequest) -> dict[str, str]:
    call = Call(connection="registry", request=request, request_id="id-1", deadline=Deadline(lambda: 0.0, 60.0))
    return dict(written(request, call, ENDPOINT, ENDPOINT.origins).headers)


def test_the_dialects_headers_go_with_every_request() -> None:
    assert headers(ASK)["dstcode"] == "VN:GOV:G22"


def test_a_request_s_own_header_wins_whatever_its_case_and_is_written_as_given() -> None:
    found = headers(replace(ASK, headers={"ACCEPT": "text/csv", "DstCode": "other"}))

    assert {name: value for name, value in found.items() if name.lower() in {"accept", "dstcode"}} == {
        "ACCEPT": "text/csv",
        "DstCode": "other",
    }


def test_a_body_that_is_an_empty_object_is_a_body() -> None:
    assert headers(replace(ASK, method="POST", json={}))["Content-Type"] == "application/json"
    assert "Content-Type" not in headers(ASK)


def test_content_is_sent_as_it_is_under_its_media_type() -> None:
    request = replace(ASK, method="POST", content=b"<a/>", content_type="text/xml")
    call = Call(connection="registry", request=request, request_id="id-1", deadline=Deadline(lambda: 0.0, 60.0))

    wire = written(request, call, ENDPOINT, ENDPOINT.origins)

    assert wire.body == b"<a/>"
    assert wire.headers["Content-Type"] == "text/xml"


@pytest.mark.parametrize(
    "bodies", [{"json": {}, "content": b""}, {"form": {}, "json": {}}, {"content_type": "text/xml"}]
)
def test_a_request_has_one_body(bodies: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        replace(ASK, method="POST", **bodies)


def test_a_form_is_sent_as_one() -> None:
    request = replace(ASK, method="POST", form={"tên": "Thủ Dầu Một"})
    call = Call(connection="registry", request=request, request_id="id-1", deadline=Deadline(lambda: 0.0, 60.0))

    wire = written(request, call, ENDPOINT, ENDPOINT.origins)

    assert wire.body == b"t%C3%AAn=Th%E1%BB%A7+D%E1%BA%A7u+M%E1%BB%99t"
    assert wire.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_content_without_a_media_type_claims_none() -> None:
    assert "Content-Type" not in headers(replace(ASK, method="POST", content=b""))
