"""Carrying requests to agencies' systems: one policy, two carriers, no rule written twice."""

from typing import TYPE_CHECKING

from cchc_connect.http import Credentials, Dialect, Exchange, HttpRequest, HttpResponse, SessionLogin, Verdict
from cchc_connect.lazy import lazy_names

if TYPE_CHECKING:
    from cchc_connect.transport.async_transport import AsyncTransport
    from cchc_connect.transport.authentication import Anonymous, Authentication, Basic, Login
    from cchc_connect.transport.classify import classify_rest, normalised
    from cchc_connect.transport.endpoint import Endpoint
    from cchc_connect.transport.exchange import Transport
    from cchc_connect.transport.policy import Policy, Surroundings
    from cchc_connect.transport.requests_transport import RequestsTransport
    from cchc_connect.transport.traffic import Traffic

__all__ = [
    "Anonymous",
    "AsyncTransport",
    "Authentication",
    "Basic",
    "Credentials",
    "Dialect",
    "Endpoint",
    "Exchange",
    "HttpRequest",
    "HttpResponse",
    "Login",
    "Policy",
    "RequestsTransport",
    "SessionLogin",
    "Surroundings",
    "Traffic",
    "Transport",
    "Verdict",
    "classify_rest",
    "normalised",
]

_HOMES = {
    "async_transport": "AsyncTransport",
    "authentication": "Anonymous Authentication Basic Login",
    "classify": "classify_rest normalised",
    "endpoint": "Endpoint",
    "exchange": "Transport",
    "policy": "Policy Surroundings",
    "requests_transport": "RequestsTransport",
    "traffic": "Traffic",
}


if not TYPE_CHECKING:  # a type checker sees the imports above, and so a misspelt name
    __getattr__ = lazy_names(__name__, _HOMES)
