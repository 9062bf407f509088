"""Tokens by OAuth 2.0 (RFC 6749): a session whose login is the token endpoint's.

The client shows itself by its secret, in the header or in the form, or by a signed assertion (RFC 7523,
private_key_jwt). A password grant is there for systems that know nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast
from urllib.parse import quote_plus

from cchc_connect.http import Credentials, Granted, HttpRequest, HttpResponse, Verdict
from cchc_connect.privacy.secrets import SecretText
from cchc_connect.signing import ASSERTION_TYPE
from cchc_connect.transport.auth.basic import basic
from cchc_connect.transport.classifier import classify_rest
from cchc_connect.transport.network.url_guard import Origin, origin_of

_REFUSED = frozenset({400, 401, 403})
_UNTOLD_LIFETIME_S = (
    300.0  # RFC 6749 leaves expires_in out where it is documented elsewhere; a short guess costs a login
)


@dataclass(frozen=True, kw_only=True)
class TokenLogin:
    """A client at a token endpoint."""

    token_url: str = field(repr=False)
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    assertion: Callable[[], str] | None = field(default=None, repr=False)
    """Makes a new signed assertion; instead of the secret."""
    secret_in_form: bool = False
    """Does the secret stand in the form (client_secret_post) and not in the header (client_secret_basic)?"""
    resource_owner: Credentials | None = None
    """The account of a password grant; None: the client's own (client credentials)."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """What else the endpoint wants to know: scope, audience, resource."""
    envelope: str = ""
    """Name of the object in the answer in which the token stands; "": the answer itself."""

    lifetime_s: float = _UNTOLD_LIFETIME_S

    @property
    def origin(self) -> Origin:
        """Where the endpoint is.

        Raises:
            ForbiddenAddress: nothing of ours may go there.
        """
        return origin_of(self.token_url)

    def login(self, credentials: Credentials) -> HttpRequest:
        """Return the request for a token."""
        del credentials  # the client and the account are our own
        return HttpRequest(
            method="POST",
            path=self.token_url,
            form={**self._grant(), **self.parameters, **self._shown()},
            headers={"Accept": "application/json", **self._header()},
            idempotent=True,
        )

    def session(self, response: HttpResponse) -> Granted | None:
        """Return the token, None where there is none that we can use."""
        told = self._told(response)
        token, kind = told.get("access_token"), told.get("token_type")
        if not isinstance(token, str) or not token or not isinstance(kind, str) or kind.lower() != "bearer":
            return None
        return Granted(token, _seconds(told.get("expires_in"), self.lifetime_s))

    def attach(self, request: HttpRequest, session: str) -> HttpRequest:
        """Return `request` with the token in its header."""
        return replace(request, headers={**request.headers, "Authorization": SecretText(f"Bearer {session}")})

    def classify(self, response: HttpResponse) -> Verdict:
        """Judge the token endpoint's answer (RFC 6749, section 5.2): whatever it refuses, it refuses us."""
        return Verdict.AUTH if response.status in _REFUSED else classify_rest(response)

    def _grant(self) -> Mapping[str, str]:
        if self.resource_owner is None:
            return {"grant_type": "client_credentials"}
        account = self.resource_owner
        return {"grant_type": "password", "username": account.username, "password": account.password}

    def _shown(self) -> Mapping[str, str]:
        """Return what of the form shows who the client is."""
        if self.assertion is not None:
            return {
                "client_id": self.client_id,
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self.assertion(),
            }
        if self.client_secret is None:
            return {"client_id": self.client_id}
        return {"client_id": self.client_id, "client_secret": self.client_secret} if self.secret_in_form else {}

    def _header(self) -> Mapping[str, str]:
        if self.client_secret is None or self.secret_in_form or self.assertion is not None:
            return {}
        # Section 2.3.1: both are encoded as in a form before they become user and password.
        shown = Credentials(username=quote_plus(self.client_id), password=quote_plus(self.client_secret))
        return {"Authorization": basic(shown)}

    def _told(self, response: HttpResponse) -> Mapping[str, object]:
        """Return the object in which the token stands; an empty one where there is none."""
        answer = _object(response.json())
        return _object(answer.get(self.envelope)) if self.envelope else answer


def _object(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _seconds(told: object, untold: float) -> float:
    """Return a token's life; some endpoints write the number as text."""
    try:
        seconds = float(told) if isinstance(told, int | float | str) else untold
    except ValueError:
        return untold
    return seconds if seconds > 0 else untold
