"""HTTP transport to agencies' systems: the public names of one set of rules over two HTTP libraries.

`RequestsTransport` blocks, `AsyncTransport` runs on asyncio; policy, authentication and limits are the same.
"""

from typing import TYPE_CHECKING

from cchc_connect.http import (
    Credentials,
    Dialect,
    Exchange,
    Granted,
    HttpRequest,
    HttpResponse,
    Rate,
    SessionLogin,
    Verdict,
)
from cchc_connect.lazy import lazy_names

if TYPE_CHECKING:
    from cchc_connect.transport.async_transport import AsyncTransport
    from cchc_connect.transport.authentication import Anonymous, ApiKey, Authentication, Basic, Bearer, Login, OAuth2
    from cchc_connect.transport.classify import classify_rest, normalised
    from cchc_connect.transport.endpoint import Endpoint
    from cchc_connect.transport.exchange import Transport
    from cchc_connect.transport.hmac_signing import Hmac
    from cchc_connect.transport.hours import Hours
    from cchc_connect.transport.oauth import TokenLogin
    from cchc_connect.transport.pace import Pace
    from cchc_connect.transport.policy import Policy, Surroundings
    from cchc_connect.transport.requests_transport import RequestsTransport
    from cchc_connect.transport.shelf import FolderShelf, Shelf
    from cchc_connect.transport.traffic import Traffic

__all__ = [
    "Anonymous",
    "ApiKey",
    "AsyncTransport",
    "Authentication",
    "Basic",
    "Bearer",
    "Credentials",
    "Dialect",
    "Endpoint",
    "Exchange",
    "FolderShelf",
    "Granted",
    "Hmac",
    "Hours",
    "HttpRequest",
    "HttpResponse",
    "Login",
    "OAuth2",
    "Pace",
    "Policy",
    "Rate",
    "RequestsTransport",
    "SessionLogin",
    "Shelf",
    "Surroundings",
    "TokenLogin",
    "Traffic",
    "Transport",
    "Verdict",
    "classify_rest",
    "normalised",
]

_HOMES = {
    "async_transport": "AsyncTransport",
    "authentication": "Anonymous ApiKey Authentication Basic Bearer Login OAuth2",
    "classify": "classify_rest normalised",
    "endpoint": "Endpoint",
    "exchange": "Transport",
    "hmac_signing": "Hmac",
    "hours": "Hours",
    "oauth": "TokenLogin",
    "pace": "Pace",
    "policy": "Policy Surroundings",
    "requests_transport": "RequestsTransport",
    "shelf": "FolderShelf Shelf",
    "traffic": "Traffic",
}


if not TYPE_CHECKING:  # a type checker sees the imports above, and so a misspelt name
    __getattr__ = lazy_names(__name__, _HOMES)
