"""Dialects for tests: plain REST, and one with a session in the body, as the national portal has it."""

from dataclasses import dataclass, replace
from typing import cast

from cchc_connect import Credentials, Dialect, HttpRequest, HttpResponse, Verdict, classify_rest
from cchc_connect.transport import Anonymous, Authentication, Endpoint, Login

REST = Dialect(classify=classify_rest)
ACCOUNT = Credentials(username="tichhop.h09", password="mat-khau-canary/+9")  # invented


def rest_endpoint(base_url: str, authentication: Authentication | None = None, *other_origins: str) -> Endpoint:
    """Return an endpoint with plain REST."""
    return Endpoint(
        name="registry",
        base_url=base_url,
        dialect=REST,
        authentication=authentication or Anonymous(),
        other_origins=frozenset(other_origins),
    )


def classify_portal(response: HttpResponse) -> Verdict:
    """Return the verdict by the error code in the body: every response of the national portal has status 200."""
    verdict = classify_rest(response)
    if verdict is not Verdict.OK:
        return verdict
    match response.json():
        case {"error_code": 0}:
            return Verdict.OK
        case {"error_code": 401}:
            return Verdict.AUTH
        case _:
            return Verdict.UNKNOWN


@dataclass(frozen=True)
class PortalLogin:
    """A login whose session is sent in the body of each message."""

    lifetime_s: float = 600.0

    def login_request(self, credentials: Credentials) -> HttpRequest:
        account = {"username": credentials.username, "password": credentials.password}
        return HttpRequest(method="POST", path="/login", json=account, idempotent=True)

    def token_from(self, response: HttpResponse) -> str | None:
        document = cast("dict[str, str]", response.json())
        return document.get("session") or None

    def with_token(self, request: HttpRequest, token: str) -> HttpRequest:
        message = cast("dict[str, object]", request.json)
        return replace(request, json={**message, "session": token})


def portal_endpoint(base_url: str, lifetime_s: float = 600.0) -> Endpoint:
    """Return an endpoint that requires a session."""
    dialect = Dialect(classify=classify_portal, login=PortalLogin(lifetime_s))
    return Endpoint(name="portal", base_url=base_url, dialect=dialect, authentication=Login(ACCOUNT))
