"""OAuth 2.0 (RFC 6749): a session login at a token endpoint.

The client authenticates by its secret, in the header or in the form, or by a signed assertion (RFC 7523,
private_key_jwt). The password grant is supported for systems that offer nothing else.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast
from urllib.parse import quote_plus

from cchc_connect.http import Credentials, HttpRequest, HttpResponse, SessionToken, Verdict
from cchc_connect.privacy.secrets import SecretText
from cchc_connect.signing import ASSERTION_TYPE
from cchc_connect.transport.calls.classifier import classify_rest
from cchc_connect.transport.network.url_guard import Origin, origin_of


def basic_header(account: Credentials) -> str:
    """Return the value of an Authorization header; name and password are encoded in UTF-8."""
    return SecretText(f"Basic {b64encode(f'{account.username}:{account.password}'.encode()).decode()}")


_REFUSED = frozenset({400, 401, 403})
# RFC 6749 lets a response leave out expires_in; a value that is too short only costs a login.
_DEFAULT_LIFETIME_S = 300.0


@dataclass(frozen=True, kw_only=True)
class TokenLogin:
    """A client of a token endpoint."""

    token_url: str = field(repr=False)
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    assertion: Callable[[], str] | None = field(default=None, repr=False)
    """Returns a new signed assertion; used instead of the secret."""
    secret_in_form: bool = False
    """True: the secret is sent in the form (client_secret_post), else in the header (client_secret_basic)."""
    resource_owner: Credentials | None = None
    """Account of a password grant; None: client credentials grant."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Further form fields: scope, audience, resource."""
    token_envelope: str = ""
    """Name of the object in the response that holds the token; "": the response itself."""

    lifetime_s: float = _DEFAULT_LIFETIME_S

    @property
    def origin(self) -> Origin:
        """Origin of the endpoint.

        Raises:
            ForbiddenAddress: the URL is malformed or forbidden.
        """
        return origin_of(self.token_url)

    def login_request(self, credentials: Credentials) -> HttpRequest:
        """Return the request for a token."""
        del credentials  # client and account are fields of this login
        return HttpRequest(
            method="POST",
            path=self.token_url,
            form={**self._grant(), **self.parameters, **self._client_fields()},
            headers={"Accept": "application/json", **self._header()},
            idempotent=True,
        )

    def token_from(self, response: HttpResponse) -> SessionToken | None:
        """Return the token, None where the response has no bearer token."""
        grant = self._token_object(response)
        token, kind = grant.get("access_token"), grant.get("token_type")
        if not isinstance(token, str) or not token or not isinstance(kind, str) or kind.lower() != "bearer":
            return None
        return SessionToken(token, _seconds(grant.get("expires_in"), self.lifetime_s))

    def with_token(self, request: HttpRequest, token: str) -> HttpRequest:
        """Return `request` with the token in its Authorization header."""
        return replace(request, headers={**request.headers, "Authorization": SecretText(f"Bearer {token}")})

    def classify(self, response: HttpResponse) -> Verdict:
        """Return the verdict on the token endpoint's response (RFC 6749, section 5.2); 400, 401 and 403 are AUTH."""
        return Verdict.AUTH if response.status in _REFUSED else classify_rest(response)

    def _grant(self) -> Mapping[str, str]:
        if self.resource_owner is None:
            return {"grant_type": "client_credentials"}
        account = self.resource_owner
        return {"grant_type": "password", "username": account.username, "password": account.password}

    def _client_fields(self) -> Mapping[str, str]:
        """Return the form fields that authenticate the client."""
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
        # Section 2.3.1: both are form-encoded before they become user and password.
        encoded = Credentials(username=quote_plus(self.client_id), password=quote_plus(self.client_secret))
        return {"Authorization": basic_header(encoded)}

    def _token_object(self, response: HttpResponse) -> Mapping[str, object]:
        """Return the object that holds the token; an empty one where there is none."""
        document = _object(response.json())
        return _object(document.get(self.token_envelope)) if self.token_envelope else document


def _object(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _seconds(expires_in: object, default: float) -> float:
    """Return a token's lifetime in seconds; some endpoints write the number as text."""
    try:
        seconds = float(expires_in) if isinstance(expires_in, int | float | str) else default
    except ValueError:
        return default
    return seconds if seconds > 0 else default
