"""The national portal's envelope: how a service is called, what its answer means, how a session is opened.

Observed in VietOpenCPS/opencps-v2 (2020): the session lies in the body, `error_code` is a number or a text
("0", "00", "-3"), errors come with HTTP 200, and nothing but the words tells one refusal from another.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cchc_connect import Credentials, HttpRequest, HttpResponse, Verdict, classify_rest
from cchc_connect.transport import normalised

Envelope = Mapping[str, Any]
_NO_CODE = -1


@dataclass(frozen=True, kw_only=True)
class EnvelopeReader:
    """Reads answers of one portal."""

    replies: Mapping[str, Verdict]
    """Words in a refusal -> what it means; first match counts."""
    double_encoded: bool = False
    """Is the whole answer a JSON text in `message`, as provincial proxies send it?"""

    def envelope(self, response: HttpResponse) -> Envelope:
        """Return the answer's envelope, empty where it has none."""
        answer = response.json()
        if self.double_encoded and isinstance(answer, dict) and isinstance(answer.get("message"), str):
            try:
                answer = json.loads(answer["message"])
            except ValueError:
                return {}
        return answer if isinstance(answer, dict) else {}

    def classify(self, response: HttpResponse) -> Verdict:
        """Judge by code and words; a refusal whose words nobody knows is UNKNOWN, which is an error."""
        verdict = classify_rest(response)
        if verdict is not Verdict.OK:
            return verdict
        envelope = self.envelope(response)
        words = normalised(str(envelope.get("message", "")))
        found = next((meaning for said, meaning in self.replies.items() if said in words), Verdict.UNKNOWN)
        if error_code(envelope) != 0:
            return found
        return Verdict.DUPLICATE if found is Verdict.DUPLICATE else Verdict.OK

    def is_confirmed(self, response: HttpResponse) -> bool:
        """Say whether the portal confirms in words what it was sent; code 0 alone was seen with other words."""
        return "thành công" in normalised(str(self.envelope(response).get("message", "")))


def error_code(envelope: Envelope) -> int:
    """Return the code, which comes as a number or a text; one that is none is a failure."""
    try:
        return int(str(envelope.get("error_code", "")).strip())
    except ValueError:
        return _NO_CODE


@dataclass(frozen=True, kw_only=True)
class PortalLogin:
    """Opens a session with name and password; it goes into the body of each request."""

    path: str
    lifetime_s: float
    reader: EnvelopeReader

    def login(self, credentials: Credentials) -> HttpRequest:
        """Return the login."""
        account = {"username": credentials.username, "password": credentials.password}
        return HttpRequest(method="POST", path=self.path, json=account, idempotent=True)

    def session(self, response: HttpResponse) -> str | None:
        """Return the session; both it and code 0 must be there."""
        envelope = self.reader.envelope(response)
        session = envelope.get("session")
        return session if isinstance(session, str) and session and error_code(envelope) == 0 else None

    def attach(self, request: HttpRequest, session: str) -> HttpRequest:
        """Return the request with the session in its body."""
        body = request.json if isinstance(request.json, dict) else {}
        return replace(request, json={**body, "session": session})
