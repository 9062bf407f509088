"""How a connection shows who it is: one class for each way, all with the same four answers.

A session, where the system's dialect wants one, is opened with the same account; see `sessions`. A client
certificate is no such way: TLS shows it, see `tls`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cchc_connect.http import Credentials
from cchc_connect.privacy.secrets import SecretText
from cchc_connect.transport.auth.basic import basic
from cchc_connect.transport.auth.oauth2 import TokenLogin
from cchc_connect.transport.wire import Wire


class Authentication(Protocol):
    """What a transport asks of any way to show who we are."""

    @property
    def account(self) -> Credentials | None:
        """Name and password with which the dialect's session is opened."""
        ...

    @property
    def login(self) -> TokenLogin | None:
        """A login of its own, where the system's sessions come from a token endpoint."""
        ...

    def headers(self) -> Mapping[str, str]:
        """Return the headers that every request carries."""
        ...

    def signed(self, wire: Wire, now: datetime) -> Wire:
        """Return the message as it leaves at `now`; called anew for each attempt."""
        ...


@dataclass(frozen=True)
class Anonymous:
    """Nobody: the system is open, or the network or a client certificate decides who may ask."""

    @property
    def account(self) -> Credentials | None:
        """There is no account to open a session with."""
        return None

    @property
    def login(self) -> TokenLogin | None:
        """There is no token endpoint."""
        return None

    def headers(self) -> Mapping[str, str]:
        """Return no header."""
        return {}

    def signed(self, wire: Wire, now: datetime) -> Wire:
        """Return the message as it is."""
        del now
        return wire


@dataclass(frozen=True)
class _WithAccount(Anonymous):
    credentials: Credentials

    @property
    def account(self) -> Credentials | None:
        """The account itself."""
        return self.credentials


@dataclass(frozen=True)
class Login(_WithAccount):
    """A service account that is used to open the dialect's session and for nothing else."""


@dataclass(frozen=True)
class Basic(_WithAccount):
    """A service account shown in every request by HTTP Basic (RFC 7617, UTF-8)."""

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header."""
        return {"Authorization": basic(self.credentials)}


@dataclass(frozen=True)
class ApiKey(Anonymous):
    """A key that every request carries in a header of the system's choice."""

    header: str
    key: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """Return the header with the key."""
        return {self.header: self.key}


@dataclass(frozen=True)
class Bearer(Anonymous):
    """A token that somebody issued by hand (RFC 6750)."""

    token: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header."""
        return {"Authorization": SecretText(f"Bearer {self.token}")}


@dataclass(frozen=True)
class OAuth2(Anonymous):
    """Tokens from a token endpoint (RFC 6749), got when they are needed and shared by all calls."""

    tokens: TokenLogin

    @property
    def login(self) -> TokenLogin | None:
        """The token endpoint's login."""
        return self.tokens
