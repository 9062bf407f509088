"""A proxy between us and a system: agencies' networks often let nothing out but through one.

It is named by the connection and never by the environment. A request to a system with TLS passes in a tunnel (CONNECT),
in which the proxy reads nothing; one without TLS it forwards. Which systems may be reached through it the URL guard has
decided before; that the proxy itself is no forbidden address is checked as for any host.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

PROXY_AUTHENTICATION_REQUIRED = 407
"""Status with which a proxy refuses credentials, or their absence (RFC 9110, 15.5.8)."""

TUNNEL_REFUSED = "Tunnel connection failed"
"""Start of the text with which the standard library reports a refused CONNECT."""


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """One proxy, with our credentials at it."""

    url: str
    """http, host and port."""
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """The header that shows our credentials to the proxy; empty without any."""
        if not self.username:
            return {}
        credentials = b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {"Proxy-Authorization": f"Basic {credentials}"}
