"""Log in to the national portal; the session is sent in the body of every request.

Observed in VietOpenCPS/opencps-v2 (2020). The lifetime of a session is not documented.
"""

from dataclasses import dataclass, replace

from cchc_adapters.national_portal.envelopes import EnvelopeReader
from cchc_connect import Credentials, HttpRequest, HttpResponse, Verdict
from cchc_connect.wire import codecs

LOGIN_VERDICTS = frozenset({Verdict.OK, Verdict.AUTH, Verdict.INVALID})
"""Verdicts with which the body of the login response is read.

A refused account cannot be told from other refusals by code or text; only a session in the body shows a login.
"""


@dataclass(frozen=True, kw_only=True)
class PortalSession:
    """The login of one connection."""

    path: str
    lifetime_s: float
    """How long a session is used, seconds."""
    envelope_reader: EnvelopeReader

    def login_request(self, credentials: Credentials) -> HttpRequest:
        """Return the login request."""
        account = {"username": credentials.username, "password": credentials.password}
        return HttpRequest(
            method="POST", path=self.path, json=account, idempotent=True, accepted_verdicts=LOGIN_VERDICTS
        )

    def token_from(self, response: HttpResponse) -> str | None:
        """Return the session id of the login response, the token of later requests; None unless it is a success."""
        envelope = self.envelope_reader.envelope(response)
        if self.envelope_reader.verdict_of(envelope) is not Verdict.OK:
            return None
        return codecs.plain_text(envelope.get("session")) or None

    def with_token(self, request: HttpRequest, token: str) -> HttpRequest:
        """Return the request with the session id `token` in its body."""
        return replace(request, json={"session": token, **(codecs.as_object(request.json) or {})})
