"""How a SOAP system is shown who asks: the UsernameToken of WS-Security (OASIS WSS 1.0 Username Token Profile)."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cchc_connect.clock import Clock, SystemClock
from cchc_connect.http import Credentials


def new_nonce() -> str:
    """Return a nonce that nobody can guess."""
    return secrets.token_urlsafe(24)


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
