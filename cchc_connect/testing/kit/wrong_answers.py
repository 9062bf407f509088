"""Answers that are no page, though many of them have status 200: what servers and networks send in a page's place."""

from collections.abc import Sequence

from cchc_connect.testing.doubles.server import ServerResponse, html_response, json_response
from cchc_connect.testing.kit.rule import RuleBroken
from cchc_connect.testing.kit.systems import OwnErrors

PERSON = "NGUYỄN THỊ KHÓ ĐOÁN"
PERSONAL_NUMBER = "079300129876"
"""An invented person and identity number, which no error may repeat."""

_TELLING = f"Không tìm thấy {PERSON}, CCCD {PERSONAL_NUMBER}"

EMPTY = (ServerResponse(body=b""), ServerResponse(body=b"   \n"), ServerResponse(body=b"null"))

HTML = (
    html_response("<!DOCTYPE html><html lang='vi'><head><title>Bảo trì hệ thống</title></head><body></body></html>"),
    html_response("<html><body><h1>502 Bad Gateway</h1></body></html>", status=502),
)

LOGIN_PAGE = (
    html_response(
        "<!DOCTYPE html><html><body><form action='/login' method='post'>"
        "<input name='username'><input type='password' name='password'></form></body></html>"
    ),
    ServerResponse(status=302, headers={"Location": "/login"}),
)

CAPTIVE_PORTAL = (
    html_response("<html><head><meta http-equiv='refresh' content='0; url=https://wifi.example/hello'></head></html>"),
    html_response("<html><body>Network authentication required</body></html>", status=511),
)

_USUAL_ERRORS = (
    json_response({"error": {"code": 500, "message": "Lỗi hệ thống"}}),
    json_response({"success": False, "message": "Lỗi hệ thống"}),
    json_response({"error_code": "99", "message": "Lỗi hệ thống"}),
    json_response({"message": "Lỗi hệ thống"}),
)

TELLING = (
    *(
        json_response({"message": _TELLING, "detail": {"name": PERSON}}, status=status)
        for status in (200, 400, 404, 500)
    ),
    html_response(f"<html><body>{_TELLING}</body></html>", status=500),
    json_response([{"message": _TELLING}]),
)
"""Errors that name a person."""


def errors_in_200(system: object) -> Sequence[ServerResponse]:
    """Return errors with status 200: those that systems usually send, and the system's own.

    Raises:
        RuleBroken: the system's own one is no response.
    """
    if not isinstance(system, OwnErrors):
        return _USUAL_ERRORS
    own: object = system.error_in_200()
    if not isinstance(own, ServerResponse):  # pyright: ignore[reportUnnecessaryIsInstance]  # doubles need no type checker
        raise RuleBroken("kit.error_in_200_wrong", given=type(own).__name__)
    return (*_USUAL_ERRORS, own)
