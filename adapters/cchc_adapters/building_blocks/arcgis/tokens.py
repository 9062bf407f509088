"""Log in to ArcGIS Server by `generateToken`; each later request carries the token as a parameter.

Source: Esri REST API, "Generate token": a form posted to `/tokens/generateToken` of a server or to
`/sharing/rest/generateToken` of a portal. The response tells the token and when it expires, which may be sooner than
requested. A token counts for the address that requested it (`client=requestip`), so that no header belongs to it. A
wrong password is error 400 with HTTP status 200, like any wrong request.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime

from cchc_connect import Credentials, HttpRequest, HttpResponse, SessionToken
from cchc_connect.wire import codecs


@dataclass(frozen=True, kw_only=True)
class TokenSession:
    """The login of one connection."""

    path: str
    """Path of `generateToken`."""
    minutes: int
    """Life of a token to ask for, minutes."""

    @property
    def lifetime_s(self) -> float:
        """Life of a token in seconds, where the response tells none."""
        return self.minutes * 60

    def login_request(self, credentials: Credentials) -> HttpRequest:
        """Return the login request."""
        form = {
            "username": credentials.username,
            "password": credentials.password,
            "client": "requestip",
            "expiration": str(self.minutes),
            "f": "json",
        }
        return HttpRequest(method="POST", path=self.path, form=form, idempotent=True)

    def token_from(self, response: HttpResponse) -> SessionToken | None:
        """Return the token of the login response; None where it has none, which is how an account is refused."""
        document = (codecs.as_object(response.json()) or {}) if response.is_json else {}
        token = document.get("token")
        if not isinstance(token, str) or not token:
            return None
        expires, sent = codecs.epoch_ms(document.get("expires")), _sent_at(response)
        if not isinstance(expires, datetime) or sent is None or expires <= sent:
            return SessionToken(token, self.lifetime_s)
        return SessionToken(token, min(self.lifetime_s, (expires - sent).total_seconds()))

    def with_token(self, request: HttpRequest, token: str) -> HttpRequest:
        """Return the request with the token among its parameters."""
        return replace(request, params={**request.params, "token": token})


def _sent_at(response: HttpResponse) -> datetime | None:
    """Return the server's time of a response, aware: its clock, not ours, says how long a token lives."""
    try:
        sent = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return sent if sent.tzinfo else None
