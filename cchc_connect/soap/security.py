"""How a SOAP system is shown who asks: the UsernameToken of WS-Security (OASIS WSS 1.0 Username Token Profile)."""

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
    """Return a nonce that nobody can guess."""
    return secrets.token_urlsafe(24)


def with_token(envelope: bytes, account: Credentials, now: datetime, *, digest: bool) -> bytes:
    """Return an envelope of ours with a token in its header, made `now`; all else in it stays as it is.

    Raises:
        MessageRefused: it is no envelope.
    """
    with extra("soap", "zeep", "lxml"):
        etree: Any = import_module("lxml.etree")  # by its name: it has no stubs
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(envelope, parser)
        signed, _ = UsernameToken(account=account, digest=digest, clock=Standing(now)).apply(root, {})
        return bytes(etree.tostring(signed, encoding="utf-8", xml_declaration=True))
    except (etree.XMLSyntaxError, AttributeError, ValueError):
        pass  # what is said of it quotes it
    raise MessageRefused("soap.no_envelope")


@dataclass(frozen=True)
class Standing:
    """A clock that stands."""

    at: datetime

    def now(self) -> datetime:
        """Return the one instant it knows."""
        return self.at

    def monotonic(self) -> float:
        """Return no time at all."""
        return 0.0


@dataclass(frozen=True, kw_only=True)
class UsernameToken:
    """A service account in the header of every message."""

    account: Credentials
    digest: bool = False
    """Send a digest over nonce, time and password instead of the password (`PasswordDigest`).

    The other side must know the password in plain text to check it, so this protects against listeners alone;
    over TLS the plain form (`PasswordText`) is no weaker.
    """
    clock: Clock = field(default_factory=SystemClock)
    """Tells when a token was made; the other side's clock must agree within minutes."""
    nonce: Callable[[], str] = new_nonce

    def apply(self, envelope: Any, headers: Any) -> tuple[Any, Any]:
        """Put a new token into an envelope, as zeep asks for it."""
        import zeep.wsse.username  # noqa: PLC0415  # the extra may be missing

        written: Any = zeep.wsse.username  # it has no types
        token = written.UsernameToken(
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
        """Look at an answer: nobody signs those."""
