"""WS-Security UsernameToken for SOAP envelopes (OASIS WSS 1.0 Username Token Profile)."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any

from cchc_connect.clock import Clock, SystemClock
from cchc_connect.errors import MessageRefused
from cchc_connect.extras import extra
from cchc_connect.http import Credentials


def new_nonce() -> str:
    """Return a random nonce."""
    return secrets.token_urlsafe(24)


def with_token(envelope: bytes, account: Credentials, now: datetime, *, digest: bool) -> bytes:
    """Return the envelope with a token created at `now` in its header.

    Raises:
        MessageRefused: it is no envelope.
    """
    with extra("soap", "zeep", "lxml"):
        etree: Any = import_module("lxml.etree")  # imported by name: it has no stubs
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(envelope, parser)
        signed, _ = UsernameToken(account=account, digest=digest, clock=FixedClock(now)).apply(root, {})
        return bytes(etree.tostring(signed, encoding="utf-8", xml_declaration=True))
    except (etree.XMLSyntaxError, AttributeError, ValueError):
        pass  # lxml's error quotes the envelope
    raise MessageRefused("soap.no_envelope")


@dataclass(frozen=True)
class FixedClock:
    """A clock that always shows the same time."""

    at: datetime

    def now(self) -> datetime:
        """Return the fixed instant."""
        return self.at

    def monotonic(self) -> float:
        """Return 0."""
        return 0.0


@dataclass(frozen=True, kw_only=True)
class UsernameToken:
    """A service account sent in the header of every message."""

    account: Credentials
    digest: bool = False
    """Send a digest over nonce, time and password instead of the password (`PasswordDigest`).

    The server needs the password in plain text to check the digest, so it only protects against eavesdroppers;
    over TLS the plain form (`PasswordText`) is no weaker.
    """
    clock: Clock = field(default_factory=SystemClock)
    """Source of a token's creation time; the server's clock must agree within minutes."""
    nonce: Callable[[], str] = new_nonce

    def apply(self, envelope: Any, headers: Any) -> tuple[Any, Any]:
        """Put a new token into an envelope; called by zeep."""
        import zeep.wsse.username  # noqa: PLC0415  # the extra may be missing

        username: Any = zeep.wsse.username  # it has no types
        token = username.UsernameToken(
            self.account.username,
            self.account.password,
            use_digest=self.digest,
            nonce=self.nonce(),
            created=self.clock.now(),
            zulu_timestamp=True,
        )
        result: tuple[Any, Any] = token.apply(envelope, headers)
        return result

    def verify(self, envelope: Any) -> None:
        """Accept every response: responses are not signed."""
