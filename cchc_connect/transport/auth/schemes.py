"""Authentication schemes of a connection: none, Basic, API key, bearer token, OAuth 2.0, login only.

Where the system's dialect has a session, it is opened with the same account; see `sessions`. A client certificate
is not a scheme here: TLS presents it, see `tls`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cchc_connect.http import Credentials
from cchc_connect.privacy.secrets import SecretText
from cchc_connect.transport.auth.oauth2 import TokenLogin, basic_header
from cchc_connect.transport.calls.call import PreparedRequest


class Authentication(Protocol):
    """What a transport needs from any authentication scheme."""

    @property
    def account(self) -> Credentials | None:
        """Account that opens the dialect's session; None where the scheme has none."""
        ...

    @property
    def login(self) -> TokenLogin | None:
        """Login at a token endpoint, where the scheme uses one."""
        ...

    def headers(self) -> Mapping[str, str]:
        """Return the headers of every request."""
        ...

    def authenticate_request(self, prepared: PreparedRequest, now: datetime) -> PreparedRequest:
        """Return the request as it is sent at `now` (aware); called for each attempt."""
        ...


@dataclass(frozen=True)
class AuthenticationScheme:
    """Base of the schemes: no account, no login, no headers, the request unchanged."""

    @property
    def account(self) -> Credentials | None:
        """None: no session is opened."""
        return None

    @property
    def login(self) -> TokenLogin | None:
        """None: there is no token endpoint."""
        return None

    def headers(self) -> Mapping[str, str]:
        """Return no headers."""
        return {}

    def authenticate_request(self, prepared: PreparedRequest, now: datetime) -> PreparedRequest:
        """Return the request unchanged."""
        del now
        return prepared


@dataclass(frozen=True)
class Anonymous(AuthenticationScheme):
    """No authentication: the system is open, or the network or a client certificate decides who may call it."""


@dataclass(frozen=True)
class _WithAccount(AuthenticationScheme):
    credentials: Credentials

    @property
    def account(self) -> Credentials | None:
        """The service account."""
        return self.credentials


@dataclass(frozen=True)
class Login(_WithAccount):
    """A service account used only to open the dialect's session."""


@dataclass(frozen=True)
class Basic(_WithAccount):
    """A service account sent with every request by HTTP Basic (RFC 7617, UTF-8)."""

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header."""
        return {"Authorization": basic_header(self.credentials)}


@dataclass(frozen=True)
class ApiKey(AuthenticationScheme):
    """An API key sent with every request in a header of the system's choice."""

    header: str
    key: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """Return the header with the key."""
        return {self.header: self.key}


@dataclass(frozen=True)
class Bearer(AuthenticationScheme):
    """A bearer token issued by hand, without a token endpoint (RFC 6750)."""

    token: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header."""
        return {"Authorization": SecretText(f"Bearer {self.token}")}


@dataclass(frozen=True)
class OAuth2(AuthenticationScheme):
    """Tokens from a token endpoint (RFC 6749), requested when needed and shared by all calls."""

    tokens: TokenLogin

    @property
    def login(self) -> TokenLogin | None:
        """The token endpoint's login."""
        return self.tokens
