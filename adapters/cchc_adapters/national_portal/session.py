"""How the national portal is entered: a login whose session goes into the body of every request.

Observed in VietOpenCPS/opencps-v2 (2020). How long a session lives is not documented.
"""

from dataclasses import dataclass, replace

from cchc_adapters.national_portal.replies import PortalReplies, error_code
from cchc_connect import Credentials, HttpRequest, HttpResponse, Verdict
from cchc_connect.wire import codecs

READ = frozenset({Verdict.OK, Verdict.AUTH, Verdict.INVALID})
"""A refused account is told with a code and words that other refusals have too."""


@dataclass(frozen=True, kw_only=True)
class PortalSession:
    """The login of one connection."""

    path: str
    lifetime_s: float
    """Seconds for which a session is trusted."""
    replies: PortalReplies

    def login(self, credentials: Credentials) -> HttpRequest:
        """Return the request that opens a session."""
        account = {"username": credentials.username, "password": credentials.password}
        return HttpRequest(method="POST", path=self.path, json=account, idempotent=True, accept=READ)

    def session(self, response: HttpResponse) -> str | None:
        """Return the session; it counts only beside code 0."""
        envelope = self.replies.envelope(response)
        return codecs.plain_text(envelope.get("session")) or None if error_code(envelope) == 0 else None

    def attach(self, request: HttpRequest, session: str) -> HttpRequest:
        """Put the session into the body."""
        return replace(request, json={"session": session, **(codecs.as_object(request.json) or {})})
