"""Who asks a SOAP system: the UsernameToken of WS-Security, put into each envelope that leaves."""

from dataclasses import dataclass, replace
from datetime import datetime

from cchc_connect.http import Credentials
from cchc_connect.transport.auth.schemes import Anonymous
from cchc_connect.transport.wire import Wire


@dataclass(frozen=True, kw_only=True)
class WsSecurity(Anonymous):
    """A service account in the header of every envelope (OASIS WSS 1.0 Username Token Profile)."""

    credentials: Credentials
    digest: bool = False
    """Is a digest over nonce, time and password sent instead of the password?"""

    def signed(self, wire: Wire, now: datetime) -> Wire:
        """Return the message with a new token, made `now`; what has no envelope stays as it is.

        Raises:
            ConfigurationError: the extra `soap` is not installed.
        """
        if wire.body is None:
            return wire
        from cchc_connect.soap.security import with_token  # noqa: PLC0415  # few systems speak SOAP

        return replace(wire, body=with_token(wire.body, self.credentials, now, digest=self.digest))
