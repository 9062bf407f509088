"""WS-Security authentication: a UsernameToken in every SOAP envelope that is sent."""

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
    """True: send a digest over nonce, time and password instead of the password."""

    def signed(self, prepared: Wire, now: datetime) -> Wire:
        """Return the request with a new token created at `now`; a request without a body is unchanged.

        Raises:
            ConfigurationError: the extra `soap` is not installed.
        """
        if prepared.body is None:
            return prepared
        from cchc_connect.soap.security import with_token  # noqa: PLC0415  # few systems speak SOAP

        return replace(prepared, body=with_token(prepared.body, self.credentials, now, digest=self.digest))
